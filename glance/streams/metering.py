"""
Counting, limiting, hashing and inspecting data on its way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import alsoProvides, implementer

from glance.deferreds import InThread
from glance.errors import BodyStopped, ImageTooLarge
from glance.streams.blocks import Block, Blocks, IBlockConsumer, PassedOn
from glance.streams.bodies import IHashedBody
from glance.streams.inspection import TAIL, Inspection
from glance.streams.strands import Buffer, Strand, Window

PIECE = 1 << 18
"""
How many bytes those get at once who don't take blocks.  Each piece costs a round of
the reactor; twice as many are memory that is had from the system anew each time.
"""


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
        self._left: int | None = None
        self._first: str | None = None

    def remember(self, first: int) -> None:
        """
        Have the hash of the first so many bytes, too.
        """
        self._left = first

    def update(self, pieces: Sequence[Buffer]) -> None:
        """
        Take in more data.  Blocks.
        """
        for piece in pieces:
            self._hash.update(piece if self._left is None else self._after(piece))

    def _after(self, piece: Buffer) -> Buffer:
        """
        Take in what belongs to the first bytes, and get the rest.
        """
        assert self._left is not None
        first, rest = piece[: self._left], piece[self._left :]
        self._hash.update(first)
        self._left -= len(first)
        if not self._left:
            self._left = None
            self._first = self._hash.hexdigest()
        return rest

    def value(self) -> str:
        """
        Get the hash of all the data so far, in hexadecimal.
        """
        return self._hash.hexdigest()

    def first(self) -> str:
        """
        Get that of the bytes that were to be remembered, or of all if there are fewer.
        """
        return self._first or self.value()


class _Last:
    """
    The last bytes of data that passes.
    """

    def __init__(self) -> None:
        self.data = b""
        """The last L{TAIL} bytes, or all if there are fewer."""

    def add(self, data: Buffer) -> None:
        """
        Take in more data.
        """
        self.data = (self.data + data[-TAIL:])[-TAIL:]


@implementer(IBodyProducer, IPushProducer, IBlockConsumer)
class MeteredBody(PassedOn):
    """
    A body that is another one, counted, limited, hashed and inspected as it
    passes.

    It is over when all of it is hashed, and stops what it meters as soon as
    the inspection refuses it.
    """

    def __init__(
        self,
        body: IBodyProducer,
        limit: int,
        digests: Sequence[Digest],
        in_thread: InThread,
        window: Window,
        inspection: Inspection | None = None,
    ) -> None:
        """
        @param limit: how many bytes may pass.
        @param inspection: what looks into the data; L{None} for nothing.
        """
        self.length = body.length
        self.count = 0
        """How many bytes have passed."""
        self._body = body
        self._limit = limit
        self._window = window
        self._in_thread = in_thread
        self._inspection = inspection
        self._digests = {digest.name: digest for digest in digests}
        if "md5" in self._digests:
            alsoProvides(self, IHashedBody)
        self._last = _Last()
        meters: list[Digest | Inspection] = [*digests]
        if inspection is not None:
            meters.append(inspection)
        self._strands = [Strand(m.update, in_thread, self._flow) for m in meters]
        self._refused: Failure | None = None
        self._consumer: IConsumer | None = None
        self._block_consumer: Any = None
        self._paused_by_consumer = False
        self._paused = False
        self._over = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._consumer = consumer
        self._block_consumer = IBlockConsumer(consumer, None)
        self._window.transfers += 1
        producing: Deferred[None] = self._body.startProducing(self)
        return (
            producing.addCallback(self._drain)
            .addErrback(self._drop)
            .addBoth(self._leave)
        )

    def remember(self, first: int) -> None:
        """
        Have the MD5 of the first so many bytes, too, if it is hashed so.
        """
        self._digests["md5"].remember(first)

    def md5(self, first: int | None = None) -> str:
        """
        Get the MD5 of all the data, or of the first bytes, if it is hashed so.
        """
        md5 = self._digests["md5"]
        return md5.value() if first is None else md5.first()

    def _drain(self, _: object) -> Deferred[None]:
        draining: Deferred[None] = Deferred.fromCoroutine(self._all_drained())
        return draining

    async def _all_drained(self) -> None:
        try:
            for strand in self._strands:
                await strand.drained()
            if self._inspection is not None:
                end = self._last.data
                await self._in_thread(self._inspection.finish, self.count, end)
        except CancelledError as error:
            raise BodyStopped("The data was stopped before its end.") from error

    def _drop(self, failure: Failure) -> Failure:
        for strand in self._strands:
            strand.abandon()
        return self._refused or failure

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

    @property
    def blocks(self) -> Blocks:
        return self._window.blocks

    def writeBlock(self, block: Block) -> None:
        self.count += len(block)
        if self.count > self._limit:
            raise ImageTooLarge(
                f"The data is more than the {self._limit} bytes allowed."
            )
        if self._inspection is not None:
            self._last.add(block.data)
        for strand in self._strands:
            strand.put(block)
        if self._refused is None:
            self._pass_on(block)
            self._flow()

    def _pass_on(self, block: Block) -> None:
        if self._block_consumer is not None:
            self._block_consumer.writeBlock(block)
        else:
            assert self._consumer is not None
            for at in range(0, len(block), PIECE):
                self._consumer.write(bytes(block.data[at : at + PIECE]))

    def _flow(self) -> None:
        if self._over or self._refused is not None:
            return
        failures = (strand.failure for strand in self._strands)
        self._refused = next(filter(None, failures), None)
        if self._refused is not None:
            self._body.stopProducing()
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
