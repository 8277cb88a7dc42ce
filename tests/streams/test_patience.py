"""
Tests of L{glance.streams.patience}, and of how the site looks at clients.
"""

import socket
from typing import ClassVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import BodyTimeout
from glance.streams.patience import INTERVAL, WINDOW, Progress, interval
from glance.streams.site import LOOKS
from glance.streams.sockets import full
from tests.streams.wire import IDLE, LATER, Sink, WireTestCase


class ProgressTests(SynchronousTestCase):
    """
    What a client does is seen whenever it is looked at.
    """

    def test_idle(self):
        """
        It is at fault once nothing has come of it for long.
        """
        progress = Progress(10, 0)
        said = [progress.fault(now, count) for now, count in [(0, 5), (9, 6), (18, 6)]]
        self.assertEqual(said, [None] * 3)
        self.assertEqual(progress.fault(19, 6), "no data came for 10 seconds")

    def test_rest(self):
        """
        The time in which nobody waits for it is not counted.
        """
        progress = Progress(10, 1000)
        self.assertIsNone(progress.fault(0, 5))
        progress.rest()
        self.assertIsNone(progress.fault(100, 5))
        self.assertIsNone(progress.fault(109, 5))

    def test_patient(self):
        """
        It may have all the time there is.
        """
        progress = Progress(None, 0)
        self.assertIsNone(progress.fault(0, 5))
        self.assertIsNone(progress.fault(1e9, 5))

    def test_rate(self):
        """
        It may be slower than it has to be for a while, but not longer.
        """
        progress = Progress(None, 10)
        self.assertIsNone(progress.fault(0, 0))
        self.assertIsNone(progress.fault(WINDOW - 1, 0))
        self.assertIsNone(progress.fault(WINDOW, 10 * WINDOW))
        self.assertIsNone(progress.fault(2 * WINDOW - 1, 10 * WINDOW))
        self.assertEqual(
            progress.fault(2 * WINDOW, 20 * WINDOW - 1),
            "less than 10 bytes came in a second",
        )

    def test_interval(self):
        """
        Clients are looked at several times within the least they have.
        """
        self.assertEqual(interval(None, None), INTERVAL)
        self.assertEqual(interval(900, None), INTERVAL)
        self.assertEqual(interval(900, 4), 0.5)

    def test_full(self):
        """
        A socket is full when the system takes no more for it.
        """
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        ours.setblocking(False)
        self.assertFalse(full(ours))
        with self.assertRaises(BlockingIOError):
            while True:
                ours.send(bytes(1 << 16))
        self.assertTrue(full(ours))
        ours.close()
        self.assertFalse(full(ours))


class HeaderTests(WireTestCase):
    """
    There is one time for the headers of a request.
    """

    limits: ClassVar = {"header_timeout": 20}

    def test_slow(self):
        """
        A client that sends them slowly is given up, however often something
        comes.
        """
        channel, transport = self.serve(lambda request: b"")
        self.wait(IDLE - 1)
        for byte in b"GET / HTTP/1.1\r\nA: b":
            channel.dataReceived(bytes([byte]))
            self.wait(1)
        self.assertFalse(transport.disconnecting)
        channel.dataReceived(b"c")
        self.wait(LATER)
        self.assertTrue(transport.disconnecting)

    def test_each(self):
        """
        Each request on a connection has that time.
        """
        channel, transport = self.serve(lambda request: b"yes")
        for _ in range(5):
            channel.dataReceived(b"GET / HTTP/1.1\r\nHost: a\r\n")
            self.wait(15)
            channel.dataReceived(b"\r\n")
            self.wait(30)
        self.assertFalse(transport.disconnecting)
        self.assertEqual(transport.value().count(b"yes"), 5)

    def test_body(self):
        """
        It is not the time for their body.
        """
        request = self.put("Content-Length: 100")
        done = request.body.startProducing(Sink())
        for _ in range(4):
            self.wait(IDLE - 1)
            self.channel.dataReceived(b"a")
        self.assertNoResult(done)

    def test_small_body(self):
        """
        But a body that is read at once has just as much again.
        """
        for header in ("Content-Length: 100", "Transfer-Encoding: chunked"):
            request = self.put(header)
            self.wait(IDLE)
            done = Deferred.fromCoroutine(request.read_all(100))
            for _ in range(3):
                self.wait(5)
                self.channel.dataReceived(b"1\r\na\r\n")
            self.assertNoResult(done)
            self.wait(LATER)
            error = self.failureResultOf(done, BodyTimeout).value
            self.assertIn("Not all of it came in 20 seconds", str(error))


class RateTests(WireTestCase):
    """
    A site can demand that clients are not too slow.
    """

    limits: ClassVar = {"upload_rate": 100, "download_rate": 100}

    def send(self, rate, seconds):
        """
        Send so many bytes a second.
        """
        for _ in range(seconds):
            if self.reading():
                self.channel.dataReceived(bytes(rate))
            self.wait(1)

    def test_slow_upload(self):
        """
        A client that sends too slowly is told so.
        """
        request = self.put("Content-Length: 100000000")
        done = request.body.startProducing(Sink())
        self.send(150, 90)
        self.assertNoResult(done)
        self.send(50, int(2 * WINDOW + LATER))
        error = self.failureResultOf(done, BodyTimeout).value
        self.assertIn("100 bytes", str(error))
        self.respond(request, code=408)
        self.assertTrue(self.transport.value().startswith(b"HTTP/1.1 408 "))

    def test_slow_consumer(self):
        """
        A client isn't blamed for what we don't want yet.
        """
        request = self.put("Content-Length: 100000000")
        sink = Sink(lambda data: request.body.pauseProducing())
        done = request.body.startProducing(sink)
        for _ in range(10):
            self.send(10, 25)
            request.body.resumeProducing()
            self.wait(INTERVAL)
        self.assertNoResult(done)

    def test_slow_download(self):
        """
        A client that reads too slowly is cut off.
        """
        request = self.put()
        request.write(b"data")
        self.channel.pauseProducing()
        self.wait(WINDOW - 1)
        self.assertTrue(self.transport.connected)
        self.wait(LATER)
        self.assertFalse(self.transport.connected)

    def test_slow_source(self):
        """
        It isn't for what it isn't sent yet.
        """
        request = self.put()
        for _ in range(20):
            request.write(b"data")
            self.channel.pauseProducing()
            self.wait(WINDOW / 2)
            self.channel.resumeProducing()
            self.wait(INTERVAL)
        self.assertTrue(self.transport.connected)


class ManyTests(WireTestCase):
    """
    However many connections there are, they don't keep the reactor.
    """

    def test_turns(self):
        """
        After some it is others' turn.
        """
        _, first = self.serve(lambda request: b"")
        transports = [first, *(self.connect()[1] for _ in range(3 * LOOKS))]
        gone = []
        self.clock.callLater(
            IDLE, lambda: gone.append(sum(t.disconnecting for t in transports))
        )
        self.clock.advance(IDLE)
        self.assertEqual(gone, [LOOKS])
        self.assertTrue(all(t.disconnecting for t in transports))

    def test_none(self):
        """
        Where there is none, there is nothing to look at.
        """
        channel, _ = self.serve(lambda request: b"")
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.lose(channel)
        self.assertEqual(self.clock.getDelayedCalls(), [])
