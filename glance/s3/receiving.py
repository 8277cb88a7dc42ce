"""
Data on its way from a server.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.iweb import IBodyProducer, IResponse
from zope.interface import implementer

from glance.s3.errors import BadAnswer, Cut, Silent, Stopped
from glance.s3.sending import PIECE
from glance.silence import Silence


class _Receiver(Protocol):
    def __init__(self, body: ReceivedBody) -> None:
        self._body = body

    def connectionMade(self) -> None:
        self._body.connected(self.transport)

    def dataReceived(self, data: bytes) -> None:
        self._body.received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._body.ended(reason)


class _Refuser(Protocol):
    def connectionMade(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.stopProducing()


@implementer(IBodyProducer, IPushProducer)
class ReceivedBody:
    """
    A body that is what a server answers.

    Nothing is read from the connection before it is started, nor while it is
    paused, and nothing is written then.  It is started, or told to stop: the
    connection waits for that.  When
    it is stopped, the L{Deferred} of C{startProducing} fails with L{Stopped};
    where its end is missing, with L{Cut}.
    """

    def __init__(self, response: IResponse, clock: Any, idle: float) -> None:
        """
        @param idle: for how many seconds the server may be silent, while data is
            wanted.
        """
        self.length = response.length
        self._response = response
        self._idle = idle
        self._silence = Silence(clock, self._silent)
        self._transport: Any = None
        self._consumer: IConsumer | None = None
        self._done: Deferred[None] | None = None
        self._held: deque[bytes] = deque()
        self._outcome: list[Failure | None] = []
        self._writing = False
        self._paused = False
        self._over = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        if self._over:
            return fail(Stopped("The data was stopped before its start."))
        self._consumer = consumer
        done: Deferred[None] = Deferred(lambda _: self.stopProducing())
        self._done = done
        if not self._paused:
            self._silence.begin(self._idle)
        self._response.deliverBody(_Receiver(self))
        # Twisted lets the connection go on once it has handed over what it
        # had, whatever the consumer said to that.
        if self._paused and not self._over:
            self.pauseProducing()
        return done

    def pauseProducing(self) -> None:
        self._paused = True
        self._silence.end()
        if self._transport is not None and not self._over:
            self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        self._paused = False
        self._write_held()
        if self._transport is not None and not (self._over or self._paused):
            self._silence.begin(self._idle)
            self._transport.resumeProducing()

    def stopProducing(self) -> None:
        if self._done is None and not self._over:
            self._over = True
            self._response.deliverBody(_Refuser())
        else:
            self._break_off(Stopped("The data was stopped before its end."))

    def connected(self, transport: Any) -> None:
        """
        Take note of what the data comes from; L{None} if it is all here.
        """
        self._transport = transport

    def received(self, data: bytes) -> None:
        """
        Take what has come.
        """
        if self._over or self._consumer is None:
            return
        self._silence.heard()
        # What has been read when the consumer pauses comes all the same.
        for at in range(0, len(data), PIECE):
            self._held.append(data[at : at + PIECE])
        self._write_held()

    def _write_held(self) -> None:
        if self._writing:
            return
        self._writing = True
        while self._held and not self._paused and self._consumer is not None:
            try:
                self._consumer.write(self._held.popleft())
            except Exception as error:
                self._break_off(error)
        self._writing = False
        if self._outcome and not self._held:
            self._end(self._outcome[0])

    def ended(self, reason: Failure) -> None:
        """
        Take note that no more will come.
        """
        self._silence.end()
        self._transport = None
        if reason.check(ResponseDone):
            self._outcome = [None]
        else:
            # Where the answer has no length, nobody knows whether it is whole.
            cut = Cut("The connection was lost before the data's end.")
            self._outcome = [Failure(cut)]
        self._write_held()

    def _silent(self) -> None:
        self._break_off(Silent(f"S3 sent nothing for {self._idle:g} seconds."))

    def _break_off(self, error: Exception) -> None:
        if not self._over:
            transport = self._transport
            self._end(Failure(error))
            if transport is not None:
                transport.stopProducing()

    def _end(self, result: Failure | None) -> None:
        if self._over:
            return
        self._over = True
        self._silence.end()
        self._consumer = None
        self._held.clear()
        if self._done is not None and not self._done.called:
            self._done.callback(result)  # type: ignore[arg-type]


@implementer(IConsumer)
class _Collector:
    def __init__(self, limit: int) -> None:
        self.pieces: list[bytes] = []
        self._room = limit

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        pass

    def unregisterProducer(self) -> None:
        pass

    def write(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room < 0:
            raise BadAnswer("The server's answer is too long.")
        self.pieces.append(data)


async def read_all(body: ReceivedBody, limit: int) -> bytes:
    """
    Get all of a small body.

    @param limit: how many bytes are taken.

    @raise BadAnswer: there are more.
    """
    collector = _Collector(limit)
    await body.startProducing(collector)
    return b"".join(collector.pieces)
