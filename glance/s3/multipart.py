"""
Objects that are sent in parts.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from glance.s3.errors import BadBody
from glance.s3.limits import MOST_PARTS, Limits
from glance.s3.memory import Memory, Share
from glance.s3.sending import PIECE, Parcel

_MD5 = re.compile(r"[0-9a-fA-F]{32}")


def etag_of(etags: Sequence[str]) -> str | None:
    """
    Get the ETag that an object of parts has, with quotes.

    @param etags: those of the parts.

    @return: L{None} where theirs are no MD5, so that nobody knows.
    """
    plain = [etag.strip('"') for etag in etags]
    if not all(_MD5.fullmatch(etag) for etag in plain):
        return None
    digest = hashlib.md5(bytes.fromhex("".join(plain)), usedforsecurity=False)
    return f'"{digest.hexdigest()}-{len(plain)}"'


@implementer(IConsumer)
class Cutter:
    """
    Cuts what a body produces into parts.

    The body is paused while a part waits to be taken, and while there is no memory
    for the next one.  As far as it minds that, there are never more in memory than
    the part that waits, or the next one, and those that were taken.
    """

    def __init__(
        self,
        body: IBodyProducer,
        limits: Limits,
        memory: Memory,
        hashing: bool,
        expected: int | None = None,
    ) -> None:
        """
        @param body: is started as soon as there is memory.
        @param hashing: whether parts have hashes.
        @param expected: how many bytes are likely to come, where C{body} has no
            length; L{None} if nobody knows.
        """
        self._body: Any = body
        self._limits = limits
        self._memory = memory
        self._hashing = hashing
        self._length = None if body.length is UNKNOWN_LENGTH else int(body.length)
        self._expected = expected if self._length is None else self._length
        self.count = 0
        """How many bytes came so far."""
        self._cut = 0
        self._ready: deque[Parcel] = deque()
        self._over = False
        self._failure: Failure | None = None
        self._wanted: Deferred[None] | None = None
        self._asking: Deferred[Share] | None = None
        self._share: Share | None = None
        self._started = False
        self._paused = False
        self._begin()
        self._flow()

    @property
    def over(self) -> bool:
        """
        Whether all parts were taken.
        """
        return self._over and not self._ready

    def _begin(self) -> None:
        self._pieces: list[bytes] = []
        self._room = self._limits.size_of_part(self._cut + 1, self._expected)
        self._hash = hashlib.sha256() if self._hashing else None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        pass

    def unregisterProducer(self) -> None:
        pass

    def write(self, data: bytes) -> None:
        if self._over:
            return
        self.count += len(data)
        if self._length is not None and self.count > self._length:
            self.fail(Failure(BadBody("The data is longer than it says.")))
            return
        at = 0
        while at < len(data) and not self._over:
            if self._cut == MOST_PARTS:
                self.fail(Failure(BadBody("The data is too long for S3.")))
                return
            piece = data[at : at + min(PIECE, self._room)]
            at += len(piece)
            self._room -= len(piece)
            self._pieces.append(piece)
            if self._share is not None:
                self._share.add(len(piece))
            if self._hash is not None:
                self._hash.update(piece)
            if self._room == 0:
                self._finish_part()
        self._wake()
        self._flow()

    def _finish_part(self) -> None:
        self._cut += 1
        digest = None if self._hash is None else self._hash.hexdigest()
        share, self._share = self._share, None
        if share is None:
            # It has come though it wasn't asked for.
            self._ready.append(Parcel(self._pieces, digest))
        else:
            share.fill()
            self._ready.append(Parcel(self._pieces, digest, share.free))
        self._begin()

    def _flow(self) -> None:
        """
        Have the body go on, or wait.
        """
        if self._over:
            return
        if self.count == self._expected or (self._share and not self._ready):
            self._go_on()
        elif not (self._share or self._asking or self._ready):
            self._ask()
        elif self._started and not self._paused:
            self._paused = True
            self._body.pauseProducing()

    def _ask(self) -> None:
        size = self._room
        if self._expected is not None and self.count < self._expected:
            size = min(size, self._expected - self.count)
        self._asking = self._memory.take(size)
        self._asking.addCallbacks(self._granted, lambda _: None)
        self._flow()

    def _granted(self, share: Share) -> None:
        self._asking = None
        self._share = share
        self._flow()

    def _go_on(self) -> None:
        if not self._started:
            self._started = True
            producing: Deferred[Any] = self._body.startProducing(self)
            producing.addBoth(self._ended)
        elif self._paused:
            self._paused = False
            self._body.resumeProducing()

    def _ended(self, result: Any) -> None:
        if self._over:
            return
        self._over = True
        if isinstance(result, Failure):
            self._failure = result
        elif self._length is not None and self.count != self._length:
            self._failure = Failure(BadBody("The data is shorter than it says."))
        elif self._pieces or not self._cut:
            self._finish_part()
        self._let_go()
        self._wake()

    def fail(self, failure: Failure) -> None:
        """
        Have whoever waits for parts fail, and want no more data.
        """
        if self._failure is None:
            self._failure = failure
        self.stop()
        self._wake()

    def _wake(self) -> None:
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            wanted.callback(None)

    async def next(self) -> Parcel | None:
        """
        Get the next part, which is to be dropped.

        @return: L{None} if there are no more.  There is always one; the last may
            be the only one, and only then may it be empty.
        """
        while not (self._deliverable() or self._over or self._failure):
            self._wanted = Deferred(self._unwanted)
            await self._wanted
        if self._failure is not None:
            self._failure.raiseException()
        if not self._ready:
            return None
        part = self._ready.popleft()
        self._flow()
        return part

    def _deliverable(self) -> bool:
        # Where the end is near, whoever gets the first part shall know it.
        return bool(self._ready) and (self._cut > 1 or self.count != self._expected)

    def _unwanted(self, _: object) -> None:
        self._wanted = None

    def stop(self) -> None:
        """
        Want no more.
        """
        if not self._over:
            self._over = True
            self._body.stopProducing()
        for part in self._ready:
            part.drop()
        self._ready.clear()
        self._let_go()

    def _let_go(self) -> None:
        self._pieces = []
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
        share, self._share = self._share, None
        if share is not None:
            share.free()


class Flight:
    """
    Parts on their way, several at once.
    """

    def __init__(self, most: int, failed: Callable[[Failure], object]) -> None:
        """
        @param failed: is told of the first failure.
        """
        self._most = most
        self._tell = failed
        self._running: set[Deferred[None]] = set()
        self._waiting: Deferred[None] | None = None
        self._failure: Failure | None = None

    def start(self, sending: Deferred[None]) -> None:
        """
        Take note of a part that is on its way.
        """
        self._running.add(sending)
        sending.addErrback(self._failed)
        sending.addBoth(self._landed, sending)

    async def land(self) -> None:
        """
        Wait until all have been sent.

        @raise S3Error: one has failed.
        """
        await self._fewer_than(1)

    async def room(self) -> None:
        """
        Wait until one more may be sent.

        @raise S3Error: one has failed.
        """
        await self._fewer_than(self._most)

    def stop(self) -> None:
        """
        Break off what is on its way.
        """
        for sending in list(self._running):
            sending.cancel()

    async def _fewer_than(self, most: int) -> None:
        while len(self._running) >= most and self._failure is None:
            self._waiting = Deferred(self._unwanted)
            await self._waiting
        if self._failure is not None:
            self._failure.raiseException()

    def _unwanted(self, _: object) -> None:
        self._waiting = None

    def _failed(self, failure: Failure) -> None:
        if self._failure is None:
            self._failure = failure
            self._tell(failure)

    def _landed(self, _: object, sending: Deferred[None]) -> None:
        self._running.discard(sending)
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting.callback(None)
