"""
A store that keeps image data in files.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from glance.deferreds import InThread, deferred, unhurried
from glance.interfaces import IStore
from glance.stores.directory import Arrival, Directory
from glance.stores.keys import checked, demand_size
from glance.streams.blocks import Block, Blocks, IBlockConsumer
from glance.streams.bodies import pump
from glance.streams.files import FileBody
from glance.streams.strands import Strand, Window


@implementer(IStore)
class FilesystemStore:
    """
    Keeps the data of each image in a file of its own.

    Several of these, in several processes, may share one directory.
    """

    kind = "file"

    def __init__(
        self,
        directory: Path,
        in_thread: InThread,
        window: Window,
        *,
        thin: bool = False,
    ) -> None:
        """
        @param directory: where the files are, L{prepared
            <glance.stores.directory.prepare>}.
        @param in_thread: calls functions that wait for a disk.
        @param window: how much data may wait to be written.
        @param thin: whether zeros are left out of files, which have holes then.
        """
        self._directory = Directory(directory)
        self._in_thread = in_thread
        self._window = window
        self._thin = thin

    @deferred
    async def add(self, key: str, body: IBodyProducer) -> int:
        length = body.length if isinstance(body.length, int) else 0
        try:
            arrival = Arrival(self._directory, checked(key), thin=self._thin)
            writing = _Writing(arrival, body, self._in_thread, self._window)
        except Exception:
            body.stopProducing()
            raise
        try:
            await self._begin(arrival, body, length)
            await writing.written()
            await self._in_thread(arrival.keep)
        except Exception:
            await unhurried(self._undo(writing))
            raise
        return arrival.size

    async def _begin(self, arrival: Arrival, body: IBodyProducer, length: int) -> None:
        try:
            await self._in_thread(arrival.begin, length)
        except Exception:
            body.stopProducing()
            raise

    @deferred
    async def _undo(self, writing: _Writing) -> None:
        await writing.ended()
        await self._in_thread(writing.arrival.discard)

    @deferred
    async def get(
        self,
        key: str,
        offset: int = 0,
        length: int | None = None,
        size: int | None = None,
    ) -> IBodyProducer:
        opened = _Opened(self._directory, key)
        try:
            found = await self._in_thread(opened.open)
            demand_size(found, size)
        except Exception:
            opened.close()
            raise
        rest = max(0, found - offset)
        wanted = rest if length is None else min(rest, length)
        return FileBody(opened.fd, offset, wanted, self._in_thread)

    @deferred
    async def size(self, key: str) -> int:
        size: int = await self._in_thread(self._directory.size, key)
        return size

    def delete(self, key: str) -> Deferred[None]:
        return self._in_thread(self._directory.delete, key)

    def keys(self) -> Deferred[Sequence[str]]:
        return self._in_thread(self._directory.keys)

    def sweep(self) -> Deferred[int]:
        return self._in_thread(self._directory.sweep)

    @deferred
    async def unfinished(self) -> Sequence[str]:
        return []

    def adopt(self, uri: str) -> str | None:
        return self._directory.adopt(uri)

    def check(self) -> Deferred[None]:
        return self._in_thread(self._directory.check)


class _Opened:
    """
    A file that is opened in a thread, and not lost when nobody waits any more.
    """

    def __init__(self, directory: Directory, key: str) -> None:
        self._directory = directory
        self._key = key
        self.fd = -1

    def open(self) -> int:
        self.fd = self._directory.open(self._key)
        return os.fstat(self.fd).st_size

    def close(self) -> None:
        if self.fd != -1:
            os.close(self.fd)


@implementer(IBlockConsumer)
class _Writing:
    """
    Writes a body to a file, and holds it back while the disk is slower.
    """

    def __init__(
        self, arrival: Arrival, body: IBodyProducer, in_thread: InThread, window: Window
    ) -> None:
        self.arrival = arrival
        self._body = body
        self._window = window
        self._strand = Strand(arrival.write, in_thread, self._flow)
        self._producing = False
        self._paused = False

    async def written(self) -> None:
        """
        Wait until all of the body is written.
        """
        try:
            await pump(self._body, self)
        except CancelledError:
            if self._strand.failure is not None:
                self._strand.failure.raiseException()
            raise
        await self._strand.drained()

    @deferred
    async def ended(self) -> None:
        """
        Wait until nothing is being written, whatever becomes of the rest.
        """
        self._producing = False
        self._strand.abandon()
        await self._strand.idle()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._producing = True

    def unregisterProducer(self) -> None:
        self._producing = False

    @property
    def blocks(self) -> Blocks:
        return self._window.blocks

    def write(self, data: bytes) -> None:
        self.writeBlock(Block(data))

    def writeBlock(self, block: Block) -> None:
        if self._producing:
            self._strand.put(block)
            self._flow()

    def _flow(self) -> None:
        if not self._producing:
            return
        if self._strand.failure is not None:
            self._producing = False
            self._body.stopProducing()
            return
        full = self._strand.waiting > self._window.size // (2 if self._paused else 1)
        if full != self._paused:
            self._paused = full
            if full:
                self._body.pauseProducing()
            else:
                self._body.resumeProducing()
