"""
Blocks: memory that data on its way is received into, and shared from.
"""

from __future__ import annotations

import mmap
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IConsumer
from zope.interface import Attribute

BLOCK = 1 << 20
"""How many bytes the memory of a block has."""

PAGE = mmap.PAGESIZE
"""
How many bytes are before these, for what was received before and could not be
used yet.  To receive to the start of a page is several times faster.
"""

LITTLE = BLOCK // 2
"""Data of less than so many bytes gets memory of its own, of that size."""

KEPT = 8
"""Of how many blocks the memory is kept while no data is on its way."""


class Block:
    """
    Data that several work on at their own pace.

    Who needs it after it was given to him holds it, and releases it later.  The
    last release lets go of the memory, which then gets other data.
    """

    __slots__ = ("_holders", "_released", "data")

    def __init__(
        self,
        data: bytes | memoryview,
        released: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Make a block, which the caller holds.

        @param released: is called with the last release.
        """
        self.data = data
        """What is in it; nobody writes there."""
        self._released = released
        self._holders = 1

    def __len__(self) -> int:
        return len(self.data)

    def hold(self) -> None:
        """
        Keep it until L{release} is called once more.
        """
        assert self._holders, "It was let go of already."
        self._holders += 1

    def release(self) -> None:
        """
        Need it no longer.
        """
        self._holders -= 1
        if not self._holders:
            if isinstance(self.data, memoryview):
                # Who reads on fails, rather than to read what isn't his.
                self.data.release()
            self._released()


class IBlockConsumer(IConsumer):
    """
    A consumer that takes blocks, too.
    """

    blocks = Attribute("Where the memory of its blocks comes from.")

    def writeBlock(block: Block) -> None:
        """
        Take data, as C{write} does.

        @param block: is held by the consumer if that needs it after it has
            returned.
        """


class PassedOn:
    """
    The part that is the same in all that takes blocks from a body to pass them on.
    """

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Nothing is to be done: whoever passes data on knows its producer.
        """

    def unregisterProducer(self) -> None:
        """
        Nothing is to be done.
        """

    def write(self, data: bytes) -> None:
        """
        Pass data on, as a block.
        """
        # There is no memory to let go of.
        self.writeBlock(Block(data))

    def writeBlock(self, block: Block) -> None:
        """
        Pass a block on, as L{IBlockConsumer} has it.
        """
        raise NotImplementedError


class Blocks:
    """
    The memory for all data on its way.

    When it is all in use, those who want to receive more wait, and get their
    turns in the order they came in.  Only to be used in one thread.
    """

    def __init__(self, total: int) -> None:
        """
        @param total: how many bytes may be in use; a block may in any case.
        """
        self._total = total
        self._free: list[mmap.mmap] = []
        self._waiting: deque[Callable[[], None]] = deque()
        self.used = 0
        """How many bytes are in use."""

    @property
    def crowded(self) -> bool:
        """
        Whether one has to wait.
        """
        return bool(self.used) and self.used + BLOCK > self._total

    def wait(self, turn: Callable[[], None]) -> None:
        """
        Have C{turn} called once there is memory.

        It is expected to use it before it returns, if it still wants it.
        """
        self._waiting.append(turn)

    def lend(self) -> mmap.mmap:
        """
        Get memory, of a page and a block, to receive into.

        It is to be given to L{take} or L{give_back} at once.
        """
        if self._free:
            return self._free.pop()
        return mmap.mmap(-1, PAGE + BLOCK)

    def give_back(self, memory: mmap.mmap) -> None:
        """
        Take memory back that nothing was received into.
        """
        self._free.append(memory)

    def take(self, memory: mmap.mmap, start: int, end: int) -> Block:
        """
        Get a block of what is in memory.

        Where that is little it is copied: who sends slowly holds no block.
        """
        with memoryview(memory) as view:
            if end - start < LITTLE:
                self.give_back(memory)
                return self.wrap(bytes(view[start:end]))
            data = view[start:end]
        self.used += BLOCK

        def released() -> None:
            self.give_back(memory)
            self._less(BLOCK)

        return Block(data, released)

    def wrap(self, data: bytes) -> Block:
        """
        Get a block of data that came otherwise, even where there is no room.
        """
        self.used += len(data)
        return Block(data, lambda: self._less(len(data)))

    def _less(self, size: int) -> None:
        self.used -= size
        while self._waiting and not self.crowded:
            self._waiting.popleft()()
        if not self.used:
            del self._free[KEPT:]
