"""
Tests of L{glance.streams.request}.
"""

from contextvars import copy_context
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface.verify import verifyObject

from glance.errors import BodyMalformed, BodyStopped, BodyTimeout, BodyTruncated
from glance.log import request_id
from glance.streams.request import UploadBody
from tests.streams.contract import BlockConsumerContract, BodyContract
from tests.streams.wire import IDLE, LATER, Sink, WireTestCase


class UploadedTests(BodyContract, SynchronousTestCase):
    """
    L{UploadBody} is a body.
    """

    data = b"onetwothree!"

    def make_body(self):
        body = UploadBody(len(self.data), lambda: None)
        for piece in (b"one", b"two", b"three", b"!"):
            body.data_received(piece)
        body.completed()
        return body


class UploadedBlocksTests(BlockConsumerContract, UploadedTests):
    """
    L{UploadBody} is a body to who takes blocks, too.
    """


class UploadBodyTests(WireTestCase):
    """
    The body of a request is produced as it comes.
    """

    def test_interface(self):
        """
        It is a body, and can be paused.
        """
        body = UploadBody(1, lambda: None)
        verifyObject(IBodyProducer, body)
        verifyObject(IPushProducer, body)

    def test_no_body(self):
        """
        A request without one has no body.
        """
        self.assertIsNone(self.put().body)

    def test_empty_body(self):
        """
        A request whose body has no bytes has none.
        """
        self.assertIsNone(self.put("Content-Length: 0").body)

    def test_content(self):
        """
        What others take for the body is empty.
        """
        request = self.put("Content-Length: 4")
        self.channel.dataReceived(b"data")
        self.assertEqual(request.content.read(), b"")

    def test_length(self):
        """
        The body knows how long it is.
        """
        self.assertEqual(self.put("Content-Length: 4").body.length, 4)

    def test_unknown_length(self):
        """
        A chunked body doesn't know how long it is.
        """
        request = self.put("Transfer-Encoding: chunked")
        self.assertEqual(request.body.length, UNKNOWN_LENGTH)

    def test_not_read(self):
        """
        Nothing is read until somebody wants the body.
        """
        request = self.put("Content-Length: 4")
        self.assertFalse(self.reading())
        done = request.body.startProducing(Sink())
        self.assertTrue(self.reading())
        self.assertNoResult(done)

    def test_data(self):
        """
        Each piece reaches the consumer when it comes.
        """
        request = self.put("Content-Length: 8")
        sink = Sink()
        done = request.body.startProducing(sink)
        self.channel.dataReceived(b"some")
        self.assertEqual((sink.data, request.body.received), (b"some", 4))
        self.assertNoResult(done)
        self.channel.dataReceived(b"data")
        self.assertEqual(sink.data, b"somedata")
        self.assertIsNone(self.successResultOf(done))

    def test_read_once(self):
        """
        A body is started only once.
        """
        body = self.put("Content-Length: 8").body
        body.startProducing(Sink())
        self.assertRaises(RuntimeError, body.startProducing, Sink())

    def test_continue(self):
        """
        A client that asks is told to continue when the body is wanted.
        """
        request = self.put("Content-Length: 4", "Expect: 100-continue")
        self.assertEqual(self.transport.value(), b"")
        request.body.startProducing(Sink())
        self.assertEqual(self.transport.value(), b"HTTP/1.1 100 Continue\r\n\r\n")

    def test_refused(self):
        """
        A client that asks is not told to continue once it is refused.
        """
        request = self.put("Content-Length: 4", "Expect: 100-continue")
        self.respond(request, code=404)
        request.body.startProducing(Sink()).addErrback(lambda _: None)
        self.assertTrue(self.transport.value().startswith(b"HTTP/1.1 404 "))
        self.assertNotIn(b" 100 ", self.transport.value())
        self.assertIn(b"Connection: close\r\n", self.transport.value())

    def test_pause(self):
        """
        While the consumer has no room nothing is read, nor written.
        """
        body = self.put("Content-Length: 8").body
        sink = Sink()
        done = body.startProducing(sink)
        body.pauseProducing()
        self.assertFalse(self.reading())
        self.channel.dataReceived(b"somedata")
        self.assertEqual(sink.data, b"")
        self.assertNoResult(done)
        body.resumeProducing()
        self.assertEqual(sink.data, b"somedata")
        self.successResultOf(done)

    def test_pause_within_write(self):
        """
        A consumer that pauses within a write gets no more until it resumes.
        """
        body = self.put("Transfer-Encoding: chunked").body
        sink = Sink(lambda data: body.pauseProducing())
        done = body.startProducing(sink)
        for chunk in (b"1\r\na\r\n", b"1\r\nb\r\n0\r\n\r\n"):
            self.channel.dataReceived(chunk)
        self.assertEqual(sink.data, b"a")
        body.resumeProducing()
        self.assertEqual(sink.data, b"ab")
        self.successResultOf(done)

    def test_resume_within_write(self):
        """
        A consumer that pauses and resumes within a write gets all in order.
        """
        body = self.put("Transfer-Encoding: chunked").body

        def stutter(data):
            body.pauseProducing()
            body.resumeProducing()

        sink = Sink(stutter)
        done = body.startProducing(sink)
        self.channel.dataReceived(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")
        self.assertEqual(sink.data, b"ab")
        self.successResultOf(done)

    def test_many_resumes_within_write(self):
        """
        However often it does so.
        """
        body = self.put("Transfer-Encoding: chunked").body
        self.channel.dataReceived(b"1\r\na\r\n" * 3000 + b"0\r\n\r\n")
        sink = Sink(lambda data: body.resumeProducing())
        self.successResultOf(body.startProducing(sink))
        self.assertEqual(len(sink.data), 3000)

    def test_paused_before_start(self):
        """
        A consumer may pause a body before it is started.
        """
        body = self.put("Content-Length: 4").body
        body.pauseProducing()
        sink = Sink()
        body.startProducing(sink)
        self.assertFalse(self.reading())
        body.resumeProducing()
        self.assertTrue(self.reading())

    def test_stop(self):
        """
        A body that is stopped fails, and nothing more is read.
        """
        body = self.put("Content-Length: 4").body
        done = body.startProducing(Sink())
        body.stopProducing()
        self.failureResultOf(done, BodyStopped)
        self.assertFalse(self.reading())

    def test_stop_within_write(self):
        """
        A consumer that stops the body within a write gets no more.
        """
        body = self.put("Transfer-Encoding: chunked").body
        sink = Sink(lambda data: body.stopProducing())
        done = body.startProducing(sink)
        for chunk in (b"1\r\na\r\n", b"1\r\nb\r\n0\r\n\r\n"):
            self.channel.dataReceived(chunk)
        self.failureResultOf(done, BodyStopped)
        self.assertEqual(sink.data, b"a")

    def test_stop_before_start(self):
        """
        A body that was stopped before its start fails when it is started.
        """
        body = self.put("Content-Length: 4").body
        body.stopProducing()
        self.failureResultOf(body.startProducing(Sink()), BodyStopped)

    def test_cancel(self):
        """
        To cancel is to stop.
        """
        done = self.put("Content-Length: 4").body.startProducing(Sink())
        done.cancel()
        self.failureResultOf(done, BodyStopped)
        self.assertFalse(self.reading())

    def test_write_fails(self):
        """
        What a consumer raises is what the body fails with.
        """

        def fail(data):
            raise ZeroDivisionError

        done = self.put("Content-Length: 4").body.startProducing(Sink(fail))
        self.channel.dataReceived(b"da")
        self.failureResultOf(done, ZeroDivisionError)
        self.assertFalse(self.reading())

    def test_truncated(self):
        """
        A body whose client is gone before the end fails.
        """
        done = self.put("Content-Length: 4").body.startProducing(Sink())
        self.channel.dataReceived(b"dat")
        self.lose(self.channel)
        self.failureResultOf(done, BodyTruncated)

    def test_truncated_before_start(self):
        """
        A body whose client is gone before it is started fails at once.
        """
        body = self.put("Content-Length: 4").body
        self.lose(self.channel)
        self.failureResultOf(body.startProducing(Sink()), BodyTruncated)

    def test_complete(self):
        """
        Once all has come the socket is read again, to notice its end.
        """
        body = self.put("Content-Length: 4").body
        self.channel.dataReceived(b"data")
        self.assertTrue(self.reading())
        sink = Sink()
        self.successResultOf(body.startProducing(sink))
        self.assertEqual(sink.data, b"data")

    def test_lost_when_complete(self):
        """
        A slow consumer gets all that has come, though the client is gone.
        """
        body = self.put("Content-Length: 4").body
        sink = Sink()
        done = body.startProducing(sink)
        body.pauseProducing()
        self.channel.dataReceived(b"data")
        self.lose(self.channel)
        body.resumeProducing()
        self.successResultOf(done)
        self.assertEqual(sink.data, b"data")

    def test_malformed(self):
        """
        A body whose chunks are broken fails; the connection isn't kept.
        """
        request = self.put("Transfer-Encoding: chunked")
        done = request.body.startProducing(Sink())
        self.channel.dataReceived(b"4\r\ndata\r\nX\r\n")
        self.failureResultOf(done, BodyMalformed)
        self.assertEqual(self.transport.value(), b"")
        self.respond(request, code=400)
        self.assertIn(b"Connection: close\r\n", self.transport.value())
        self.assertTrue(self.transport.disconnecting)

    def test_malformed_before_start(self):
        """
        A body that is known to be broken fails when it is started.
        """
        body = self.put("Transfer-Encoding: chunked").body
        self.channel.dataReceived(b"X\r\n")
        self.failureResultOf(body.startProducing(Sink()), BodyMalformed)

    def test_timeout(self):
        """
        A body fails when none of it comes for too long; the client can still
        be told.
        """
        request = self.put("Content-Length: 4")
        done = request.body.startProducing(Sink())
        self.wait(IDLE - 1)
        self.channel.dataReceived(b"da")
        self.wait(IDLE - 1)
        self.assertNoResult(done)
        self.wait(LATER)
        self.failureResultOf(done, BodyTimeout)
        self.respond(request, code=408)
        self.assertTrue(self.transport.value().startswith(b"HTTP/1.1 408 "))
        self.assertIn(b"Connection: close\r\n", self.transport.value())

    def test_no_timeout_while_paused(self):
        """
        A client isn't blamed for the time that the consumer takes.
        """
        body = self.put("Content-Length: 4").body
        self.wait(IDLE + 1)
        done = body.startProducing(Sink())
        self.wait(LATER)
        body.pauseProducing()
        self.wait(IDLE + 1)
        body.resumeProducing()
        self.wait(IDLE - 1)
        self.assertNoResult(done)

    def test_full_transport(self):
        """
        When a full transport is ready again, a paused body stays paused.
        """
        body = self.put("Content-Length: 4").body
        self.channel.pauseProducing()
        self.channel.resumeProducing()
        self.assertFalse(self.reading())
        body.startProducing(Sink())
        self.channel.pauseProducing()
        self.assertFalse(self.reading())
        body.pauseProducing()
        body.resumeProducing()
        self.assertFalse(self.reading())
        self.channel.resumeProducing()
        self.assertTrue(self.reading())


class SplittingTests(WireTestCase):
    """
    It doesn't matter how the bytes on the wire are cut.
    """

    @settings(max_examples=150, deadline=None)
    @given(
        pieces=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=8),
        chunked=st.booleans(),
        trailer=st.booleans(),
        cuts=st.lists(st.integers(0, 400), max_size=30),
        late=st.integers(0, 30),
        pausing=st.booleans(),
    )
    def test_any_splitting(self, pieces, chunked, trailer, cuts, late, pausing):
        """
        However a request is cut into packets, and whenever it is read, its
        body is the same, and the next request is understood.
        """
        self.setUp()
        data = b"".join(pieces)
        sinks, done = [], []

        def answer(request):
            if request.body is None:
                return b"pong"
            return None

        def start():
            request = self.leaf.requests[0]
            sink = Sink()
            if pausing:
                sink.on_write = lambda _: request.body.pauseProducing()
            sinks.append(sink)
            done.append(request.body.startProducing(sink))
            done[0].addCallback(lambda _: self.respond(request))

        wire = b"PUT /a HTTP/1.1\r\nHost: glance\r\n"
        if chunked:
            wire += b"Transfer-Encoding: chunked\r\n\r\n"
            wire += b"".join(b"%x;a=b\r\n%s\r\n" % (len(p), p) for p in pieces)
            wire += b"0\r\nX-Trailer: 1\r\n\r\n" if trailer else b"0\r\n\r\n"
        else:
            wire += b"Content-Length: %d\r\n\r\n" % len(data) + data
        wire += b"GET /b HTTP/1.1\r\nHost: glance\r\n\r\n"

        channel, transport = self.serve(answer)
        borders = sorted({0, len(wire), *(c for c in cuts if c < len(wire))})
        for number, (a, b) in enumerate(pairwise(borders)):
            channel.dataReceived(wire[a:b])
            if not sinks and self.leaf.requests and number >= late:
                start()
            if sinks:
                self.leaf.requests[0].body.resumeProducing()
        if not sinks:
            start()
        for _ in pieces * 10:
            self.leaf.requests[0].body.resumeProducing()
        self.successResultOf(done[0])
        self.assertEqual(sinks[0].data, data)
        self.assertEqual([r.uri for r in self.leaf.requests], [b"/a", b"/b"])
        self.assertEqual(transport.value().count(b"HTTP/1.1 200 OK"), 2)
        self.assertTrue(transport.value().endswith(b"pong"))


