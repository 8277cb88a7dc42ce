"""
Tests for L{glance.streams.inspection}.
"""

from __future__ import annotations

import logging
import tracemalloc
from itertools import pairwise

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import ContentRefused, FormatMismatch, UnsafeContent
from glance.limits import Limits
from glance.streams.content import BLOCK, LARGEST
from glance.streams.inspection import TAIL, Inspection
from tests import disks
from tests.disks import SIZE

LIMITS = Limits()
LAX = Limits(require_format_match=False)

GOOD = {
    "qcow2": ("qcow2", disks.qcow2(), SIZE),
    "qcow2 of old": ("qcow2", disks.qcow2(version=2), SIZE),
    "vdi": ("vdi", disks.vdi(), SIZE),
    "vhd": ("vhd", disks.vhd(), SIZE),
    "fixed vhd": ("vhd", disks.fixed_vhd(bytes(1 << 17)), 1 << 17),
    "fixed vhd with partitions": ("vhd", disks.fixed_vhd(disks.partitioned()), 1 << 17),
    "tiny fixed vhd": ("vhd", disks.fixed_vhd(bytes(512)), 512),
    "vhdx": ("vhdx", disks.vhdx(), SIZE),
    "vhdx with metadata early": ("vhdx", disks.vhdx(at=1 << 18), SIZE),
    "vmdk": ("vmdk", disks.vmdk(), SIZE),
    "vmdk to a pipe": ("vmdk", disks.stream_vmdk(), SIZE),
    "short vmdk to a pipe": ("vmdk", disks.stream_vmdk(grains=512), SIZE),
    "iso": ("iso", disks.iso(100), 204_800),
    "iso with partitions": ("iso", disks.iso(100, disks.partitioned(512)), 204_800),
    "gpt": ("gpt", disks.partitioned(), 1 << 17),
    "luks": ("luks", disks.luks(), (1 << 17) - 8 * 512),
    "zeroes": ("raw", bytes(1 << 17), 1 << 17),
    "one byte": ("raw", b"x", 1),
    "text": ("raw", b"some text\n" * 9000, 90_000),
    "a script": ("raw", b"#!/bin/sh\n" * 100 + b"\xff" * 90_000, 91_000),
    "something unknown": ("ploop", b"WithoutFreeSpace" * 5000, None),
}
"""
What is taken: its format, and how large the disk is.
"""


def _wide(sectors):
    """
    Get a VMDK with a descriptor of a size.
    """
    data = bytearray(disks.vmdk())
    data[36:44] = sectors.to_bytes(8, "little")
    return bytes(data)


UNSAFE = {
    "backing file": disks.qcow2(backing=512),
    "backing file, of old": disks.qcow2(version=2, backing=512),
    "data file": disks.qcow2(features=4),
    "unknown feature": disks.qcow2(features=1 << 63),
    "unknown version": disks.qcow2(version=9),
    "first version": disks.qcow2(version=1),
    "larger than any": disks.qcow2(size=LARGEST + 1),
    "qed": disks.qed(),
    "vdi larger than any": disks.vdi((1 << 64) - 1),
    "differencing vhd": disks.vhd(kind=4),
    "vhd cut": b"conectix".ljust(100, b"\0"),
    "vhdx with a parent": disks.vhdx(parent=True),
    "vhdx with an early parent": disks.vhdx(at=1 << 18, parent=True),
    "vhdx of unknown parents": disks.vhdx(parameters=bytes(16)),
    "vhdx of nothing": b"vhdxfile".ljust(1 << 19, b"\0"),
    "vhdx cut": disks.vhdx()[:-200_000],
    "vhdx with metadata nowhere": disks.vhdx()[:-131_072] + bytes(131_072),
    "descriptor": disks.descriptor("monolithicFlat", 'RW 1 FLAT "/etc/passwd" 0'),
    "descriptor of one file": disks.descriptor(),
    "descriptor after comments": b"#\n" * 9000 + b"\r\nversion=3 \r\n",
    "descriptor without a version": b"#\n CreateType = vmfs\n".ljust(9000),
    "flat vmdk": disks.vmdk(text=disks.descriptor("monolithicFlat")),
    "vmdk with a path": disks.vmdk(
        text=disks.descriptor(extent='RW 1 SPARSE "/etc/passwd" 0')
    ),
    "vmdk with a parent": disks.vmdk(
        text=disks.descriptor(more='parentFileNameHint="/etc/passwd"')
    ),
    "vmdk with a parent behind": disks.vmdk(
        text=disks.descriptor() + b'\0\nparentFileNameHint="/etc/passwd"'
    ),
    "descriptor after bytes": b"#\xff\0\nversion=1\n".ljust(9000, b"\n"),
    "vmdk of no size": disks.vmdk(0),
    "vmdk of two types": disks.vmdk(
        text=disks.descriptor(more='CREATETYPE="monolithicSparse"')
    ),
    "vmdk without a type": disks.vmdk(text=b"version=1\n"),
    "vmdk of no version": disks.vmdk(version=7),
    "vmdk cut": disks.vmdk()[:2000],
    "vmdk with much to say": _wide(128),
    "vmdk with everything to say": _wide(1 << 54),
    "vmdk with another end": disks.stream_vmdk(version=3),
    "vmdk to a pipe, cut": disks.stream_vmdk()[:-512],
    "vmdk to a pipe, cut early": disks.stream_vmdk()[:12_000],
    "vmdk of old": b"COWD".ljust(9000, b"\0"),
    "no partitions": disks.partitioned(kind=0),
    "no such partition": disks.partitioned(boot=7),
    "luks 2": disks.luks(2),
    "qcow2 and iso": disks.iso(begin=disks.qcow2()[:512]),
    "descriptor and iso": disks.iso(begin=disks.descriptor()),
    "luks and partitions": disks.luks()[:300] + disks.partitioned()[300:],
}
"""
What is never taken.
"""

