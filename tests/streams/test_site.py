"""
Tests of L{glance.streams.site}.
"""

from klein import Klein
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from glance.errors import BodyStopped
from glance.streams.bodies import BytesBody
from glance.streams.channel import StreamingHTTPChannel
from tests.streams.test_channel import SocketTestCase
from tests.streams.wire import Sink, WireTestCase


class FinishedTests(WireTestCase):
    """
    The site tells of each request that is over.
    """

    def test_answered(self):
        """
        A request is over when its answer is done.
        """
        self.clock.advance(3)
        request = self.put("Content-Length: 4")
        self.assertEqual((request.started, self.site.in_flight), (3, 1))
        request.body.startProducing(Sink())
        self.channel.dataReceived(b"data")
        self.assertEqual(self.finished, [])
        self.respond(request, b"yes", 201)
        self.lose(self.channel)
        self.assertEqual(self.finished, [request])
        self.assertEqual(self.site.in_flight, 0)
        self.assertEqual((request.code, request.sentLength), (201, 3))
        self.assertEqual(request.body.received, 4)
        self.assertFalse(request.aborted)

    def test_aborted(self):
        """
        A request is over when its connection is lost.
        """
        request = self.put("Content-Length: 4")
        self.lose(self.channel)
        self.assertEqual(self.finished, [request])
        self.assertEqual(self.site.in_flight, 0)
        self.assertTrue(request.aborted)

    def test_broken_off(self):
        """
        An answer that is broken off gets no end, even if it is finished.
        """
        request = self.put()
        request.write(b"half")
        request.loseConnection()
        request.finish()
        self.lose(self.channel)
        self.assertTrue(request.aborted)
        self.assertTrue(self.transport.value().endswith(b"half\r\n"))

    def test_not_begun(self):
        """
        A request whose headers never came is none.
        """
        channel, _ = self.serve(lambda request: b"")
        channel.dataReceived(b"GET / HTTP/1.1\r\nHost:")
        self.lose(channel)
        self.assertEqual(self.finished, [])


class LostTests(WireTestCase):
    """
    A request whose connection is lost can still be written to, in vain.
    """

    def test_producer(self):
        """
        A producer that comes too late is stopped.
        """
        request = self.put()
        self.lose(self.channel)
        producer = BytesBody(b"data")
        request.registerProducer(producer, True)
        self.failureResultOf(producer.startProducing(request), BodyStopped)

    def test_unregister(self):
        """
        A producer that is at work can be unregistered.
        """
        request = self.put()
        request.registerProducer(BytesBody(b"data"), True)
        self.lose(self.channel)
        request.write(b"data")
        request.unregisterProducer()
        self.assertIsNone(request.producer)


