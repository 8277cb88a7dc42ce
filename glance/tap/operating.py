"""
Doing one thing that needs a reactor and threads, and ending.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import (
    ILogObserver,
    LogEvent,
    LogLevel,
    formatEvent,
    globalLogBeginner,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from glance.config.settings import ConfigurationError, Settings
from glance.interfaces import IRegistry
from glance.redaction import escape
from glance.storage import Storage
from glance.streams.strands import Window
from glance.tap.database import database
from glance.tap.pools import FILES, Pools
from glance.tap.stores.made import Tools
from glance.tap.stores.making import Stores, check_stores

R = TypeVar("R")

INTERRUPTED = 130
"""What a program exits with that was interrupted from the terminal."""


def operate(work: Callable[[Any], Coroutine[Deferred[Any], Any, R]]) -> R:
    """
    Run a coroutine to its end.

    @param work: is called with the reactor.

    @return: what it returns; what it raises, is raised.

    @raise SystemExit: somebody has interrupted it.
    """
    from twisted.internet import reactor

    globalLogBeginner.beginLoggingTo([_say], redirectStandardIO=False)
    return _run(reactor, work)


def _run(reactor: Any, work: Callable[[Any], Coroutine[Deferred[Any], Any, R]]) -> R:
    outcome: list[R | Failure] = []
    interrupted: list[bool] = []

    def finish(result: R | Failure) -> None:
        outcome.append(result)
        if not interrupted:
            reactor.stop()

    def begin() -> None:
        working = Deferred.fromCoroutine(work(reactor))
        # Called when it is over, too: there is nothing to cancel then.
        reactor.addSystemEventTrigger("before", "shutdown", interrupt, working)
        working.addBoth(finish)

    def interrupt(working: Deferred[Any]) -> Deferred[Any] | None:
        if outcome:
            return None
        interrupted.append(True)
        working.cancel()
        return working

    reactor.callWhenRunning(begin)
    reactor.run()
    if interrupted or not outcome:
        raise SystemExit(INTERRUPTED)
    [result] = outcome
    if isinstance(result, Failure):
        result.raiseException()
    return result  # type: ignore[return-value]


@implementer(ILogObserver)
def _say(event: LogEvent) -> None:
    """
    Write what may be the reason why something does not work.
    """
    if event["log_level"] >= LogLevel.warn and event.get("log_failure") is None:
        sys.stderr.write(f"{escape(formatEvent(event))}\n")


@asynccontextmanager
async def opened_pools(reactor: Any) -> AsyncIterator[Pools]:
    """
    Have pools of threads for as long as a command runs.
    """
    pools = Pools(reactor)
    try:
        yield pools
    finally:
        pools.stop()


@asynccontextmanager
async def opened_registry(reactor: Any, settings: Settings) -> AsyncIterator[IRegistry]:
    """
    Have the registry in the database for as long as a command runs.
    """
    pools = Pools(reactor)
    kept = database(reactor, settings, pools)
    pools.start()
    try:
        yield kept.registry
    finally:
        pools.stop()
        kept.close()


@asynccontextmanager
async def opened_stores(
    reactor: Any, settings: Settings, pools: Pools, window: Window
) -> AsyncIterator[Storage]:
    """
    Have the stores for as long as a command runs.

    @raise ConfigurationError: they cannot be used with these settings.
    """
    _demand_directories(settings)
    check_stores(settings)
    files = pools.add("files", FILES)
    tools = Tools(reactor=reactor, in_thread=files, window=window)
    stores = Stores(settings, lambda _: tools, lambda store, error: None)
    try:
        yield stores.storage
    finally:
        await stores.close()


def _demand_directories(settings: Settings) -> None:
    """
    See that data can be there at all: a directory that has yet to be made is
    likely to be the wrong one.

    @raise ConfigurationError: it cannot.
    """
    assert settings.stores is not None
    for backend in settings.stores.backends:
        if backend.kind == "file" and not Path(backend.of.directory).is_dir():
            raise ConfigurationError(
                f"{backend.option('filesystem_store_datadir')}: there is no directory "
                f"{backend.of.directory}: name the configuration file of the API that "
                "tells where the data is."
            )
