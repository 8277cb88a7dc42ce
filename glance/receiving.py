"""
L{ReceivedBody}: data on its way from a server.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IBodyProducer, IResponse
from zope.interface import implementer

from glance.silence import Silence

PIECE = 1 << 16
"""How many bytes are written at once, at the most."""


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


def drop(response: IResponse) -> None:
    """
    Want nothing of the rest of an answer.
    """
    response.deliverBody(_Refuser())


@implementer(IBodyProducer, IPushProducer)
class ReceivedBody:
    """
    A body that is what a server answers.

    It is started, or told to stop: the connection waits for that.  Nothing is read
    from the connection while it is paused, and nothing is written then.
    """

    def __init__(
        self,
        response: IResponse,
        clock: Any,
        idle: float | None,
        *,
        silent: Exception,
        cut: Exception,
        stopped: Callable[[str], Exception],
        ends_with_connection: bool = False,
    ) -> None:
        """
        @param idle: for how many seconds the server may be silent, while data is
            wanted; L{None} for ever.
        @param silent: what the body fails with then.
        @param cut: what it fails with where its end is missing.
        @param stopped: gets what it fails with where it is stopped.
        @param ends_with_connection: whether the end of the connection is that of
            the data, where the answer doesn't say how long it is.
        """
        self.length = response.length
        self._response = response
        self._idle = idle
        self._cut, self._stopped = cut, stopped
        self._ends: tuple[type[Exception], ...] = (ResponseDone,)
        if ends_with_connection:
            self._ends = (ResponseDone, PotentialDataLoss)
        self._silence = Silence(clock, lambda: self._break_off(silent))
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
            return fail(self._stopped("The data was stopped before its start."))
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
            drop(self._response)
        else:
            self._break_off(self._stopped("The data was stopped before its end."))

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
        done = reason.check(*self._ends)
        self._outcome = [None if done else Failure(self._cut)]
        self._write_held()

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
class Collector:
    """
    Keeps a small body.
    """

    def __init__(self, limit: int, full: Exception) -> None:
        """
        @param limit: how many bytes are taken.
        @param full: is raised where there are more.
        """
        self._pieces: list[bytes] = []
        self._room = limit
        self._full = full

    @property
    def data(self) -> bytes:
        """
        All that has come.
        """
        return b"".join(self._pieces)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Do nothing: there is room for all that is taken.
        """

    def unregisterProducer(self) -> None:
        """
        Do nothing.
        """

    def write(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room < 0:
            raise self._full
        self._pieces.append(data)
