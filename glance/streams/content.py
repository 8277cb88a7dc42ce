"""
Formats of disks, as they are recognized in data.

What reads the formats is L{oslo_utils.imageutils.format_inspector}.  It is
imported with the first data, for that takes a while, and is given blocks that
do not depend on how the data came: what it finds would.  What it doesn't look
for is looked for here.
"""

from __future__ import annotations

import logging
import re
import struct
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.logger import Logger

from glance.errors import GlanceError, UnsafeContent
from glance.limits import Limits

BLOCK = 1 << 16
"""
How many bytes are looked at together.  The first of these blocks shows the
format, whichever it is.
"""

SECTOR = 512

LARGEST = (1 << 63) - 1
"""The most bytes that a disk can have."""

COUNTED = frozenset({"gpt", "luks", "raw"})
"""The formats that are as large as there is data."""

RECOGNIZED = COUNTED | {"qcow2", "vhd", "vhdx", "vmdk", "vdi", "iso", "qed"}
"""The formats that data can be found to have."""

_FAULTS = {
    "backing_file": "it is based on another file",
    "banned": "nobody looks after that format any more",
    "data_file": "its data is in another file",
    "descriptor": "its descriptor names other files, or is of a kind unknown here",
    "footer": "its end contradicts its beginning",
    "mbr": "its partition table is not valid",
    "unknown_features": "it has features that are unknown here",
    "version": "its version is unknown here",
}
"""
What it means when a check of the library fails, by the name of the check.
"""

# Neither of these goes back to try again: data of strangers chooses how often.
_VERSION = re.compile(
    rb"(?:[ \t]*+(?:#[^\n]*+|\r)?\n)*+version=[123][ \t]*+\r?\n", re.IGNORECASE
)
"""
How data begins that QEMU takes for the descriptor of a VMDK: after comments, which
hold any bytes.
"""

_CREATE_TYPE = re.compile(rb"^[ \t]*+createtype[ \t]*+=", re.IGNORECASE | re.MULTILINE)
"""
What else a text has that is one.
"""

_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]*")

_PARENT = slice(SECTOR, 21 * SECTOR)
"""
Where a VMDK's descriptor is, as QEMU reads it, whatever the header says.
"""

_PARAMETERS = uuid.UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b").bytes_le
"""
What the item of a VHDX is called that tells whether it has a parent.
"""

_log = Logger()


def unsafe(name: str, fault: str) -> UnsafeContent:
    """
    Get the error to raise for data that could do harm.

    @param name: the format that the data seems to have.
    @param fault: what is wrong with it.
    """
    return UnsafeContent(
        f"The data seems to be {name}, and is not safe: {fault}. Convert it into an "
        "image that stands alone, for instance with qemu-img convert, and send that."
    )


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """
    Take whatever goes wrong for the fault of the data.
    """
    try:
        yield
    except (GlanceError, ImportError):
        # A library that isn't there is no fault of the data.
        raise
    except Exception as error:
        _log.warn(
            "Data that seems to be {name} cannot be read: {error!r}",
            name=name,
            error=error,
        )
        raise unsafe(name, "it cannot be understood") from error


def _library() -> Any:
    from oslo_utils.imageutils import format_inspector

    # It logs what it has read, however much that is.
    logging.getLogger(format_inspector.__name__).disabled = True
    return format_inspector


def _look_for_vmdk(head: bytes) -> bool:
    """
    Tell whether data is a VMDK that can be looked into.

    @raise UnsafeContent: it is one that cannot: a text that says which files a
        disk consists of, one of the first kind, which can have a parent too,
        or one with a descriptor that is not in the first block.
    """
    text = _TEXT.match(head)
    if _VERSION.match(head) or (text and _CREATE_TYPE.search(text.group())):
        raise unsafe("vmdk", _FAULTS["descriptor"])
    if head.startswith(b"COWD"):
        raise unsafe("vmdk", _FAULTS["version"])
    if not head.startswith(b"KDMV"):
        return False
    if int.from_bytes(head[36:44], "little") >= BLOCK // SECTOR:
        raise unsafe("vmdk", "its descriptor is larger than any")
    if not any(head[12:20]):
        # QEMU then goes by the descriptor, and reads more of that than others.
        raise unsafe("vmdk", "it says that it has no size")
    return True


def recognize(head: bytes) -> Content:
    """
    Find out what data is.

    @param head: its first L{BLOCK} bytes, or all if there are fewer.

    @raise UnsafeContent: it cannot be told, or isn't safe as is seen already.
    """
    vmdk = _look_for_vmdk(head)
    found = {}
    for name in RECOGNIZED - {"raw"} if vmdk else RECOGNIZED - {"raw", "vmdk"}:
        with _reading(name):
            inspector = _library().get_inspector(name)()
            inspector.eat_chunk(head)
            if inspector.format_match:
                found[name] = inspector
    if found.keys() == {"gpt", "iso"}:
        # A disc that can be written to a stick has both, and is a disc.
        del found["gpt"]
    if len(found) > 1:
        raise unsafe(" and ".join(sorted(found)), "it is of several formats at once")
    for name, inspector in found.items():
        return Content(name, inspector, head)
    return Content("raw", None, head)


