"""
Tests for L{glance.streams.metering}.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IConsumer
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from glance.errors import (
    BodyStopped,
    BodyTruncated,
    FormatMismatch,
    ImageTooLarge,
    UnsafeContent,
)
from glance.limits import Limits
from glance.streams.bodies import BytesBody, IHashedBody, pump
from glance.streams.inspection import Inspection
from glance.streams.metering import Digest, MeteredBody
from glance.streams.strands import Window
from tests import disks
from tests.bodies import (
    Collector,
    FailingBody,
    GivingBlocks,
    ManualBody,
    ManualThreads,
    SlowConsumer,
    collect,
)
from tests.streams.contract import BlockConsumerContract, BodyContract


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
        self.window = Window(1)


class MeteredBlocksTests(BlockConsumerContract, MeteredBodyTests):
    """
    L{MeteredBody} is a body where it is given blocks, and gives them on.
    """

    def make_body(self):
        body = GivingBlocks(self.window.blocks, [b"one", b"two", b"three", b"!"])
        digests = [Digest("md5"), Digest("sha512")]
        return MeteredBody(body, 100, digests, maybeDeferred, self.window)

    def assert_released(self):
        super().assert_released()
        self.assertEqual(self.window.blocks.used, 0)


class MeteredBlocksToBytesTests(MeteredBodyTests):
    """
    L{MeteredBody} is a body where it is given blocks, and its consumer takes
    bytes.
    """

    make_body = MeteredBlocksTests.make_body


class HashedTests(SynchronousTestCase):
    """
    Who gets a L{MeteredBody} need not hash it again.
    """

    def make(self, *names):
        """
        Make a body, of which some hashes are made.
        """
        digests = [Digest(name) for name in names]
        return MeteredBody(
            BytesBody(b"data"), 100, digests, maybeDeferred, Window(1 << 20)
        )

    def test_md5(self):
        """
        Its MD5 can be had from it, where that is one of them.
        """
        body = self.make("sha512", "md5")
        verifyObject(IHashedBody, body)
        self.successResultOf(collect(body))
        self.assertEqual(body.md5(), hashlib.md5(b"data").hexdigest())
        self.assertFalse(IHashedBody.providedBy(self.make("sha512")))

    def test_md5_of_first(self):
        """
        That of the first bytes can be had as well.
        """
        for first in (1, 3, 4, 5):
            body = self.make("sha512", "md5")
            body.remember(first)
            self.successResultOf(collect(body))
            expected = hashlib.md5(b"data"[:first]).hexdigest()
            self.assertEqual(body.md5(first), expected)
            self.assertEqual(body.md5(), hashlib.md5(b"data").hexdigest())


class DigestTests(SynchronousTestCase):
    """
    L{Digest} is a hash.
    """

    def test_all(self):
        """
        It is that of the name, of all the pieces, blocks or bytes.
        """
        for name in ("md5", "sha256", "sha384", "sha512", "blake2b"):
            digest = Digest(name)
            digest.update([b"some", memoryview(b"more")])
            self.assertEqual(digest.value(), hashlib.new(name, b"somemore").hexdigest())

    @given(st.lists(st.binary(max_size=4), max_size=6), st.integers(1, 20))
    def test_first(self, pieces, first):
        """
        It is that of the first bytes as well, wherever pieces end.
        """
        digest = Digest("md5")
        digest.remember(first)
        digest.update(pieces[:2])
        digest.update([memoryview(piece) for piece in pieces[2:]])
        data = b"".join(pieces)
        self.assertEqual(digest.first(), hashlib.md5(data[:first]).hexdigest())
        self.assertEqual(digest.value(), hashlib.md5(data).hexdigest())

    def test_openssl(self):
        """
        Those that processors have instructions for are OpenSSL's, which uses
        these.
        """
        for name in ("sha256", "sha384", "sha512"):
            self.assertEqual(type(Digest(name)._hash).__module__, "_hashlib")


class MeteringTests(SynchronousTestCase):
    """
    What L{MeteredBody} does with data that passes.
    """

    def setUp(self):
        self.in_thread = ManualThreads()
        self.window = Window(1000, most=100)
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


class InspectionTests(SynchronousTestCase):
    """
    L{MeteredBody} has data looked into, and stops where that is refused.
    """

    def setUp(self):
        self.in_thread = ManualThreads()
        self.window = Window(1 << 20)
        self.body = ManualBody()

    def meter(self, body, disk_format, in_thread=None):
        """
        Meter a body whose data should have a format.
        """
        self.inspection = Inspection(disk_format, Limits())
        return MeteredBody(
            body,
            1 << 30,
            [Digest("md5")],
            in_thread or self.in_thread,
            self.window,
            self.inspection,
        )

    def test_good(self):
        """
        It is over when the end has been looked at, too.
        """
        data = disks.stream_vmdk()
        ended = []
        reading = collect(self.meter(self.body, "vmdk")).addCallback(ended.append)
        for at in range(0, len(data), 10_000):
            self.body.data(data[at : at + 10_000])
            self.in_thread.run(min(self.in_thread.waiting, 2))
        self.body.end()
        while self.in_thread.waiting:
            self.assertEqual(ended, [])
            self.assertIsNone(self.inspection.virtual_size)
            self.in_thread.run()
        self.successResultOf(reading)
        self.assertTrue(ended == [data])
        self.assertEqual(self.inspection.virtual_size, disks.SIZE)

    @given(st.lists(st.integers(0, 300_000), max_size=6))
    def test_any_pieces(self, places):
        """
        However the data is cut, its end is looked at.
        """
        data = disks.stream_vmdk()
        for whole in (data, data[:-512] + b"x" * 512):
            at = sorted({0, len(whole), *(place % len(whole) for place in places)})
            pieces = [whole[a:b] for a, b in pairwise(at)]
            metered = self.meter(BytesBody(pieces), "vmdk", maybeDeferred)
            if whole == data:
                self.assertEqual(self.successResultOf(collect(metered)), data)
            else:
                self.failureResultOf(collect(metered), UnsafeContent)

    def test_small_pieces(self):
        """
        So it is if the end comes in many pieces.
        """
        data = disks.stream_vmdk()
        pieces = [data[at : at + 300] for at in range(0, len(data), 300)]
        metered = self.meter(BytesBody([*pieces, b""]), "vmdk", maybeDeferred)
        self.successResultOf(collect(metered))

    def test_refused(self):
        """
        As soon as the data is refused, what it meters is stopped, and the
        consumer gets no more.
        """
        reading = collect(self.meter(self.body, "raw"))
        self.body.data(disks.qcow2(backing=512))
        self.assertFalse(self.body.stopped)
        self.in_thread.run_all()
        self.assertTrue(self.body.stopped)
        self.failureResultOf(reading, UnsafeContent)
        self.assertEqual(self.window.transfers, 0)

    def test_refused_at_once(self):
        """
        So it is where the refusal comes before the consumer has the data.
        """
        collector = Collector()
        pieces = [disks.qcow2(), b"more", b"and more"]
        pumping = pump(self.meter(BytesBody(pieces), "vdi", maybeDeferred), collector)
        self.failureResultOf(pumping, FormatMismatch)
        self.assertEqual(collector.pieces, [])
        self.assertEqual(self.window.transfers, 0)

    def test_refused_at_the_end(self):
        """
        Data whose end is refused fails, though all of it has passed.
        """
        for length in (9000, 1 << 17):
            body = BytesBody(bytes(length))
            metered = self.meter(body, "vhd", maybeDeferred)
            self.failureResultOf(collect(metered), FormatMismatch)

    def test_refused_while_hashing(self):
        """
        If the data has ended when it is refused, that is all the same.
        """
        reading = collect(self.meter(self.body, "raw"))
        self.body.data(disks.qcow2(backing=512))
        self.body.end()
        self.in_thread.run_all()
        self.failureResultOf(reading, UnsafeContent)
        self.assertEqual(self.window.transfers, 0)

    def test_cancelled_at_the_end(self):
        """
        Cancelled while the end is looked at, it is stopped.
        """
        reading = collect(self.meter(self.body, "raw"))
        self.body.data(b"x")
        self.body.end()
        self.in_thread.run(2)
        reading.cancel()
        self.in_thread.run_all()
        self.failureResultOf(reading, BodyStopped)

    def test_enough(self):
        """
        Once the data is seen to be safe, it is not given to threads for that.
        """
        reading = collect(self.meter(self.body, "raw"))
        self.body.data(bytes(1 << 16))
        self.in_thread.run_all()
        self.body.data(b"x")
        self.assertEqual(self.in_thread.waiting, 1)
        self.body.end()
        self.in_thread.run_all()
        self.successResultOf(reading)
        self.assertEqual(self.inspection.virtual_size, (1 << 16) + 1)
