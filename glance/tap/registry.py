"""
The registry daemon: C{twistd glance-registry}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web.resource import IResource

from glance.api.health import Health
from glance.api.links import peer_address
from glance.api.site import context_of
from glance.api.v1 import filters
from glance.api.v1.members import MembersAPI
from glance.config.settings import ConfigurationError, Endpoint
from glance.images import Images
from glance.interfaces import IRegistry
from glance.log import LoggedService
from glance.registry.cactus import OldFace, OldRoot
from glance.registry.resource import RegistryRoot
from glance.revisions import Revisions
from glance.settling import Settler
from glance.sharing import Sharing
from glance.storage import Storage
from glance.streams.request import StreamingRequest
from glance.streams.site import StreamingSite
from glance.tap.daemon import Live, Parts, Port, live_here
from glance.tap.database import check_database, database
from glance.tap.jobs import PRIVATE
from glance.tap.loaded import begin_to_load
from glance.tap.metering import Metering
from glance.tap.options import DaemonOptions, refusal
from glance.tap.parts import (
    CHECK_PATIENCE,
    assembled,
    identity,
    log_access,
)
from glance.tap.pools import Pools


class Options(DaemonOptions):
    """
    What C{twistd glance-registry} can be told.
    """

    service = "registry"
    name = "glance-registry"


def old_root(reactor: Any, live: Live, registry: IRegistry) -> IResource:
    """
    Get what is served to callers of old.

    They delete images only; whoever has the stores removes the data.
    """
    revisions = Revisions(registry, reactor)
    settler = Settler(revisions, Storage({}, None))
    images = Images(revisions, settler, live.limits, delayed_delete=True)
    who = context_of(identity(live.settings), peer_address)
    return OldRoot(
        OldFace(images, who, filters.all_public, cactus=True),
        OldFace(images, who, filters.query, cactus=False),
        MembersAPI(Sharing(images), who).app.resource(),
    )


def registry_port(
    reactor: Any, live: Live, registry: IRegistry, metering: Metering
) -> Port:
    """
    Get the port at which a registry is served.
    """
    settings = live.settings
    assert settings.registry_listen is not None
    log = log_access(reactor, peer_address)

    def finished(request: StreamingRequest) -> None:
        metering.metrics.observe(request)
        log(request)

    return Port(
        endpoint=settings.registry_listen,
        site=_registry_site(
            reactor, live, registry, metering, settings.registry_secret, finished
        ),
        option="registry_bind_port" if settings.service == "all" else "bind_port",
    )


def _registry_site(
    reactor: Any,
    live: Live,
    registry: IRegistry,
    metering: Metering,
    secret: str | None,
    finished: Callable[[StreamingRequest], None],
) -> StreamingSite:
    """
    Get what serves a registry.

    @param secret: what callers have to bring; L{None} for nothing.
    @param finished: is called for each request that is over.
    """
    health = Health(
        reactor,
        {"registry": registry.check},
        timeout=CHECK_PATIENCE,
        draining=lambda: live.draining,
    )
    root = RegistryRoot(
        registry,
        old=old_root(reactor, live, registry),
        health=health.app.resource(),
        metrics=metering.page(),
        secret=secret,
    )
    return StreamingSite(
        root,
        reactor,
        idle_timeout=live.settings.http.client_socket_timeout,
        header_timeout=live.settings.http.client_header_timeout,
        longest_line=live.settings.http.max_header_line,
        finished=finished,
    )


def registry_daemon(
    reactor: Any, live: Live, private: tuple[Endpoint, str] | None
) -> LoggedService:
    """
    Put the registry daemon together.

    @param private: a place where the API of the same machine asks, and what it
        brings; L{None} for none.

    @raise ConfigurationError: it cannot run with these settings.
    """
    check_database(live.settings)
    pools = Pools(reactor)
    kept = database(reactor, live.settings, pools)
    metering = Metering(reactor, pools, None, None)
    ports = []
    if private is not None:
        endpoint, secret = private
        # What our own processes ask is neither logged nor counted, as where
        # there is one process only.
        site = _registry_site(
            reactor, live, kept.registry, metering, secret, lambda request: None
        )
        ports.append(Port(endpoint=endpoint, site=site, option=PRIVATE))
    if live.settings.registry_listen is not None:
        ports.append(registry_port(reactor, live, kept.registry, metering))
    parts = Parts(
        pools=pools,
        ports=ports,
        begin=[metering.start],
        end=[metering.stop],
        busy=lambda: False,
        close=kept.close,
    )
    return assembled(reactor, live, parts)


def makeService(options: Options) -> LoggedService:
    """
    Put the daemon together.
    """
    from twisted.internet import reactor

    begin_to_load()
    try:
        live = live_here(reactor, options.settings)
        return registry_daemon(reactor, live, None)
    except ConfigurationError as error:
        raise refusal(options.name, error) from None
