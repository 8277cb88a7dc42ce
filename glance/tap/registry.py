"""
The registry daemon: C{twistd glance-registry}.
"""

from __future__ import annotations

from typing import Any

from twisted.web.resource import IResource

from glance.api.health import Health
from glance.api.links import peer_address
from glance.api.site import context_of
from glance.api.v1 import filters
from glance.api.v1.members import MembersAPI
from glance.config.settings import ConfigurationError
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
    who = context_of(identity(live.settings))
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
        secret=settings.registry_secret,
    )
    log = log_access(reactor, peer_address)

    def finished(request: StreamingRequest) -> None:
        metering.metrics.observe(request)
        log(request)

    site = StreamingSite(
        root,
        reactor,
        idle_timeout=settings.http.client_socket_timeout,
        finished=finished,
    )
    option = "registry_bind_port" if settings.service == "all" else "bind_port"
    return Port(endpoint=settings.registry_listen, site=site, option=option)


def registry_daemon(reactor: Any, live: Live) -> LoggedService:
    """
    Put the registry daemon together.

    @raise ConfigurationError: it cannot run with these settings.
    """
    check_database(live.settings)
    pools = Pools(reactor)
    kept = database(reactor, live.settings, pools)
    metering = Metering(reactor, pools, None)
    parts = Parts(
        pools=pools,
        ports=[registry_port(reactor, live, kept.registry, metering)],
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

    try:
        return registry_daemon(reactor, live_here(reactor, options.settings))
    except ConfigurationError as error:
        raise refusal(options.name, error) from None
