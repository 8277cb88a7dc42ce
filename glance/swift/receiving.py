"""
Data on its way from Swift.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IConsumer, IPushProducer, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IBodyProducer, IResponse
from zope.interface import implementer

from glance.silence import Silence
from glance.swift.errors import BadAnswer, Cut, Stopped, SwiftError, TimedOut


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
    The data of an answer.

    It has to be started, or stopped: until then it keeps a connection.  While
    it is paused nothing is read from that.  When it is stopped, the L{Deferred}
    of C{startProducing} fails with L{Stopped}.
    """

    def __init__(self, response: IResponse, clock: IReactorTime, idle: float) -> None:
        """
        @param idle: for how many seconds the server may be silent while data is
            wanted.
        """
        self.length = response.length
        self._response = response
        self._idle = idle
        self._silence = Silence(clock, self._silent)
        self._transport: Any = None
        self._consumer: IConsumer | None = None
        self._done: Deferred[None] | None = None
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
        if self._transport is not None and not self._over:
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
        if self._over:
            return
        assert self._consumer is not None
        self._silence.heard()
        try:
            self._consumer.write(data)
        except Exception as error:
            self._break_off(error)

    def ended(self, reason: Failure) -> None:
        """
        Take note that no more will come.
        """
        if reason.check(ResponseDone):
            self._end(None)
        else:
            self._end(Failure(Cut("The connection was lost before the data's end.")))

    def _silent(self) -> None:
        self._break_off(TimedOut("Swift sent nothing for too long."))

    def _break_off(self, error: Exception) -> None:
        if self._over:
            return
        transport = self._transport
        self._end(Failure(error))
        if transport is not None:
            transport.stopProducing()

    def _end(self, failure: Failure | None) -> None:
        if self._over:
            return
        self._over = True
        self._silence.end()
        self._consumer = self._transport = None
        if self._done is not None:
            self._done.callback(failure)  # type: ignore[arg-type]


class _SmallBody(ReceivedBody):
    """
    The body of an answer that may end with the connection, as those of proxies
    do that tell of an error.
    """

    def ended(self, reason: Failure) -> None:
        if reason.check(PotentialDataLoss):
            reason = Failure(ResponseDone())
        super().ended(reason)


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
            raise BadAnswer("The answer is longer than any should be.")
        self.pieces.append(data)


async def read_all(
    response: IResponse, clock: IReactorTime, idle: float, limit: int
) -> bytes:
    """
    Get all the bytes of a small answer.

    @param limit: how many are taken.

    @raise SwiftError: there are more, or they do not come.
    """
    collector = _Collector(limit)
    body = _SmallBody(response, clock, idle)
    try:
        await body.startProducing(collector)
    except SwiftError as error:
        error.status = response.code
        raise
    return b"".join(collector.pieces)
