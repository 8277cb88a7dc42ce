"""
Bodies and consumers for tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from glance.deferreds import unhurried
from glance.errors import BodyStopped
from glance.streams.blocks import Block, Blocks, IBlockConsumer
from glance.streams.bodies import Body, BytesBody, pump


@implementer(IBodyProducer, IPushProducer)
class ManualBody:
    """
    A body that gives what the test says, when the test says it, whether it is
    paused or not.
    """

    def __init__(self, length: int | str = UNKNOWN_LENGTH) -> None:
        self.length = length
        self.consumer: IConsumer | None = None
        """Who gets the data; L{None} until it is started."""
        self.paused = False
        self.stopped = False
        """Whether it was told to stop."""
        self.over = False
        """Whether it came to an end, any end."""
        self._producing: Deferred[None] = Deferred(lambda _: self.stopProducing())

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        assert self.consumer is None, "started twice"
        if self.stopped:
            return fail(BodyStopped("It was stopped before its start."))
        self.consumer = consumer
        return self._producing

    def data(self, data: bytes) -> None:
        """
        Give C{data}; where the consumer raises, fail so.
        """
        assert self.consumer is not None, "not started"
        if self.over:
            return
        try:
            self.give(self.consumer, data)
        except Exception as error:
            self.fail(error)

    def give(self, consumer: IConsumer, data: bytes) -> None:
        """
        Write C{data} to C{consumer}.
        """
        consumer.write(data)

    def end(self) -> None:
        """
        Be over.
        """
        if not self.over:
            self.over = True
            self._producing.callback(None)

    def fail(self, error: Exception) -> None:
        """
        End with C{error}.
        """
        if not self.over:
            self.over = True
            self._producing.errback(error)

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False

    def stopProducing(self) -> None:
        self.stopped = True
        if self.consumer is None:
            self.over = True
        self.fail(BodyStopped("It was stopped."))


class ManualBlocks(ManualBody):
    """
    A body that gives blocks.
    """

    def __init__(self, blocks: Blocks, length: int | str = UNKNOWN_LENGTH) -> None:
        super().__init__(length)
        self._blocks = blocks

    def give(self, consumer: IConsumer, data: bytes) -> None:
        give_block(self._blocks, IBlockConsumer(consumer), data)


class SilentBody(ManualBody):
    """
    A body that never gives anything, and never ends unless it is stopped.
    """


class FailingBody(Body):
    """
    A body that gives some data, and fails.
    """

    def __init__(
        self, pieces: Iterable[bytes], error: Exception, length: int | str
    ) -> None:
        super().__init__()
        self._pieces = list(pieces)
        self._error = error
        self.length = length
        self.released = False
        """Whether it has let go of what it held."""

    async def produce(self, write: Callable[[bytes], object]) -> None:
        for piece in self._pieces:
            await self.ready()
            write(piece)
        raise self._error

    def release(self) -> None:
        self.released = True


@implementer(IConsumer)
class Collector:
    """
    A consumer that keeps what it gets.
    """

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.producer: IPushProducer | None = None

    @property
    def data(self) -> bytes:
        """
        All that came so far.
        """
        return b"".join(self.pieces)

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        assert streaming
        assert self.producer is None, "there is one already"
        self.producer = producer

    def unregisterProducer(self) -> None:
        assert self.producer is not None, "there is none"
        self.producer = None

    def write(self, data: bytes) -> None:
        assert isinstance(data, bytes)
        self.pieces.append(data)


class SlowConsumer(Collector):
    """
    A consumer that has room for one piece at a time: each makes it pause its
    producer, inside of C{write}.
    """

    def write(self, data: bytes) -> None:
        super().write(data)
        if self.producer is not None:
            self.producer.pauseProducing()

    def more(self) -> None:
        """
        Have room for one more piece.
        """
        if self.producer is not None:
            self.producer.resumeProducing()


class BrokenConsumer(Collector):
    """
    A consumer that takes a number of pieces, and raises at the next.
    """

    def __init__(self, takes: int, error: Exception) -> None:
        super().__init__()
        self._takes = takes
        self._error = error

    def write(self, data: bytes) -> None:
        if len(self.pieces) == self._takes:
            raise self._error
        super().write(data)


def give_block(blocks: Blocks, consumer: Any, data: bytes) -> None:
    """
    Give a consumer a block, and release it.
    """
    block = Block(memoryview(data), blocks.wrap(data).release)
    try:
        consumer.writeBlock(block)
    finally:
        block.release()


class GivingBlocks(BytesBody):
    """
    A body of bytes, which its consumer gets as blocks.
    """

    def __init__(self, blocks: Blocks, pieces: Iterable[bytes]) -> None:
        super().__init__(pieces)
        self._blocks = blocks

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._consumer = IBlockConsumer(consumer)
        return super().startProducing(consumer)

    async def produce(self, write: Callable[[bytes], object]) -> None:
        await super().produce(partial(give_block, self._blocks, self._consumer))


@implementer(IBlockConsumer)
class TakesBlocks:
    """
    A consumer that is another one, and takes blocks.
    """

    def __init__(self, consumer: Collector, blocks: Blocks) -> None:
        self.consumer = consumer
        self.blocks = blocks

    def __getattr__(self, name: str) -> Any:
        return getattr(self.consumer, name)

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        self.consumer.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self.consumer.unregisterProducer()

    def write(self, data: bytes) -> None:
        self.consumer.write(data)

    def writeBlock(self, block: Block) -> None:
        self.consumer.write(bytes(block.data))


def collect(body: IBodyProducer) -> Deferred[bytes]:
    """
    Get all the bytes of a body.
    """
    collector = Collector()
    return pump(body, collector).addCallback(lambda _: collector.data)


class ManualThreads:
    """
    Calls functions when the test says so, in their order, as a pool of one
    thread does: a call that is cancelled is made all the same, and its
    L{Deferred} fires only then.
    """

    def __init__(self) -> None:
        self._calls: list[Callable[[], None]] = []

    def __call__(self, f, *args, **kwargs):
        """
        Have C{f} called later.
        """
        running = Deferred()
        self._calls.append(
            lambda: maybeDeferred(f, *args, **kwargs).chainDeferred(running)
        )
        return unhurried(running)

    @property
    def waiting(self) -> int:
        """
        How many calls wait.
        """
        return len(self._calls)

    def run(self, calls: int = 1) -> None:
        """
        Make the next calls.
        """
        for _ in range(calls):
            self._calls.pop(0)()

    def run_all(self, limit: int = 10_000) -> None:
        """
        Make calls until none waits.
        """
        while self._calls:
            limit -= 1
            assert limit, "this does not end"
            self.run()
