"""
How long nothing may move.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Silence:
    """
    Watches for something that ought to go on.
    """

    def __init__(
        self,
        clock: IReactorTime,
        seconds: float,
        broken: Callable[[], None],
        seen: Callable[[], object] = lambda: None,
    ) -> None:
        """
        @param seconds: how long nothing may be heard of it.
        @param broken: is called when that has passed.
        @param seen: gets what is another when it went on without being heard.
        """
        self._clock = clock
        self._seconds = seconds
        self._broken = broken
        self._seen = seen
        self._last: object = None
        self._heard = 0.0
        self._call: IDelayedCall | None = None

    def begin(self) -> None:
        """
        Watch from now on, whether or not it is watched already.
        """
        self.heard()
        self._last = self._seen()
        if self._call is None:
            self._call = self._clock.callLater(self._seconds, self._look)

    def heard(self) -> None:
        """
        Take note that it goes on.
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
        left = self._heard + self._seconds - self._clock.seconds()
        if left > 0:
            self._call = self._clock.callLater(left, self._look)
        else:
            self._broken()
