"""
Image data on its way from a server.
"""

from __future__ import annotations

import sys
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.web.iweb import IBodyProducer, IResponse
from zope.interface import implementer

from glance.client.errors import ChecksumMismatch, ConnectionTimeout, DataCut
from glance.deferreds import InThread
from glance.errors import BodyStopped
from glance.receiving import ReceivedBody
from glance.streams.metering import Digest, MeteredBody
from glance.streams.strands import Window


def received(response: IResponse, clock: Any, timeout: float | None) -> ReceivedBody:
    """
    Get the body of an answer.

    @param timeout: for how many seconds the server may be silent, while data is
        wanted; L{None} for ever.
    """
    return ReceivedBody(
        response,
        clock,
        timeout,
        silent=ConnectionTimeout(
            f"The server sent nothing for {timeout or 0:g} seconds."
        ),
        cut=DataCut("The connection was lost before all data had come."),
        stopped=BodyStopped,
        ends_with_connection=True,
    )


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