class DrainTests(WireTestCase):
    """
    A site can be shut down without harm to what is under way.
    """

    def test_idle(self):
        """
        Connections that had a request are closed at once.
        """
        channel, transport = self.serve(lambda request: b"")
        channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertFalse(transport.disconnecting)
        self.site.drain()
        self.assertTrue(transport.disconnecting)
        self.successResultOf(self.site.drained())

    def test_first(self):
        """
        The first request of a connection is waited for, and answered.
        """
        channel, transport = self.serve(lambda request: b"yes")
        self.site.drain()
        drained = self.site.drained()
        self.clock.advance(0.9)
        self.assertFalse(transport.disconnecting)
        self.assertNoResult(drained)
        channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(transport.value().endswith(b"yes"))
        self.assertTrue(transport.disconnecting)
        self.lose(channel)
        self.successResultOf(drained)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_no_first(self):
        """
        If it doesn't come soon, nobody waits for it.
        """
        _, transport = self.serve(lambda request: b"")
        self.site.drain()
        drained = self.site.drained()
        self.assertNoResult(drained)
        self.clock.advance(1)
        self.assertTrue(transport.disconnecting)
        self.successResultOf(drained)

    def test_many(self):
        """
        While one is busy, others aren't looked at each time that one is gone.
        """
        looks = []

        class Watched(StreamingHTTPChannel):
            @property
            def busy(self):
                looks.append(self)
                return super().busy

        request = self.put()
        self.site.protocol = Watched
        others = [self.connect()[0] for _ in range(200)]
        self.site.drain()
        self.clock.advance(1)
        drained = self.site.drained()
        for channel in others:
            self.lose(channel)
        self.assertLessEqual(len(looks), len(others))
        self.assertNoResult(drained)
        self.respond(request)
        self.lose(self.channel)
        self.successResultOf(drained)

    def test_in_flight(self):
        """
        A request is answered, and its connection closed then.
        """
        request = self.put()
        self.site.drain()
        self.assertFalse(self.transport.disconnecting)
        drained = self.site.drained()
        self.respond(request)
        self.assertIn(b"Connection: close\r\n", self.transport.value())
        self.assertTrue(self.transport.disconnecting)
        self.assertNoResult(drained)
        self.lose(self.channel)
        self.successResultOf(drained)

    def test_answer_under_way(self):
        """
        So it is when its answer has begun.
        """
        request = self.put()
        request.write(b"half")
        self.site.drain()
        request.finish()
        self.assertTrue(self.transport.disconnecting)

    def test_headers_under_way(self):
        """
        A request that has begun to come is answered.
        """
        channel, transport = self.serve(lambda request: b"yes")
        channel.dataReceived(b"GET / HTT")
        self.site.drain()
        channel.dataReceived(b"P/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(transport.value().endswith(b"yes"))
        self.assertTrue(transport.disconnecting)

    def test_leave(self):
        """
        A connection can have one more answer instead, which tells that it is the
        last.
        """
        channel, transport = self.serve(lambda request: b"yes")
        self.site.leave(5)
        self.clock.advance(4)
        self.assertFalse(transport.disconnecting)
        channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertIn(b"Connection: close\r\n", transport.value())
        self.assertTrue(transport.disconnecting)

    def test_leave_idle(self):
        """
        One that isn't used is closed after a while.
        """
        _, transport = self.serve(lambda request: b"yes")
        self.wait(1)
        self.site.leave(2)
        self.wait(1.5)
        self.assertFalse(transport.disconnecting)
        self.wait(1)
        self.assertTrue(transport.disconnecting)

    def test_leave_promised(self):
        """
        One whose client is being answered, and was not told, has that time after
        the answer.
        """
        request = self.put()
        request.write(b"half")
        self.site.leave(5)
        self.clock.advance(60)
        request.finish()
        self.clock.advance(4)
        self.assertFalse(self.transport.disconnecting)
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertFalse(self.transport.disconnecting)
        self.assertEqual(self.site.connected, 1)

    def test_abort(self):
        """
        In the end all connections are broken off.
        """
        request = self.put()
        drained = self.site.drained()
        self.site.abort()
        self.assertFalse(self.transport.connected)
        self.assertTrue(request.aborted)
        self.successResultOf(drained)


class AnswersLeaveTests(SocketTestCase):
    """
    A site is not shut down before its answers have left.
    """

    def test_answered(self):
        """
        An answer that is done may still be on its way.
        """
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.leaf.requests[0].finish()
        self.site.drain()
        # Nobody asks by the other connection.
        self.clock.advance(1)
        drained = self.site.drained()
        while self.socket.doWrite() is None:
            self.assertNoResult(drained)
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.successResultOf(drained)


class KleinTests(WireTestCase):
    """
    Klein's handlers are called when the headers are in.
    """

    def setUp(self):
        super().setUp()
        self.sink = Sink()
        self.told = []
        app = Klein()

        @app.route("/", methods=["PUT"])
        async def put(request):
            try:
                await request.body.startProducing(self.sink)
            except CancelledError:
                self.told.append("cancelled")
                raise
            return b"done"

        self.channel, self.transport = self.serve_resource(app.resource())

    def test_upload(self):
        """
        A handler reads the body, and answers.
        """
        self.channel.dataReceived(
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nda"
        )
        self.assertEqual(self.sink.data, b"da")
        self.channel.dataReceived(b"ta")
        self.assertTrue(self.transport.value().endswith(b"done\r\n0\r\n\r\n"))
        self.assertNotIn(b"Server:", self.transport.value())

    def test_disconnect(self):
        """
        When the client goes the handler is cancelled, and nothing is logged.
        """
        self.channel.dataReceived(
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nda"
        )
        self.lose(self.channel)
        self.assertEqual(self.told, ["cancelled"])
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual([request.aborted for request in self.finished], [True])
