"""
How data gets into a file.  All of this blocks.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence

from glance.streams.strands import Buffer

PIECES = 1024
"""How many pieces the system takes in one write, at the most."""

BLOCK = 1 << 16
"""
How many zeros at once become a hole.  Smaller ones would save little, and cut the
file into more pieces.
"""

EARLY = 1 << 25
"""
How many bytes are written until the disk is told to begin with them, which so has
little left to do when it is waited for.
"""

_ZEROS = bytes(BLOCK)
_WRITE = 2

_sync_file_range = getattr(ctypes.CDLL(None), "sync_file_range", None)
if _sync_file_range is not None:
    _sync_file_range.argtypes = [
        ctypes.c_int,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_uint,
    ]


class FileWriter:
    """
    Writes an open file from its beginning.
    """

    def __init__(self, fd: int, *, thin: bool) -> None:
        """
        @param thin: whether to leave holes where there are only zeros.
        """
        self._fd = fd
        self._thin = thin
        self._started = 0
        self.size = 0
        """How many bytes have been written, holes included."""

    def write(self, pieces: Sequence[Buffer]) -> None:
        """
        Write more of the data.

        @raise OSError: the system says so.
        """
        if self._thin:
            small = sum(map(len, pieces)) < BLOCK * len(pieces)
            for data in [b"".join(pieces)] if small else pieces:
                self._write_thin(bytes(data))
        else:
            for first in range(0, len(pieces), PIECES):
                self._write(pieces[first : first + PIECES])
        if self.size - self._started >= EARLY:
            self._start_writeback()

    def _write(self, pieces: Sequence[Buffer]) -> None:
        left = [memoryview(piece) for piece in pieces if piece]
        while left:
            written = os.writev(self._fd, left)
            self.size += written
            while left and written >= len(left[0]):
                written -= len(left.pop(0))
            if written:
                left[0] = left[0][written:]

    def _write_thin(self, data: bytes) -> None:
        view = memoryview(data)
        for first, end in solid(data, self.size):
            at = first
            while at < end:
                at += os.pwrite(self._fd, view[at:end], self.size + at)
        self.size += len(data)

    def _start_writeback(self) -> None:
        """
        Have the disk begin.

        Whether it does, and how it fares, is what a sync tells in the end.
        """
        count, start = self.size - self._started, self._started
        self._started = self.size
        if _sync_file_range is not None:
            _sync_file_range(self._fd, start, count, _WRITE)


def solid(data: bytes, offset: int) -> Iterator[tuple[int, int]]:
    """
    Find what isn't a hole.

    @param offset: where in its file the data begins: holes are whole blocks of
        that, or what there is of one in the data.

    @return: where each run of other than holes begins and ends in the data.
    """
    first = at = 0
    while at < len(data):
        count = min(BLOCK - (offset + at) % BLOCK, len(data) - at)
        # Neither copies what it looks at.
        if data.startswith(_ZEROS if count == BLOCK else _ZEROS[:count], at):
            if first < at:
                yield first, at
            first = at + count
        at += count
    if first < at:
        yield first, at
