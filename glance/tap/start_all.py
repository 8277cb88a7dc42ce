"""
How C{twistd glance} starts: the API with its registry in the same process, or in
several processes.
"""

from __future__ import annotations

import shlex
import sys
from typing import Any

from glance.config.settings import ConfigurationError, Settings
from glance.log import LoggedService
from glance.tap.apart import apart
from glance.tap.certificates import url_of
from glance.tap.daemon import Live, live_here
from glance.tap.loaded import begin_to_load
from glance.tap.options import DaemonOptions, Welcoming, refusal

WELCOME = """\

Glance is up.  Store a first image from another terminal:

    . {activate}
{login}\
    {glance} create --name first --disk-format raw \\
        --container-format bare --file SOME_FILE
    {glance} list
    {glance} download first --file A_COPY

or with curl:

    images={url}/v2/images
    id=$(cat /proc/sys/kernel/random/uuid)
    formats='"disk_format": "raw", "container_format": "bare"'
{token}\
    {curl} $images -H 'Content-Type: application/json' \\
        -d "{{\\"id\\": \\"$id\\", $formats}}"
    {curl} -T SOME_FILE -H 'Content-Type: application/octet-stream' $images/$id/file
{others}
Ctrl-C ends it.

"""

LOGIN = """\
    export OS_CLIENT_CONFIG_FILE={clouds} OS_CLOUD=glance
"""

NAMED = """\
    export OS_AUTH_URL={url}/v3 OS_USERNAME=A_USER OS_PASSWORD=ITS_PASSWORD
"""

TOKEN = """\
    auth="X-Auth-Token: $(glance token)"
"""

OTHERS = """
or, where OpenStack's command is installed:

    OS_CLIENT_CONFIG_FILE={clouds} \\
        openstack --os-cloud glance image list
"""


class Options(Welcoming, DaemonOptions):
    """
    What C{twistd glance} can be told.
    """

    service = "all"
    name = "glance"


def _welcome(settings: Settings) -> None:
    # Standard output itself is taken over by the logs.
    print(greeting(settings), file=sys.__stdout__, flush=True)


def greeting(settings: Settings) -> str:
    """
    Get what tells whoever has started the service what to type next.
    """
    assert settings.api is not None
    host, port = settings.api.reached_at, settings.api.port
    of = f"-p {port}" if host == "127.0.0.1" else f"-H {host} -p {port}"
    url = settings.http.public_endpoint or url_of(settings.api)
    if settings.api.tls is not None:
        of = f"-U {url}"
    said = {"glance": f"glance {of}", "curl": "curl"}
    login = token = others = ""
    if settings.identity.auth_strategy == "local":
        clouds, token = settings.identity.local.clouds, TOKEN
        # There is none where somebody has made the users before.
        login = NAMED.format(url=url)
        if clouds.exists():
            login = LOGIN.format(clouds=shlex.quote(str(clouds)))
            others = OTHERS.format(clouds=shlex.quote(str(clouds)))
        said = {"glance": "glance", "curl": 'curl -H "$auth"'}
    return WELCOME.format(
        activate=shlex.quote(f"{sys.prefix}/bin/activate"),
        login=login,
        token=token,
        others=others,
        url=url,
        **said,
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
            begin.append(lambda: _welcome(live.settings))
        # Each process imports only what it needs.
        if live.settings.workers > 1:
            from glance.tap.supervisor import supervised

            apart(lambda: _check(live))
            return supervised(reactor, live, begin)
        from glance.tap.allinone import whole_daemon

        return whole_daemon(reactor, live, begin)
    except ConfigurationError as error:
        raise refusal(options.name, error) from None
