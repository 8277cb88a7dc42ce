"""
Bodies around bodies, as stores need them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import alsoProvides, implementer

from glance.streams.bodies import IHashedBody


@implementer(IBodyProducer, IPushProducer)
class WrappedBody:
    """
    A body that is another one, but for its length or its errors.
    """

    def __init__(
        self,
        body: Any,
        length: int | str,
        failed: Callable[[Failure], Failure] | None = None,
    ) -> None:
        """
        @param failed: gets what the body fails with, and returns what this one
            fails with; L{None} for the same.
        """
        self.length = length
        self._body = body
        self._failed = failed
        if IHashedBody.providedBy(body):
            alsoProvides(self, IHashedBody)
            self.md5, self.remember = body.md5, body.remember

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        producing: Deferred[None] = self._body.startProducing(consumer)
        if self._failed is not None:
            producing.addErrback(self._failed)
        return producing

    def pauseProducing(self) -> None:
        self._body.pauseProducing()

    def resumeProducing(self) -> None:
        self._body.resumeProducing()

    def stopProducing(self) -> None:
        self._body.stopProducing()


def unmeasured(body: IBodyProducer) -> IBodyProducer:
    """
    Get a body that doesn't say how long it is, so that all it gives is kept, be
    it more or less than it said.
    """
    return WrappedBody(body, UNKNOWN_LENGTH)


def expected_length(body: IBodyProducer) -> int | None:
    """
    Get how long a body says it is; L{None} if it doesn't say.
    """
    return body.length if isinstance(body.length, int) else None


def translating(
    body: IBodyProducer, translate: Callable[[BaseException], BaseException]
) -> IBodyProducer:
    """
    Get a body that fails with other errors.

    @param translate: gets an error, and returns the one to fail with instead.
    """

    def failed(failure: Failure) -> Failure:
        assert failure.value is not None
        error = translate(failure.value)
        if error is failure.value:
            return failure
        error.__cause__ = failure.value
        return Failure(error)

    return WrappedBody(body, body.length, failed)


def watched(
    body: IBodyProducer, failed: Callable[[BaseException], object]
) -> IBodyProducer:
    """
    Get a body that tells how it failed.

    @param failed: is called with the error.
    """

    def tell(failure: Failure) -> Failure:
        assert failure.value is not None
        failed(failure.value)
        return failure

    return WrappedBody(body, body.length, tell)
