"""
Tests of L{glance.streams.channel}.
"""

from time import process_time
from typing import ClassVar

from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionDone
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure

from glance.errors import BodyStopped
from tests.streams.wire import IDLE, LATER, Sink, WireTestCase


class UnreadAnswerTests(WireTestCase):
    """
    A client may send on without reading its answer.
    """

    def test_bounded(self):
        """
        No more is read from it than a little.
        """
        self.channel, self.transport = self.serve(lambda request: None)
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.channel.pauseProducing()
        self.transport.producerState = "producing"
        taken = 0
        while self.reading() and taken < 1 << 20:
            self.channel.dataReceived(b"a" * (1 << 14))
            taken += 1 << 14
        self.assertLess(taken, 1 << 18)

    def test_tiny(self):
        """
        In tiny pieces that costs next to nothing, too.
        """
        self.channel, self.transport = self.serve(lambda request: None)
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        begun, taken = process_time(), 0
        while self.reading():
            self.channel.dataReceived(b"G")
            taken += 1
        self.assertGreater(taken, 1 << 14)
        self.assertLess(process_time() - begun, 0.5)

    def test_pipelined(self):
        """
        What it asked for beyond an answer that it doesn't read waits until it
        does.
        """
        self.channel, self.transport = self.serve(lambda request: None)
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        for count in (1, 2, 3):
            self.assertEqual(len(self.leaf.requests), count)
            self.channel.pauseProducing()
            self.respond(self.leaf.requests[-1], b"answer")
            self.assertEqual(len(self.leaf.requests), count)
            self.channel.resumeProducing()
        self.assertEqual(self.transport.value().count(b"HTTP/1.1 200"), 3)

    def test_lost(self):
        """
        If it goes away instead, nothing more is answered.
        """
        self.channel, self.transport = self.serve(lambda request: None)
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        self.channel.pauseProducing()
        self.respond(self.leaf.requests[0])
        self.lose(self.channel)
        self.assertEqual(len(self.leaf.requests), 1)


