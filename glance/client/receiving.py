"""
Image data on its way from a server.
"""

from __future__ import annotations

import sys
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IBodyProducer, IResponse
from zope.interface import implementer

from glance.client.errors import ChecksumMismatch, ConnectionTimeout, DataCut
from glance.client.silence import Silence
from glance.deferreds import InThread
from glance.errors import BodyStopped
from glance.streams.metering import Digest, MeteredBody
from glance.streams.strands import Window


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

    def __init__(self, response: IResponse, clock: Any, timeout: float | None) -> None:
        """
        @param timeout: for how many seconds the server may be silent, while
            data is wanted; L{None} for ever.
        """
        self.length = response.length
        self._response = response
        self._timeout = timeout
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
        if reason.check(ResponseDone, PotentialDataLoss):
            self._end(None)
        else:
            self._end(
                Failure(DataCut("The connection was lost before all data had come."))
            )

    def _silent(self) -> None:
        self._break_off(
            ConnectionTimeout(f"The server sent nothing for {self._timeout:g} seconds.")
        )

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


@frozen(kw_only=True)
class Expected:
    """
    What the data of an image ought to be.
    """

    size: int | None
    """How many bytes there are; L{None} if that isn't known."""
    digest: str | None
    """Their hash, in hexadecimal; L{None} if that isn't known."""
    algorithm: str = "md5"
    """What L{hashlib} calls that hash."""

    def verify(self, count: int, digest: str) -> None:
        """
        Compare data that came with this.

        @param count: how many bytes came.
        @param digest: their hash.

        @raise DataCut: there are fewer.
        @raise ChecksumMismatch: they are others, or more.
        """
        if self.size is not None and count < self.size:
            raise DataCut(f"Only {count} of {self.size} bytes came.")
        if self.size is not None and count > self.size:
            raise ChecksumMismatch(f"{count} bytes came instead of {self.size}.")
        if self.digest is not None and digest != self.digest.lower():
            raise ChecksumMismatch(
                f"The data that came is damaged: its {self.algorithm.upper()} is "
                f"{digest} instead of {self.digest}.  Fetch it again; if that "
                "doesn't help, the image is damaged."
            )


@implementer(IBodyProducer, IPushProducer)
class VerifiedBody:
    """
    A body whose end fails where the data isn't what was stored.
    """

    def __init__(
        self,
        body: ReceivedBody,
        expected: Expected,
        in_thread: InThread,
        window: Window,
    ) -> None:
        self.length = body.length
        self._expected = expected
        self._digest = Digest(expected.algorithm)
        digests = [self._digest] if expected.digest is not None else []
        self._metered = MeteredBody(body, sys.maxsize, digests, in_thread, window)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        return self._metered.startProducing(consumer).addCallback(self._verify)

    def _verify(self, _: object) -> None:
        self._expected.verify(self._metered.count, self._digest.value())

    def pauseProducing(self) -> None:
        self._metered.pauseProducing()

    def resumeProducing(self) -> None:
        self._metered.resumeProducing()

    def stopProducing(self) -> None:
        self._metered.stopProducing()
