"""
L{Bounded}: a queue for threads that does not grow without end.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail

from glance.deferreds import InThread
from glance.errors import RegistryUnavailable


class Bounded:
    """
    Calls functions in threads, as long as not too many wait for one.

    Those who would wait longest are told at once to come again, and what
    waits is done while somebody still wants it.
    """

    def __init__(self, in_thread: InThread, most: int) -> None:
        self._in_thread = in_thread
        self._most = most
        self.calls = 0
        """How many calls run, or wait for a thread."""

    def __call__(self, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """
        Call a function in a thread.

        @raise RegistryUnavailable: by the L{Deferred}; too many wait already.
        """
        if self.calls >= self._most:
            return fail(
                RegistryUnavailable("The registry has too much to do; try again later.")
            )

        def done(result: Any) -> Any:
            self.calls -= 1
            return result

        self.calls += 1
        return self._in_thread(*args, **kwargs).addBoth(done)
