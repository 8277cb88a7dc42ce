"""
Downloads into a file, which go on where they were cut.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IConsumer
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer, IResponse
from zope.interface import implementer

from glance.client.errors import AlreadyRunning, ChecksumMismatch, Invalid
from glance.client.receiving import Expected
from glance.client.sending import Progress
from glance.deferreds import InThread
from glance.receiving import ReceivedBody
from glance.streams.blocks import Block
from glance.streams.bodies import pump
from glance.streams.metering import Digest
from glance.streams.strands import Buffer, Strand, Window


@implementer(IConsumer)
class Writer:
    """
    A consumer that has data worked on in threads: written to a file, hashed.
    """

    def __init__(
        self,
        works: Sequence[Callable[[Sequence[Buffer]], Any]],
        in_thread: InThread,
        window: Window,
        progress: Progress | None,
    ) -> None:
        self._strands = [Strand(work, in_thread, self._flow) for work in works]
        self._window = window
        self._progress = progress
        self._producer: Any = None
        self._paused = False

    async def take(self, body: IBodyProducer) -> None:
        """
        Take all of a body.

        @raise Exception: what the body failed with, or the work.
        """
        self._window.transfers += 1
        try:
            await pump(body, self)
        except CancelledError:
            for strand in self._strands:
                strand.cancel()
            raise
        finally:
            self._window.transfers -= 1
            for strand in self._strands:
                await strand.drained()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    def write(self, data: bytes) -> None:
        block = Block(data)
        for strand in self._strands:
            if strand.failure is not None:
                strand.failure.raiseException()
            strand.put(block)
        if self._progress is not None:
            self._progress(len(data))
        self._flow()

    def _flow(self) -> None:
        if self._producer is None:
            return
        if any(strand.failure is not None for strand in self._strands):
            self._producer.stopProducing()
            return
        waiting = max(strand.waiting for strand in self._strands)
        full = waiting > self._window.size // (2 if self._paused else 1)
        if full and not self._paused:
            self._paused = True
            self._producer.pauseProducing()
        elif self._paused and not full:
            self._paused = False
            self._producer.resumeProducing()


def write_all(fd: int, pieces: Sequence[Buffer]) -> None:
    """
    Write pieces to a descriptor.  Blocks.
    """
    for piece in pieces:
        view = memoryview(piece)
        while view:
            view = view[os.write(fd, view) :]


@frozen(kw_only=True)
class Download:
    """
    What fetches one image.
    """

    algorithm: str
    """What L{hashlib} calls the hash that its data has."""
    head: Callable[[], Awaitable[dict[str, Any]]]
    """Describes it."""
    get: Callable[[Headers], Awaitable[IResponse]]
    """Asks for its data, with more headers."""
    described: Callable[[IResponse], dict[str, Any]]
    """Describes it, once its data is being answered."""
    expected: Callable[[dict[str, Any]], Expected]
    """Tells what data a description promises."""
    body: Callable[[IResponse], ReceivedBody]
    in_thread: InThread
    window: Window
    progress: Progress | None
    unawaited: InThread | None = None
    """
    Calls what may block for ever, in threads that nobody waits for; L{None} for
    C{in_thread}.
    """


class _Part:
    """
    The beginning of a file.  Its methods block.
    """

    def __init__(self, path: Path, algorithm: str) -> None:
        """
        @param algorithm: what L{hashlib} calls the hash of it that is wanted.
        """
        self.path = path
        self.size = 0
        """How many bytes are there."""
        self.digest = Digest(algorithm)
        """The hash of those."""
        self._fd: int | None = None
        self._finished = False

    def open(self) -> None:
        """
        Open the file, which may be new.

        @raise AlreadyRunning: somebody else has it open.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        while self._fd is None:
            fd = os.open(self.path, flags, 0o666)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                os.close(fd)
                raise AlreadyRunning(
                    f"Something else is writing {self.path}.  Wait for it, or end it."
                ) from error
            if self._is(fd):
                self._fd = fd
            else:
                # Somebody has just finished it, and it has its final name.
                os.close(fd)

    def _is(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self.path.lstat())
        except FileNotFoundError:
            return False

    @property
    def fd(self) -> int:
        """
        The descriptor of the file, which is open.
        """
        assert self._fd is not None
        return self._fd

    def read(self) -> None:
        """
        Take in what is there.
        """
        while data := os.read(self.fd, 1 << 20):
            self.digest.update([data])
            self.size += len(data)

    def clear(self) -> None:
        """
        Begin from the beginning.
        """
        os.ftruncate(self.fd, 0)
        os.lseek(self.fd, 0, os.SEEK_SET)
        self.size = 0
        self.digest = Digest(self.digest.name)

    def hash(self, pieces: Sequence[Buffer]) -> None:
        """
        Hash more data.
        """
        self.digest.update(pieces)

    def write(self, pieces: Sequence[Buffer]) -> None:
        """
        Write more data.
        """
        write_all(self.fd, pieces)
        self.size += sum(map(len, pieces))

    def finish(self, path: Path) -> None:
        """
        Give the file its name, once its data is safe.
        """
        os.fsync(self.fd)
        self.path.replace(path)
        self._finished = True
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def close(self) -> None:
        """
        Let go of the file, and remove it where it holds nothing.
        """
        if self._fd is not None:
            if self.size == 0 and not self._finished:
                self.path.unlink(missing_ok=True)
            os.close(self._fd)


