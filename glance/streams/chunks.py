"""
Bodies that come in chunks (RFC 9112 section 7.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable

LINE = 1 << 10
"""How many bytes a line may have that says how long a chunk is."""

TRAILER = 1 << 16
"""How many bytes the lines after the last chunk may have."""

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")


class MalformedChunks(Exception):
    """
    What came are no chunks.
    """


class ChunkDecoder:
    """
    Takes chunks apart: what is inside goes on in as few pieces as it came.

    It stands in for Twisted's own, which copies all bytes twice.
    """

    def __init__(
        self, write: Callable[[bytes], object], finish: Callable[[bytes], object]
    ) -> None:
        """
        @param write: is called with what is in the chunks.
        @param finish: is called at the end, with what came after it.
        """
        self._write = write
        self._finish = finish
        self._parse = self._parse_size
        self._held = b""
        self._left = 0
        self._trailer = 0
        self._over = False

    def dataReceived(self, data: bytes) -> None:
        """
        Take what has come.

        @raise MalformedChunks: it makes no sense.
        """
        if self._held:
            data = self._held + data
            self._held = b""
        pieces: list[bytes] = []
        at = 0
        while at < len(data) and not self._over:
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._parse = self._parse_end
                continue
            parsed = self._parse(data, at)
            if parsed is None:
                self._held = data[at:]
                break
            at = parsed
        if pieces:
            self._write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if self._over:
            self._finish(data[at:])

    def _parse_size(self, data: bytes, at: int) -> int | None:
        """
        Read the line before a chunk.

        @return: where it ends; L{None} if it hasn't all come.
        """
        end = _end_of_line(data, at, LINE)
        if end is None:
            return None
        match = _SIZE.fullmatch(data, at, end)
        if match is None:
            raise MalformedChunks
        self._left = int(match[1], 16)
        if not self._left:
            self._parse = self._parse_trailer
        return end + 2

    def _parse_end(self, data: bytes, at: int) -> int | None:
        """
        Read what is after a chunk.
        """
        end = data[at : at + 2]
        if end == b"\r\n":
            self._parse = self._parse_size
            return at + 2
        if end == b"\r":
            return None
        raise MalformedChunks

    def _parse_trailer(self, data: bytes, at: int) -> int | None:
        """
        Read a line after the last chunk; nothing is done with it.
        """
        end = _end_of_line(data, at, TRAILER - self._trailer)
        if end is None:
            return None
        if b"\n" in data[at:end] or b"\r" in data[at:end]:
            raise MalformedChunks
        self._trailer += end + 2 - at
        self._over = end == at
        return end + 2


def _end_of_line(data: bytes, at: int, limit: int) -> int | None:
    """
    Find the end of a line; L{None} if it hasn't come.

    @raise MalformedChunks: it is too far away.
    """
    end = data.find(b"\r\n", at, at + limit + 2)
    if end >= 0:
        return end
    if len(data) - at > limit:
        raise MalformedChunks
    return None
