"""
The API with its registry in the same process: C{twistd glance}.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from attrs import evolve

from glance.config.settings import ConfigurationError, Endpoint
from glance.log import LoggedService
from glance.tap.api import api_parts, check_api
from glance.tap.daemon import Live, live_here
from glance.tap.database import check_database, database
from glance.tap.metering import Metering
from glance.tap.options import DaemonOptions, Welcoming, refusal
from glance.tap.parts import assembled, check_stores
from glance.tap.pools import Pools
from glance.tap.registry import registry_port
from glance.tap.supervisor import supervised

WELCOME = """\

Glance is up.  Store a first image from another terminal:

    . {activate}
    glance {where} create --name first --disk-format raw \\
        --container-format bare --file SOME_FILE
    glance {where} list
    glance {where} download first --file A_COPY

or with curl:

    images=http://{host}:{port}/v2/images
    id=$(cat /proc/sys/kernel/random/uuid)
    formats='"disk_format": "raw", "container_format": "bare"'
    curl $images -H 'Content-Type: application/json' \\
        -d "{{\\"id\\": \\"$id\\", $formats}}"
    curl -T SOME_FILE -H 'Content-Type: application/octet-stream' $images/$id/file

Ctrl-C ends it.

"""


class Options(Welcoming, DaemonOptions):
    """
    What C{twistd glance} can be told.
    """

    service = "all"
    name = "glance"


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


def _welcome(api: Endpoint) -> None:
    # Standard output itself is taken over by the logs.
    print(greeting(api), file=sys.__stdout__, flush=True)


def greeting(api: Endpoint) -> str:
    """
    Get what tells whoever has started the service what to type next.
    """
    # All addresses of a machine are none to connect to.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(api.host, api.host)
    at_home = host == "127.0.0.1"
    return WELCOME.format(
        activate=f"{sys.prefix}/bin/activate",
        where=f"-p {api.port}" if at_home else f"-H {host} -p {api.port}",
        host=f"[{host}]" if ":" in host else host,
        port=api.port,
    )


def makeService(options: Options) -> LoggedService:
    """
    Put the daemon together.
    """
    from twisted.internet import reactor

    try:
        live = live_here(reactor, options.settings)
        api = live.settings.api
        begin = []
        if options["welcome"] and api is not None and api.path is None:
            begin.append(lambda: _welcome(api))
        if live.settings.workers > 1:
            check_database(live.settings)
            check_api(live)
            return supervised(reactor, live, begin)
        return whole_daemon(reactor, live, begin)
    except ConfigurationError as error:
        raise refusal(options.name, error) from None