class EarlyAnswerTests(WireTestCase):
    """
    A request may be answered before its body has come.
    """

    def test_small_rest(self):
        """
        A small rest is drained, and the connection kept.
        """
        request = self.put("Content-Length: 4")
        self.respond(request, code=404)
        self.assertNotIn(b"Connection: close", self.transport.value())
        self.assertTrue(self.reading())
        self.assertEqual([r.code for r in self.finished], [404])
        self.channel.dataReceived(b"dataGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual([r.uri for r in self.leaf.requests], [b"/", b"/next"])

    def test_small_rest_synchronously(self):
        """
        The same when it is answered at once, and the body came with the
        headers.
        """
        self.channel, self.transport = self.serve(lambda request: b"no")
        request = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\ndata"
        self.channel.dataReceived(request * 3)
        self.assertEqual(len(self.leaf.requests), 3)
        self.assertEqual(self.transport.value().count(b"HTTP/1.1 200"), 3)

    def test_small_rest_never_comes(self):
        """
        A client that doesn't send the rest is given up.
        """
        request = self.put("Content-Length: 4")
        self.respond(request, code=404)
        self.clock.advance(IDLE)
        self.assertFalse(self.transport.connected)

    def test_small_rest_comes_slowly(self):
        """
        So is one that sends a byte of it now and then.
        """
        request = self.put("Content-Length: 100")
        self.respond(request, code=404)
        for _ in range(2):
            self.wait(IDLE / 2 - 1)
            self.channel.dataReceived(b"a")
        self.assertTrue(self.transport.connected)
        self.wait(LATER)
        self.assertFalse(self.transport.connected)

    def test_broken_off(self):
        """
        An answer may be broken off while the body is on its way.
        """
        for header in ["Content-Length: 100", "Transfer-Encoding: chunked"]:
            request = self.put(header)
            done = request.body.startProducing(Sink())
            request.write(b"half")
            request.loseConnection()
            request.finish()
            self.failureResultOf(done, BodyStopped)
            self.assertTrue(self.transport.disconnecting)

    def test_big_rest(self):
        """
        A big rest is not waited for.
        """
        request = self.put("Content-Length: 1000000")
        self.respond(request, code=404)
        self.assertIn(b"Connection: close\r\n", self.transport.value())
        self.assertTrue(self.transport.disconnecting)
        self.clock.advance(5)
        self.assertFalse(self.transport.connected)
        self.assertEqual([r.aborted for r in self.finished], [False])

    def test_never_the_next_request(self):
        """
        An unread body is never taken for a request.
        """
        for header in ["Content-Length: 1000000", "Transfer-Encoding: chunked"]:
            request = self.put(header)
            self.respond(request, code=404)
            self.channel.dataReceived(
                b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n" * 100
            )
            self.assertEqual(len(self.leaf.requests), 1)

    def test_never_the_next_request_synchronously(self):
        """
        The same when it is answered at once, and all came together.
        """
        self.channel, self.transport = self.serve(lambda request: b"no")
        request = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.channel.dataReceived(
            request + b"0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        self.assertEqual(len(self.leaf.requests), 1)
        self.assertTrue(self.transport.disconnecting)

    def test_answer_begun(self):
        """
        A client isn't told to continue once its answer has begun.
        """
        request = self.put("Content-Length: 4", "Expect: 100-continue")
        request.write(b"answer")
        request.body.startProducing(Sink())
        self.assertNotIn(b" 100 ", self.transport.value())
        self.assertTrue(self.reading())

    def test_too_much_discarded(self):
        """
        A client that goes on sending is cut off.
        """
        request = self.put("Content-Length: 100000000000")
        self.respond(request, code=404)
        piece = bytes(1 << 20)
        for _ in range(64):
            self.channel.dataReceived(piece)
        self.assertTrue(self.transport.connected)
        self.channel.dataReceived(piece)
        self.assertFalse(self.transport.connected)

    def test_reader_is_stopped(self):
        """
        Whoever still reads the body is told that it's over.
        """
        request = self.put("Content-Length: 100")
        done = request.body.startProducing(Sink())
        self.respond(request, code=404)
        self.failureResultOf(done, BodyStopped)

    def test_answer_within_last_write(self):
        """
        A consumer may answer within the last write; the body ends well.
        """
        request = self.put("Content-Length: 4")
        done = request.body.startProducing(Sink(lambda _: self.respond(request)))
        self.channel.dataReceived(b"dataGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        self.successResultOf(done)
        self.assertEqual(len(self.leaf.requests), 2)
        self.assertNotIn(b"Connection: close", self.transport.value())


class TimeoutTests(WireTestCase):
    """
    No client keeps a connection for nothing.
    """

    def test_silent(self):
        """
        A client that asks nothing is given up.
        """
        _, transport = self.serve(lambda request: b"")
        self.clock.advance(IDLE)
        self.assertTrue(transport.disconnecting)

    def test_between_requests(self):
        """
        So is one that asks nothing more.
        """
        channel, transport = self.serve(lambda request: b"")
        self.wait(IDLE - 1)
        channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.wait(IDLE - 1)
        self.assertFalse(transport.disconnecting)
        self.wait(LATER)
        self.assertTrue(transport.disconnecting)

    def test_slow_headers(self):
        """
        Headers that come one byte now and then are given up.
        """
        channel, transport = self.serve(lambda request: b"")
        self.wait(IDLE - 1)
        for byte in b"GET":
            channel.dataReceived(bytes([byte]))
            self.wait(IDLE / 3 - 1)
        self.assertFalse(transport.disconnecting)
        channel.dataReceived(b" ")
        self.wait(LATER)
        self.assertTrue(transport.disconnecting)

    def test_slow_answer(self):
        """
        A client is not given up while we think.
        """
        request = self.put()
        self.wait(IDLE * 10)
        self.respond(request)
        self.assertTrue(self.transport.connected)
        self.assertFalse(self.transport.disconnecting)

    def test_stalled_download(self):
        """
        A client that stops reading is cut off.
        """
        request = self.put()
        request.write(b"data")
        self.channel.pauseProducing()
        self.clock.pump([IDLE / 8] * 7)
        self.assertTrue(self.transport.connected)
        self.clock.pump([IDLE / 8] * 2)
        self.assertFalse(self.transport.connected)
        self.assertTrue(request.aborted)

    def test_resumed_download(self):
        """
        A client that reads again is not.
        """
        request = self.put()
        request.write(b"data")
        self.channel.pauseProducing()
        self.clock.advance(IDLE - 1)
        self.channel.resumeProducing()
        self.clock.advance(IDLE)
        self.assertTrue(self.transport.connected)


class SlowSocket(FileDescriptor):
    """
    A socket that takes ten bytes whenever it is told to.
    """

    connected = True

    def startReading(self):
        pass

    stopReading = startWriting = stopWriting = startReading

    def getPeer(self):
        return None

    getHost = getPeer

    def writeSomeData(self, data):
        return min(len(data), 10)

    def abortConnection(self):
        self.connected = False


class SocketTestCase(WireTestCase):
    """
    Has a connection by a slow socket.
    """

    def setUp(self):
        super().setUp()
        self.serve(lambda request: None)
        self.socket = SlowSocket(self.clock)
        self.channel = self.site.buildProtocol(None)
        self.channel.makeConnection(self.socket)


class SocketTests(SocketTestCase):
    """
    The buffers of a socket are watched, and used.
    """

    def test_slow_download(self):
        """
        A client that reads slowly is not cut off until it stops.
        """
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.leaf.requests[0].write(bytes(1 << 17))
        self.assertTrue(self.socket.producerPaused)
        for _ in range(30):
            self.clock.advance(IDLE - 1)
            self.socket.doWrite()
        self.assertTrue(self.socket.connected)
        self.clock.pump([IDLE / 8] * 12)
        self.assertFalse(self.socket.connected)

    def test_lost(self):
        """
        What a client that goes away did not read is let go of.
        """
        self.channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.leaf.requests[0].write(bytes(1 << 17))
        self.socket.doWrite()
        self.leaf.requests[0].write(bytes(1 << 17))
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.socket.dataBuffer, b"")
        self.assertEqual(self.socket._tempDataBuffer, [])

    def test_slow_end(self):
        """
        So it is when its answer is done, and its connection to be closed.
        """
        self.channel.dataReceived(b"GET / HTTP/1.0\r\n\r\n")
        self.respond(self.leaf.requests[0], bytes(1000))
        for _ in range(30):
            self.clock.advance(IDLE - 1)
            self.socket.doWrite()
        self.assertTrue(self.socket.connected)
        self.clock.pump([IDLE / 8] * 12)
        self.assertFalse(self.socket.connected)

    def test_slow_lingering(self):
        """
        An early answer isn't cut off while the client still reads it.
        """
        self.channel.dataReceived(
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n"
        )
        self.respond(self.leaf.requests[0], bytes(1000))
        self.clock.advance(5)
        self.assertTrue(self.socket.connected)
        self.clock.pump([IDLE / 8] * 12)
        self.assertFalse(self.socket.connected)

    def test_never_closed(self):
        """
        One that doesn't close its side is cut off after a while.
        """
        self.wait(IDLE / 2)
        self.site.drain()
        self.wait(IDLE - 1)
        self.assertTrue(self.socket.connected)
        self.wait(LATER)
        self.assertFalse(self.socket.connected)

    def test_refused(self):
        """
        What comes with a bad request is ignored.
        """
        self.channel.dataReceived(
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
            b"Transfer-Encoding: identity\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        self.assertEqual(self.leaf.requests, [])
        self.assertTrue(self.socket.connected)

    def test_buffer(self):
        """
        Bodies are read in big pieces, all else in small ones.
        """
        small = self.socket.bufferSize
        self.channel.dataReceived(
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
        )
        self.assertEqual(self.socket.bufferSize, 1 << 18)
        self.channel.dataReceived(b"data")
        self.assertEqual(self.socket.bufferSize, small)


class SlowEndTests(SocketTestCase):
    """
    The end of an answer may be read as slowly as need be.
    """

    limits: ClassVar = {"download_rate": 5}

    def test_slow_end(self):
        """
        Little of it may be left for the buffers.
        """
        self.channel.dataReceived(b"GET / HTTP/1.0\r\n\r\n")
        self.leaf.requests[0].write(bytes(1 << 17))
        self.wait(LATER)
        self.leaf.requests[0].finish()
        for _ in range(10):
            self.wait(10)
            self.socket.doWrite()
        self.assertTrue(self.socket.connected)


class BadRequestTests(WireTestCase):
    """
    What is no request is told so.
    """

    limits: ClassVar = {"longest_line": 100}

    def refuse(self, wire):
        """
        Say what is no request; get the answer.
        """
        channel, transport = self.serve(lambda request: b"")
        channel.dataReceived(wire)
        channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(transport.disconnecting)
        self.assertEqual(self.leaf.requests, [])
        return transport.value()

    def test_answer(self):
        """
        What is answered says what to do, and that the connection ends.
        """
        self.assertEqual(
            self.refuse(b"GET / HTTP/2.0\r\n"),
            b"HTTP/1.1 505 HTTP Version Not Supported\r\n"
            b"Connection: close\r\nContent-Type: text/plain; charset=UTF-8\r\n"
            b"Content-Length: 71\r\n\r\n505 HTTP Version Not Supported\n\n"
            b"HTTP/1.1 and HTTP/1.0 are spoken here.\n",
        )

    def test_logged(self):
        """
        The log says it too, and nothing of what was sent.
        """
        with capturedLogs() as events:
            self.refuse(b"GET /secret#token HTTP/1.1\r\n")
        [said] = [formatEvent(event) for event in events]
        self.assertRegex(said, "^What 192.168.1.1 sends is refused: 400 What is asked")
        self.assertNotIn("secret", said)

    def test_limits(self):
        """
        A line may be as long as is said, and all of them eight times as long.
        """
        start = b"GET / HTTP/1.1\r\nHost: a\r\n"
        for status, wire in {
            b"414 ": b"GET /" + b"a" * 87 + b" HTTP/1.1\r\n\r\n",
            b"431 Request Header Fields Too Large": start + b"A: " + b"b" * 98,
            b"431 ": start + (b"A: " + b"b" * 97 + b"\r\n") * 8,
        }.items():
            answer = self.refuse(wire)
            self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), answer)
            self.assertIn(b"have max_header_line raised.\n", answer)
        channel, transport = self.serve(lambda request: b"")
        more = (b"A: " + b"b" * 97 + b"\r\n") * 6
        channel.dataReceived(b"GET /" + b"a" * 86 + b" HTTP/1.1\r\nHost: a\r\n" + more)
        channel.dataReceived(b"A: b\r\n\r\n" * 2)
        self.assertIn(b"HTTP/1.1 200 OK", transport.value())


class ResourceTests(WireTestCase):
    """
    What answers may break.
    """

    def test_resource_breaks_midway(self):
        """
        One that fails when a part of its answer is out breaks off.
        """

        def fail(request):
            request.write(b"half")
            raise ZeroDivisionError("secret")

        channel, transport = self.serve(fail)
        channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(transport.value().endswith(b"half\r\n"))
        self.assertTrue(transport.disconnecting)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_many_properties(self):
        """
        The headers of an image with long properties are no bad request.
        """
        request = self.put(*(f"X-{i}: {'x' * 900}" for i in range(128)))
        self.assertEqual(request.getHeader("x-127"), "x" * 900)

    def test_broken_resource(self):
        """
        A resource that fails unexpectedly answers 500, and no more.
        """

        def fail(request):
            raise ZeroDivisionError("secret")

        channel, transport = self.serve(fail)
        channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(transport.value().startswith(b"HTTP/1.1 500 "))
        self.assertTrue(transport.value().endswith(b"\r\n\r\nInternal server error"))
        self.assertNotIn(b"Twisted", transport.value())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
