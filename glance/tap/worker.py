"""
A process that serves, one of several that another looks after.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from attrs import evolve
from twisted.application import app, service
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.task import LoopingCall
from twisted.logger import ILogObserver, globalLogBeginner
from twisted.python.failure import Failure
from zope.interface import implementer

from glance.config.settings import Endpoint
from glance.log import LoggedService
from glance.metrics import share
from glance.tap.daemon import DAEMON, Given, Live
from glance.tap.jobs import (
    ALIVE,
    BEAT,
    LEAVING,
    LIFE,
    ORDERS,
    PRIVATE,
    READY,
    REPLACED,
    REPORTS,
    Job,
    receive,
)
from glance.tap.loaded import begin_to_load
from glance.tap.sockets import Held
from glance.tap.systemd import Notifier


@implementer(IReadDescriptor)
class Orders:
    """
    Waits for what the process is told, or that nobody is there to tell.
    """

    def __init__(
        self, reactor: Any, descriptor: int, told: Callable[[bytes], None]
    ) -> None:
        """
        @param told: is called once, with what was read; with nothing when nobody
            is there any more.
        """
        self._reactor = reactor
        self._descriptor = descriptor
        self._told = told
        os.set_blocking(descriptor, False)

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:  # noqa: N802
        return "orders"

    def doRead(self) -> None:
        try:
            order = os.read(self._descriptor, len(REPLACED))
        except BlockingIOError:
            return
        self._reactor.removeReader(self)
        self._told(order)

    def connectionLost(self, reason: Failure) -> None:
        self._told(b"")


def live_as_told(reactor: Any, job: Job) -> Live:
    """
    Get ready to live as a process that was started by another.
    """
    sockets = {
        option: Held(sock=socket.socket(fileno=handle.descriptor), shared=handle.shared)
        for option, handle in job.sockets.items()
    }
    for held in sockets.values():
        held.sock.set_inheritable(False)
    settings = job.settings
    if job.private is not None and job.role == "api":
        path, key = job.private
        at = evolve(settings.registry, host="localhost", path=path, tls=None)
        settings = evolve(settings, registry=at, registry_secret=key)
    given = Given(
        notifier=Notifier(reactor, None),
        sockets=sockets,
        certificates=job.certificates,
        counters=job.counters,
    )
    return Live(settings, given)


def _service(reactor: Any, job: Job, live: Live) -> LoggedService:
    # Each process imports only what it needs.
    if job.role == "api":
        from glance.tap.api import api_daemon

        return api_daemon(reactor, live, beside=job.private is not None)
    if job.role == "all":
        from glance.tap.allinone import whole_daemon

        return whole_daemon(reactor, live, [])
    from glance.tap.registry import registry_daemon

    assert job.private is not None
    path, key = job.private
    return registry_daemon(reactor, live, (Endpoint("", 0, 1, path), key))


def main() -> None:
    """
    Serve, as the process that has started this one says.
    """
    from twisted.internet import reactor

    # What comes from the terminal is for the one that looks after us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    begin_to_load()
    try:
        job = receive()
    except EOFError:
        raise SystemExit(1) from None
    try:
        _start(reactor, job)
    except Exception as error:
        os.write(REPORTS, f"{' '.join(str(error).split())}\n".encode())
        raise SystemExit(1) from None
    reactor.run()  # type: ignore[attr-defined]


def _start(reactor: Any, job: Job) -> None:
    if job.role != "registry":
        share(job.counters, job.number)
    live = live_as_told(reactor, job)
    application = service.Application("glance")
    serving = _service(reactor, job, live)
    serving.setServiceParent(application)
    observer = application.getComponent(ILogObserver)  # type: ignore[attr-defined]
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    service.IService(application).privilegedStartService()
    app.startApplication(application, False)

    def end(order: bytes) -> None:
        if order == REPLACED:
            live.replaced = True
        # It may end already, as it was told otherwise.
        with suppress(ReactorNotRunning):
            reactor.stop()

    if job.role != "registry":
        # It is replaced instead.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        reactor.addReader(Orders(reactor, ORDERS, end))
    else:
        # It ends when nobody asks any more, whatever signals all are sent; but
        # the port that others ask at is the next daemon's as soon as this one ends.
        reactor.callWhenRunning(signal.signal, signal.SIGTERM, signal.SIG_IGN)
        daemon: Any = serving.getServiceNamed(DAEMON)
        reactor.addReader(
            Orders(reactor, ORDERS, lambda order: daemon.withdraw(but=PRIVATE))
        )
        reactor.addReader(Orders(reactor, LIFE, end))
    reactor.callWhenRunning(_report, reactor)


def _report(reactor: Any) -> None:
    """
    Tell that clients are served, and from then on that the reactor runs.
    """
    os.write(REPORTS, READY)
    os.set_blocking(REPORTS, False)
    reactor.addSystemEventTrigger("before", "shutdown", _say, LEAVING)
    beating = LoopingCall(_say, ALIVE)
    beating.clock = reactor
    beating.start(BEAT)


def _say(report: bytes) -> None:
    # Whoever should read may be stopped, or gone.
    with suppress(OSError):
        os.write(REPORTS, report)
