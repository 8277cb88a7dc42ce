"""
How clients get on, and for how long they are waited for.
"""

from __future__ import annotations

WINDOW = 30.0
"""For how many seconds, at least, a client may be slower than it has to be."""

INTERVAL = 5.0
"""How many seconds pass between two looks at all connections, at most."""


def interval(*limits: float | None) -> float:
    """
    Get how many seconds may pass between two looks at all connections.

    @param limits: the times that clients have; L{None} for as long as they like.
    """
    return min([INTERVAL, *(limit / 8 for limit in limits if limit is not None)])


class Progress:
    """
    How a client gets on with sending, or taking, what there is to be.

    It is looked at now and then: only while it is the client that all waits for
    is there any to be seen.
    """

    __slots__ = ("_count", "_idle", "_rate", "_since", "_window")

    def __init__(self, idle: float | None, rate: float) -> None:
        """
        @param idle: for how many seconds nothing may come of it; L{None} for
            as long as it likes.
        @param rate: how many bytes a second it has to do; 0 for any.
        """
        self._idle = idle
        self._rate = rate
        self._count = 0
        self._since: float | None = None
        self._window = (0, 0.0)

    def rest(self) -> None:
        """
        Take note that nobody waits for the client.
        """
        self._since = None

    def fault(self, now: float, count: int) -> str | None:
        """
        Take note that the client is waited for.

        @param count: how many bytes it has done so far.

        @return: what it does wrong, as a clause; L{None} while all is well.
        """
        if self._since is None:
            self._count, self._since = count, now
            self._window = (count, now)
        elif count != self._count:
            self._count, self._since = count, now
        if self._idle is not None and now - self._since >= self._idle:
            return f"no data came for {self._idle:g} seconds"
        before, start = self._window
        if self._rate and now - start >= WINDOW:
            if count - before < self._rate * (now - start):
                return f"less than {self._rate:g} bytes came in a second"
            self._window = (count, now)
        return None
