"""
Bodies: image data in motion.

A body is Twisted's L{IBodyProducer}: an upload is one, a store returns one,
treq sends one, and L{pump} answers a request with one.  C{body.length} is its
size.  A body is started once, or told to stop.  When it is stopped, the
L{Deferred} of C{startProducing} fails with L{BodyStopped}: whoever waits for
the end of a body hears of its end, whatever that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from glance.deferreds import InThread
from glance.errors import BodyStopped, GlanceError, ImageTooLarge
from glance.receiving import Collector

CHUNK = 1 << 17
"""How many bytes are read from a file at once."""


class IHashedBody(IBodyProducer):
    """
    A body that hashes what it gives, so that others need not.
    """

    def remember(first: int) -> None:
        """
        Have the MD5 of the first so many bytes, too.  To be called before the start.
        """

    def md5(first: int | None = None) -> str:
        """
        Get the MD5 of all the data, in hexadecimal, once it is over.

        @param first: of how many bytes, as L{remember} was told, or of all if there
            are fewer; L{None} for all.
        """


@implementer(IBodyProducer, IPushProducer)
class Body:
    """
    A body whose data comes from a coroutine.

    A subclass writes L{produce}; pausing, stopping and the rest are here.
    """

    length: int | str = UNKNOWN_LENGTH

    def __init__(self) -> None:
        self.started = False
        self.paused = False
        """Whether the consumer has no room."""
        self.stopped = False
        """Whether nobody wants the rest."""
        self._resumed: Deferred[None] | None = None

    async def produce(self, write: Callable[[bytes], object]) -> None:
        """
        Write all the data, and wait for L{ready} before each piece.
        """
        raise NotImplementedError

    def release(self) -> None:
        """
        Let go of what the body holds; called once, when it is over, or when it
        is stopped before it was started.
        """

    async def ready(self) -> None:
        """
        Wait while the consumer has no room.

        @raise BodyStopped: it wants no more.
        """
        while self.paused and not self.stopped:
            self._resumed = Deferred()
            await self._resumed
        if self.stopped:
            raise BodyStopped("The data was stopped before its end.")

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        if self.stopped:
            return fail(BodyStopped("The data was stopped before its start."))
        self.started = True
        running = Deferred.fromCoroutine(self._run(consumer))

        def cancelled(over: Deferred[None]) -> None:
            self.stopProducing()
            if not over.called:
                # What a thread or the consumer is at comes to its end first.
                over.pause()
                over.errback(BodyStopped("The data was stopped before its end."))
                running.addBoth(lambda _: over.unpause())

        def fire(result: Failure | None) -> None:
            if not over.called:
                over.callback(result)  # type: ignore[arg-type]

        over: Deferred[None] = Deferred(cancelled)
        running.addBoth(fire)
        return over

    async def _run(self, consumer: IConsumer) -> None:
        try:
            await self.produce(consumer.write)
        except CancelledError as error:
            raise BodyStopped("The data was stopped before its end.") from error
        finally:
            self.release()

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False
        if self._resumed is not None:
            resumed, self._resumed = self._resumed, None
            if not resumed.called:
                resumed.callback(None)

    def stopProducing(self) -> None:
        if self.stopped:
            return
        self.stopped = True
        if self.started:
            self.resumeProducing()
        else:
            self.release()


class BytesBody(Body):
    """
    A body of bytes that are in memory.
    """

    def __init__(self, pieces: bytes | Iterable[bytes]) -> None:
        super().__init__()
        self._pieces = [pieces] if isinstance(pieces, bytes) else list(pieces)
        self.length: int = sum(map(len, self._pieces))

    async def produce(self, write: Callable[[bytes], object]) -> None:
        for piece in self._pieces:
            await self.ready()
            write(piece)


class StreamBody(Body):
    """
    A body of unknown length, read from a file that cannot seek: a pipe.
    """

    def __init__(self, read: Callable[[int], bytes], in_thread: InThread) -> None:
        """
        @param read: gets up to so many bytes; none at the end.  May block.
        """
        super().__init__()
        self._read = read
        self._in_thread = in_thread

    async def produce(self, write: Callable[[bytes], object]) -> None:
        await self.ready()
        while data := await self._in_thread(self._read, CHUNK):
            await self.ready()
            write(data)


def pump(body: IBodyProducer, consumer: IConsumer) -> Deferred[None]:
    """
    Write all of C{body} to C{consumer}, no faster than it can take it.

    @return: a L{Deferred} that fires when the last byte has been written.
        Cancelling it stops the body.
    """

    def unregister(result: Any) -> Any:
        consumer.unregisterProducer()
        return result

    def stop_foreign(failure: Failure) -> Failure:
        # A body of ours has stopped by itself; others don't hear of it.
        if failure.check(CancelledError) and not failure.check(BodyStopped):
            body.stopProducing()
        return failure

    consumer.registerProducer(body, True)
    producing: Deferred[None] = body.startProducing(consumer)
    return producing.addErrback(stop_foreign).addBoth(unregister)


async def read_all(
    body: IBodyProducer | None, limit: int, full: GlanceError | None = None
) -> bytes:
    """
    Get all the bytes of a small body.

    @param body: L{None} for one that isn't there.
    @param limit: how many bytes are taken.
    @param full: what is raised where there are more; L{None} for an
        L{ImageTooLarge}.
    """
    if body is None:
        return b""
    if full is None:
        full = ImageTooLarge("That is more than is taken here.")
    if body.length is not UNKNOWN_LENGTH and body.length > limit:
        body.stopProducing()
        raise full
    collector = Collector(limit, full)
    await pump(body, collector)
    return collector.data
