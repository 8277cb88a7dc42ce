"""
Tests for L{glance.streams.bodies}.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from glance.errors import BodyStopped, BodyTruncated, DataDamaged, ImageTooLarge
from glance.streams.bodies import (
    CHUNK,
    BytesBody,
    StreamBody,
    pump,
    read_all,
)
from glance.streams.files import FileBody
from tests.bodies import (
    Collector,
    FailingBody,
    ManualBody,
    ManualThreads,
    SilentBody,
    SlowConsumer,
    collect,
)
from tests.streams.contract import BlockConsumerContract, BodyContract

BIG = os.urandom(3 * CHUNK + 17)


def is_open(fd):
    """
    Tell whether a descriptor is that of an open file.
    """
    return Path(f"/proc/self/fd/{fd}").exists()


class BytesBodyTests(BodyContract, SynchronousTestCase):
    """
    L{BytesBody} is a body.
    """

    data = b"onetwothree!"

    def make_body(self):
        return BytesBody([b"one", b"two", b"three", b"!"])

    def test_one_piece(self):
        """
        It takes plain bytes.
        """
        body = BytesBody(b"data")
        self.assertEqual(body.length, 4)
        self.assertEqual(self.successResultOf(collect(body)), b"data")


class BytesToBlocksTests(BlockConsumerContract, BytesBodyTests):
    """
    L{BytesBody} is a body to who takes blocks, too.
    """


class FileBodyTests(BodyContract, SynchronousTestCase):
    """
    L{FileBody} is a body, and closes its file.
    """

    data = BIG[5:]
    offset = 5
    length = len(BIG) - 5
    in_thread = staticmethod(maybeDeferred)

    def setUp(self):
        self.opened = []

    def make_body(self):
        with tempfile.TemporaryFile() as file:
            file.write(BIG)
            file.flush()
            fd = os.dup(file.fileno())
        self.opened.append(fd)
        return FileBody(fd, self.offset, self.length, self.in_thread)

    def assert_released(self):
        self.assertEqual([fd for fd in self.opened if is_open(fd)], [])
        self.opened = []


class FilePartTests(FileBodyTests):
    """
    L{FileBody} is a body, also of a part of its file.
    """

    data = BIG[3 : 3 + 3 * CHUNK + 9]
    offset = 3
    length = 3 * CHUNK + 9


class FileBodyThreadTests(SynchronousTestCase):
    """
    L{FileBody} and its threads.
    """

    def setUp(self):
        self.in_thread = ManualThreads()
        with tempfile.TemporaryFile() as file:
            file.write(BIG)
            file.flush()
            self.fd = os.dup(file.fileno())

    def tearDown(self):
        self.assertFalse(is_open(self.fd))

    def test_stopped_while_reading(self):
        """
        Stopped while a thread reads, it keeps the file open until that is
        done, and gives nothing of it.
        """
        body = FileBody(self.fd, 0, len(BIG), self.in_thread)
        consumer = Collector()
        pumping = pump(body, consumer)
        body.stopProducing()
        self.assertTrue(is_open(self.fd))
        self.assertNoResult(pumping)
        self.in_thread.run()
        self.failureResultOf(pumping, BodyStopped)
        self.assertEqual(consumer.pieces, [])
        self.assertEqual(self.in_thread.waiting, 0)

    def test_cancelled_while_reading(self):
        """
        The same goes where it is cancelled, be it twice.
        """
        consumer = Collector()
        pumping = pump(FileBody(self.fd, 0, len(BIG), self.in_thread), consumer)
        pumping.cancel()
        pumping.cancel()
        self.assertTrue(is_open(self.fd))
        self.assertNoResult(pumping)
        self.in_thread.run()
        self.failureResultOf(pumping, BodyStopped)
        self.assertEqual(consumer.pieces, [])

    def test_paused_while_reading(self):
        """
        Paused while a thread reads, it gives that only when it is resumed.
        """
        body = FileBody(self.fd, 0, 4, self.in_thread)
        consumer = Collector()
        pumping = pump(body, consumer)
        body.pauseProducing()
        self.in_thread.run()
        self.assertEqual(consumer.pieces, [])
        body.resumeProducing()
        self.successResultOf(pumping)
        self.assertEqual(consumer.data, BIG[:4])

    def test_too_short(self):
        """
        Where the file is shorter than it was, the body fails and is never
        simply shorter.
        """
        body = FileBody(self.fd, 0, len(BIG) + 1, maybeDeferred)
        consumer = Collector()
        self.failureResultOf(pump(body, consumer), DataDamaged)
        self.assertEqual(consumer.data, BIG)

    def test_cannot_read(self):
        """
        An error of the file is the body's.
        """
        body = FileBody(self.fd, -5, 3, maybeDeferred)
        self.failureResultOf(pump(body, Collector()), OSError)

    def test_empty(self):
        """
        No bytes at all can be wanted.
        """
        body = FileBody(self.fd, 3, 0, maybeDeferred)
        self.assertEqual(self.successResultOf(collect(body)), b"")


class FileToBlocksTests(BlockConsumerContract, FileBodyTests):
    """
    L{FileBody} is a body to who takes blocks, too.
    """


class StreamBodyTests(BodyContract, SynchronousTestCase):
    """
    L{StreamBody} is a body.
    """

    data = BIG

    def make_body(self):
        return StreamBody(io.BytesIO(BIG).read, maybeDeferred)


class StreamToBlocksTests(BlockConsumerContract, StreamBodyTests):
    """
    L{StreamBody} is a body to who takes blocks, too.
    """


class FailingBodyTests(SynchronousTestCase):
    """
    What L{pump} makes of bodies that fail.
    """

    def test_fails(self):
        """
        The failure of the body is that of the pump, and the consumer is left.
        """
        body = FailingBody([b"some"], BodyTruncated("gone"), 5)
        consumer = Collector()
        self.failureResultOf(pump(body, consumer), BodyTruncated)
        self.assertEqual(consumer.data, b"some")
        self.assertIs(consumer.producer, None)

    def test_fails_after_pause(self):
        """
        A body that fails when it goes on fails just so.
        """
        body = FailingBody([b"some", b"more"], BodyTruncated("gone"), 5)
        consumer = SlowConsumer()
        pumping = pump(body, consumer)
        consumer.more()
        consumer.more()
        self.failureResultOf(pumping, BodyTruncated)
        self.assertTrue(body.released)

    def test_cancel_foreign(self):
        """
        A body that doesn't hear of a cancellation is told to stop.
        """

        @implementer(IBodyProducer)
        class Foreign:
            length = 5
            stopped = 0

            def startProducing(self, consumer):
                return Deferred()

            def stopProducing(self):
                self.stopped += 1

        body = Foreign()
        consumer = Collector()
        pumping = pump(body, consumer)
        pumping.cancel()
        self.failureResultOf(pumping, CancelledError)
        self.assertEqual(body.stopped, 1)
        self.assertIs(consumer.producer, None)


class ReadAllTests(SynchronousTestCase):
    """
    L{read_all} gets a small body.
    """

    def read(self, body, limit=8):
        return Deferred.fromCoroutine(read_all(body, limit))

    def test_none(self):
        """
        No body is no bytes.
        """
        self.assertEqual(self.successResultOf(self.read(None)), b"")

    def test_all(self):
        """
        All its bytes are given, up to the limit.
        """
        self.assertEqual(
            self.successResultOf(self.read(BytesBody([b"1234", b"5678"]))), b"12345678"
        )

    def test_announced_too_long(self):
        """
        A body that says that it is too long is told to stop at once.
        """
        body = SilentBody(9)
        self.failureResultOf(self.read(body), ImageTooLarge)
        self.assertTrue(body.stopped)

    def test_turns_out_too_long(self):
        """
        So is one that doesn't say so, when it is.
        """
        body = ManualBody()
        reading = self.read(body)
        body.data(b"12345678")
        self.assertNoResult(reading)
        body.data(b"9")
        self.failureResultOf(reading, ImageTooLarge)
