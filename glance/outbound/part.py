"""
A part of what comes.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from glance.errors import BodyStopped
from glance.outbound.errors import Cut


@implementer(IBodyProducer, IPushProducer, IConsumer)
class Part:
    """
    A body that is a part of another one, and fails where that has less.
    """

    def __init__(
        self, body: IBodyProducer, skipped: int, wanted: int | None, *, to_end: bool
    ) -> None:
        """
        @param skipped: how many bytes come before the part.
        @param wanted: how many bytes it has; L{None} for all that come, if their
            end can be told.
        @param to_end: whether there may be no more after it.
        """
        self.length: int | str = UNKNOWN_LENGTH if wanted is None else wanted
        self._body: Any = body
        self._skipped = skipped
        self._left = wanted
        self._to_end = to_end
        self._too_much = False
        self._consumer: IConsumer | None = None

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        if self._left == 0 and not self._to_end:
            self._body.stopProducing()
            return succeed(None)
        self._consumer = consumer
        producing: Deferred[None] = self._body.startProducing(self)
        return producing.addBoth(self._ended)

    def _ended(self, result: Failure | None) -> Failure | None:
        if isinstance(result, Failure):
            whole = self._left == 0 and not self._too_much
            return None if whole and result.check(Cut, BodyStopped) else result
        if self._left:
            return Failure(Cut("the data ended before its end"))
        return None

    def write(self, data: bytes) -> None:
        """
        Take what comes.

        @raise Cut: it is more than there is to be.
        """
        assert self._consumer is not None
        skipped = min(self._skipped, len(data))
        self._skipped -= skipped
        data = data[skipped:]
        if self._left is not None:
            if len(data) > self._left and self._to_end:
                self._too_much = True
                raise Cut("the data goes on after its end")
            data = data[: self._left]
            self._left -= len(data)
        if data:
            self._consumer.write(data)
        if self._left == 0 and not self._to_end:
            self._body.stopProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Nothing is to be done: the consumer knows this body as its producer.
        """

    def unregisterProducer(self) -> None:
        """
        Nothing is to be done.
        """

    def pauseProducing(self) -> None:
        self._body.pauseProducing()

    def resumeProducing(self) -> None:
        self._body.resumeProducing()

    def stopProducing(self) -> None:
        self._body.stopProducing()
