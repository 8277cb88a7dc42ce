"""
How long something may be silent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

LATE = 0.25
"""
By which part of the time a look may be late.  One that is later tells that this process
has stood still, and may not have read yet what came meanwhile.
"""


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
        self._due = 0.0
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
            self._look_in(seconds)

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

    def _look_in(self, seconds: float) -> None:
        self._due = self._clock.seconds() + seconds
        self._call = self._clock.callLater(seconds, self._look)

    def _look(self) -> None:
        self._call = None
        seen = self._seen()
        late = self._clock.seconds() - self._due
        if seen != self._last or late > LATE * self.seconds:
            self._last = seen
            self.heard()
        left = self._heard + self.seconds - self._clock.seconds()
        if left > 0:
            self._look_in(left)
        else:
            self._broken()
