"""
Data that is taken as it is wanted, and given on in segments.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from glance.swift.errors import Stopped
from glance.swift.sending import Source


@implementer(IConsumer)
class Pulled:
    """
    A body whose data is asked for, piece by piece.
    """

    def __init__(self, body: IBodyProducer) -> None:
        self._source = Source(body)
        self._pieces: deque[bytes] = deque()
        self._started = False
        self._ended = False
        self._failure: Failure | None = None
        self._wanted: Deferred[None] | None = None

    async def more(self) -> bool:
        """
        Wait until there is data, or none will come.

        @return: whether there is.
        """
        if not self._started:
            self._started = True
            # What comes before anybody waits for it is kept.
            producing = self._source.start(self)
            if self._pieces:
                self._source.pause()
            producing.addCallbacks(self._end, self._fail)
        while not self._pieces:
            if self._failure is not None:
                self._failure.raiseException()
            if self._ended:
                return False
            self._wanted = Deferred()
            self._source.resume()
            if not self._pieces and not self._ended:
                await self._wanted
        return True

    async def take(self, most: int) -> bytes:
        """
        Get some data.

        @param most: how many bytes at the most, at least one.

        @return: none at the end.
        """
        if not await self.more():
            return b""
        piece = self._pieces.popleft()
        if len(piece) > most:
            self._pieces.appendleft(piece[most:])
            piece = piece[:most]
        return piece

    def stop(self) -> None:
        """
        Want no more.
        """
        self.fail(Failure(Stopped("The data was stopped before its end.")))

    def fail(self, failure: Failure) -> None:
        """
        Want no more, and have who waits for data fail.
        """
        self._pieces.clear()
        # First of all, or it would fail with having been stopped.
        self._fail(failure)
        self._source.stop()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Do nothing: the producer is known.
        """

    def unregisterProducer(self) -> None:
        """
        Do nothing.
        """

    def write(self, data: bytes) -> None:
        if not data or self._ended:
            return
        self._pieces.append(data)
        self._source.pause()
        self._go_on()

    def _end(self, _: object) -> None:
        self._ended = True
        self._go_on()

    def _fail(self, failure: Failure) -> None:
        if not self._ended:
            self._ended = True
            self._failure = failure
            self._go_on()

    def _go_on(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None and not wanted.called:
            wanted.callback(None)


@implementer(IBodyProducer, IPushProducer)
class Segment:
    """
    A part of some data, as a body of its own.  When it is over, the rest of the
    data is still there.
    """

    def __init__(self, pulled: Pulled, most: int, length: int | str) -> None:
        """
        @param most: of how many bytes it is, or of all there are.
        @param length: the same, where that is known before.
        """
        self.length = length
        self._pulled = pulled
        self._left = most
        self._paused = False
        self._stopped = False
        self._resumed: Deferred[None] | None = None

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        return Deferred.fromCoroutine(self._produce(consumer))

    async def _produce(self, consumer: IConsumer) -> None:
        while self._left:
            while self._paused and not self._stopped:
                self._resumed = Deferred()
                await self._resumed
            if self._stopped:
                raise Stopped("The data was stopped before its end.")
            try:
                piece = await self._pulled.take(self._left)
            except CancelledError as error:
                raise Stopped("The data was stopped before its end.") from error
            if not piece:
                return
            self._left -= len(piece)
            consumer.write(piece)

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        self._go_on()

    def stopProducing(self) -> None:
        self._stopped = True
        self._go_on()

    def _go_on(self) -> None:
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            resumed.callback(None)
