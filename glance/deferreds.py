"""
Between coroutines, threads and L{Deferred}s.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

P = ParamSpec("P")
R = TypeVar("R")

InThread = Callable[..., Deferred[Any]]
"""
Calls a function that blocks, with the arguments that follow it, where it does
no harm, and gives a L{Deferred} of its result.  In tests it is
L{twisted.internet.defer.maybeDeferred}.
"""


def deferred(
    f: Callable[P, Coroutine[Deferred[Any], Any, R]],
) -> Callable[P, Deferred[R]]:
    """
    Let C{f} be written as a coroutine and called for a L{Deferred}.
    """

    @wraps(f)
    def start(*args: P.args, **kwargs: P.kwargs) -> Deferred[R]:
        return Deferred.fromCoroutine(f(*args, **kwargs))

    return start


def unhurried(running: Deferred[R]) -> Deferred[R]:
    """
    Have a cancellation wait until C{running} has come to its own end.

    A call in a thread cannot be stopped; who goes on while it runs closes
    files under its hands.

    @return: a L{Deferred} of the result of C{running}, or, once that is there,
        of L{CancelledError} where it was cancelled.
    """

    def cancelled(waiting: Deferred[R]) -> None:
        waiting.pause()
        waiting.errback(CancelledError())
        running.addBoth(lambda _: waiting.unpause())

    waiting: Deferred[R] = Deferred(cancelled)

    def fire(result: R | Failure) -> None:
        if not waiting.called:
            waiting.callback(result)  # type: ignore[arg-type]

    running.addBoth(fire)
    return waiting


def within(
    seconds: float, running: Deferred[R], clock: IReactorTime, late: Exception
) -> Deferred[R]:
    """
    Wait for something, but only so long.

    What is late goes on, and what becomes of it is not said.  A cancellation
    waits as that of L{unhurried} does.

    @return: a L{Deferred} of the result of C{running}, or of C{late}.
    """
    first: Deferred[R] = Deferred()
    limit = clock.callLater(seconds, first.errback, late)

    def fire(result: R | Failure) -> None:
        if limit.active():
            limit.cancel()
            first.callback(result)  # type: ignore[arg-type]

    running.addBoth(fire)
    return unhurried(first)


class Threads:
    """
    Calls functions in the threads of a pool.
    """

    def __init__(self, reactor: Any, pool: ThreadPool) -> None:
        self._reactor = reactor
        self._pool = pool
        self.calls = 0
        """How many calls run, or wait for a thread."""

    def __call__(
        self, f: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> Deferred[R]:
        """
        Call C{f} in a thread.

        @return: a L{Deferred} of what it returns.  When that is cancelled, it
            fires only when the thread is done.
        """

        def done(result: R | Failure) -> R | Failure:
            self.calls -= 1
            return result

        self.calls += 1
        running = deferToThreadPool(self._reactor, self._pool, f, *args, **kwargs)
        return unhurried(running.addBoth(done))


def daemonic(reactor: Any) -> InThread:
    """
    Get what calls functions in threads that nobody waits for at the end: a
    read of a terminal or pipe may last for ever.
    """

    def in_thread(f: Any, *args: Any, **kwargs: Any) -> Deferred[Any]:
        result: Deferred[Any] = Deferred(lambda _: None)

        def fire(outcome: Any) -> None:
            if not result.called:
                result.callback(outcome)

        def work() -> None:
            try:
                outcome = f(*args, **kwargs)
            except Exception:
                outcome = Failure()
            reactor.callFromThread(fire, outcome)

        Thread(target=work, daemon=True).start()
        return result

    return in_thread
