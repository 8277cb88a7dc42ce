"""
Tests for L{glance.streams.metering}.
"""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IConsumer
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from glance.errors import BodyStopped, BodyTruncated, ImageTooLarge
from glance.streams.bodies import BytesBody, pump
from glance.streams.metering import Digest, MeteredBody
from glance.streams.strands import Window
from tests.bodies import (
    Collector,
    FailingBody,
    ManualBody,
    ManualThreads,
    SlowConsumer,
    collect,
)
from tests.streams.contract import BodyContract


class MeteredBodyTests(BodyContract, SynchronousTestCase):
    """
    L{MeteredBody} is a body.
    """

    data = b"onetwothree!"

    def setUp(self):
        self.window = Window(1 << 20)

    def make_body(self):
        body = BytesBody([b"one", b"two", b"three", b"!"])
        digests = [Digest("md5"), Digest("sha512")]
        return MeteredBody(body, 100, digests, maybeDeferred, self.window)

    def assert_released(self):
        self.assertEqual(self.window.transfers, 0)


class TinyWindowTests(MeteredBodyTests):
    """
    L{MeteredBody} is a body, also where its strands are always full.
    """

    def setUp(self):
        self.window = Window(1, most=1, least=1)


class MeteringTests(SynchronousTestCase):
    """
    What L{MeteredBody} does with data that passes.
    """

    def setUp(self):
        self.in_thread = ManualThreads()
        self.window = Window(1000, most=100, least=100)
        self.body = ManualBody()
        self.md5, self.sha512 = Digest("md5"), Digest("sha512")
        self.metered = self.meter(self.body)

    def meter(self, body, limit=1000, in_thread=None):
        digests = [self.md5, self.sha512]
        return MeteredBody(
            body, limit, digests, in_thread or self.in_thread, self.window
        )

    def test_consumer(self):
        """
        It is a consumer of the body that it meters.
        """
        verifyObject(IConsumer, self.metered)

    def test_length(self):
        """
        It is as long as what it meters.
        """
        self.assertEqual(self.meter(BytesBody(b"data")).length, 4)

    @given(st.lists(st.binary(max_size=20), max_size=10))
    def test_hashes(self, pieces):
        """
        However the data is cut, count and hashes are those of the whole.
        """
        self.setUp()
        data = b"".join(pieces)
        metered = self.meter(BytesBody(pieces), in_thread=maybeDeferred)
        self.assertEqual(self.successResultOf(collect(metered)), data)
        self.assertEqual(metered.count, len(data))
        self.assertEqual(self.md5.value(), hashlib.md5(data).hexdigest())
        self.assertEqual(self.sha512.value(), hashlib.sha512(data).hexdigest())
        self.assertEqual(self.window.transfers, 0)

    def test_over_when_hashed(self):
        """
        It is over only when all is hashed.
        """
        reading = collect(self.metered)
        self.assertEqual(self.window.transfers, 1)
        self.body.data(b"data")
        self.body.end()
        self.assertNoResult(reading)
        self.in_thread.run()
        self.assertNoResult(reading)
        self.in_thread.run()
        self.assertEqual(self.successResultOf(reading), b"data")
        self.assertEqual(self.md5.value(), hashlib.md5(b"data").hexdigest())
        self.assertEqual(self.window.transfers, 0)

    def test_cancelled_while_hashing(self):
        """
        Cancelled when only hashing remains, it is stopped, and hashes no more.
        """
        reading = collect(self.metered)
        self.body.data(b"some")
        self.body.data(b"more")
        self.body.end()
        reading.cancel()
        self.failureResultOf(reading, BodyStopped)
        self.assertEqual(self.in_thread.waiting, 2)
        self.in_thread.run(2)
        self.assertEqual(self.in_thread.waiting, 0)

    def test_limit(self):
        """
        As many bytes as are allowed may pass, and not one more.
        """
        for data in (b"12345678", b"123456789"):
            collector = Collector()
            metered = self.meter(BytesBody([data[:8], data[8:]]), 8, maybeDeferred)
            pumping = pump(metered, collector)
            self.assertEqual(collector.data, b"12345678")
            if len(data) > 8:
                self.failureResultOf(pumping, ImageTooLarge)
            else:
                self.successResultOf(pumping)

    def test_failing_body(self):
        """
        What it meters may fail; then so does it, and hashes no more.
        """
        body = FailingBody([b"some", b"more"], BodyTruncated("gone"), 10)
        self.failureResultOf(collect(self.meter(body)), BodyTruncated)
        self.in_thread.run(2)
        self.assertEqual(self.in_thread.waiting, 0)
        self.assertEqual(self.window.transfers, 0)

    def test_slow_hashing(self):
        """
        What it meters is paused while more than a window waits to be hashed,
        and resumed when less than half of it does.
        """
        reading = collect(self.metered)
        self.body.data(b"x" * 60)
        self.body.data(b"x" * 40)
        self.assertFalse(self.body.paused)
        self.body.data(b"x" * 30)
        self.assertTrue(self.body.paused)
        self.in_thread.run(2)
        self.assertTrue(self.body.paused)
        self.in_thread.run(2)
        self.assertFalse(self.body.paused)
        self.body.end()
        self.successResultOf(reading)

    def test_paused_for_both(self):
        """
        It resumes what it meters only when consumer and strands have room.
        """
        consumer = SlowConsumer()
        pumping = pump(self.metered, consumer)
        self.body.data(b"x" * 130)
        consumer.more()
        self.assertTrue(self.body.paused)
        self.in_thread.run_all()
        self.assertFalse(self.body.paused)
        self.body.data(b"x" * 130)
        self.in_thread.run_all()
        self.assertTrue(self.body.paused)
        consumer.more()
        self.assertFalse(self.body.paused)
        self.body.end()
        self.successResultOf(pumping)

    def test_stop(self):
        """
        Stopping it stops what it meters, which is not resumed any more.
        """
        reading = collect(self.metered)
        self.body.data(b"x" * 130)
        self.assertTrue(self.body.paused)
        self.metered.stopProducing()
        self.failureResultOf(reading, BodyStopped)
        self.assertTrue(self.body.stopped)
        self.in_thread.run_all()
        self.assertTrue(self.body.paused)

    def test_stop_before_start(self):
        """
        Stopped before it is started, it stops what it meters.
        """
        self.metered.stopProducing()
        self.assertTrue(self.body.stopped)
        self.failureResultOf(collect(self.metered), BodyStopped)
