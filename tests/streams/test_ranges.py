"""
Tests for L{glance.streams.ranges}.
"""

from hypothesis import given
from hypothesis.strategies import integers, sampled_from, text
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import RangeNotSatisfiable
from glance.streams.ranges import (
    Range,
    parse_content_range,
    parse_range,
    print_content_range,
)

SIZE = 10
DATA = bytes(range(100))
NUMBERS = integers(0, 150)


class ParseRangeTests(SynchronousTestCase):
    """
    L{parse_range} understands one range, as RFC 9110 has it.
    """

    def check(self, header, offset, length):
        """
        Assert that a header asks for that part.
        """
        self.assertEqual(parse_range(header, SIZE), Range(offset, length))

    def test_first_and_last(self):
        """
        Both ends of a range are part of it.
        """
        self.check("bytes=0-4", 0, 5)
        self.check("bytes=4-4", 4, 1)

    def test_whole(self):
        """
        A range may be all there is.
        """
        self.check("bytes=0-9", 0, 10)

    def test_from(self):
        """
        A range without an end goes to the end.
        """
        self.check("bytes=2-", 2, 8)

    def test_last_bytes(self):
        """
        A range without a start is that many bytes at the end.
        """
        self.check("bytes=-3", 7, 3)
        self.check("bytes=-100", 0, 10)

    def test_beyond(self):
        """
        A range that ends beyond the data ends with it.
        """
        self.check("bytes=4-100", 4, 6)
        self.check("bytes=0-" + "9" * 900, 0, 10)

    def test_written_oddly(self):
        """
        The unit's case, spaces and empty pieces don't matter.
        """
        self.check("Bytes= 0-4 ,", 0, 5)

    def test_unsatisfiable(self):
        """
        A range that starts beyond the data, or has no bytes, cannot be had,
        and the error says how many there are.
        """
        for header in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=9999-"]:
            error = self.assertRaises(RangeNotSatisfiable, parse_range, header, SIZE)
            self.assertEqual(error.size, SIZE)

    def test_nonsense(self):
        """
        A header that makes no sense is ignored.
        """
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-4",
            "bytes=a-b",
            "bytes=1-2-3",
            "bytes=+1-2",
            "bytes=1 - 2",
            "bytes=\u0661-\u0662",
            "bytes=" + "9" * 5000 + "-",
            "octets=1-2",
            "0-4",
        ]:
            self.assertIsNone(parse_range(header, SIZE), header)

    def test_several(self):
        """
        A header that asks for several ranges is ignored.
        """
        self.assertIsNone(parse_range("bytes=0-1,3-4", SIZE))

    def test_nothing(self):
        """
        Of no data no part can be had; its end is all of it.
        """
        self.assertRaises(RangeNotSatisfiable, parse_range, "bytes=0-", 0)
        self.assertIsNone(parse_range("bytes=-5", 0))

    @given(NUMBERS, NUMBERS, integers(0, 100))
    def test_slices(self, first, last, size):
        """
        A range is the slice of the data that it says.
        """
        data = DATA[:size]
        try:
            part = parse_range(f"bytes={first}-{last}", size)
        except RangeNotSatisfiable:
            self.assertGreaterEqual(first, size)
            return
        if last < first:
            self.assertIsNone(part)
        else:
            cut = data[part.offset : part.offset + part.length]
            self.assertEqual(cut, data[first : last + 1])
            self.assertEqual(len(cut), part.length)

    @given(text(), integers(0, 100))
    def test_anything(self, header, size):
        """
        Whatever the header, the part is within the data, or there is none.
        """
        for prefix in ("", "bytes="):
            try:
                part = parse_range(prefix + header, size)
            except RangeNotSatisfiable:
                continue
            if part is not None:
                self.assertGreaterEqual(part.offset, 0)
                self.assertGreater(part.length, 0)
                self.assertLess(part.last, size)


class ContentRangeTests(SynchronousTestCase):
    """
    L{print_content_range} and L{parse_content_range} are inverse.
    """

    def test_print(self):
        """
        Both ends and the size are written.
        """
        self.assertEqual(print_content_range(Range(7, 3), 10), "bytes 7-9/10")

    def test_unknown_size(self):
        """
        The size of the whole may be unknown.
        """
        self.assertEqual(parse_content_range("bytes 0-4/*"), (Range(0, 5), None))

    def test_nonsense(self):
        """
        A header that makes no sense, or says what cannot be, is none.
        """
        for header in [
            "",
            "bytes */10",
            "bytes 4-3/10",
            "bytes 0-10/10",
            "octets 0-4/10",
            "bytes 0-4",
        ]:
            self.assertIsNone(parse_content_range(header), header)

    @given(NUMBERS, integers(1, 150), NUMBERS, sampled_from(["bytes", "BYTES"]))
    def test_round_trip(self, offset, length, rest, unit):
        """
        What is written is read again.
        """
        part, size = Range(offset, length), offset + length + rest
        header = print_content_range(part, size).replace("bytes", unit)
        self.assertEqual(parse_content_range(header), (part, size))
