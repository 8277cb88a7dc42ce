"""
What every body does.
"""

from __future__ import annotations

from twisted.internet.interfaces import IPushProducer
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface.verify import verifyObject

from glance.errors import BodyStopped
from glance.streams.blocks import Blocks
from glance.streams.bodies import pump
from tests.bodies import (
    BrokenConsumer,
    Collector,
    SlowConsumer,
    TakesBlocks,
)


class StoppingConsumer(Collector):
    """
    A consumer that ends it all inside of the C{write} of a certain piece.
    """

    def __init__(self, piece, end):
        super().__init__()
        self._piece = piece
        self._end = end

    def write(self, data):
        super().write(data)
        if len(self.pieces) == self._piece:
            self._end()


class FlickeringConsumer(Collector):
    """
    A consumer that pauses and resumes inside of C{write}.
    """

    writing = False

    def write(self, data):
        assert not self.writing, "written to inside of write"
        self.writing = True
        super().write(data)
        self.producer.pauseProducing()
        self.producer.resumeProducing()
        self.producer.pauseProducing()
        self.producer.pauseProducing()
        self.producer.resumeProducing()
        self.producer.resumeProducing()
        self.writing = False


class BodyContract:
    """
    Mixed in with a C{SynchronousTestCase}; C{make_body} makes a new body of
    C{data}, which comes in three pieces or more; C{assert_released} fails if
    anything that a body holds isn't let go of.
    """

    def consumer(self, consumer):
        """
        Get a consumer, of the kind that this is about.
        """
        return consumer

    def assert_released(self):
        """
        Nothing is held by this kind of body.
        """

    def tearDown(self):
        self.assert_released()

    def test_interface(self):
        """
        It is a body, and can be paused.
        """
        body = self.make_body()
        verifyObject(IBodyProducer, body)
        verifyObject(IPushProducer, body)
        body.stopProducing()

    def test_length(self):
        """
        It knows how long it is, or that it does not know.
        """
        body = self.make_body()
        self.assertIn(body.length, (len(self.data), UNKNOWN_LENGTH))
        body.stopProducing()

    def test_whole(self):
        """
        It gives all its data, in pieces of bytes.
        """
        consumer = self.consumer(Collector())
        self.successResultOf(pump(self.make_body(), consumer))
        self.assertEqual(consumer.data, self.data)

    def test_pause(self):
        """
        While it is paused it gives nothing; resumed, it goes on where it was.
        """
        consumer = self.consumer(SlowConsumer())
        pumping = pump(self.make_body(), consumer)
        pieces = 1
        while consumer.producer is not None:
            self.assertNoResult(pumping)
            self.assertEqual(len(consumer.pieces), pieces)
            consumer.more()
            pieces += 1
        self.successResultOf(pumping)
        self.assertGreater(pieces, 3)
        self.assertEqual(consumer.data, self.data)

    def test_flicker(self):
        """
        It can be paused and resumed at will inside of write, which it doesn't
        call again before it has returned.
        """
        consumer = self.consumer(FlickeringConsumer())
        self.successResultOf(pump(self.make_body(), consumer))
        self.assertEqual(consumer.data, self.data)

    def test_paused_before_start(self):
        """
        It can be paused before it is started.
        """
        body = self.make_body()
        body.pauseProducing()
        consumer = self.consumer(Collector())
        pumping = pump(body, consumer)
        self.assertEqual(consumer.pieces, [])
        body.resumeProducing()
        self.successResultOf(pumping)
        self.assertEqual(consumer.data, self.data)

    def test_stop_before_start(self):
        """
        Stopped before it is started, it gives nothing.
        """
        body = self.make_body()
        body.stopProducing()
        body.stopProducing()
        self.assert_released()
        consumer = self.consumer(Collector())
        self.failureResultOf(pump(body, consumer), BodyStopped)
        self.assertEqual(consumer.pieces, [])

    def test_stop_paused(self):
        """
        Stopped while it is paused, it gives no more.
        """
        body = self.make_body()
        consumer = self.consumer(SlowConsumer())
        pumping = pump(body, consumer)
        body.stopProducing()
        self.failureResultOf(pumping, BodyStopped)
        self.assert_released()
        body.resumeProducing()
        body.stopProducing()
        self.assertEqual(len(consumer.pieces), 1)

    def test_stop_inside_write(self):
        """
        Stopped inside of write, it gives no more.
        """
        body = self.make_body()
        consumer = self.consumer(StoppingConsumer(2, body.stopProducing))
        self.failureResultOf(pump(body, consumer), BodyStopped)
        self.assertEqual(len(consumer.pieces), 2)

    def test_stop_after_end(self):
        """
        Stopping, pausing and resuming change nothing once it is over.
        """
        body = self.make_body()
        pumping = pump(body, self.consumer(Collector()))
        body.pauseProducing()
        body.resumeProducing()
        body.stopProducing()
        self.successResultOf(pumping)

    def test_cancel_paused(self):
        """
        Cancelled while it is paused, it gives no more.
        """
        consumer = self.consumer(SlowConsumer())
        pumping = pump(self.make_body(), consumer)
        pumping.cancel()
        self.failureResultOf(pumping, BodyStopped)
        self.assertEqual(len(consumer.pieces), 1)
        self.assertIs(consumer.producer, None)

    def test_cancel_inside_write(self):
        """
        Cancelled inside of write, it gives no more.
        """
        body = self.make_body()
        consumer = self.consumer(StoppingConsumer(2, lambda: pumping.cancel()))
        body.pauseProducing()
        pumping = pump(body, consumer)
        body.resumeProducing()
        self.failureResultOf(pumping, BodyStopped)
        self.assertEqual(len(consumer.pieces), 2)
        self.assertIs(consumer.producer, None)

    def test_broken_consumer(self):
        """
        A consumer that raises in write makes it fail so, and gets no more.
        """
        for takes in (0, 1, 2):
            consumer = self.consumer(BrokenConsumer(takes, ZeroDivisionError()))
            pumping = pump(self.make_body(), consumer)
            self.failureResultOf(pumping, ZeroDivisionError)
            self.assertEqual(len(consumer.pieces), takes)
            self.assertIs(consumer.producer, None)
            self.assert_released()

    def test_consumer_broken_after_pause(self):
        """
        A consumer that raises when the body goes on makes it fail so.
        """
        body = self.make_body()
        body.pauseProducing()
        pumping = pump(body, self.consumer(BrokenConsumer(0, ZeroDivisionError())))
        body.resumeProducing()
        self.failureResultOf(pumping, ZeroDivisionError)


class BlockConsumerContract(BodyContract):
    """
    What every body does where its consumer takes blocks, too.
    """

    def consumer(self, consumer):
        self.blocks = Blocks(1 << 22)
        return TakesBlocks(consumer, self.blocks)

    def tearDown(self):
        super().tearDown()
        if hasattr(self, "blocks"):
            self.assertEqual(self.blocks.used, 0)
