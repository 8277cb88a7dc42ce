"""
Image data on its way to a server.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Awaitable, Callable
from io import BufferedRandom, BufferedReader, BytesIO, FileIO
from pathlib import Path
from typing import IO, Any

from attrs import frozen
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from glance.deferreds import InThread
from glance.silence import Silence
from glance.streams.bodies import BytesBody, StreamBody
from glance.streams.files import FileBody

Data = bytes | bytearray | memoryview | Path | IO[bytes] | IBodyProducer
"""
What image data can be given as.  A path is opened, read and closed; a file is
read from where it is, and left open.
"""


@frozen(kw_only=True)
class Source:
    """
    Data to send.
    """

    length: int | str
    """How many bytes, or L{UNKNOWN_LENGTH}."""
    again: bool
    """Whether it can be sent more than once."""
    open: Callable[[], Awaitable[IBodyProducer]]
    """Gets a body of it, to be started or stopped."""


async def source_of(data: Data | None, in_thread: InThread) -> Source | None:
    """
    Find out how data can be sent.

    @return: L{None} where there is none: no data, or empty bytes.

    @raise TypeError: it is something else.
    """
    if data is None:
        return None
    if isinstance(data, bytes | bytearray | memoryview):
        return _bytes(bytes(data)) if len(data) else None
    if isinstance(data, os.PathLike):
        return await _path(data, in_thread)
    if IBodyProducer.providedBy(data):
        return Source(length=data.length, again=False, open=lambda: succeed(data))
    if hasattr(data, "read"):
        return await _file(data, in_thread)
    raise TypeError(
        "Image data is bytes, a path, a binary file or an IBodyProducer, "
        f"not {type(data).__name__}."
    )


def _bytes(data: bytes) -> Source:
    return Source(
        length=len(data), again=True, open=lambda: succeed(BytesBody(_cut(data)))
    )


def _cut(data: bytes, size: int = 1 << 18) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


async def _path(path: os.PathLike[str], in_thread: InThread) -> Source:
    def look() -> os.stat_result:
        return Path(path).stat()

    found = await in_thread(look)
    if not stat.S_ISREG(found.st_mode):
        return await _file(await in_thread(Path(path).open, "rb"), in_thread)

    async def body() -> IBodyProducer:
        # As a file, because that closes itself where nobody waits any more.
        with await in_thread(Path(path).open, "rb") as file:
            return FileBody(os.dup(file.fileno()), 0, found.st_size, in_thread)

    return Source(length=found.st_size, again=True, open=body)


async def _file(file: Any, in_thread: InThread) -> Source:
    fd = _descriptor(file)
    if fd is not None:
        start = file.tell()
        length = max(0, os.fstat(fd).st_size - start)

        async def part() -> IBodyProducer:
            return FileBody(os.dup(fd), start, length, in_thread)

        return Source(length=length, again=True, open=part)
    if isinstance(file, BytesIO):
        return _bytes(file.getvalue()[file.tell() :])
    stream = StreamBody(getattr(file, "read1", file.read), in_thread)
    return Source(length=UNKNOWN_LENGTH, again=False, open=lambda: succeed(stream))


def _descriptor(file: Any) -> int | None:
    """
    Get the descriptor of a file on a disk; L{None} for whatever else there is
    to be read, as what a compressed file holds.
    """
    raw = file.raw if isinstance(file, BufferedReader | BufferedRandom) else file
    if not isinstance(raw, FileIO):
        return None
    fd = raw.fileno()
    return fd if stat.S_ISREG(os.fstat(fd).st_mode) else None


PATIENCE = 60.0
"""
For how many seconds a server may be silent, if nobody says.
"""

SETTLING = 600.0
"""
For how many seconds it may be, at least, once it has all data: it makes it safe
on its disks then.  Who is less patient than others means that then, too.
"""


def settling(timeout: float | None) -> float | None:
    """
    Get for how many seconds a server may be silent once it has all data; both
    are L{None} for ever.
    """
    if timeout is None or timeout < PATIENCE:
        return timeout
    return max(timeout, SETTLING)


Progress = Callable[[int], object]
"""
Is told of so many bytes more that were sent, or that came.
"""


@implementer(IConsumer)
class _Counting:
    def __init__(self, consumer: IConsumer, progress: Progress) -> None:
        self._consumer = consumer
        self._progress = progress

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._consumer.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self._consumer.unregisterProducer()

    def write(self, data: bytes) -> None:
        self._consumer.write(data)
        self._progress(len(data))


@implementer(IBodyProducer, IPushProducer)
class SentBody:
    """
    A body as Twisted's Agent wants it: once it was stopped, the L{Deferred} of
    C{startProducing} never fires.  It also minds whether the server takes it.
    """

    def __init__(
        self,
        body: IBodyProducer,
        silence: Silence,
        timeout: float | None,
        progress: Progress | None = None,
    ) -> None:
        """
        @param timeout: for how many seconds the server may take nothing;
            L{None} for ever.
        @param progress: L{None} if nobody wants to know.
        """
        self.length = body.length
        self.failure: Failure | None = None
        """What the body itself failed with; L{None} if it did not."""
        self.sent = False
        """Whether all of it was."""
        self._body = body
        self._silence = silence
        self._timeout = timeout
        self._progress = progress
        self._stopped = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._silence.end()
        done: Deferred[None] = Deferred(lambda _: self.stopProducing())
        if self._progress is not None:
            consumer = _Counting(consumer, self._progress)

        def ended(_: object) -> None:
            if not self._stopped:
                self.sent = True
                self._silence.begin(settling(self._timeout))
                done.callback(None)

        def failed(failure: Failure) -> None:
            if not self._stopped:
                self.failure = failure
                done.errback(failure)

        self._body.startProducing(consumer).addCallbacks(ended, failed)
        return done

    def pauseProducing(self) -> None:
        if not self.sent:
            self._silence.begin(self._timeout)
        self._body.pauseProducing()

    def resumeProducing(self) -> None:
        if not self.sent:
            self._silence.end()
        self._body.resumeProducing()

    def stopProducing(self) -> None:
        if not self._stopped:
            self._stopped = True
            if not self.sent:
                self._body.stopProducing()
