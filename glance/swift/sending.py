"""
Data on its way to Swift.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from glance.swift.errors import WrongLength

R = TypeVar("R")

PIECE = 1 << 18
"""
How many bytes are given to a connection at once: each of them that is taken is
progress.
"""


class IHashed(IBodyProducer):
    """
    A body that hashes what it gives.
    """

    def remember(first: int) -> None:
        """
        Have the MD5 of the first so many bytes, too.  To be called before the start.
        """

    def md5(first: int | None = None) -> str | None:
        """
        Get the MD5 of all the data, in hexadecimal, once it is over.

        @param first: of how many bytes, as L{remember} was told, or of all if there
            are fewer; L{None} for all.

        @return: L{None} where it isn't known yet.  Then whoever sends it compares it
            later.
        """


class Source:
    """
    A body that data is taken from: told to pause only where it isn't paused,
    and the like, since there are bodies that count.
    """

    def __init__(self, body: IBodyProducer) -> None:
        self._body = body
        self._started = False
        self._paused = False
        self._over = False

    def start(self, consumer: IConsumer) -> Deferred[None]:
        """
        Have it write to C{consumer}.

        @return: a L{Deferred} that fires when it is over, unless it was stopped.
        """
        self._started = True
        producing: Deferred[None] = self._body.startProducing(consumer)
        return producing.addBoth(self._ended)

    def _ended(self, result: R) -> R:
        self._over = True
        return result

    def pause(self) -> None:
        """
        Let no more come.
        """
        if self._started and not self._paused and not self._over:
            self._paused = True
            self._body.pauseProducing()

    def resume(self) -> None:
        """
        Let more come.
        """
        if self._paused and not self._over:
            self._paused = False
            self._body.resumeProducing()

    def stop(self) -> None:
        """
        Want no more, also where it was not started.
        """
        if not self._over:
            self._over = True
            self._body.stopProducing()


@implementer(IBodyProducer)
class SentBody:
    """
    Some data, as Twisted's client sends it: counted, hashed and in pieces.

    The data itself is begun by L{begin}, so not before somebody wants to have
    it.
    """

    def __init__(
        self,
        body: IBodyProducer,
        asked: Callable[[], None],
        waits: Callable[[bool], None],
    ) -> None:
        """
        @param asked: is called when the headers have gone out.
        @param waits: is told whether the connection is what all waits for.
        """
        self.length = body.length
        self.begun = False
        """Whether the data was started, and so cannot be sent again."""
        self.over = False
        """Whether it has ended, well or not."""
        self.whole = False
        """Whether all of it went out."""
        self.failure: Failure | None = None
        """What it has failed with."""
        self.sent = 0
        """How many bytes went out."""
        self._hashed = IHashed(body, None)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._source = Source(body)
        self._asked = asked
        self._waits = waits
        self._consumer: IConsumer | None = None
        self._producing: Deferred[None] = Deferred(self._cancelled)
        self._rest: deque[bytes] = deque()
        self._paused = False
        self._ended = False

    @property
    def etag(self) -> str | None:
        """
        The MD5 of what went out, once it is whole; L{None} if nobody knows it yet.
        """
        if self._hashed is not None:
            known: str | None = self._hashed.md5()
            return known
        return self._md5.hexdigest()

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._consumer = consumer
        self._asked()
        return self._producing

    def begin(self) -> None:
        """
        Let the data flow, if it does not yet.
        """
        if self.begun or self.over or self._consumer is None:
            return
        self.begun = True
        self._waits(self._paused)
        producing = self._source.start(_Taking(self))
        if self._paused or self._rest:
            self._source.pause()
        producing.addCallbacks(lambda _: self._end(), self._fail)

    def write(self, data: bytes) -> None:
        """
        Take data from its source.
        """
        # An empty chunk would be the end of all.
        if self.over or not data:
            return
        self._rest.extend(data[at : at + PIECE] for at in range(0, len(data), PIECE))
        self._drain()

    def _drain(self) -> None:
        while self._rest and not self._paused and not self.over:
            piece = self._rest.popleft()
            if self._too_long(len(piece)):
                return
            if self._hashed is None:
                self._md5.update(piece)
            self.sent += len(piece)
            assert self._consumer is not None
            self._consumer.write(piece)
        if self._ended and not self._rest and not self.over:
            self._finish()

    def _end(self) -> None:
        self._ended = True
        self._drain()

    def _too_long(self, more: int) -> bool:
        if self.length is UNKNOWN_LENGTH or self.sent + more <= self.length:
            return False
        # First of all, or it would fail with having been stopped.
        self._fail(Failure(WrongLength("The data is longer than it said.")))
        self._source.stop()
        return True

    def _finish(self) -> None:
        if self.length is not UNKNOWN_LENGTH and self.sent < self.length:
            self._fail(Failure(WrongLength("The data is shorter than it said.")))
            return
        self.over = self.whole = True
        # Now it is the answer that all waits for.
        self._waits(True)
        self._producing.callback(None)

    def _fail(self, failure: Failure) -> None:
        if self.over:
            return
        self.over = True
        self.failure = failure
        self._producing.errback(failure)

    def pauseProducing(self) -> None:
        if not self._paused:
            self._paused = True
            if self.begun and not self.over:
                self._waits(True)
                self._source.pause()

    def resumeProducing(self) -> None:
        self._paused = False
        if not self.begun or self.over:
            return
        self._waits(False)
        self._drain()
        if not self._paused and not self.over and not self._ended:
            self._source.resume()

    def stopProducing(self) -> None:
        self.let_go()

    def let_go(self) -> None:
        """
        Want no more of the data.

        Twisted hears no more of it: after an answer, or the loss of the
        connection, that would be an error in its log.
        """
        if not self.over:
            self.over = True
            if self.begun:
                self._source.stop()
        self._rest.clear()

    def _cancelled(self, producing: Deferred[None]) -> None:
        self.let_go()
        producing.errback(CancelledError())


@implementer(IConsumer)
class _Taking:
    """
    What the given data writes to.
    """

    def __init__(self, sent: SentBody) -> None:
        self._sent = sent

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Do nothing: the producer is known.
        """

    def unregisterProducer(self) -> None:
        """
        Do nothing.
        """

    def write(self, data: bytes) -> None:
        self._sent.write(data)


@implementer(IBodyProducer, IPushProducer)
class BytesBody:
    """
    A body of bytes that are in memory.
    """

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.length = sum(map(len, pieces))
        self._pieces = list(reversed(pieces))
        self._consumer: IConsumer | None = None
        self._paused = False
        self._giving = False
        self._done: Deferred[None] = Deferred(lambda _: self.stopProducing())

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._consumer = consumer
        self._give()
        if self._done.called:
            # It may be gone already, with all that held on to it.
            return succeed(None)
        return self._done

    def _give(self) -> None:
        if self._giving:
            return
        self._giving = True
        while self._pieces and not self._paused:
            assert self._consumer is not None
            self._consumer.write(self._pieces.pop())
        self._giving = False
        if not self._pieces and not self._done.called:
            self._done.callback(None)

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        if self._consumer is not None:
            self._give()

    def stopProducing(self) -> None:
        # A request and its answer hold on to each other, and to this: the
        # memory would wait for the cyclic collector.
        self._pieces.clear()
        self._paused = True
