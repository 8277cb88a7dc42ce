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

    There are never more in memory than the part that waits and the next one, as
    far as the body minds that it is paused.
    """

    def __init__(self, body: IBodyProducer, limits: Limits, hashing: bool) -> None:
        """
        @param body: is started at once.
        @param hashing: whether parts have hashes.
        """
        self._body: Any = body
        self._limits = limits
        self._hashing = hashing
        self._length = None if body.length is UNKNOWN_LENGTH else int(body.length)
        self.count = 0
        """How many bytes came so far."""
        self._cut = 0
        self._ready: deque[Parcel] = deque()
        self._over = False
        self._failure: Failure | None = None
        self._wanted: Deferred[None] | None = None
        self._paused = False
        self._begin()
        producing: Deferred[Any] = body.startProducing(self)
        producing.addBoth(self._ended)

    def _begin(self) -> None:
        self._pieces: list[bytes] = []
        self._room = self._limits.size_of_part(self._cut + 1, self._length)
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
            if self._room == 0:
                if self._cut == MOST_PARTS - 1:
                    self.fail(Failure(BadBody("The data is too long for S3.")))
                    return
                self._finish_part()
            piece = data[at : at + min(PIECE, self._room)]
            at += len(piece)
            self._room -= len(piece)
            self._pieces.append(piece)
            if self._hash is not None:
                self._hash.update(piece)
        self._flow()

    def _finish_part(self) -> None:
        self._cut += 1
        digest = None if self._hash is None else self._hash.hexdigest()
        self._ready.append(Parcel(self._pieces, digest))
        self._begin()
        self._wake()

    def _flow(self) -> None:
        full = bool(self._ready) and not self._over
        if full and not self._paused:
            self._paused = True
            self._body.pauseProducing()
        elif not full and self._paused:
            self._paused = False
            self._body.resumeProducing()

    def _ended(self, result: Any) -> None:
        if self._over:
            return
        if isinstance(result, Failure):
            self._failure = result
        elif self._length is not None and self.count != self._length:
            self._failure = Failure(BadBody("The data is shorter than it says."))
        else:
            # Before anybody hears of the last part, it has to be known as that.
            self._over = True
            self._finish_part()
            return
        self._over = True
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

    async def next(self) -> tuple[Parcel, bool]:
        """
        Get the next part.

        @return: it, and whether it is the last.  There is always one; the last
            may be the only one, and only then may it be empty.
        """
        # Only when one more has begun is it known that one isn't the last.
        while not self._ready and self._failure is None:
            self._wanted = Deferred(self._unwanted)
            await self._wanted
        if self._failure is not None:
            self._failure.raiseException()
        part = self._ready.popleft()
        last = self._over and not self._ready
        if not self._over:
            self._flow()
        return part, last

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
        self._pieces = []


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
