"""
The body of an answer.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IBodyProducer, IResponse
from zope.interface import implementer

from glance.errors import BodyStopped
from glance.silence import Silence


class _Receiver(Protocol):
    def __init__(self, body: ReceivedBody) -> None:
        self._body = body

    def connectionMade(self) -> None:
        self._body.connected(self.transport)

    def dataReceived(self, data: bytes) -> None:
        self._body.data_received(data)

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

    Nothing is read from the connection while it is paused.
    """

    def __init__(
        self,
        response: IResponse,
        clock: Any,
        timeout: float | None,
        *,
        silent: Exception,
        cut: Exception,
        ends_with_connection: bool,
    ) -> None:
        """
        @param timeout: for how many seconds the server may be silent, while
            data is wanted; L{None} for ever.
        @param silent: what the body fails with then.
        @param cut: what it fails with where its end is missing.
        @param ends_with_connection: whether the end of the connection is that of
            the data, where the answer doesn't say how long it is.
        """
        self.length = response.length
        self._response = response
        self._timeout = timeout
        self._errors = (silent, cut)
        self._ends: tuple[type[Exception], ...] = (ResponseDone,)
        if ends_with_connection:
            self._ends = (ResponseDone, PotentialDataLoss)
        self._silence = Silence(clock, self._silent)
        self._transport: Any = None
        self._consumer: IConsumer | None = None
        self._done: Deferred[None] | None = None
        self._paused = False
        self._over = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        if self._over:
            return fail(BodyStopped("The data was stopped before its start."))
        self._consumer = consumer
        done: Deferred[None] = Deferred(lambda _: self.stopProducing())
        self._done = done
        self._silence.begin(self._timeout)
        self._response.deliverBody(_Receiver(self))
        # Twisted lets the connection go on once it has handed over what it
        # had, whatever the consumer said to that.
        if self._paused and not self._over:
            self.pauseProducing()
        return done

    def pauseProducing(self) -> None:
        self._paused = True
        self._silence.end()
        if self._transport is not None:
            self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        self._paused = False
        if self._transport is not None and not self._over:
            self._silence.begin(self._timeout)
            self._transport.resumeProducing()

    def stopProducing(self) -> None:
        if self._done is None and not self._over:
            self._over = True
            self._response.deliverBody(_Refuser())
        else:
            self._break_off(BodyStopped("The data was stopped before its end."))

    def connected(self, transport: Any) -> None:
        """
        Take note of what the data comes from; L{None} if it is all here.
        """
        self._transport = transport

    def data_received(self, data: bytes) -> None:
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
        self._end(None if reason.check(*self._ends) else Failure(self._errors[1]))

    def _silent(self) -> None:
        self._break_off(self._errors[0])

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
        assert self._done is not None
        if not self._done.called:
            self._done.callback(result)  # type: ignore[arg-type]
