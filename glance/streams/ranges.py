"""
Ranges of bytes, as HTTP writes them (RFC 9110 section 14).
"""

from __future__ import annotations

import re

from attrs import frozen

from glance.errors import Invalid, RangeNotSatisfiable

# More digits than any size has, and fewer than int() refuses to read.
_NUMBER = "[0-9]{1,1000}"
_RANGE = re.compile(f"({_NUMBER})?-({_NUMBER})?")
_CONTENT_RANGE = re.compile(
    rf"bytes\s+({_NUMBER})-({_NUMBER})/({_NUMBER}|\*)", re.IGNORECASE
)


@frozen
class Range:
    """
    A part of some data, in bytes.
    """

    offset: int
    """The first byte, counted from 0."""
    length: int
    """How many bytes, at least one."""

    @property
    def last(self) -> int:
        """
        The last byte, counted from 0.
        """
        return self.offset + self.length - 1


def parse_range(header: str, size: int) -> Range | None:
    """
    Find out which part of some data a C{Range} header asks for.

    @param size: how many bytes of data there are.

    @return: L{None} where the header is to be ignored, and all the data is to
        be sent: it makes no sense, is of another unit, or asks for several
        ranges.

    @raise RangeNotSatisfiable: there is no such part.
    """
    unit, _, wanted = header.partition("=")
    pieces = [piece for text in wanted.split(",") if (piece := text.strip(" \t"))]
    if unit.strip(" \t").lower() != "bytes" or len(pieces) != 1:
        return None
    match = _RANGE.fullmatch(pieces[0])
    if match is None:
        return None
    first, last = (None if n is None else int(n) for n in match.groups())
    if first is None:
        return None if last is None else _suffix(last, size)
    if last is not None and last < first:
        return None
    if first >= size:
        raise RangeNotSatisfiable(f"There are only {size} bytes of data.", size)
    end = size if last is None else min(last + 1, size)
    return Range(first, end - first)


def parse_strict_range(header: str, size: int) -> Range:
    """
    Find out which part of some data a C{Range} header asks for, where all is
    sent only to who asks for all.

    @param size: how many bytes of data there are.

    @raise RangeNotSatisfiable: there is no such part, or the header makes no
        sense.
    @raise Invalid: it asks for several ranges.
    """
    unit, _, wanted = header.partition("=")
    if unit.strip(" \t").lower() == "bytes" and "," in wanted:
        raise Invalid("Ask for one range of bytes at a time.")
    part = parse_range(header, size)
    if part is None:
        raise RangeNotSatisfiable(
            "The range must be like bytes=0-99, bytes=100- or bytes=-100.", size
        )
    return part


def _suffix(length: int, size: int) -> Range | None:
    if length == 0:
        raise RangeNotSatisfiable("A range of no bytes was asked for.", size)
    # No Content-Range can say which part of nothing is sent.
    return Range(max(0, size - length), min(length, size)) if size else None


def print_content_range(part: Range, size: int) -> str:
    """
    Write a C{Content-Range} header.

    @param size: how many bytes the whole has.
    """
    return f"bytes {part.offset}-{part.last}/{size}"


def parse_content_range(header: str) -> tuple[Range, int | None] | None:
    """
    Read a C{Content-Range} header.

    @return: which part was sent, and how many bytes the whole has, which may
        be L{None} for unknown; or just L{None} if the header makes no sense.
    """
    match = _CONTENT_RANGE.fullmatch(header.strip(" \t"))
    if match is None:
        return None
    first, last = int(match[1]), int(match[2])
    size = None if match[3] == "*" else int(match[3])
    if last < first or (size is not None and last >= size):
        return None
    return Range(first, last - first + 1), size
