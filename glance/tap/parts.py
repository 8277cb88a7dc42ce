"""
How the parts of a daemon are made from its settings.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from attrs import frozen
from twisted.logger import Logger

from glance.config.backends.kinds import KINDS
from glance.config.settings import Backend, ConfigurationError, Settings
from glance.copies import Copies
from glance.identity.contexts import Contexts
from glance.identity.headers import TrustedHeaders
from glance.identity.nobody import NoAuth
from glance.images import Images
from glance.interfaces import IIdentity, IRegistry
from glance.leases import Lease
from glance.log import LogFile, LoggedService, Logs, access
from glance.proxies import Proxies
from glance.revisions import Revisions
from glance.settling import Reaper, Settler
from glance.sharing import Sharing
from glance.sources import Fetches, Sources
from glance.storage import Storage
from glance.stores.watched import StoreFailed
from glance.streams.request import StreamingRequest
from glance.streams.strands import Window
from glance.tap.daemon import Daemon, Ending, Live, Parts
from glance.tap.pools import FILES, Pools, cores
from glance.tap.stores.made import Tools
from glance.tap.stores.making import Stores
from glance.transfers import Transfers

ABORTED = 499
"""What is logged as the status of a request whose client went away."""

CHECK_PATIENCE = 5
"""How many seconds the registry or a store may take to answer a health check."""

_requests = Logger(namespace="glance.requests")


def logs(settings: Settings) -> Logs:
    """
    Open the logs.

    @raise ConfigurationError: the log file cannot be written.
    """
    try:
        file = LogFile(settings.log.file)
    except OSError as error:
        raise ConfigurationError(
            f"{settings.log.option}: {settings.log.file}: {error.strerror}: "
            "let the daemon's user write there, or choose another place."
        ) from None
    return Logs(
        file,
        format=settings.log.format,
        level=settings.log.level,
        levels=settings.log.levels,
    )


def log_access(
    reactor: Any, client: Callable[[StreamingRequest], str | None]
) -> Callable[[StreamingRequest], None]:
    """
    Get what writes a line for each request.

    @param client: tells the address that a request came from.
    """

    def finished(request: StreamingRequest) -> None:
        access(
            _requests,
            method=request.method,
            uri=request.uri,
            status=ABORTED if request.aborted else request.code,
            received=request.body.received if request.body is not None else 0,
            sent=request.sentLength,
            seconds=reactor.seconds() - request.started,
            client=client(request) or "unix:",
            request_id=request.request_id,
        )

    return finished


def identity(settings: Settings) -> IIdentity:
    """
    Get the way to know who asks.
    """
    if settings.identity.auth_strategy == "trusted_headers":
        return TrustedHeaders(
            Proxies(settings.http.trusted_proxies), contexts(settings)
        )
    return NoAuth()


def contexts(settings: Settings) -> Contexts:
    """
    Get what makes callers of those who are known.
    """
    return Contexts(
        admin_role=settings.identity.admin_role,
        owner_is_tenant=settings.identity.owner_is_tenant,
    )


@frozen(kw_only=True)
class UseCases:
    """
    What the API stands on.
    """

    images: Images
    transfers: Transfers
    sharing: Sharing
    sources: Sources
    fetches: Fetches
    copies: Copies
    storage: Storage
    reaper: Reaper
    lease: Lease
    begin_stores: Callable[[], None]
    close_stores: Ending


def _windows(settings: Settings) -> Mapping[str, Window]:
    """
    Get how much data on its way to each store may be in memory.
    """
    assert settings.stores is not None
    backends = settings.stores.backends
    taking = [one for one in backends if not KINDS[one.kind].read_only]
    share = settings.upload.memory // len(taking)
    return {backend.name: Window(share) for backend in backends}


def use_cases(
    reactor: Any, live: Live, registry: IRegistry, pools: Pools, failed: StoreFailed
) -> UseCases:
    """
    Put the use cases together.

    @param failed: is told what goes wrong in stores.
    """
    settings = live.settings
    windows = _windows(settings)

    def tools(backend: Backend) -> Tools:
        # One that hangs keeps no thread from the others.
        plain = backend.section is None and backend.kind == "file"
        pool = "files" if plain else f"files-{backend.name}"
        return Tools(
            reactor=reactor,
            in_thread=pools.add(pool, FILES),
            window=windows[backend.name],
        )

    made = Stores(settings, tools, failed)
    stores = made.storage
    revisions = Revisions(registry, reactor)
    deletion = settings.deletion
    settler = Settler(
        revisions,
        stores,
        scrub_seconds=deletion.scrub_time if deletion.delayed else 0,
    )
    lease = Lease(registry, reactor, uuid.uuid4().hex, settings.upload.lease_duration)
    reaper = Reaper(
        settler,
        revisions,
        stores,
        reactor,
        settings.upload.reaper_interval,
        lease.instance,
    )
    images = Images(revisions, settler, live.limits, delayed_delete=deletion.delayed)
    transfers = Transfers(
        images,
        stores,
        reaper,
        lease,
        reactor,
        pools.add("hashes", cores(), behind=True),
        windows,
        hash_algorithm=settings.upload.hashing_algorithm,
        retry_seconds=settings.upload.registry_retry,
    )
    return UseCases(
        images=images,
        transfers=transfers,
        sharing=Sharing(images),
        copies=Copies(images, settler, stores),
        sources=Sources(images, stores),
        fetches=Fetches(images, transfers, stores, settings.upload.fetches),
        storage=stores,
        reaper=reaper,
        lease=lease,
        begin_stores=made.begin,
        close_stores=made.close,
    )


class Checked(Protocol):
    """
    A service that can tell beforehand whether it could start.
    """

    def check(self) -> None:
        """
        See whether the ports can be had.

        @raise ConfigurationError: one of them cannot.
        """

    def setServiceParent(self, parent: Any) -> None:  # noqa: N802
        """
        Become part of another service.
        """


def logged(live: Live, make: Callable[[Logs], Checked]) -> LoggedService:
    """
    Get a service that has logs, and could start.

    @param make: makes it, with its logs.

    @raise ConfigurationError: a port or the log file cannot be had.
    """
    written = logs(live.settings)
    made = make(written)
    made.check()
    service = LoggedService(written)
    made.setServiceParent(service)
    return service


def assembled(reactor: Any, live: Live, parts: Parts) -> LoggedService:
    """
    Get the service of a daemon.

    @raise ConfigurationError: a port or the log file cannot be had.
    """
    return logged(live, lambda logs: Daemon(reactor, live, logs, parts))
