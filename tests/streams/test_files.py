"""
Tests for L{glance.streams.files}.
"""

import os
import tempfile
from pathlib import Path

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.trial.unittest import SkipTest, SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from glance.errors import BodyStopped, DataDamaged
from glance.streams.bodies import pump
from glance.streams.files import WINDOW, FileBody, IFileConsumer, is_cached
from tests.bodies import Collector, ManualThreads

BIG = os.urandom(1 << 10) * (2 * WINDOW >> 10) + b"the end"


@implementer(IFileConsumer)
class FileCollector(Collector):
    """
    A consumer that is given files, and reads them when the test says so.
    """

    def __init__(self):
        super().__init__()
        self.waiting = []

    def sendFile(self, fd, offset, count):
        """
        Remember what is to be read.
        """
        sending = Deferred()
        self.waiting.append((sending, fd, offset, count))
        return sending

    def read(self):
        """
        Read what is waited for.
        """
        sending, fd, offset, count = self.waiting.pop()
        self.pieces.append(os.pread(fd, count, offset))
        sending.callback(None)


class FilesCase(SynchronousTestCase):
    """
    Has an open file, and sees that it is closed.
    """

    def setUp(self):
        directory = Path(self.mktemp())
        directory.mkdir()
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(BIG)
            file.flush()
            os.fsync(file.fileno())
            self.fd = os.dup(file.fileno())
        self.consumer = FileCollector()

    def tearDown(self):
        self.assertFalse(Path(f"/proc/self/fd/{self.fd}").exists())

    def send(self, offset=0, length=None, in_thread=maybeDeferred):
        """
        Begin to send part of the file.
        """
        length = len(BIG) if length is None else length
        self.body = FileBody(self.fd, offset, length, in_thread)
        return pump(self.body, self.consumer)

    def chill(self):
        """
        Have nothing of the file cached.
        """
        os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_DONTNEED)
        if is_cached(self.fd, 0, len(BIG)):
            os.close(self.fd)
            raise SkipTest("This file system forgets nothing.")


class SendTests(FilesCase):
    """
    L{FileBody} gives its file to a consumer that takes files.
    """

    def test_interface(self):
        """
        The consumer of these tests takes files.
        """
        verifyObject(IFileConsumer, self.consumer)
        os.close(self.fd)

    def test_whole(self):
        """
        All of it goes, in windows, one after the other.
        """
        sending = self.send()
        windows = 0
        while self.consumer.waiting:
            self.assertEqual(len(self.consumer.waiting), 1)
            self.assertNoResult(sending)
            self.consumer.read()
            windows += 1
        self.successResultOf(sending)
        self.assertEqual(windows, 3)
        self.assertEqual(self.consumer.data, BIG)

    def test_part(self):
        """
        So does a part.
        """
        sending = self.send(5, WINDOW + 1)
        while self.consumer.waiting:
            self.consumer.read()
        self.successResultOf(sending)
        self.assertEqual(self.consumer.data, BIG[5 : 6 + WINDOW])

    def test_nothing(self):
        """
        And nothing.
        """
        self.successResultOf(self.send(3, 0))
        self.assertEqual(self.consumer.waiting, [])

    def test_stopped(self):
        """
        Stopped, it stops what is on its way.
        """
        for stop in (lambda sending: self.body.stopProducing(), Deferred.cancel):
            sending = self.send()
            [(given, *_)] = self.consumer.waiting
            stop(sending)
            self.assertTrue(given.called)
            self.failureResultOf(sending, BodyStopped)
            self.setUp()
        os.close(self.fd)

    def test_fails(self):
        """
        What goes wrong on the way is how it fails.
        """
        sending = self.send()
        [(given, *_)] = self.consumer.waiting
        given.errback(DataDamaged("It is short."))
        self.failureResultOf(sending, DataDamaged)

    def test_gone(self):
        """
        A consumer that is gone already ends it.
        """
        self.consumer.sendFile = lambda *_: fail(BodyStopped("Nobody is there."))
        self.failureResultOf(self.send(), BodyStopped)


class ColdTests(FilesCase):
    """
    What would have to be read from a disk is read in a thread, before its turn
    comes.
    """

    def test_cold(self):
        """
        Nothing is sent before it is cached, and what follows is read ahead.
        """
        self.chill()
        threads = ManualThreads()
        sending = self.send(in_thread=threads)
        self.assertEqual((threads.waiting, self.consumer.waiting), (1, []))
        threads.run()
        self.assertEqual(len(self.consumer.waiting), 1)
        while self.consumer.waiting or threads.waiting:
            threads.run_all()
            self.consumer.read()
        self.successResultOf(sending)
        self.assertEqual(self.consumer.data, BIG)

    def test_stopped(self):
        """
        Stopped, it keeps the file open until the thread is done.
        """
        self.chill()
        threads = ManualThreads()
        sending = self.send(in_thread=threads)
        sending.cancel()
        self.assertTrue(Path(f"/proc/self/fd/{self.fd}").exists())
        threads.run_all()
        self.failureResultOf(sending, BodyStopped)

    def test_cold_again(self):
        """
        What was cached in time, but no longer is when its turn comes, is read
        again.
        """
        self.chill()
        threads = ManualThreads()
        sending = self.send(in_thread=threads)
        threads.run_all()
        self.chill()
        self.consumer.read()
        self.assertEqual(self.consumer.waiting, [])
        while self.consumer.waiting or threads.waiting:
            threads.run_all()
            self.consumer.read()
        self.successResultOf(sending)
        self.assertEqual(self.consumer.data, BIG)

    def test_cannot_tell(self):
        """
        A file system that doesn't tell what is cached may have to be waited for.
        """
        with Path("/proc/version").open("rb") as file:
            self.assertFalse(is_cached(file.fileno(), 0, 1))
        os.close(self.fd)

    def test_cached(self):
        """
        A file that was just written is cached, beyond its end too.
        """
        if not is_cached(self.fd, 0, 1):
            os.close(self.fd)
            raise SkipTest("This file system doesn't tell.")
        self.assertTrue(is_cached(self.fd, 0, len(BIG)))
        self.assertTrue(is_cached(self.fd, len(BIG) - 1, 100))
        os.close(self.fd)


class CopyTests(FilesCase):
    """
    L{FileBody} gives bytes to a consumer that takes no files.
    """

    def setUp(self):
        super().setUp()
        self.consumer = Collector()

    def test_not_all_at_once(self):
        """
        It gives others their turn, even where all is cached and wanted.
        """
        threads = ManualThreads()
        sending = self.send(in_thread=threads)
        for windows in range(3):
            self.assertEqual(len(self.consumer.data), windows * WINDOW)
            self.assertEqual(threads.waiting, 1)
            threads.run()
        self.successResultOf(sending)
        self.assertEqual(self.consumer.data, BIG)

    def test_cold(self):
        """
        What has to be read from a disk is read in a thread.
        """
        threads = ManualThreads()
        sending = self.send(in_thread=threads)
        self.body.pauseProducing()
        threads.run()
        self.chill()
        self.body.resumeProducing()
        self.assertLess(len(self.consumer.data), WINDOW)
        self.assertEqual(threads.waiting, 1)
        threads.run_all()
        self.successResultOf(sending)
        self.assertEqual(self.consumer.data, BIG)
