"""
What bodies come in: counted bytes, or chunks (RFC 9112 sections 6.2 and 7.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from mmap import mmap

from glance.streams.blocks import BLOCK
from glance.streams.heads import FIELD, FRAMING, TOKEN

LINE = 1 << 10
"""How many bytes a line may have that says how long a chunk is."""

TRAILER = 1 << 16
"""How many bytes the lines after the last chunk may have."""

SEVERAL = 1 << 10
"""
How many chunks may come at once: of a body in tiny ones less is received at
once, or others would wait for it.
"""

FEW = 1 << 16
"""How many bytes that is."""

EXTENSIONS = 1 << 14
"""
How many bytes may be said of chunks beyond what is in them: it costs as much to
read, and nobody wants it.
"""

FORBIDDEN = FRAMING | {
    b"authorization",
    b"connection",
    b"content-encoding",
    b"content-range",
    b"content-type",
    b"cookie",
    b"expect",
    b"forwarded",
    b"range",
    b"te",
    b"trailer",
    b"upgrade",
    b"x-auth-token",
}
"""
What may not come after the data: somebody on the way could count it among the
headers (RFC 9110 section 6.5.1).
"""

_VALUE = TOKEN + rb'|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*+"'
_EXTENSION = rb"[ \t]*+;[ \t]*+" + TOKEN + rb"(?:[ \t]*+=[ \t]*+(?:" + _VALUE + rb"))?"
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15}+)((?:" + _EXTENSION + rb")*+)")

Buffer = bytes | mmap


class MalformedChunks(Exception):
    """
    What came are no chunks.
    """


class Framing:
    """
    Takes apart what a body comes in.

    It stands in for Twisted's own, which copy all bytes, some twice.
    """

    def __init__(
        self, write: Callable[[bytes], object], finish: Callable[[bytes], object]
    ) -> None:
        """
        @param write: is called with what belongs to the body.
        @param finish: is called at the end, with what came after it.
        """
        self._write = write
        self._finish = finish
        self._left = 0
        self._over = False
        self.held = b""
        """What came last, and cannot be used before more has come."""

    @property
    def wanted(self) -> int:
        """
        How many bytes may be received at once.
        """
        return BLOCK

    def dataReceived(self, data: bytes) -> None:
        """
        Take what has come.

        @raise MalformedChunks: it makes no sense.
        """
        if self.held:
            data = self.held + data
        spans, end = self._spans(data, 0, len(data))
        if spans:
            self._write(b"".join([data[a:b] for a, b in spans]))
        self.finish(data[end:])

    def compact(self, memory: mmap, at: int, end: int) -> tuple[int, int, int]:
        """
        Take what has come, and what was L{held} before it, in place.

        @return: where in C{memory} that begins and ends which belongs to the
            body, and where what comes after the body begins.

        @raise MalformedChunks: it makes no sense.
        """
        spans, rest = self._spans(memory, at, end)
        if not spans:
            return at, at, rest
        (start, stop), *others = spans
        for a, b in others:
            memory.move(stop, a, b - a)
            stop += b - a
        return start, stop, rest

    def finish(self, rest: bytes) -> None:
        """
        Tell if the body is over.

        @param rest: what came after it.
        """
        if self._over:
            self._finish(rest)

    def _spans(
        self, data: Buffer, at: int, end: int
    ) -> tuple[list[tuple[int, int]], int]:
        """
        Find what belongs to the body.

        @return: where that begins and ends, for each piece, and where what was
            looked at ends.
        """
        raise NotImplementedError


class CountedFraming(Framing):
    """
    A body whose length is known.
    """

    def __init__(
        self,
        length: int,
        write: Callable[[bytes], object],
        finish: Callable[[bytes], object],
    ) -> None:
        super().__init__(write, finish)
        self._left = length

    @property
    def wanted(self) -> int:
        # What comes after it must not get into a block.
        return min(BLOCK, self._left)

    def _spans(
        self, data: Buffer, at: int, end: int
    ) -> tuple[list[tuple[int, int]], int]:
        stop = min(end, at + self._left)
        self._left -= stop - at
        self._over = not self._left
        return [(at, stop)], stop


class ChunkDecoder(Framing):
    """
    A body that comes in chunks.
    """

    def __init__(
        self, write: Callable[[bytes], object], finish: Callable[[bytes], object]
    ) -> None:
        super().__init__(write, finish)
        self._parse = self._parse_size
        self._trailer = 0
        self._extra = 0
        self._tiny = True

    @property
    def wanted(self) -> int:
        return FEW if self._tiny else BLOCK

    def _spans(
        self, data: Buffer, at: int, end: int
    ) -> tuple[list[tuple[int, int]], int]:
        self.held = b""
        spans = []
        while at < end and not self._over:
            if self._left:
                stop = min(end, at + self._left)
                spans.append((at, stop))
                self._left -= stop - at
                at = stop
                if not self._left:
                    self._parse = self._parse_end
                continue
            parsed = self._parse(data, at, end)
            if parsed is None:
                self.held = data[at:end]
                break
            at = parsed
        self._tiny = len(spans) > SEVERAL
        return spans, at

    def _parse_size(self, data: Buffer, at: int, end: int) -> int | None:
        """
        Read the line before a chunk.

        @return: where it ends; L{None} if it hasn't all come.
        """
        stop = _end_of_line(data, at, end, LINE)
        if stop is None:
            return None
        match = _SIZE.fullmatch(data, at, stop)
        if match is None:
            raise MalformedChunks
        self._left = int(match[1], 16)
        self._extra = max(0, self._extra + len(match[2]) - self._left)
        if self._extra > EXTENSIONS:
            raise MalformedChunks
        if not self._left:
            self._parse = self._parse_trailer
        return stop + 2

    def _parse_end(self, data: Buffer, at: int, end: int) -> int | None:
        """
        Read what is after a chunk.
        """
        found = data[at : min(end, at + 2)]
        if found == b"\r\n":
            self._parse = self._parse_size
            return at + 2
        if found == b"\r":
            return None
        raise MalformedChunks

    def _parse_trailer(self, data: Buffer, at: int, end: int) -> int | None:
        """
        Read a line after the last chunk; nothing is done with it.
        """
        stop = _end_of_line(data, at, end, TRAILER - self._trailer)
        if stop is None:
            return None
        if stop > at:
            match = FIELD.fullmatch(data, at, stop)
            if match is None or match[1].lower().replace(b"_", b"-") in FORBIDDEN:
                raise MalformedChunks
        self._trailer += stop + 2 - at
        self._over = stop == at
        return stop + 2


def _end_of_line(data: Buffer, at: int, end: int, limit: int) -> int | None:
    """
    Find the end of a line; L{None} if it hasn't come.

    @raise MalformedChunks: it is too far away.
    """
    stop = data.find(b"\r\n", at, min(end, at + limit + 2))
    if stop >= 0:
        return stop
    if end - at > limit:
        raise MalformedChunks
    return None
