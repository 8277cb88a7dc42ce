"""
Tests for L{glance.stores.writing}.
"""

import os
import tempfile
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from glance.stores.writing import BLOCK, EARLY, PIECES, FileWriter, solid
from glance.streams.bodies import BytesBody
from tests.bodies import ManualBody
from tests.stores.contract import KEY, StoreContract
from tests.stores.prepared import Prepared

SIZES = st.one_of(
    st.integers(1, 3 * BLOCK),
    st.sampled_from([1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 8 * BLOCK]),
)
RUNS = st.lists(st.tuples(st.booleans(), SIZES), max_size=8)
"""Data: whether each run of it is zeros, and how long it is."""
CUTS = st.lists(st.integers(0, 16 * BLOCK), max_size=20)
BATCHES = st.integers(1, 5)


def data_of(runs):
    """
    Make data.
    """
    return b"".join(bytes(n) if zero else b"\x01" * n for zero, n in runs)


def cut(data, places, batch):
    """
    Cut data into pieces, so many of which are written at once.
    """
    places = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    pieces = [data[a:b] for a, b in pairwise(places)]
    return [pieces[i : i + batch] for i in range(0, len(pieces), batch)]


def blocks(data):
    """
    Count the blocks that aren't all zeros.
    """
    starts = range(0, len(data), BLOCK)
    return sum(any(data[start : start + BLOCK]) for start in starts)


class WriterTests(SynchronousTestCase):
    """
    L{FileWriter} writes what it is given.
    """

    @contextmanager
    def file(self, *, thin):
        directory = Path(self.mktemp())
        directory.mkdir()
        with tempfile.TemporaryFile(dir=directory) as file:
            yield FileWriter(file.fileno(), thin=thin), file.fileno()

    def written(self, fd, size):
        """
        Get what a file holds, and how many bytes it takes.
        """
        os.ftruncate(fd, size)
        os.fsync(fd)
        return os.pread(fd, size + 1, 0), os.fstat(fd).st_blocks * 512

    @given(RUNS, CUTS, BATCHES)
    @settings(deadline=None, max_examples=60)
    def test_any_cuts(self, runs, places, batch):
        """
        However the data is cut, the file is the data, and blocks of zeros take no
        room where it is thin.
        """
        data = data_of(runs)
        for thin in (False, True):
            with self.file(thin=thin) as (writer, fd):
                for pieces in cut(data, places, batch):
                    writer.write(pieces)
                self.assertEqual(writer.size, len(data))
                content, room = self.written(fd, writer.size)
            # assertEqual would print it all.
            self.assertTrue(content == data)
            if thin:
                self.assertLessEqual(room, blocks(data) * BLOCK)

    def test_all_zeros(self):
        """
        A thin file of zeros takes no room, and is as long as they are.
        """
        with self.file(thin=True) as (writer, fd):
            for _ in range(40):
                writer.write([bytes(BLOCK - 1)])
            content, room = self.written(fd, writer.size)
        self.assertTrue(content == bytes(40 * (BLOCK - 1)))
        self.assertEqual(room, 0)

    def test_many_pieces(self):
        """
        There may be more pieces than the system takes at once.
        """
        pieces = [bytes([i % 256]) for i in range(2 * PIECES + 1)]
        for thin in (False, True):
            with self.file(thin=thin) as (writer, fd):
                writer.write(pieces)
                self.assertEqual(self.written(fd, writer.size)[0], b"".join(pieces))

    def test_early(self):
        """
        What is written in a thin or other file is all there when the disk was told
        to begin in between.
        """
        piece = b"\x01" * (EARLY // 2 + 1)
        for thin in (False, True):
            with self.file(thin=thin) as (writer, fd):
                for _ in range(5):
                    writer.write([piece])
                self.assertTrue(self.written(fd, writer.size)[0] == piece * 5)


class SolidTests(SynchronousTestCase):
    """
    L{solid} finds what isn't a hole.
    """

    def found(self, data, offset=0):
        return list(solid(data, offset))

    def test_runs(self):
        """
        What is side by side is one run.
        """
        data = data_of([(False, 2 * BLOCK), (True, 3 * BLOCK), (False, 5)])
        self.assertEqual(self.found(data), [(0, 2 * BLOCK), (5 * BLOCK, 5 * BLOCK + 5)])

    def test_small_zeros(self):
        """
        Zeros that are no block make no hole.
        """
        data = data_of([(False, 1), (True, 2 * BLOCK - 2), (False, 1)])
        self.assertEqual(self.found(data), [(0, 2 * BLOCK)])

    def test_of_the_file(self):
        """
        Blocks are those of the file.
        """
        data = data_of([(False, 10), (True, BLOCK), (False, 10)])
        self.assertEqual(
            self.found(data, BLOCK - 10), [(0, 10), (BLOCK + 10, BLOCK + 20)]
        )
        self.assertEqual(self.found(data), [(0, len(data))])

    def test_nothing(self):
        """
        In nothing, and in zeros, there is nothing.
        """
        self.assertEqual(self.found(b""), [])
        self.assertEqual(self.found(bytes(3 * BLOCK + 1), 7), [])


class ThinStoreTests(Prepared, StoreContract, SynchronousTestCase):
    """
    A store that leaves holes is a store.
    """

    thin = True


class ThinFilesTests(Prepared, SynchronousTestCase):
    """
    How files have holes.
    """

    thin = True

    def test_no_room_is_made(self):
        """
        Room is taken only for what has come, though the length is known.
        """
        store = self.make_store()
        body = ManualBody(1 << 20)
        adding = store.add(KEY, body)
        [file] = self.incoming.iterdir()
        self.assertEqual(file.stat().st_size, 0)
        body.data(b"\x01" + bytes((1 << 20) - 1))
        body.end()
        self.assertEqual(self.successResultOf(adding), 1 << 20)
        kept = (self.directory / KEY).stat()
        self.assertEqual(kept.st_size, 1 << 20)
        self.assertLessEqual(kept.st_blocks * 512, BLOCK)

    def test_told(self):
        """
        How much of the disk the data takes is logged.
        """
        store = self.make_store()
        events = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        self.successResultOf(store.add(KEY, BytesBody([bytes(1 << 20)])))
        [said] = [e for e in events if "disk" in e]
        self.assertEqual((said["key"], said["size"], said["disk"]), (KEY, 1 << 20, 0))
