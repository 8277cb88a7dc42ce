"""
Tests of L{glance.receiving}, piece by piece.
"""

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone, ResponseFailed

from glance.receiving import ReceivedBody
from tests.bodies import Collector


class Silent(Exception):
    """
    Nothing came for too long.
    """


class Cut(Exception):
    """
    It wasn't all.
    """


class Stopped(Exception):
    """
    It was told to stop.
    """


class Response:
    """
    An answer whose body the test gives.
    """

    length = 100

    def __init__(self):
        self.transport = StringTransport()

    def deliverBody(self, protocol):  # noqa: N802
        """
        Give it to C{protocol}.
        """
        self.protocol = protocol
        protocol.makeConnection(self.transport)


class PieceTests(SynchronousTestCase):
    """
    A body gives what has come when its consumer wants it.
    """

    def setUp(self):
        self.clock = Clock()
        self.response = Response()
        self.body = ReceivedBody(
            self.response,
            self.clock,
            60,
            silent=Silent(),
            cut=Cut(),
            stopped=Stopped,
        )
        self.consumer = Collector()
        self.done = self.body.startProducing(self.consumer)

    def come(self, *pieces):
        """
        Have data come.
        """
        for piece in pieces:
            self.response.protocol.dataReceived(piece)

    def end(self, error):
        """
        Have the answer end.
        """
        self.response.protocol.connectionLost(Failure(error))

    def test_held(self):
        """
        What comes while it is paused is held, and so is its end.
        """
        self.come(b"one")
        self.body.pauseProducing()
        self.assertEqual(self.response.transport.producerState, "paused")
        self.come(b"two", b"three")
        self.end(ResponseDone())
        self.assertEqual(self.consumer.data, b"one")
        self.assertNoResult(self.done)
        self.body.resumeProducing()
        self.assertEqual(self.consumer.data, b"onetwothree")
        self.successResultOf(self.done)

    def test_held_and_cut(self):
        """
        A consumer gets all that came of what was cut, and then hears of that.
        """
        self.body.pauseProducing()
        self.come(b"one")
        self.end(ResponseFailed([]))
        self.body.resumeProducing()
        self.assertEqual(self.consumer.data, b"one")
        self.failureResultOf(self.done, Cut)

    def test_end_while_paused(self):
        """
        If nothing is left, the end needs no resuming.
        """
        self.come(b"one")
        self.body.pauseProducing()
        self.end(ResponseDone())
        self.successResultOf(self.done)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_reentrant(self):
        """
        A consumer may pause and resume at each piece, however many there are.
        """

        def write(data):
            self.consumer.pieces.append(data)
            self.body.pauseProducing()
            self.body.resumeProducing()

        self.consumer.write = write
        self.body.pauseProducing()
        pieces = [b"%d" % number for number in range(5000)]
        self.come(*pieces)
        self.body.resumeProducing()
        self.end(ResponseDone())
        self.successResultOf(self.done)
        self.assertEqual(self.consumer.pieces, pieces)

    def test_moving(self):
        """
        While anything comes nobody is impatient; when nothing does, the
        connection is ended.
        """
        for _ in range(10):
            self.clock.advance(59)
            self.come(b"x")
        self.assertNoResult(self.done)
        self.clock.advance(59)
        self.clock.advance(2)
        self.failureResultOf(self.done, Silent)
        self.assertEqual(self.response.transport.producerState, "stopped")
        self.come(b"late")
        self.assertEqual(self.consumer.data, b"x" * 10)
