"""
How C{twistd glance} starts: the API with its registry in the same process, or in
several processes.
"""

from __future__ import annotations

import sys
from typing import Any

from glance.config.settings import ConfigurationError, Endpoint
from glance.log import LoggedService
from glance.tap.apart import apart
from glance.tap.daemon import Live, live_here
from glance.tap.loaded import begin_to_load
from glance.tap.options import DaemonOptions, Welcoming, refusal

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


def _check(live: Live) -> None:
    from glance.tap.api import check_api
    from glance.tap.database import check_database

    check_database(live.settings)
    check_api(live)


def makeService(options: Options) -> LoggedService:
    """
    Put the daemon together.
    """
    from twisted.internet import reactor

    begin_to_load()
    try:
        live = live_here(reactor, options.settings)
        api = live.settings.api
        begin: list[Any] = []
        if options["welcome"] and api is not None and api.path is None:
            begin.append(lambda: _welcome(api))
        # Each process imports only what it needs.
        if live.settings.workers > 1:
            from glance.tap.supervisor import supervised

            apart(lambda: _check(live))
            return supervised(reactor, live, begin)
        from glance.tap.allinone import whole_daemon

        return whole_daemon(reactor, live, begin)
    except ConfigurationError as error:
        raise refusal(options.name, error) from None
