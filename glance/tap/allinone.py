"""
The API with its registry in the same process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import evolve

from glance.log import LoggedService
from glance.tap.api import api_parts
from glance.tap.callers import check_identity
from glance.tap.daemon import Live
from glance.tap.database import check_database, database
from glance.tap.metering import Metering
from glance.tap.parts import assembled
from glance.tap.pools import Pools
from glance.tap.registry import registry_port
from glance.tap.stores.making import check_stores


def whole_daemon(
    reactor: Any, live: Live, begin: Sequence[Callable[[], object]]
) -> LoggedService:
    """
    Put both daemons together in one.

    @param begin: what is done once the service is up.

    @raise ConfigurationError: it cannot run with these settings.
    """
    settings, pools = live.settings, Pools(reactor)
    check_database(settings)
    check_stores(settings)
    check_identity(settings)
    kept = database(reactor, settings, pools)

    async def nothing() -> None:
        pass

    parts, metering = api_parts(reactor, live, kept.registry, pools, nothing)
    ports, begin = list(parts.ports), [*parts.begin, *begin]
    end = list(parts.end)
    if settings.registry_listen is not None:
        # Several processes count once, for both ports.
        if live.given.counters is None:
            metering = Metering(reactor, pools, None, None)
            begin.insert(0, metering.start)
            end.append(metering.stop)
        ports.append(registry_port(reactor, live, kept.registry, metering))
    parts = evolve(parts, ports=ports, begin=begin, end=end, close=kept.close)
    return assembled(reactor, live, parts)
