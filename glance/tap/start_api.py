"""
How the API daemon starts, in one process or in several: C{twistd glance-api}.
"""

from __future__ import annotations

from glance.config.settings import ConfigurationError
from glance.log import LoggedService
from glance.tap.apart import apart
from glance.tap.daemon import Live, live_here
from glance.tap.loaded import begin_to_load
from glance.tap.options import DaemonOptions, refusal


class Options(DaemonOptions):
    """
    What C{twistd glance-api} can be told.
    """

    service = "api"
    name = "glance-api"


def _check(live: Live) -> None:
    from glance.tap.api import check_api

    check_api(live)


def makeService(options: Options) -> LoggedService:
    """
    Put the daemon together.
    """
    from twisted.internet import reactor

    begin_to_load()
    try:
        live = live_here(reactor, options.settings)
        # Each process imports only what it needs.
        if live.settings.workers > 1:
            from glance.tap.supervisor import supervised

            apart(lambda: _check(live))
            return supervised(reactor, live, [])
        from glance.tap.api import api_daemon

        return api_daemon(reactor, live)
    except ConfigurationError as error:
        raise refusal(options.name, error) from None