class _Device(_Part):
    """
    What is there and isn't a file: a device, or a pipe.
    """

    def open(self) -> None:
        self._fd = os.open(self.path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)


def target_of(path: str | os.PathLike[str]) -> tuple[Path, bool]:
    """
    Find where to write.  Blocks.

    @return: the path, without links, and whether it is or will be a file.

    @raise Invalid: it is a directory.
    """
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISDIR(mode):
        raise Invalid(f"{str(path)!r} is a directory: name a file in it.")
    if not stat.S_ISREG(mode):
        return Path(path), False
    return Path(path).resolve(), True


async def save(
    download: Download, path: str | os.PathLike[str], resume: bool
) -> dict[str, Any]:
    """
    Fetch an image into a file: see L{glance.client.v1.Client.save}.
    """
    in_thread = download.in_thread
    target, regular = await in_thread(target_of, path)
    if not regular:
        return await _stream(download, target)
    part = _Part(target.with_name(target.name + ".part"), download.algorithm)
    try:
        await in_thread(part.open)
        await in_thread(part.read if resume else part.clear)
        image: dict[str, Any] | None = None
        if part.size:
            image = await _go_on(download, part)
        if image is None:
            await in_thread(part.clear)
            image = await _fetch(download, part, Headers())
        await in_thread(part.finish, target)
        return image
    except ChecksumMismatch:
        # Nothing would come of going on with it.
        await in_thread(part.clear)
        raise
    finally:
        await in_thread(part.close)


async def _stream(download: Download, path: Path) -> dict[str, Any]:
    """
    Fetch an image into a device or pipe.
    """
    in_thread = download.unawaited or download.in_thread
    device = _Device(path, download.algorithm)
    try:
        await in_thread(device.open)
        return await _fetch(evolve(download, in_thread=in_thread), device, Headers())
    finally:
        await in_thread(device.close)


async def _go_on(download: Download, part: _Part) -> dict[str, Any] | None:
    """
    Fetch what is missing.

    @return: what describes the image; L{None} if what is there is of no use.
    """
    image = await download.head()
    expected = download.expected(image)
    if (
        expected.digest is None
        or expected.size is None
        or expected.algorithm != download.algorithm
    ):
        return None
    if download.progress is not None:
        download.progress(part.size)
    try:
        if part.size < expected.size:
            headers = Headers()
            headers.setRawHeaders("range", [f"bytes={part.size}-"])
            headers.setRawHeaders("if-range", [f'"{expected.digest}"'])
            return await _fetch(download, part, headers)
        expected.verify(part.size, part.digest.value())
    except ChecksumMismatch:
        if download.progress is not None:
            download.progress(-part.size)
        return None
    return image


async def _fetch(download: Download, part: _Part, headers: Headers) -> dict[str, Any]:
    response = await download.get(headers)
    body = download.body(response)
    image = download.described(response)
    expected = download.expected(image)
    try:
        if response.code != 206 and part.size:
            # The server does not know ranges, or the image is another by now.
            if download.progress is not None:
                download.progress(-part.size)
            await download.in_thread(part.clear)
        works = [part.write] if expected.digest is None else [part.write, part.hash]
        writer = Writer(works, download.in_thread, download.window, download.progress)
    except BaseException:
        body.stopProducing()
        raise
    await writer.take(body)
    expected.verify(part.size, part.digest.value())
    return image
