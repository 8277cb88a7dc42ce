"""
Tests for L{glance.stores.filesystem}, and when its threads come to what.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from glance.stores.filesystem import FilesystemStore
from glance.streams.bodies import BytesBody
from glance.streams.strands import Window
from tests.bodies import ManualBlocks, ManualBody, ManualThreads, collect
from tests.stores.contract import DATA, KEY
from tests.stores.prepared import Prepared, open_files


class CancelTests(Prepared, SynchronousTestCase):
    """
    L{FilesystemStore}, cancelled between any two calls in threads.
    """

    def setUp(self):
        self.in_thread = ManualThreads()
        self.store = self.make_store()

    def make_body(self):
        return ManualBody(len(DATA))

    def test_add(self):
        """
        Whenever an upload is cancelled, the body is stopped, and nothing is
        left once the threads are done.
        """
        for calls in range(20):
            body = self.make_body()
            adding = self.store.add(KEY, body)
            results = []
            adding.addBoth(results.append)
            for call in range(calls):
                self.feed(body, call)
                if not self.in_thread.waiting:
                    break
                self.in_thread.run()
            if results:
                self.assertIsInstance(results[0], int)
                break
            adding.cancel()
            self.in_thread.run_all()
            self.assertEqual(len(results), 1)
            self.assertTrue(results[0].check(CancelledError), results)
            self.assertTrue(body.over)
            self.assertEqual(self.names(), [".incoming"])
            self.assertEqual(self.leftovers(), [])
            self.assertEqual(open_files(), self.files_before)
        else:
            self.fail("It never came to its end.")
        self.assertGreater(calls, 3)

    def feed(self, body, call):
        if body.consumer is not None:
            if call < 3:
                body.data(DATA[: len(DATA) // 2])
            else:
                body.data(DATA[len(DATA) // 2 :])
                body.end()

    def test_add_twice(self):
        """
        Cancelling again while the first cancellation is at work changes
        nothing.
        """
        body = ManualBody(4)
        adding = self.store.add(KEY, body)
        self.in_thread.run()
        body.data(b"some")
        adding.cancel()
        self.assertNoResult(adding)
        adding.cancel()
        while self.in_thread.waiting:
            self.assertNoResult(adding)
            self.in_thread.run()
            adding.cancel()
        self.failureResultOf(adding, CancelledError)

    def test_write_under_way(self):
        """
        The file is closed only when no thread writes to it any more, and what
        the body gives then is not written.
        """
        body = ManualBody()
        adding = self.store.add(KEY, body)
        self.in_thread.run()
        body.data(b"some")
        body.data(b"more")
        adding.cancel()
        self.assertEqual(self.in_thread.waiting, 1)
        self.assertEqual(open_files(), self.files_before + 1)
        self.in_thread.run()
        self.assertEqual(open_files(), self.files_before + 1)
        self.in_thread.run()
        self.failureResultOf(adding, CancelledError)
        body.consumer.write(b"late")
        self.assertEqual(self.in_thread.waiting, 0)

    def test_get(self):
        """
        A file that is opened for nobody any more is closed.
        """
        self.put()
        getting = self.store.get(KEY)
        getting.cancel()
        self.in_thread.run_all()
        self.failureResultOf(getting, CancelledError)

    def put(self):
        adding = self.store.add(KEY, BytesBody(DATA))
        self.in_thread.run_all()
        self.successResultOf(adding)

    def test_reading(self):
        """
        A body that is stopped or cancelled while a thread reads closes its
        file when the thread is done, and not before.
        """
        self.put()
        for end in ("stop", "cancel"):
            getting = self.store.get(KEY)
            self.in_thread.run_all()
            body = self.successResultOf(getting)
            reading = collect(body)
            if end == "stop":
                body.stopProducing()
            else:
                reading.cancel()
            self.assertEqual(open_files(), self.files_before + 1)
            self.assertNoResult(reading)
            self.in_thread.run_all()
            self.failureResultOf(reading, CancelledError)
            self.assertEqual(open_files(), self.files_before)


class CancelBlocksTests(CancelTests):
    """
    L{FilesystemStore}, cancelled while it has blocks: it holds them until the
    threads are done, and no longer.
    """

    def make_body(self):
        return ManualBlocks(self.window.blocks, len(DATA))

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.window.blocks.used, 0)

    def test_held(self):
        """
        What a thread is writing is held, what waits for it is not.
        """
        body = self.make_body()
        adding = self.store.add(KEY, body)
        self.in_thread.run()
        for data in (b"one", b"three"):
            body.data(data)
        adding.cancel()
        self.assertEqual(self.window.blocks.used, 3)
        self.in_thread.run_all()
        self.failureResultOf(adding, CancelledError)


class PressureTests(Prepared, SynchronousTestCase):
    """
    L{FilesystemStore} with a disk that is slower than the data.
    """

    def setUp(self):
        self.in_thread = ManualThreads()
        self.store = self.make_store()
        self.window = Window(1000, most=100)
        self.store = FilesystemStore(self.directory, self.in_thread, self.window)

    def test_paused(self):
        """
        The body is paused while more than a window waits, and resumed when
        less than half of it does.
        """
        body = ManualBody()
        adding = self.store.add(KEY, body)
        self.in_thread.run()
        body.data(b"x" * 20)
        body.data(b"x" * 60)
        body.data(b"x" * 20)
        self.assertFalse(body.paused)
        body.data(b"x" * 1)
        self.assertTrue(body.paused)
        self.in_thread.run()
        self.assertTrue(body.paused)
        self.in_thread.run()
        self.assertFalse(body.paused)
        body.end()
        self.in_thread.run_all()
        self.assertEqual(self.successResultOf(adding), 101)

    def test_many_pieces_at_once(self):
        """
        More pieces may wait than the system takes in one write.
        """
        pieces = [b"%d," % i for i in range(3000)]
        store = FilesystemStore(self.directory, self.in_thread, Window(1 << 20))
        adding = store.add(KEY, BytesBody(pieces))
        self.in_thread.run_all()
        self.successResultOf(adding)
        self.assertEqual((self.directory / KEY).read_bytes(), b"".join(pieces))

    def test_waits_for_the_rest(self):
        """
        The upload is over only when all that came is on disk.
        """
        body = ManualBody()
        adding = self.store.add(KEY, body)
        self.in_thread.run()
        body.data(b"some")
        body.end()
        self.assertNoResult(adding)
        self.in_thread.run_all()
        self.assertEqual(self.successResultOf(adding), 4)
        self.assertEqual((self.directory / KEY).read_bytes(), b"some")
