"""
Tests of L{glance.s3.sending}.
"""

import gc

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from glance.s3 import Parcel
from glance.s3.errors import Stopped
from glance.s3.sending import PIECE
from glance.streams.bodies import pump
from tests.bodies import Collector, SlowConsumer, collect


class ParcelTests(SynchronousTestCase):
    """
    Data in memory is sent as often as need be.
    """

    @given(st.lists(st.binary(max_size=9)))
    def test_again(self, pieces):
        """
        It is the same each time.
        """
        parcel = Parcel(pieces)
        data = b"".join(pieces)
        self.assertEqual(parcel.length, len(data))
        for _ in range(2):
            body = parcel.body()
            self.assertEqual(body.length, len(data))
            self.assertEqual(self.successResultOf(collect(body)), data)

    def test_pieces(self):
        """
        Large data is written in pieces, and no piece while it is paused.
        """
        data = b"x" * (PIECE * 2 + 1)
        consumer = SlowConsumer()
        pumping = pump(Parcel([data]).body(), consumer)
        self.assertEqual(len(consumer.pieces), 1)
        consumer.more()
        self.assertEqual(len(consumer.pieces), 2)
        self.assertNoResult(pumping)
        consumer.more()
        self.successResultOf(pumping)
        self.assertEqual(consumer.data, data)

    def test_stopped(self):
        """
        When it is stopped, nothing more is written.
        """
        consumer = SlowConsumer()
        body = Parcel([b"one", b"two"]).body()
        pumping = pump(body, consumer)
        body.stopProducing()
        self.failureResultOf(pumping, Stopped)
        self.assertEqual(consumer.data, b"one")

    def test_stopped_before(self):
        """
        What is stopped before it is started gives nothing, and where it isn't
        started at all there is no error that nobody has heard of.
        """
        body = Parcel([b"one"]).body()
        body.stopProducing()
        collector = Collector()
        self.failureResultOf(body.startProducing(collector), Stopped)
        self.assertEqual(collector.pieces, [])
        body = Parcel([b"one"]).body()
        body.stopProducing()
        del body
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_dropped(self):
        """
        What is dropped is let go of.
        """
        parcel = Parcel([b"one"])
        parcel.drop()
        self.assertEqual(self.successResultOf(collect(parcel.body())), b"")
