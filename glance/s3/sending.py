"""
Data on its way to a server.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from glance.s3.errors import BadBody, Stopped
from glance.silence import Silence

PIECE = 1 << 18
"""How many bytes are written to a connection at once."""


class Parcel:
    """
    Data in memory, which can be sent as often as need be.
    """

    def __init__(
        self,
        pieces: Iterable[bytes] = (),
        digest: str | None = None,
        dropped: Callable[[], object] = lambda: None,
    ) -> None:
        """
        @param digest: its SHA-256, in hexadecimal; L{None} to have it made,
            which takes long for a lot of data.
        @param dropped: is called once the data is let go of.
        """
        self._pieces = [
            piece[at : at + PIECE]
            for piece in pieces
            for at in range(0, len(piece), PIECE)
        ]
        self.length = sum(map(len, self._pieces))
        self._digest = digest
        self._dropped = dropped

    @property
    def digest(self) -> str:
        """
        Its SHA-256, in hexadecimal.
        """
        if self._digest is None:
            digest = hashlib.sha256()
            for piece in self._pieces:
                digest.update(piece)
            self._digest = digest.hexdigest()
        return self._digest

    def body(self) -> IBodyProducer:
        """
        Get it as a body, to be sent once.
        """
        return _Pieces(self._pieces, self.length)

    def drop(self) -> None:
        """
        Let go of the data.

        Twisted's client has answers, requests and bodies in a circle, so that
        the memory would wait for the garbage collector, which counts objects
        and not bytes.
        """
        self._pieces.clear()
        self._dropped()


@implementer(IBodyProducer, IPushProducer)
class _Pieces:
    def __init__(self, pieces: Iterable[bytes], length: int) -> None:
        self.length = length
        self._left = deque(pieces)
        self._paused = False
        self._stopped = False
        self._going = False
        self._consumer: IConsumer | None = None
        self._done: Deferred[None] = Deferred(lambda _: self.stopProducing())

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._consumer = consumer
        if self._stopped:
            self._done.errback(Stopped("The data was stopped before its start."))
        else:
            self._go()
        return self._done

    def _go(self) -> None:
        if self._going or self._consumer is None:
            return
        self._going = True
        while self._left and not self._paused:
            self._consumer.write(self._left.popleft())
        self._going = False
        if not self._left and not self._done.called:
            self._done.callback(None)

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        self._go()

    def stopProducing(self) -> None:
        self._left.clear()
        self._stopped = True
        # Nobody would hear of it before it is started.
        if self._consumer is not None and not self._done.called:
            self._done.errback(Stopped("The data was stopped before its end."))


class Breakable(Protocol):
    """
    A connection that can be broken off.
    """

    def break_off(self) -> None:
        """
        Drop the connection, whatever is still to be written.
        """


@implementer(IBodyProducer, IPushProducer)
class SentBody:
    """
    A body as Twisted's Agent wants it: once it was stopped, the L{Deferred} of
    C{startProducing} never fires.  It also minds whether the server takes it,
    and whether it is as long as it says.
    """

    def __init__(
        self, body: IBodyProducer, silence: Silence, idle: float, answer: float
    ) -> None:
        """
        @param idle: for how many seconds the server may take nothing.
        @param answer: for how many it may be silent once it has all.
        """
        self.length: int | str = body.length
        self.failure: Failure | None = None
        """What the body failed with; L{None} if it did not."""
        self.over: Deferred[None] = Deferred(lambda _: self.stopProducing())
        """Fires when the body has come to an end by itself, whatever that is."""
        self._body = body
        self._silence = silence
        self._idle = idle
        self._answer = answer
        self._count = 0
        self._done: Deferred[None] | None = None
        self._stopped = False
        self._connection: Breakable | None = None

    @property
    def complete(self) -> bool:
        """
        Whether all the data was written.
        """
        if self.length is UNKNOWN_LENGTH:
            return self.over.called and self.failure is None
        return self._count == self.length

    def carried(self, connection: Breakable) -> None:
        """
        Take note of the connection that it goes by.
        """
        self._connection = connection

    def break_off(self) -> None:
        """
        Stop, and drop the connection, if it is known.
        """
        self.stopProducing()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.break_off()

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._silence.end()
        done: Deferred[None] = Deferred(lambda _: self.stopProducing())
        self._done = done

        def ended(_: object) -> None:
            if self._stopped:
                return
            if self.length is not UNKNOWN_LENGTH and self._count != self.length:
                self._fail(Failure(BadBody("The data is shorter than it says.")))
                return
            self._silence.begin(self._answer)
            self.over.callback(None)
            done.callback(None)

        def failed(failure: Failure) -> None:
            if not self._stopped:
                self._fail(failure)

        producing = self._body.startProducing(_Counting(consumer, self))
        producing.addCallbacks(ended, failed)
        return done

    def counted(self, count: int) -> bool:
        """
        Take note that there are so many bytes more.

        @return: whether they are to be written.
        """
        if self._stopped or self.failure is not None:
            return False
        self._count += count
        if self.length is UNKNOWN_LENGTH or self._count <= int(self.length):
            return True
        self._fail(Failure(BadBody("The data is longer than it says.")))
        self._body.stopProducing()
        return False

    def _fail(self, failure: Failure) -> None:
        self._stopped = True
        self.failure = failure
        self.over.callback(None)
        # Whoever waits for the answer looks at the failure here.
        if self._done is not None:
            self._done.errback(failure)

    def pauseProducing(self) -> None:
        if not self.over.called:
            self._silence.begin(self._idle)
        self._body.pauseProducing()

    def resumeProducing(self) -> None:
        if not self.over.called:
            self._silence.end()
        self._body.resumeProducing()

    def stopProducing(self) -> None:
        if not self._stopped:
            self._stopped = True
            if not self.over.called:
                self.over.callback(None)
                self._body.stopProducing()


@implementer(IConsumer)
class _Counting:
    def __init__(self, consumer: IConsumer, body: SentBody) -> None:
        self._consumer = consumer
        self._body = body

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._consumer.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self._consumer.unregisterProducer()

    def write(self, data: bytes) -> None:
        if self._body.counted(len(data)):
            self._consumer.write(data)
