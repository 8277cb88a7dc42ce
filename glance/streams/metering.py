"""
Counting, limiting and hashing data on its way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from glance.deferreds import InThread
from glance.errors import BodyStopped, ImageTooLarge
from glance.streams.strands import Strand, Window


class Digest:
    """
    A hash of data that passes.
    """

    def __init__(self, name: str) -> None:
        """
        @param name: what L{hashlib} calls it.
        """
        self.name = name
        self._hash = hashlib.new(name, usedforsecurity=False)

    def update(self, pieces: Sequence[bytes]) -> None:
        """
        Take in more data.  Blocks.
        """
        for piece in pieces:
            self._hash.update(piece)

    def value(self) -> str:
        """
        Get the hash of all the data so far, in hexadecimal.
        """
        return self._hash.hexdigest()


@implementer(IBodyProducer, IPushProducer, IConsumer)
class MeteredBody:
    """
    A body that is another one, counted, limited and hashed as it passes.

    It is over when all of it is hashed.
    """

    def __init__(
        self,
        body: IBodyProducer,
        limit: int,
        digests: Sequence[Digest],
        in_thread: InThread,
        window: Window,
    ) -> None:
        """
        @param limit: how many bytes may pass.
        """
        self.length = body.length
        self.count = 0
        """How many bytes have passed."""
        self._body = body
        self._limit = limit
        self._window = window
        self._strands = [Strand(d.update, in_thread, self._flow) for d in digests]
        self._consumer: IConsumer | None = None
        self._paused_by_consumer = False
        self._paused = False
        self._over = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._consumer = consumer
        self._window.transfers += 1
        producing: Deferred[None] = self._body.startProducing(self)
        return (
            producing.addCallback(self._drain)
            .addErrback(self._drop)
            .addBoth(self._leave)
        )

    def _drain(self, _: object) -> Deferred[None]:
        draining: Deferred[None] = Deferred.fromCoroutine(self._all_drained())
        return draining

    async def _all_drained(self) -> None:
        try:
            for strand in self._strands:
                await strand.drained()
        except CancelledError as error:
            raise BodyStopped("The data was stopped before its end.") from error

    def _drop(self, failure: Any) -> Any:
        for strand in self._strands:
            strand.abandon()
        return failure

    def _leave(self, result: Any) -> Any:
        self._over = True
        self._window.transfers -= 1
        return result

    def pauseProducing(self) -> None:
        self._paused_by_consumer = True
        self._flow()

    def resumeProducing(self) -> None:
        self._paused_by_consumer = False
        self._flow()

    def stopProducing(self) -> None:
        self._body.stopProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Nothing is to be done: the consumer knows this body as its producer.
        """

    def unregisterProducer(self) -> None:
        """
        Nothing is to be done.
        """

    def write(self, data: bytes) -> None:
        """
        Pass data on.

        @raise ImageTooLarge: it is more than may pass.
        """
        assert self._consumer is not None
        self.count += len(data)
        if self.count > self._limit:
            raise ImageTooLarge(
                f"The data is more than the {self._limit} bytes allowed."
            )
        for strand in self._strands:
            strand.put(data)
        self._consumer.write(data)
        self._flow()

    def _flow(self) -> None:
        if self._over:
            return
        most = max((strand.waiting for strand in self._strands), default=0)
        full = most > self._window.size // (2 if self._paused else 1)
        paused = self._paused_by_consumer or full
        if paused and not self._paused:
            self._paused = True
            self._body.pauseProducing()
        elif self._paused and not paused:
            self._paused = False
            self._body.resumeProducing()