class HostTests(WireTestCase):
    """
    Each request has a host name, which Klein asks for.
    """

    def test_given(self):
        """
        It's what the client says.
        """
        self.assertEqual(self.put().getRequestHostname(), b"glance")

    def test_socket(self):
        """
        At a UNIX socket a client need not say it.
        """
        channel, _ = self.serve(lambda request: None)
        channel.transport.hostAddr = UNIXAddress("socket")
        channel.dataReceived(b"GET / HTTP/1.0\r\n\r\n")
        self.assertEqual(self.leaf.requests[0].getRequestHostname(), b"localhost")


class RequestIdTests(WireTestCase):
    """
    Each request has an id.
    """

    def test_passed_on(self):
        """
        The id that the client gives is kept, and told.
        """
        uuid = "req-01234567-89ab-cdef-0123-456789abcdef"
        for said, kept in ((uuid, uuid), ("req-a_", "req-a_"), ("J.7:b", "req-J.7:b")):
            request = self.put(f"X-Openstack-Request-Id: {said}")
            self.assertEqual(request.request_id, kept)
            self.respond(request)
            answered = f"X-Openstack-Request-Id: {kept}\r\n"
            self.assertIn(answered.encode(), self.transport.value())

    def test_made(self):
        """
        Without one, or with one that isn't valid, an id is made.
        """
        for value in ["", "a b", "req-a\tx", "r" * 65, "\N{SNOWMAN}", "a;b"]:
            request = self.put(f"X-Openstack-Request-Id: {value}")
            self.assertRegex(request.request_id, "^req-[0-9a-f-]{36}$")
            self.assertNotEqual(request.request_id, value)

    def test_context(self):
        """
        The id is known wherever the request is answered, and nowhere else.
        """
        seen = []

        async def answer(request, waiting):
            seen.append(request_id.get())
            await waiting
            seen.append(request_id.get())

        def render(request):
            Deferred.fromCoroutine(answer(request, waiting[len(seen)]))

        waiting = [Deferred(), Deferred()]
        first, _ = self.serve(render)
        first.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        second, _ = self.connect()
        second.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        copy_context().run(waiting[0].callback, None)
        waiting[1].callback(None)
        a, b = (request.request_id for request in self.leaf.requests)
        self.assertEqual(seen, [a, b, a, b])
        self.assertIsNone(request_id.get())
