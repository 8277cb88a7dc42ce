"""
A store that keeps image data in a directory that need not outlive the machine, such
as one in memory.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from glance.deferreds import InThread, deferred, unhurried
from glance.interfaces import IStore
from glance.stores.keys import checked, demand_size, is_key
from glance.stores.refusals import full, missing, taken, unavailable
from glance.streams.blocks import Block, IBlockConsumer
from glance.streams.bodies import pump
from glance.streams.files import FileBody
from glance.streams.strands import Strand, Window


@implementer(IBlockConsumer)
class _Writing:
    """
    Writes a body to a file, in threads, and pauses it while the disk is slower.
    """

    def __init__(self, fd: int, in_thread: InThread, window: Window) -> None:
        self.size = 0
        self.blocks = window.blocks
        self._fd = fd
        self._window = window
        self._strand = Strand(self._write, in_thread, self._flow)
        self._producer: Any = None

    async def write_all(self, body: IBodyProducer) -> None:
        await pump(body, self)
        await self._strand.drained()

    async def end(self) -> None:
        self._strand.abandon()
        await self._strand.idle()
        os.close(self._fd)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    def write(self, data: bytes) -> None:
        self.writeBlock(Block(data))

    def writeBlock(self, block: Block) -> None:
        if self._strand.failure is not None:
            self._strand.failure.raiseException()
        self.size += len(block)
        self._strand.put(block)
        self._flow()

    def _write(self, pieces: Sequence[Any]) -> None:
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[self._write_some(view) :]

    def _write_some(self, data: memoryview) -> int:
        try:
            return os.write(self._fd, data)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise full() from None
            raise unavailable("The directory of the store cannot be written") from error

    def _flow(self) -> None:
        if self._producer is None:
            return
        if self._strand.waiting > self._window.size:
            self._producer.pauseProducing()
        else:
            self._producer.resumeProducing()


@implementer(IStore)
class ScratchStore:
    """
    Keeps each image's data as a file of its key; one that isn't whole has a dot
    before its name.
    """

    kind = "scratch"

    def __init__(self, directory: Path, in_thread: InThread, window: Window) -> None:
        self._directory = directory
        self._in_thread = in_thread
        self._window = window

    @deferred
    async def add(self, key: str, body: IBodyProducer) -> int:
        try:
            checked(key)
            fd = await self._in_thread(self._create, key)
        except Exception:
            body.stopProducing()
            raise
        writing = _Writing(fd, self._in_thread, self._window)
        try:
            await writing.write_all(body)
            await self._in_thread(os.rename, self._part(key), self._directory / key)
        except Exception:
            # The body has come to its end, or to its failure, in any case.
            await unhurried(Deferred.fromCoroutine(self._undo(writing, key)))
            raise
        await writing.end()
        return writing.size

    async def _undo(self, writing: _Writing, key: str) -> None:
        await writing.end()
        await self._in_thread(self._part(key).unlink, missing_ok=True)

    def _part(self, key: str) -> Path:
        return self._directory / f".{key}"

    def _create(self, key: str) -> int:
        if (self._directory / key).exists():
            raise taken()
        try:
            return os.open(self._part(key), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise taken() from None

    @deferred
    async def get(
        self,
        key: str,
        offset: int = 0,
        length: int | None = None,
        size: int | None = None,
    ) -> IBodyProducer:
        found = await self.size(key)
        demand_size(found, size)
        fd = os.open(self._directory / key, os.O_RDONLY)
        rest = max(0, found - offset)
        wanted = rest if length is None else min(rest, length)
        return FileBody(fd, offset, wanted, self._in_thread)

    @deferred
    async def size(self, key: str) -> int:
        if not is_key(key):
            raise missing()
        try:
            return (await self._in_thread((self._directory / key).stat)).st_size
        except FileNotFoundError:
            raise missing() from None

    @deferred
    async def delete(self, key: str) -> None:
        if not is_key(key):
            raise missing()
        found = 0
        # Also what is not whole: of an add that its process did not survive.
        for path in (self._directory / key, self._part(key)):
            try:
                await self._in_thread(path.unlink)
                found += 1
            except FileNotFoundError:
                pass
        if not found:
            raise missing()

    @deferred
    async def keys(self) -> Sequence[str]:
        return [name for name in await self._names() if is_key(name)]

    @deferred
    async def unfinished(self) -> Sequence[str]:
        names = [name[1:] for name in await self._names() if name.startswith(".")]
        return [name for name in names if is_key(name)]

    async def _names(self) -> Sequence[str]:
        return await self._in_thread(os.listdir, self._directory)

    @deferred
    async def sweep(self) -> int:
        # Whose process is dead isn't known here; the registry knows.
        return 0

    def adopt(self, uri: str) -> str | None:
        return None

    @deferred
    async def check(self) -> None:
        try:
            await self._in_thread(shutil.disk_usage, self._directory)
        except OSError:
            raise unavailable("The directory of the store is gone") from None
