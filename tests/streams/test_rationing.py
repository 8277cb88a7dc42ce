"""
Tests of L{glance.streams.rationing}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import BodyStopped, BodyTruncated, ImageTooLarge, QuotaExceeded
from glance.streams.bodies import BytesBody, pump
from glance.streams.metering import MeteredBody
from glance.streams.rationing import RationedBody
from glance.streams.strands import Window
from tests.bodies import Collector, GivingBlocks, ManualBody, SlowConsumer
from tests.streams.contract import BlockConsumerContract, BodyContract

PIECES = [b"one", b"two", b"three", b"!"]


class RationedBodyTests(BodyContract, SynchronousTestCase):
    """
    L{RationedBody} is a body where it always gets what it asks for.
    """

    data = b"onetwothree!"

    def setUp(self):
        self.window = Window(1 << 20)

    def body(self):
        """
        Make the body that is rationed.
        """
        return BytesBody(PIECES)

    def make_body(self):
        rationed = RationedBody(self.body(), 4, succeed)
        return MeteredBody(rationed, 100, [], maybeDeferred, self.window)


class RationedBlocksTests(BlockConsumerContract, RationedBodyTests):
    """
    L{RationedBody} is a body where it is given blocks.
    """

    def body(self):
        return GivingBlocks(self.window.blocks, PIECES)

    def assert_released(self):
        self.assertEqual(self.window.blocks.used, 0)


class RationingTests(SynchronousTestCase):
    """
    What L{RationedBody} does with data that passes.
    """

    def setUp(self):
        self.asked = []
        self.body = ManualBody()
        self.window = Window(1000)

    def more(self, needed):
        """
        Take a wish for more room.
        """
        answer = Deferred()
        self.asked.append((needed, answer))
        return answer

    def start(self, consumer, limit=100, room=5):
        """
        Begin to give data.
        """
        rationed = RationedBody(self.body, room, self.more)
        metered = MeteredBody(rationed, limit, [], maybeDeferred, self.window)
        return pump(metered, consumer)

    def test_enough(self):
        """
        Nobody is asked for what there is room for.
        """
        consumer = Collector()
        pumping = self.start(consumer)
        for piece in (b"12", b"345", b""):
            self.body.data(piece)
        self.body.end()
        self.successResultOf(pumping)
        self.assertEqual((consumer.data, self.asked), (b"12345", []))

    def test_held(self):
        """
        What there is no room for yet is held, and the body paused, until there is.
        """
        consumer = Collector()
        pumping = self.start(consumer)
        self.body.data(b"123")
        self.body.data(b"456")
        self.assertTrue(self.body.paused)
        self.body.data(b"78")
        self.assertEqual(consumer.data, b"123")
        ((needed, answer),) = self.asked
        self.assertEqual(needed, 6)
        answer.callback(6)
        self.assertEqual(consumer.data, b"123456")
        self.assertTrue(self.body.paused)
        (_, (needed, answer)) = self.asked
        self.assertEqual(needed, 8)
        answer.callback(20)
        self.assertFalse(self.body.paused)
        self.body.data(b"9")
        self.body.end()
        self.successResultOf(pumping)
        self.assertEqual(consumer.data, b"123456789")

    def test_end_is_held(self):
        """
        It isn't over before what it held has passed.
        """
        consumer = Collector()
        pumping = self.start(consumer)
        self.body.data(b"123456")
        self.body.end()
        self.assertNoResult(pumping)
        self.asked[0][1].callback(6)
        self.successResultOf(pumping)
        self.assertEqual(consumer.data, b"123456")

    def test_refused(self):
        """
        Where there is no more room, the body is stopped, and the reason told; also
        where it had ended already.
        """
        for ended in (False, True):
            self.body = ManualBody()
            consumer = Collector()
            pumping = self.start(consumer)
            self.body.data(b"123456")
            if ended:
                self.body.end()
            self.asked.pop()[1].errback(QuotaExceeded("There is none."))
            self.failureResultOf(pumping, QuotaExceeded)
            self.assertEqual((self.body.stopped, consumer.data), (not ended, b""))
            self.assertEqual(self.window.blocks.used, 0)

    def test_refused_at_once(self):
        """
        It may be refused before the asking returns.
        """
        self.more = lambda _: fail(QuotaExceeded("There is none."))
        pumping = self.start(Collector())
        self.body.data(b"123456")
        self.failureResultOf(pumping, QuotaExceeded)

    def test_stopped(self):
        """
        It can be stopped while it waits for room, whose answer is too late then.
        """
        for ended in (False, True):
            self.body = ManualBody()
            pumping = self.start(Collector())
            self.body.data(b"123456")
            if ended:
                self.body.end()
            pumping.cancel()
            self.failureResultOf(pumping, BodyStopped)
            self.asked.pop()[1].callback(6)
            self.assertEqual(self.window.blocks.used, 0)

    def test_broken(self):
        """
        It fails as the body does.
        """
        pumping = self.start(Collector())
        self.body.data(b"123456")
        self.body.fail(BodyTruncated("It ended early."))
        self.failureResultOf(pumping, BodyTruncated)
        self.asked[0][1].callback(6)

    def test_consumer_refuses(self):
        """
        It fails as its consumer does with what was held.
        """
        pumping = self.start(Collector(), limit=5)
        self.body.data(b"123456")
        self.asked[0][1].callback(6)
        self.failureResultOf(pumping, ImageTooLarge)
        self.assertTrue(self.body.stopped)

    def test_consumer_is_full(self):
        """
        What is held passes only when the consumer has room as well.
        """
        consumer = SlowConsumer()
        pumping = self.start(consumer)
        self.body.data(b"123")
        self.body.data(b"456")
        self.assertEqual(self.asked, [])
        consumer.more()
        self.asked[0][1].callback(6)
        self.assertEqual(consumer.data, b"123456")
        self.body.end()
        consumer.more()
        self.successResultOf(pumping)
