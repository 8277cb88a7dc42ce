"""
How long something may be silent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall


class Silence:
    """
    Watches for something that ought to go on.
    """

    def __init__(
        self,
        clock: Any,
        broken: Callable[[], None],
        seen: Callable[[], object] = lambda: None,
    ) -> None:
        """
        @param clock: an L{twisted.internet.interfaces.IReactorTime}.
        @param broken: is called when it has been silent for too long.
        @param seen: gets what is another when it went on without being heard.
        """
        self._clock = clock
        self._broken = broken
        self._seen = seen
        self._last: object = None
        self.seconds = 0.0
        """How long it may be silent."""
        self._heard = 0.0
        self._call: IDelayedCall | None = None

    def begin(self, seconds: float | None) -> None:
        """
        Watch from now on.

        @param seconds: how long it may be silent; L{None} for ever.
        """
        self.end()
        if seconds is not None:
            self.seconds = seconds
            self._last = self._seen()
            self.heard()
            self._call = self._clock.callLater(seconds, self._look)

    def heard(self) -> None:
        """
        Take note that it goes on.  That is cheap: no timer is moved.
        """
        self._heard = self._clock.seconds()

    def end(self) -> None:
        """
        Watch no longer.
        """
        if self._call is not None:
            call, self._call = self._call, None
            call.cancel()

    def _look(self) -> None:
        self._call = None
        seen = self._seen()
        if seen != self._last:
            self._last = seen
            self.heard()
        left = self._heard + self.seconds - self._clock.seconds()
        if left > 0:
            self._call = self._clock.callLater(left, self._look)
        else:
            self._broken()