SEEDS = [data for _, data, _ in GOOD.values()] + list(UNSAFE.values())


def inspect(data, disk_format=None, limits=LIMITS, size=1 << 16):
    """
    Have data inspected, in pieces of a size.

    @return: the inspection, finished.
    """
    return inspect_pieces(
        [data[at : at + size] for at in range(0, len(data), size)], disk_format, limits
    )


def inspect_pieces(pieces, disk_format=None, limits=LIMITS):
    """
    Have data inspected as it comes.
    """
    inspection = Inspection(disk_format, limits)
    for piece in pieces:
        inspection.update([piece])
    data = b"".join(pieces)
    inspection.finish(len(data), data[-TAIL:])
    return inspection


def verdict(pieces, disk_format, limits=LIMITS):
    """
    Get what comes of data.
    """
    try:
        inspection = inspect_pieces(pieces, disk_format, limits)
    except ContentRefused as error:
        return type(error), str(error)
    return inspection.found, inspection.virtual_size


def cut(data, places):
    """
    Cut data in pieces.
    """
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(bounds)]


class FormatTests(SynchronousTestCase):
    """
    Data that is what it claims is taken.
    """

    def test_claimed(self):
        """
        Data of each format is taken for an image of that format, and says how
        large the disk is.
        """
        for name, (disk_format, data, virtual_size) in GOOD.items():
            inspection = inspect(data, disk_format)
            self.assertEqual(inspection.virtual_size, virtual_size, name)

    def test_unclaimed(self):
        """
        It is also taken where no format was said.
        """
        for name, (_, data, _) in GOOD.items():
            self.assertIsNotNone(inspect(data).found, name)
        self.assertEqual(inspect(disks.qcow2()).virtual_size, SIZE)
        self.assertEqual(inspect(bytes(1000)).virtual_size, 1000)

    def test_raw(self):
        """
        Any of it is taken as raw, and is then as large as it is.
        """
        for name, (_, data, _) in GOOD.items():
            self.assertEqual(inspect(data, "raw").virtual_size, len(data), name)

    def test_unknown(self):
        """
        A format that cannot be looked into is believed, unless the data is of
        one that can.
        """
        for disk_format in ("ploop", "aki", "vendor"):
            self.assertIsNone(inspect(bytes(9000), disk_format).virtual_size)
            self.assertRaises(FormatMismatch, inspect, disks.qcow2(), disk_format)

    def test_empty(self):
        """
        No data at all is taken for any format, and has no size.
        """
        for disk_format in (None, "raw", "qcow2", "vmdk", "ploop"):
            self.assertIsNone(inspect(b"", disk_format).virtual_size)

    def test_silly_size(self):
        """
        A disk that doesn't say how large it is, is of no known size.
        """
        self.assertIsNone(inspect(disks.qcow2(0), "qcow2").virtual_size)
        self.assertIsNone(inspect(disks.luks(payload=1 << 20), "luks").virtual_size)


