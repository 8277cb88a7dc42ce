"""
Whether data is what an image claims, and safe.
"""

from __future__ import annotations

from collections.abc import Sequence

from glance.errors import FormatMismatch
from glance.limits import Limits
from glance.streams.content import (
    BLOCK,
    RECOGNIZED,
    Content,
    fixed_vhd_size,
    recognize,
)
from glance.streams.strands import Buffer

TAIL = 1 << 12
"""How many of the last bytes are enough to judge the end."""


class Inspection:
    """
    Looks into data as it passes.

    It holds no more than a block of the data, and stops when it has seen
    enough.  Data of no bytes is taken for any format.
    """

    def __init__(self, disk_format: str | None, limits: Limits) -> None:
        """
        @param disk_format: the format that the data should have; L{None} if
            nothing was said, and any will do.
        @param limits: which data is taken.
        """
        self._claimed = disk_format
        self._limits = limits
        self._pending = bytearray()
        self._fed = 0
        self._content: Content | None = None
        self._checked = self._enough = False
        self.virtual_size: int | None = None
        """
        How many bytes the disk has, once all is L{finished<finish>}; L{None}
        if that isn't known.
        """

    @property
    def found(self) -> str | None:
        """
        The format that the data has; L{None} as long as that isn't known.
        """
        return None if self._content is None else self._content.name

    def update(self, pieces: Sequence[Buffer]) -> bool:
        """
        Take in more data.  Blocks.

        @return: whether that was enough, but for the last L{TAIL} bytes.

        @raise FormatMismatch: the data is not what was claimed.
        @raise UnsafeContent: it could do harm.
        """
        for piece in pieces:
            if self._enough:
                break
            self._pending += piece
            while len(self._pending) >= BLOCK and not self._enough:
                self._take(BLOCK)
        if self._enough:
            self._pending.clear()
        return self._enough

    def finish(self, size: int, end: bytes) -> None:
        """
        Take note that this was all of the data.  Blocks.

        @param size: how many bytes there are in all.
        @param end: the last L{TAIL} of them, or all if there are fewer.

        @raise FormatMismatch: the data is not what was claimed.
        @raise UnsafeContent: it could do harm.
        """
        if size == 0:
            return
        if self._pending:
            self._take(len(self._pending))
        content = self._content
        assert content is not None
        if not self._checked and self._fed < size:
            content.feed(end[-(size - self._fed) :])
        content.end()
        if not self._checked:
            content.check(self._limits)
        self.virtual_size = self._measure(content, size, end)

    def _take(self, count: int) -> None:
        """
        Look at the next block.
        """
        block = bytes(self._pending[:count])
        del self._pending[:count]
        self._fed += count
        if self._content is None:
            self._content = recognize(block)
            if self._differs(self._content) and not self._may_be_fixed_vhd:
                raise self._mismatch(self._content)
        else:
            self._content.feed(block)
        if self._content.whole:
            self._content.check(self._limits)
            self._checked = self._enough = True
        elif self._content.lacks_only_end:
            self._enough = True

    def _differs(self, content: Content) -> bool:
        if not self._limits.require_format_match:
            return False
        if content.name == "raw":
            return self._claimed is not None and self._claimed in RECOGNIZED - {"raw"}
        return self._claimed not in (None, "raw", content.name)

    @property
    def _may_be_fixed_vhd(self) -> bool:
        return self._claimed == "vhd" and self.found in ("raw", "gpt")

    def _mismatch(self, content: Content) -> FormatMismatch:
        found = content.name
        cure = found if found in self._limits.disk_formats else "raw"
        what = "of no format that is known" if found == "raw" else found
        return FormatMismatch(
            f"The data is {what}, but the disk_format of the image is "
            f"{self._claimed}: say {cure}, or send other data."
        )

    def _measure(self, content: Content, size: int, end: bytes) -> int | None:
        if self._claimed == "raw":
            return size
        if self._may_be_fixed_vhd:
            virtual = fixed_vhd_size(size, end)
            if virtual is None and self._differs(content):
                raise self._mismatch(content)
            return virtual
        if content.name == "raw" and self._claimed is not None:
            # It is in a format that cannot be looked into.
            return None
        return content.virtual_size(size)
