"""
Bodies of files, and how they reach a socket without passing through this
program.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IConsumer
from zope.interface import Interface

from glance.deferreds import InThread
from glance.errors import DataDamaged
from glance.streams.bodies import CHUNK, Body

WINDOW = 1 << 22
"""How many bytes of a file are sent between two looks at whether they are cached."""

STEP = 1 << 20
"""How many bytes are between two of them that are looked at."""

ASKED = 1 << 19
"""How many bytes the disk is asked for in one call."""

TOUCHED = 1 << 16
"""How many bytes are between two that are waited for."""


class FileCut(DataDamaged):
    """
    A file ended before its end, or can be read no further.
    """

    def __init__(self, message: str, sent: int) -> None:
        super().__init__(message)
        self.sent = sent
        """How many bytes of what was to be sent have been."""


class IFileConsumer(Interface):
    """
    A consumer that the system can give a file to.
    """

    def sendFile(fd: int, offset: int, count: int) -> Deferred[None]:
        """
        Write part of a file.

        @param fd: the descriptor of the file; it stays open until the
            L{Deferred} fires.
        @param offset: the first byte wanted.
        @param count: how many bytes are wanted.

        @return: a L{Deferred} that fires when all is written.  Cancelling it
            stops that.

        @raise FileCut: the file ends before, or can't be read.
        @raise BodyStopped: the consumer wants no more.
        """


def is_cached(fd: int, offset: int, count: int) -> bool:
    """
    Tell whether part of a file can be read without waiting for a disk, as far
    as a few of its bytes tell.
    """
    one = bytearray(1)
    places = [*range(offset, offset + count, STEP), offset + count - 1]
    try:
        for place in places:
            os.preadv(fd, [one], place, os.RWF_NOWAIT)
    except OSError:
        # Some file systems cannot tell, among them those of networks.
        return False
    return True


def read_ahead(fd: int, offset: int, count: int) -> None:
    """
    Have part of a file cached.  Blocks.
    """
    # The system asks a disk for no more than this at once.
    for place in range(offset, offset + count, ASKED):
        os.posix_fadvise(fd, place, ASKED, os.POSIX_FADV_WILLNEED)
    one = bytearray(1)
    for place in [*range(offset, offset + count, TOUCHED), offset + count - 1]:
        os.preadv(fd, [one], place)


class FileBody(Body):
    """
    A body that is part of an open file, which it closes.
    """

    def __init__(self, fd: int, offset: int, length: int, in_thread: InThread) -> None:
        """
        @param fd: the descriptor of the file, the body's own from here on.
        @param offset: the first byte wanted.
        @param length: how many bytes are wanted.
        """
        super().__init__()
        self._fd = fd
        self._offset = offset
        self.length: int = length
        self._in_thread = in_thread
        self._files: IFileConsumer | None = None
        self._sending: Deferred[None] | None = None

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self._files = IFileConsumer(consumer, None)
        return super().startProducing(consumer)

    async def produce(self, write: Callable[[bytes], object]) -> None:
        if self._files is not None:
            await self._send(self._files)
        else:
            await self._copy(write)

    async def _copy(self, write: Callable[[bytes], object]) -> None:
        at, end = self._offset, self._offset + self.length
        known = at
        while at < end:
            await self.ready()
            count = min(CHUNK, end - at)
            # A consumer that never pauses isn't served all at once either.
            if at >= known or not is_cached(self._fd, at, count):
                known = at + WINDOW
                await self._read(at, min(WINDOW, end - at))
                await self.ready()
            data = os.pread(self._fd, count, at)
            if not data:
                raise DataDamaged(f"The data ends {end - at} bytes before its end.")
            at += len(data)
            write(data)

    async def _send(self, files: IFileConsumer) -> None:
        at, end = self._offset, self._offset + self.length
        ahead = self._warm(at, end)
        try:
            while at < end:
                await ahead
                await self.ready()
                # Since then it may have waited for long.
                await self._warm(at, end)
                await self.ready()
                count = min(WINDOW, end - at)
                ahead = self._warm(at + count, end)
                self._sending = files.sendFile(self._fd, at, count)
                await self._sending
                at += count
        finally:
            # The file is not closed while it is read.
            await ahead

    def _warm(self, at: int, end: int) -> Deferred[None]:
        """
        Have what is sent next cached.
        """
        count = min(WINDOW, end - at)
        if count <= 0 or is_cached(self._fd, at, count):
            return succeed(None)
        return self._read(at, count)

    def _read(self, at: int, count: int) -> Deferred[None]:
        reading = self._in_thread(read_ahead, self._fd, at, count)
        # What cannot be read will be noticed when it is sent.
        return reading.addErrback(
            lambda failure: failure.trap(OSError, CancelledError) and None
        )

    def stopProducing(self) -> None:
        super().stopProducing()
        if self._sending is not None:
            self._sending.cancel()

    def release(self) -> None:
        os.close(self._fd)