class MismatchTests(SynchronousTestCase):
    """
    Data that isn't what it claims is refused.
    """

    def test_other(self):
        """
        Data of one format isn't taken for another.
        """
        for name, (disk_format, data, _) in GOOD.items():
            for other in ("qcow2", "vmdk", "vhdx", "vdi", "iso", "luks", "qed"):
                if disk_format not in (other, "ploop"):
                    error = self.assertRaises(FormatMismatch, inspect, data, other)
                    self.assertIn(f"the image is {other}: say ", str(error), name)

    def test_cure(self):
        """
        The error names the format to say, one that images may have.
        """
        for data, cure in (
            (disks.qcow2(), "say qcow2,"),
            (disks.partitioned(), "say raw,"),
            (bytes(9000), "say raw,"),
        ):
            error = self.assertRaises(FormatMismatch, inspect, data, "vdi")
            self.assertIn(cure, str(error))
        limits = Limits(disk_formats=("raw", "gpt", "vdi"))
        error = self.assertRaises(
            FormatMismatch, inspect, disks.partitioned(), "vdi", limits
        )
        self.assertIn("say gpt,", str(error))

    def test_not_required(self):
        """
        It is taken if the operator says so.
        """
        for name, (_, data, _) in GOOD.items():
            for other in ("qcow2", "vhd", "ploop"):
                self.assertIsNotNone(inspect(data, other, LAX).found, name)
        self.assertEqual(inspect(disks.qcow2(), "vdi", LAX).virtual_size, SIZE)
        self.assertIsNone(inspect(bytes(9000), "vdi", LAX).virtual_size)
        self.assertIsNone(inspect(bytes(9000), "vhd", LAX).virtual_size)

    def test_no_fixed_vhd(self):
        """
        Raw data is no VHD unless it ends as one, of no more than there is.
        """
        data = bytes(1 << 17)
        for wrong in (
            data,
            disks.partitioned(),
            disks.fixed_vhd(data, 1 << 62),
            disks.fixed_vhd(data, 0),
            data + disks.vhd(1 << 16)[:512],
            disks.fixed_vhd(data)[:-1],
            b"conectix",
            bytes(100),
        ):
            self.assertRaises(ContentRefused, inspect, wrong, "vhd")


class SafetyTests(SynchronousTestCase):
    """
    Data that could do harm is refused.
    """

    def test_unsafe(self):
        """
        It is refused whatever it claims to be, also where it may be what it
        likes.
        """
        for name, data in UNSAFE.items():
            for claimed in (None, "raw", "qcow2", "vmdk", "vhd", "ploop"):
                with self.subTest(name, claimed=claimed):
                    self.assertRaises(UnsafeContent, inspect, data, claimed, LAX)

    def test_required(self):
        """
        As raw, or with nothing said, it is refused for being unsafe.
        """
        for name, data in UNSAFE.items():
            with self.subTest(name):
                for claimed in (None, "raw"):
                    self.assertRaises(UnsafeContent, inspect, data, claimed)

    def test_says_why(self):
        """
        The error says what is wrong, and what to do.
        """
        for name, fault in (
            ("backing file", "it is based on another file"),
            ("data file", "its data is in another file"),
            ("vmdk with a parent behind", "it is based on another file"),
            ("vmdk with another end", "its end contradicts its beginning"),
            ("vhdx of unknown parents", "it does not say whether it stands alone"),
            ("no partitions", "its partition table is not valid"),
            ("luks 2", "its version is unknown here"),
            ("qcow2 and iso", "iso and qcow2, and is not safe: it is of several"),
        ):
            error = self.assertRaises(UnsafeContent, inspect, UNSAFE[name])
            self.assertIn(fault, str(error))
            self.assertIn("qemu-img convert", str(error))

    def test_vmdk_types(self):
        """
        Of the two create types that are safe, the operator may allow one, or
        none.
        """
        sparse = evolve(LIMITS, vmdk_types=("MonolithicSparse",))
        inspect(disks.vmdk(), "vmdk", sparse)
        self.assertRaises(UnsafeContent, inspect, disks.stream_vmdk(), "vmdk", sparse)
        flat = evolve(LIMITS, vmdk_types=("monolithicFlat", "vmfs"))
        for data in (disks.vmdk(), UNSAFE["flat vmdk"]):
            self.assertRaises(UnsafeContent, inspect, data, "vmdk", flat)

    def test_partitions(self):
        """
        The operator may let invalid partition tables pass, and nothing else.
        """
        limits = evolve(LIMITS, gpt_faults_pass=True)
        for name, data in UNSAFE.items():
            if name in ("no partitions", "no such partition"):
                self.assertEqual(inspect(data, "raw", limits).found, "gpt")
            else:
                self.assertRaises(UnsafeContent, inspect, data, "raw", limits)

    def test_quiet(self):
        """
        What the data says doesn't get into the log.
        """
        with self.assertNoLogs("oslo_utils", logging.DEBUG):
            for data in UNSAFE.values():
                self.assertRaises(UnsafeContent, inspect, data)


