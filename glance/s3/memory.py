"""
Memory that uploads share.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall


class Share:
    """
    Memory for one part, from the moment its data may come until it is sent.
    """

    def __init__(self, memory: Memory, size: int) -> None:
        self._memory = memory
        self._size = size
        self._counted = True
        self._slow: IDelayedCall | None = memory.clock.callLater(
            memory.patience, self._give_back
        )

    def fill(self) -> None:
        """
        Say that all of its data has come.
        """
        self._rest()
        if not self._counted:
            self._counted = True
            self._memory.count(self._size)

    def free(self) -> None:
        """
        Say that there is no data any more.
        """
        self._rest()
        self._give_back()

    def _rest(self) -> None:
        if self._slow is not None:
            slow, self._slow = self._slow, None
            slow.cancel()

    def _give_back(self) -> None:
        self._slow = None
        if self._counted:
            self._counted = False
            self._memory.count(-self._size)


class Memory:
    """
    So many bytes, which are shared out in the order in which they are asked for.

    Whose data takes long to come has memory all the same, but that isn't counted
    as long as it isn't full: else a few slow clients would keep all others from
    coming.  So there is in use at most what there is, and what has come of one
    part of each slow upload.
    """

    def __init__(self, clock: Any, total: int, patience: float) -> None:
        """
        @param clock: an L{twisted.internet.interfaces.IReactorTime}.
        @param total: how many bytes there are.
        @param patience: for how many seconds a part that isn't full is counted.
        """
        self.clock = clock
        self.patience = patience
        self._total = total
        self._used = 0
        self._waiting: deque[tuple[int, Deferred[Share]]] = deque()

    def take(self, size: int) -> Deferred[Share]:
        """
        Wait for memory.  More than there is in all is had by whoever is alone.
        """
        waiting: Deferred[Share] = Deferred(self._give_up)
        self._waiting.append((size, waiting))
        self._share_out()
        return waiting

    def count(self, size: int) -> None:
        """
        Take note that so many bytes more are in use.
        """
        self._used += size
        self._share_out()

    def _share_out(self) -> None:
        while self._waiting:
            size, waiting = self._waiting[0]
            if self._used and self._used + size > self._total:
                return
            self._waiting.popleft()
            self._used += size
            waiting.callback(Share(self, size))

    def _give_up(self, waiting: Deferred[Share]) -> None:
        self._waiting = deque(one for one in self._waiting if one[1] is not waiting)
        self._share_out()
