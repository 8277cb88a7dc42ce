"""
The programs C{glance-api} and C{glance-registry}: the daemons in the
foreground, for whoever looks after processes.

Unlike C{twistd} they end with status 0 when they are told to end.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.application import app, service
from twisted.python import usage

from glance.tap.options import DaemonOptions, bear_hangup


def run(options: DaemonOptions, make: Any) -> None:
    """
    Be a daemon, in the foreground.

    @param make: makes the service of C{options}.
    """
    from twisted.internet import reactor
    from twisted.logger import ILogObserver, globalLogBeginner

    try:
        options.parseOptions(sys.argv[1:])
    except usage.UsageError as error:
        raise SystemExit(f"{options.name}: {error}; try --help") from None
    application = service.Application(options.name)
    make(options).setServiceParent(application)
    observer = application.getComponent(ILogObserver)  # type: ignore[attr-defined]
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    try:
        service.IService(application).privilegedStartService()
        app.startApplication(application, False)
    except Exception as error:
        raise SystemExit(f"{options.name}: {error}") from None
    reactor.run()  # type: ignore[attr-defined]


def api() -> None:
    """
    Be C{glance-api}.
    """
    bear_hangup()
    from glance.tap.start_api import Options, makeService

    run(Options(), makeService)


def registry() -> None:
    """
    Be C{glance-registry}.
    """
    bear_hangup()
    from glance.tap.registry import Options, makeService

    run(Options(), makeService)
