"""
The API, and the daemon that serves it alone.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.web.resource import IResource, Resource

from glance.api.health import Health
from glance.api.links import Links
from glance.api.site import api_root, context_of
from glance.api.v1.resource import cactus_resource, v1_resource
from glance.api.v2.resource import v2_resource
from glance.api.v2.schemas import Described, Schemas
from glance.api.versions import versions
from glance.config.settings import ConfigurationError, RegistryAddress
from glance.errors import Invalid
from glance.interfaces import IRegistry
from glance.log import LoggedService
from glance.proxies import Proxies
from glance.streams.request import StreamingRequest
from glance.streams.site import StreamingSite
from glance.tap.callers import Callers, callers, check_identity
from glance.tap.daemon import Ending, Live, Parts, Port
from glance.tap.metering import Metering
from glance.tap.parts import (
    CHECK_PATIENCE,
    UseCases,
    assembled,
    log_access,
    use_cases,
)
from glance.tap.pools import Pools
from glance.tap.stores.making import check_stores


def api_port(
    reactor: Any,
    live: Live,
    registry: IRegistry,
    use: UseCases,
    who: Callers,
    metering: Metering,
) -> Port:
    """
    Get the port at which the API is served.

    @param who: finds out who asks.
    """
    settings = live.settings
    assert settings.api is not None
    proxies = Proxies(settings.http.trusted_proxies)
    links = Links(
        settings.http.public_endpoint, proxies if settings.http.proxy_headers else None
    )
    log = log_access(reactor, links.client)

    def finished(request: StreamingRequest) -> None:
        metering.metrics.observe(request)
        log(request)

    site = StreamingSite(
        _root(reactor, live, registry, use, who, links, metering.page()),
        reactor,
        idle_timeout=settings.http.client_socket_timeout,
        header_timeout=settings.http.client_header_timeout,
        longest_line=settings.http.max_header_line,
        upload_rate=settings.http.minimum_upload_rate,
        download_rate=settings.http.minimum_download_rate,
        finished=finished,
    )
    return Port(endpoint=settings.api, site=site, option="bind_port")


def _schemas(live: Live) -> Schemas:
    """
    Get the schemas of images.

    @raise ConfigurationError: what the operator says of properties makes none.
    """
    said = live.settings.image_properties
    described = None if said is None else Described(said.schemas, said.required)
    schemas = Schemas(live.limits, described)
    try:
        schemas.get()
    except Invalid as error:
        raise ConfigurationError(f"schema-image.json: {error}") from None
    return schemas


class _Description(Resource):
    """
    The description of the API, which is made when it is first asked for.
    """

    isLeaf = True

    def __init__(self, schemas: Schemas, links: Links) -> None:
        super().__init__()
        self._about = (schemas, links)
        self._made: IResource | None = None

    def render(self, request: Any) -> Any:
        if self._made is None:
            from glance.api.openapi.document import DescriptionPage

            self._made = DescriptionPage(*self._about).app.resource()
        return self._made.render(request)


def _root(
    reactor: Any,
    live: Live,
    registry: IRegistry,
    use: UseCases,
    asking: Callers,
    links: Links,
    metrics: IResource,
) -> IResource:
    who = context_of(asking.identity, links.client, live.bind, asking.challenge)
    elsewhere = (use.sources, use.fetches)
    v1 = v1_resource(use.images, use.transfers, use.sharing, *elsewhere, who, links)
    schemas = _schemas(live)
    stores = {f"store {name}": s.check for name, s in use.storage.stores.items()}
    v2 = v2_resource(
        use.images,
        use.transfers,
        use.sharing,
        use.copies,
        use.storage,
        schemas,
        who,
        links,
    )
    health = Health(
        reactor,
        {"registry": registry.check, **asking.needed, **asking.wanted, **stores},
        timeout=CHECK_PATIENCE,
        draining=lambda: live.draining,
        dispensable=(stores.keys() - {f"store {use.storage.default}"})
        | asking.wanted.keys(),
    )
    return api_root(
        versions=versions(use.storage.several),
        links=links,
        majors={"v1": v1, "v2": v2},
        cactus=cactus_resource(use.images, use.transfers, *elsewhere, who, links),
        pages={
            "healthcheck": health.app.resource(),
            "metrics": metrics,
            "openapi.json": _Description(schemas, links),
        },
        trees=asking.faces(links),
        cors=live.settings.http.cors,
    )


def api_parts(
    reactor: Any,
    live: Live,
    registry: IRegistry,
    pools: Pools,
    closing: Ending,
) -> tuple[Parts, Metering]:
    """
    Get the parts of a daemon that serves the API, and what measures it.

    @param closing: lets go of the registry, at the end.
    """

    def store_failed(store: str, error: BaseException) -> None:
        metering.metrics.store_failed(store, error)

    use = use_cases(reactor, live, registry, pools, store_failed)
    metering = Metering(reactor, pools, use, live.given.counters)
    who = callers(reactor, live.settings, pools)
    parts = Parts(
        pools=pools,
        ports=[api_port(reactor, live, registry, use, who, metering)],
        begin=[
            *(use.begin_stores, use.lease.start, use.reaper.start, metering.start),
            *who.begin,
        ],
        background=[use.fetches],
        busy=lambda: use.transfers.in_flight + use.fetches.in_flight > 0,
        end=[
            *(metering.stop, use.reaper.stop, use.lease.stop, use.close_stores),
            *who.end,
            closing,
        ],
    )
    return parts, metering


def check_api(live: Live) -> None:
    """
    See whether the API can be served.

    @raise ConfigurationError: it cannot.
    """
    check_stores(live.settings)
    registry_secure(live.settings.registry)
    _schemas(live)
    check_identity(live.settings)


def registry_secure(at: RegistryAddress) -> Any:
    """
    Get how the certificate of the registry is checked; L{None} for plain HTTP.

    @raise ConfigurationError: the files for that don't do.
    """
    if at.tls is None:
        return None
    # Who has no use for TLS need not wait for its modules.
    from glance.client.agents import TLS
    from glance.tap.trust import policy_for

    tls = TLS(
        ca_file=at.tls.ca_file,
        cert_file=at.tls.cert_file,
        key_file=at.tls.key_file,
        insecure=at.tls.insecure,
    )
    policy = policy_for("registry_client_protocol", tls)
    return policy.creatorForNetloc(at.host.encode(), at.port)


def api_daemon(reactor: Any, live: Live, beside: bool = False) -> LoggedService:
    """
    Put the API daemon together.

    @param beside: whether the registry that it asks has its database in a file
        that can be read from here.

    @raise ConfigurationError: it cannot run with these settings.
    """
    # The API that has its registry in the same process does without these.
    from glance.registry.http import HTTPRegistry
    from glance.registry.peer import peer_at

    settings, pools = live.settings, Pools(reactor)
    check_stores(settings)
    check_identity(settings)
    at = settings.registry
    host = at.host if at.path is None else f"unix:{at.path}"
    peer = peer_at(reactor, host, at.port, registry_secure(at))
    registry = HTTPRegistry(
        peer, reactor, time_limit=at.timeout, secret=settings.registry_secret
    )

    async def close() -> None:
        await peer.close()

    if not beside:
        parts, _ = api_parts(reactor, live, registry, pools, close)
        return assembled(reactor, live, parts)
    # Others need no SQLAlchemy, which takes long to import.
    from glance.tap.database import database_beside

    kept = database_beside(reactor, settings, pools, registry)
    parts, _ = api_parts(reactor, live, kept.registry, pools, close)
    return assembled(reactor, live, evolve(parts, close=kept.close))
