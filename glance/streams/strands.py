"""
Strands: what is done to data in threads, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from glance.deferreds import InThread
from glance.streams.blocks import Block, Blocks

Buffer = bytes | memoryview
"""Data, as the functions get it that work on it; it is theirs until they return."""

BATCH = 2 << 20
"""About how many bytes are handed to a thread at once, where so many wait."""


class Window:
    """
    How much data may wait in memory, shared out among the transfers under way.
    """

    def __init__(self, total: int, most: int = 8 << 20) -> None:
        """
        @param total: the bytes that all of them may hold together.
        @param most: the bytes that one may hold where few are under way.
        """
        self._total = total
        self._most = most
        self.blocks = Blocks(total)
        """The memory that uploads are received into."""
        self.transfers = 0
        """How many share it at present."""

    @property
    def size(self) -> int:
        """
        How many bytes one transfer may hold at present.
        """
        return min(self._most, self._total // max(1, self.transfers))


class Strand:
    """
    An ordered queue of data for one function that blocks.

    The function gets lists of pieces, each list when the one before is done.
    After its first error it is not called again, nor once it has returned
    L{True}: then it wants no more.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Buffer]], Any],
        in_thread: InThread,
        relieved: Callable[[], None],
    ) -> None:
        """
        @param relieved: called each time that less is L{waiting}, and when the
            function failed.
        """
        self._work = work
        self._in_thread = in_thread
        self._relieved = relieved
        self._queue: list[Block] = []
        self._running = False
        self._enough = False
        self._calling: Deferred[Any] | None = None
        self._idle: list[Deferred[None]] = []
        self.waiting = 0
        """How many bytes were put, and aren't done with."""
        self.failure: Failure | None = None
        """What the function raised; L{None} as long as it did not."""

    def put(self, block: Block) -> None:
        """
        Have the function called with what is in C{block}, in turn.
        """
        if self.failure is None and not self._enough:
            block.hold()
            self._queue.append(block)
            self.waiting += len(block)
            self._go_on()

    def abandon(self) -> None:
        """
        Forget what the function wasn't called with yet.
        """
        queue, self._queue = self._queue, []
        self._release(queue)

    def cancel(self) -> None:
        """
        Cancel the call that is under way, if there is one, and forget the rest.
        """
        self.abandon()
        if self._calling is not None:
            self._calling.cancel()

    def drained(self) -> Deferred[None]:
        """
        Wait until nothing is queued and the function isn't running.

        @return: a L{Deferred} that fails with what the function raised.
        """
        return self.idle().addCallback(self._outcome)

    def idle(self) -> Deferred[None]:
        """
        Wait until nothing is queued and the function isn't running, whatever
        came of it.
        """
        if not self._running:
            return succeed(None)
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        return idle

    def _outcome(self, _: object) -> None:
        if self.failure is not None:
            self.failure.raiseException()

    def _go_on(self) -> None:
        if self._running:
            return
        self._running = True
        while self._queue:
            batch = self._take()
            calling = self._in_thread(self._work, [block.data for block in batch])
            calling.addCallbacks(self._worked, self._failed)
            if not calling.called:
                self._calling = calling.addCallback(self._done, batch)
                return
            self._account(batch)
        self._running = False
        waiting, self._idle = self._idle, []
        for idle in waiting:
            idle.callback(None)

    def _take(self) -> list[Block]:
        taken = size = 0
        while taken < len(self._queue) and size < BATCH:
            size += len(self._queue[taken])
            taken += 1
        batch = self._queue[:taken]
        del self._queue[:taken]
        return batch

    def _done(self, _: object, batch: list[Block]) -> None:
        self._account(batch)
        self._running = False
        self._go_on()

    def _account(self, batch: list[Block]) -> None:
        self._release(batch)
        self._relieved()

    def _release(self, blocks: list[Block]) -> None:
        self.waiting -= sum(map(len, blocks))
        for block in blocks:
            block.release()

    def _worked(self, enough: object) -> None:
        if enough is True:
            self._enough = True
            self.abandon()

    def _failed(self, failure: Failure) -> None:
        self.failure = failure
        self.abandon()
