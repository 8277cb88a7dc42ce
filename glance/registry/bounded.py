"""
L{Bounded}: a queue for threads that does not grow without end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime

from glance.deferreds import InThread, within
from glance.errors import RegistryUnavailable


class Bounded:
    """
    Calls functions in threads, as long as not too many wait for one.

    Those who would wait longest are told at once to come again, and those who
    have waited too long, too: what was called for them is no more begun, but
    may have been.
    """

    def __init__(
        self, in_thread: InThread, most: int, seconds: float, clock: IReactorTime
    ) -> None:
        """
        @param most: how many calls may run and wait.
        @param seconds: how long each may.
        """
        self._in_thread = in_thread
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self.calls = 0
        """How many calls run, or wait for a thread."""

    def __call__(
        self, f: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Deferred[Any]:
        """
        Call a function in a thread.

        @raise RegistryUnavailable: by the L{Deferred}; too many wait already,
            or it takes too long.
        """
        if self.calls >= self._most:
            return fail(
                RegistryUnavailable("The registry has too much to do; try again later.")
            )

        def done(result: Any) -> Any:
            self.calls -= 1
            return result

        late = RegistryUnavailable("The registry takes too long; try again later.")
        deadline = self._clock.seconds() + self._seconds

        def in_time() -> Any:
            if self._clock.seconds() > deadline:
                raise late
            return f(*args, **kwargs)

        self.calls += 1
        running = self._in_thread(in_time).addBoth(done)
        return within(self._seconds, running, self._clock, late)
