"""
Tests of requests that come many at once.
"""

from itertools import pairwise

from glance.streams.measures import ROW
from tests.streams.wire import WireTestCase

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"


class RowTests(WireTestCase):
    """
    Who asks for much at once keeps nobody else waiting.
    """

    def setUp(self):
        super().setUp()
        self.channel, self.transport = self.serve(self.respond)

    def ask(self, count):
        """
        Ask for so much at once.
        """
        self.channel.dataReceived(b"".join(GET % number for number in range(count)))

    def test_turns(self):
        """
        After some answers others have their turn, and all is answered in the end.
        """
        turns = []

        def others():
            turns.append(len(self.leaf.requests))
            if turns[-1] < 100:
                self.clock.callLater(0, others)

        self.ask(100)
        others()
        self.clock.advance(0)
        steps = [after - before for before, after in pairwise([0, *turns])]
        self.assertLessEqual(max(steps), ROW + 1)
        self.assertEqual(
            [request.uri for request in self.leaf.requests],
            [b"/%d" % number for number in range(100)],
        )
        self.assertEqual(self.transport.value().count(b"HTTP/1.1 200"), 100)

    def test_lost(self):
        """
        If it goes away amid that, nothing more is answered.
        """
        self.ask(100)
        self.lose(self.channel)
        answered = len(self.leaf.requests)
        self.clock.advance(0)
        self.assertEqual(len(self.leaf.requests), answered)

    def test_leaving(self):
        """
        Amid that the connection isn't idle: it ends after the answer.
        """
        self.ask(100)
        self.channel.close_if_idle()
        self.assertFalse(self.transport.disconnecting)
        self.clock.advance(0)
        self.assertGreater(len(self.leaf.requests), ROW + 1)
