"""
Bodies that go on from elsewhere when they fail.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import directlyProvides

from glance.errors import DataDamaged
from glance.streams.blocks import Block, IBlockConsumer
from glance.streams.bodies import Body
from glance.streams.files import FileCut, IFileConsumer

GoOn = Callable[[int, Exception], Coroutine[Any, Any, IBodyProducer]]
"""
Gets a body of what follows so many bytes, of which the rest did not come because
of an error; raises what is told to who wanted the data, if there is none.
"""


class _Counted:
    """
    A consumer that counts what it passes on to another.

    It takes data in the ways that the other does.
    """

    def __init__(self, consumer: Any) -> None:
        self.count = 0
        """How many bytes were passed on."""
        self.refused = False
        """Whether the consumer raised an error."""
        self._consumer = consumer
        self._files = IFileConsumer(consumer, None)
        self._blocks = IBlockConsumer(consumer, None)
        ways: list[Any] = [IConsumer]
        if self._files is not None:
            ways.append(IFileConsumer)
        if self._blocks is not None:
            ways.append(IBlockConsumer)
            self.blocks = self._blocks.blocks
        directlyProvides(self, *ways)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Do nothing: the consumer knows its producer.
        """

    def unregisterProducer(self) -> None:
        """
        Do nothing.
        """

    def write(self, data: bytes) -> None:
        """
        Pass data on.
        """
        self._pass_on(self._consumer.write, data)

    def writeBlock(self, block: Block) -> None:
        """
        Pass a block on.
        """
        self._pass_on(self._blocks.writeBlock, block)

    def _pass_on(self, take: Callable[[Any], object], data: Any) -> None:
        self.count += len(data)
        try:
            take(data)
        except Exception:
            self.refused = True
            raise

    def sendFile(self, fd: int, offset: int, count: int) -> Deferred[None]:
        """
        Pass part of a file on.
        """

        def sent(_: None) -> None:
            self.count += count

        def cut(failure: Failure) -> Failure:
            if isinstance(failure.value, FileCut):
                self.count += failure.value.sent
            return failure

        sending: Deferred[None] = self._files.sendFile(fd, offset, count)
        return sending.addCallbacks(sent, cut)


class ContinuingBody(Body):
    """
    A body that is another one, and when that fails goes on with the next, where
    it was.
    """

    def __init__(self, body: IBodyProducer, go_on: GoOn) -> None:
        """
        @param body: the first one; its length is known.
        """
        super().__init__()
        self.length: int = body.length  # type: ignore[assignment]
        self._body: Any = body
        self._go_on = go_on
        self._opening: Deferred[IBodyProducer] | None = None
        self._consumer: Any = None

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._consumer = consumer
        return super().startProducing(consumer)

    async def produce(self, write: Callable[[bytes], object]) -> None:
        counted = _Counted(self._consumer)
        while True:
            try:
                await self._body.startProducing(counted)
                if counted.count >= self.length:
                    return
                left = self.length - counted.count
                problem: Exception = DataDamaged(
                    f"The data ends {left} bytes before its end."
                )
            except CancelledError:
                raise
            except Exception as error:
                if counted.refused:
                    raise
                problem = error
            self._body = await self._next(counted.count, problem)

    async def _next(self, count: int, problem: Exception) -> Any:
        if count >= self.length:
            raise problem
        self._opening = Deferred.fromCoroutine(self._go_on(count, problem))
        try:
            body: Any = await self._opening
        finally:
            self._opening = None
        if self.paused:
            body.pauseProducing()
        if self.stopped:
            body.stopProducing()
        return body

    def pauseProducing(self) -> None:
        super().pauseProducing()
        self._body.pauseProducing()

    def resumeProducing(self) -> None:
        super().resumeProducing()
        if not self.stopped:
            self._body.resumeProducing()

    def stopProducing(self) -> None:
        super().stopProducing()
        if self._opening is not None:
            self._opening.cancel()
        elif self.started:
            self._body.stopProducing()

    def release(self) -> None:
        if not self.started:
            self._body.stopProducing()