class Content:
    """
    Data of which the format is known.

    All methods may block.
    """

    def __init__(self, name: str, inspector: Any, head: bytes) -> None:
        """
        @param name: one of L{RECOGNIZED}.
        @param inspector: the library's, which has got C{head}; L{None} for what
            is raw.
        """
        self.name = name
        self._inspector = inspector
        self._head = head
        self._parameters: Any = None
        """Where the library keeps those of a VHDX; L{None} if it doesn't yet."""

    @property
    def whole(self) -> bool:
        """
        Whether L{check} can be made.
        """
        if self._inspector is None:
            return True
        with _reading(self.name):
            return bool(self._inspector.complete) and self._has_parameters

    @property
    def lacks_only_end(self) -> bool:
        """
        Whether, of all data to come, only the last bytes are to be fed.
        """
        return self.name == "vmdk"

    def feed(self, block: bytes) -> None:
        """
        Give more of the data.

        @raise UnsafeContent: it makes no sense.
        """
        with _reading(self.name):
            self._inspector.eat_chunk(block)
            if self.name == "vhdx":
                self._look_for_parameters(block)

    @property
    def _has_parameters(self) -> bool:
        if self.name != "vhdx":
            return True
        return self._parameters is not None and bool(self._parameters.complete)

    def _look_for_parameters(self, block: bytes) -> None:
        """
        Keep the parameters of a VHDX, once it is known where they are.
        """
        inspector = self._inspector
        if self._parameters is None and inspector.has_region("vds"):
            metadata = inspector.region("metadata")
            for at in range(32, len(metadata.data), 32):
                if metadata.data[at : at + 16] == _PARAMETERS:
                    (offset,) = struct.unpack_from("<I", metadata.data, at + 16)
                    region = _library().CaptureRegion(metadata.offset + offset, 8)
                    self._parameters = region
                    break
        if self._parameters is not None and not self._parameters.complete:
            self._parameters.capture(block, inspector.actual_size)

    def end(self) -> None:
        """
        Say that there is no more.
        """
        if self._inspector is not None:
            self._inspector.finish()

    def check(self, limits: Limits) -> None:
        """
        See that the data is safe.

        @raise UnsafeContent: it isn't.
        """
        if self._inspector is None:
            return
        library = _library()
        with _reading(self.name):
            try:
                self._inspector.safety_check()
            except library.SafetyCheckFailed as error:
                self._fail(sorted(error.failures), limits)
            self._check_more(limits)
            if self._inspector.virtual_size > LARGEST:
                raise unsafe(self.name, "it says that it is larger than any disk")

    def _fail(self, checks: list[str], limits: Limits) -> None:
        if checks == ["mbr"] and limits.gpt_faults_pass:
            return
        faults = [_FAULTS.get(name, f"it fails the check {name}") for name in checks]
        raise unsafe(self.name, ", and ".join(faults))

    def _check_more(self, limits: Limits) -> None:
        """
        Check what the library does not.
        """
        if self.name == "vmdk":
            allowed = {name.lower() for name in limits.vmdk_types}
            if self._inspector.vmdktype not in allowed:
                raise unsafe("vmdk", "VMDKs of its create type are not taken here")
            descriptor = self._head[_PARENT].lower()
            if descriptor.count(b"createtype") != 1:
                raise unsafe("vmdk", "its descriptor doesn't say once what it is")
            if b"parentfilenamehint" in descriptor:
                raise unsafe("vmdk", _FAULTS["backing_file"])
        if self.name == "vhd" and self._head[60:64] == b"\0\0\0\4":
            raise unsafe("vhd", _FAULTS["backing_file"])
        if self.name == "vhdx":
            if not self._has_parameters:
                raise unsafe("vhdx", "it does not say whether it stands alone")
            if self._parameters.data[4] & 2:
                raise unsafe("vhdx", _FAULTS["backing_file"])

    def virtual_size(self, size: int) -> int | None:
        """
        Get how large the disk is: its bytes, or L{None} if it doesn't say.

        @param size: how many bytes of data there are.
        """
        if self._inspector is None:
            return size or None
        with _reading(self.name):
            virtual: int = self._inspector.virtual_size
            if self.name in COUNTED:
                virtual += size - self._inspector.actual_size
        return virtual if 0 < virtual <= LARGEST else None


def fixed_vhd_size(size: int, end: bytes) -> int | None:
    """
    Get how large the disk is of a VHD that begins with its data, and so is
    known by its end only.

    @param size: how many bytes of data there are.
    @param end: the last of them.

    @return: bytes; L{None} if the data isn't such a VHD.
    """
    footer = end[-SECTOR:]
    if len(footer) < SECTOR or not footer.startswith(b"conectix"):
        return None
    virtual, kind = struct.unpack_from(">Q4xI", footer, 48)
    return virtual if kind == 2 and 0 < virtual <= size - SECTOR else None
