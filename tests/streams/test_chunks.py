"""
Tests for L{glance.streams.chunks}.
"""

import mmap

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from glance.streams.blocks import BLOCK
from glance.streams.chunks import (
    FEW,
    LINE,
    TRAILER,
    ChunkDecoder,
    CountedFraming,
    MalformedChunks,
)


class Decoded:
    """
    A decoder, and what it said.
    """

    def __init__(self):
        self.pieces = []
        self.rest = None
        self.decoder = ChunkDecoder(self.pieces.append, self._finished)

    def _finished(self, rest):
        assert self.rest is None, "it finished twice"
        self.rest = rest

    @property
    def data(self):
        """
        All that was in the chunks.
        """
        return b"".join(self.pieces)

    def feed(self, data, cuts=()):
        """
        Give it data, in pieces.
        """
        places = sorted({0, len(data), *(c for c in cuts if c < len(data))})
        for start, end in zip(places, places[1:]):  # noqa: B905, RUF007
            if self.rest is not None:
                self.rest += data[start:end]
            else:
                self.take(data[start:end])
        return self

    def take(self, data):
        """
        Give it a piece.
        """
        self.decoder.dataReceived(data)


class DecodedInPlace(Decoded):
    """
    A decoder that finds in memory what it is given: each piece, or every second
    one.
    """

    def __init__(self, mixed=False):
        super().__init__()
        self._mixed = mixed
        self._memory = mmap.mmap(-1, 1 << 20)
        self._taken = 0

    def take(self, data):
        self._taken += 1
        if self._mixed and self._taken % 2:
            super().take(data)
            return
        data = self.decoder.held + data
        at, end = 7, 7 + len(data)
        self._memory[at:end] = data
        start, stop, rest = self.decoder.compact(self._memory, at, end)
        self.pieces.append(self._memory[start:stop])
        self.decoder.finish(self._memory[rest:end])


KINDS = (Decoded, DecodedInPlace, lambda: DecodedInPlace(mixed=True))
"""The ways in which a decoder is given data."""


CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
EXTENSIONS = st.sampled_from([b"", b";a=b", b" ;a", b';a="b c"'])
TRAILERS = st.sampled_from([b"", b"A: b\r\n", b"A: b\r\nC: d\r\n"])


class DecoderTests(SynchronousTestCase):
    """
    L{ChunkDecoder} takes chunks apart.
    """

    @given(
        CHUNKS,
        EXTENSIONS,
        TRAILERS,
        st.binary(max_size=5),
        st.lists(st.integers(1, 400)),
    )
    def test_any_splitting(self, chunks, extension, trailer, rest, cuts):
        """
        However chunks come, what was in them goes on, and what follows them is
        given back.
        """
        wire = b"".join(
            b"%X%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks
        )
        wire += b"000%b\r\n%b\r\n%b" % (extension, trailer, rest)
        for kind in KINDS:
            decoded = kind().feed(wire, cuts)
            self.assertEqual(decoded.data, b"".join(chunks))
            self.assertEqual(decoded.rest, rest)

    def test_one_piece(self):
        """
        What comes together goes on together.
        """
        decoded = Decoded().feed(b"1\r\na\r\n2\r\nbc\r\n3\r\nd")
        self.assertEqual((decoded.pieces, decoded.rest), ([b"abcd"], None))

    def test_malformed(self):
        """
        What makes no sense is refused, wherever it is cut.
        """
        for wire in (
            b"\r\n",
            b"x\r\n",
            b"-1\r\n",
            b"+1\r\na\r\n",
            b"0x1\r\na\r\n",
            b" 1\r\na\r\n",
            b"1_0\r\n",
            b"1\na\r\n",
            b"1\ra\r\n",
            b"1;a\nb\r\na\r\n",
            b"1;a\x00\r\na\r\n",
            b"1 a\r\na\r\n",
            b"\xd9\xa1\r\na\r\n",
            b"1\r\nab\r\n",
            b"1\r\na\r\r\n",
            b"1\r\na\n",
            b"1" * 16 + b"\r\n",
            b"1;" + b"a" * LINE + b"\r\n",
            b"1;" + b"a" * LINE * 2,
            b"0\r\nA\nb\r\n\r\n",
            b"0\r\nA\rb\r\n\r\n",
            b"0\r\n" + b"A: b\r\n" * TRAILER,
            b"0\r\n" + b"A" * (TRAILER + 10),
        ):
            for cuts in ((), range(1, min(len(wire), 50))):
                for kind in KINDS:
                    with self.subTest(wire[:40], cuts=len(cuts)):
                        self.assertRaises(MalformedChunks, kind().feed, wire, cuts)

    def test_wanted(self):
        """
        Less is wanted at once while it isn't known that chunks aren't tiny, and
        as long as they are.
        """
        decoded = Decoded()
        wanted = [decoded.decoder.wanted]
        for chunk in (b"400\r\n" + b"a" * 1024 + b"\r\n", b"1\r\na\r\n" * 2000):
            decoded.feed(chunk)
            wanted.append(decoded.decoder.wanted)
        self.assertEqual(wanted, [FEW, BLOCK, FEW])

    def test_nothing_held(self):
        """
        It holds no more than a line.
        """
        decoded = Decoded()
        decoded.feed(b"100000\r\n")
        for _ in range(16):
            decoded.feed(b"a" * (1 << 16))
            self.assertEqual(decoded.decoder.held, b"")


class CountedTests(SynchronousTestCase):
    """
    L{CountedFraming} takes as many bytes as were announced.
    """

    @given(
        st.binary(min_size=1, max_size=40),
        st.binary(max_size=5),
        st.lists(st.integers(1, 50)),
    )
    def test_any_splitting(self, data, rest, cuts):
        """
        However they come, they go on, and what follows them is given back.
        """
        for kind in KINDS:
            decoded = kind()
            decoded.decoder = CountedFraming(
                len(data), decoded.pieces.append, decoded._finished
            )
            decoded.feed(data + rest, cuts)
            self.assertEqual(decoded.data, data)
            self.assertEqual(decoded.rest, rest)

    def test_wanted(self):
        """
        It wants no more than what is left.
        """
        framing = CountedFraming(5, lambda data: None, lambda rest: None)
        framing.dataReceived(b"123")
        self.assertEqual(framing.wanted, 2)
