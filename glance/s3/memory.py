"""
Memory that uploads share.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

LOOK = 0.25
"""After how many seconds it is seen, each time, how fast data comes."""

APART = 8
"""
How many times as much as there is may be used beside it, by data that comes slowly.
"""


class Share:
    """
    Memory for one part, from the moment its data may come until it is sent.
    """

    def __init__(self, memory: Memory, size: int) -> None:
        self._memory = memory
        self._size = size
        self._counted = True
        self._freed = False
        self._came = 0
        self._look_later()

    def add(self, count: int) -> None:
        """
        Say that so many bytes have come.
        """
        self._came += count

    def fill(self) -> None:
        """
        Say that all of its data has come.
        """
        self._look.cancel()
        self._count(True)

    def free(self) -> None:
        """
        Say that there is no data any more.
        """
        if self._look.active():
            self._look.cancel()
        if not self._freed:
            self._freed = True
            self._memory.give_back(self._size, apart=not self._counted)

    def _look_later(self) -> None:
        self._look: IDelayedCall = self._memory.clock.callLater(LOOK, self._see)

    def _see(self) -> None:
        slow = self._came < self._size * LOOK / self._memory.patience
        self._came = 0
        self._look_later()
        if not slow:
            self._count(True)
        elif self._memory.has_room_apart(self._size):
            self._count(False)

    def _count(self, counted: bool) -> None:
        if counted is not self._counted:
            self._counted = counted
            self._memory.move(self._size if counted else -self._size)


class Memory:
    """
    So many bytes, which are shared out in the order in which they are asked for.

    Whose data comes slowly has memory all the same, but that isn't counted until it
    comes faster, or all is there: else a few slow clients would keep all others from
    coming.  There is a bound to that, too: where there are very many of them, they
    wait for each other.
    """

    def __init__(self, clock: Any, total: int, patience: float) -> None:
        """
        @param clock: an L{twisted.internet.interfaces.IReactorTime}.
        @param total: how many bytes there are.
        @param patience: in how many seconds a part has to be full at the speed that
            its data comes at, or that is slow.
        """
        self.clock = clock
        self.patience = patience
        self._total = total
        self._used = 0
        self._apart = 0
        self._waiting: deque[tuple[int, Deferred[Share]]] = deque()

    def take(self, size: int) -> Deferred[Share]:
        """
        Wait for memory.  More than there is in all is had by whoever is alone.
        """
        waiting: Deferred[Share] = Deferred(self._give_up)
        self._waiting.append((size, waiting))
        self._share_out()
        return waiting

    def has_room_apart(self, size: int) -> bool:
        """
        Tell whether so many bytes more may be left uncounted.
        """
        return self._apart + size <= APART * self._total

    def move(self, size: int) -> None:
        """
        Take note that so many bytes more are counted, of those that were not.
        """
        self._used += size
        self._apart -= size
        self._share_out()

    def give_back(self, size: int, *, apart: bool) -> None:
        """
        Take note that so many bytes are in use no more.

        @param apart: whether they were left uncounted.
        """
        if apart:
            self._apart -= size
        else:
            self._used -= size
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