class StreamTests(SynchronousTestCase):
    """
    It makes no difference how data comes, and little is kept of it.
    """

    @given(
        st.sampled_from(SEEDS),
        st.lists(st.integers(0, 1 << 20), max_size=8),
        st.sampled_from((None, "raw", "qcow2", "vmdk", "vhd", "vhdx")),
    )
    def test_any_pieces(self, data, places, disk_format):
        """
        However data is cut in pieces, the same comes of it.
        """
        whole = verdict([data], disk_format)
        self.assertEqual(verdict(cut(data, places), disk_format), whole)

    @given(
        st.sampled_from(SEEDS),
        st.lists(st.tuples(st.integers(0, 600), st.binary(max_size=9)), max_size=4),
        st.integers(0, 1 << 18),
    )
    def test_any_content(self, data, changes, size):
        """
        Whatever data there is, it is taken or refused, and nothing else.
        """
        changed = bytearray(data)
        for at, some in changes:
            changed[at : at + len(some)] = some
        for pieces in ([bytes(changed)], [bytes(changed[:size])]):
            for disk_format in (None, "vmdk"):
                verdict(pieces, disk_format, LAX)

    def test_early(self):
        """
        What is seen early is said early.
        """
        for data in (disks.qcow2(backing=512), disks.vmdk(version=7), bytes(1 << 17)):
            inspection = Inspection("qcow2", LIMITS)
            self.assertFalse(inspection.update([data[: BLOCK - 1]]))
            self.assertRaises(ContentRefused, inspection.update, [data[BLOCK - 1 :]])

    def test_enough(self):
        """
        Of data that is safe no more is wanted as soon as that is seen.
        """
        for disk_format, data in (
            ("raw", bytes(1 << 17)),
            ("qcow2", disks.qcow2()),
            ("vmdk", disks.vmdk()),
            ("vmdk", disks.stream_vmdk()),
            ("vhd", disks.fixed_vhd(bytes(1 << 17))),
        ):
            inspection = Inspection(disk_format, LIMITS)
            self.assertTrue(inspection.update([data[:BLOCK]]))
            self.assertTrue(inspection.update([data[BLOCK:]]))

    def test_many_lines(self):
        """
        However many lines there are that might be the beginning of something,
        a look at them comes to an end.
        """
        for line in (b"#\r\n", b"\n", b" \r\n", b"#", b" ", b"\t\n", b"createtype "):
            inspect(line * (BLOCK // len(line)) + b"x")

    def test_memory(self):
        """
        Whatever the data says, less than a mebibyte is kept.
        """
        far = bytearray(disks.vhdx())
        far[(192 << 10) + 32 : (192 << 10) + 40] = (1 << 50).to_bytes(8, "little")
        inspect(b"warm up")
        for data in (bytes(far), _wide(127), disks.stream_vmdk(), bytes(BLOCK)):
            inspection = Inspection(None, LIMITS)
            pieces = cut(data, range(0, len(data), 9999))
            tracemalloc.start()
            try:
                for piece in pieces:
                    inspection.update([piece])
                for _ in range(256):
                    inspection.update([b"\n" * BLOCK])
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            self.assertLess(peak, 1 << 20)
