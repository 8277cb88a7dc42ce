"""
Tests for L{glance.streams.receiving}, over connections that are read when a
test says so.
"""

from __future__ import annotations

import hashlib
from errno import EWOULDBLOCK

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure

from glance.errors import BodyStopped, BodyTruncated, ImageTooLarge
from glance.streams.blocks import BLOCK, LITTLE, Blocks
from glance.streams.bodies import pump
from glance.streams.metering import Digest, MeteredBody
from glance.streams.strands import Window
from tests.bodies import (
    BrokenConsumer,
    Collector,
    ManualThreads,
    SlowConsumer,
    TakesBlocks,
)
from tests.streams.wire import IDLE, LATER, WireTestCase


class ManualReactor(Clock):
    """
    A reactor that knows who wants to read, and calls nobody.
    """

    def __init__(self):
        super().__init__()
        self.readers = set()

    def addReader(self, reader):  # noqa: N802
        self.readers.add(reader)

    def removeReader(self, reader):  # noqa: N802
        self.readers.discard(reader)

    def addWriter(self, writer):  # noqa: N802
        pass

    def removeWriter(self, writer):  # noqa: N802
        pass


class Pipe:
    """
    A socket that is read from, and what a client sends to it.
    """

    def __init__(self):
        self.sent = bytearray()
        self.closed = False

    def sendall(self, data):
        self.sent += data

    def close(self):
        self.closed = True

    @property
    def readable(self):
        """
        Whether one need not wait for what comes next.
        """
        return self.closed or bool(self.sent)

    def recv_into(self, room):
        if not self.readable:
            raise BlockingIOError(EWOULDBLOCK, "")
        count = min(len(room), len(self.sent))
        room[:count] = self.sent[:count]
        del self.sent[:count]
        return count

    def recv(self, size):
        room = bytearray(size)
        return bytes(room[: self.recv_into(room)])

    def setblocking(self, flag):
        pass

    def setsockopt(self, *option):
        pass

    def fileno(self):
        return -1

    def shutdown(self, how):
        pass


class Server(Connection):
    """
    The server's end of a connection.
    """

    def __init__(self, skt, channel, reactor):
        super().__init__(skt, channel, reactor)
        self.connected = True
        self.startReading()

    def getPeer(self):
        return IPv4Address("TCP", "127.0.0.1", 9)

    getHost = getPeer

    def abortConnection(self):
        self.connectionLost(Failure(ConnectionError()))


class SocketTestCase(WireTestCase):
    """
    Has a site, and connections to it that are read from sockets.
    """

    def setUp(self):
        super().setUp()
        self.reactor = ManualReactor()
        self.blocks = Blocks(8 * BLOCK)

    def open(self):
        """
        Make a connection; get the client's end, and the server's.
        """
        pipe = Pipe()
        channel = self.site.buildProtocol(None)
        server = Server(pipe, channel, self.reactor)
        channel.makeConnection(server)
        return pipe, server

    def upload(self, consumer, *headers, around=lambda body: body):
        """
        Begin an upload, all of which C{consumer} gets.

        @param around: makes the body that it gets of that of the request.

        @return: the client's end, the server's, and a L{Deferred} of the end of
            the body.
        """
        theirs, server = self.open()
        lines = ["PUT / HTTP/1.1", "Host: glance", *headers, "", ""]
        theirs.sendall("\r\n".join(lines).encode())
        server.doRead()
        return theirs, server, pump(around(self.leaf.requests[-1].body), consumer)

    def read(self, server):
        """
        Do what a reactor does for who wants to read, as long as he does and
        there is something.
        """
        while server in self.reactor.readers and server.socket.readable:
            why = server.doRead()
            if why is not None:
                server.connectionLost(Failure(why))


def in_chunks(data, sizes):
    """
    Cut data into chunks of these sizes, over and over.
    """
    wire, at, number = [], 0, 0
    while at < len(data):
        piece = data[at : at + sizes[number % len(sizes)]]
        wire.append(b"%x\r\n%b\r\n" % (len(piece), piece))
        at += len(piece)
        number += 1
    return b"".join([*wire, b"0\r\n\r\n"])


PATTERN = bytes(range(251)) * 4200
"""A little more than a block."""


class ReceivingTests(SocketTestCase):
    """
    What a client sends reaches who takes blocks.
    """

    def answer(self, request):
        return None

    @settings(max_examples=60, deadline=None)
    @given(
        size=st.one_of(
            st.integers(1, 3000), st.integers(LITTLE - 9, LITTLE + 9), st.just(BLOCK)
        ),
        sizes=st.none()
        | st.lists(
            st.integers(1, 40) | st.integers(1, BLOCK), min_size=1, max_size=4
        ).filter(lambda sizes: sum(sizes) > 300),
        cuts=st.lists(st.integers(1, BLOCK), max_size=6),
        slow=st.booleans(),
    )
    def test_any_splitting(self, size, sizes, cuts, slow):
        """
        However a body is framed and cut on the wire, the bytes are those that
        were sent, and the next request is answered.
        """
        self.setUp()
        self.serve(self.answer)
        data = PATTERN[:size]
        wire = data if sizes is None else in_chunks(data, sizes)
        framing = (
            f"Content-Length: {size}" if sizes is None else "Transfer-Encoding: chunked"
        )
        consumer = TakesBlocks(SlowConsumer() if slow else Collector(), self.blocks)
        theirs, server, pumping = self.upload(consumer, framing)
        wire += b"GET /next HTTP/1.1\r\nHost: glance\r\n\r\n"
        places = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
        for start, end in zip(places, places[1:]):  # noqa: B905, RUF007
            theirs.sendall(wire[start:end])
            self.read(server)
            while slow and consumer.producer is not None and self.paused(server):
                consumer.more()
                self.read(server)
        self.successResultOf(pumping)
        self.assertEqual(consumer.data, data)
        self.assertEqual(self.blocks.used, 0)
        self.respond(self.leaf.requests[0])
        self.read(server)
        self.assertEqual([r.uri for r in self.leaf.requests], [b"/", b"/next"])
        self.assertNotIn("doRead", vars(server))
        server.abortConnection()

    def paused(self, server):
        return server not in self.reactor.readers

    def test_direct(self):
        """
        What has come is received into one block, in one call.
        """
        self.serve(self.answer)
        consumer = TakesBlocks(Collector(), self.blocks)
        theirs, server, _ = self.upload(consumer, f"Content-Length: {BLOCK}")
        theirs.sendall(PATTERN[:LITTLE])
        self.read(server)
        self.assertEqual(consumer.pieces, [PATTERN[:LITTLE]])

    def test_others_take_bytes(self):
        """
        Who doesn't take blocks gets bytes.
        """
        self.serve(self.answer)
        consumer = Collector()
        theirs, server, pumping = self.upload(consumer, "Content-Length: 4")
        theirs.sendall(b"data")
        self.read(server)
        self.successResultOf(pumping)
        self.assertEqual(consumer.data, b"data")

    def test_not_wanted(self):
        """
        What is left of a body that nobody wants any more is skipped.
        """
        self.serve(self.answer)
        error = ImageTooLarge("Too much.")
        consumer = TakesBlocks(BrokenConsumer(1, error), self.blocks)
        theirs, server, pumping = self.upload(consumer, "Content-Length: 9")
        for piece in (b"one", b"two"):
            theirs.sendall(piece)
            self.read(server)
        self.failureResultOf(pumping, ImageTooLarge)
        self.respond(self.leaf.requests[0], code=413)
        theirs.sendall(b"six" + b"GET /next HTTP/1.1\r\nHost: glance\r\n\r\n")
        self.read(server)
        self.assertEqual(self.leaf.requests[-1].uri, b"/next")
        self.assertEqual(self.blocks.used, 0)

    def test_broken_chunk(self):
        """
        What are no chunks ends the body, and the memory goes back.
        """
        self.serve(self.answer)
        consumer = TakesBlocks(Collector(), self.blocks)
        theirs, server, pumping = self.upload(consumer, "Transfer-Encoding: chunked")
        theirs.sendall(b"3\r\nonenonsense")
        self.read(server)
        self.failureResultOf(pumping)
        self.assertEqual(self.blocks.used, 0)

    def test_lost(self):
        """
        When the client goes away the body fails, and the memory goes back.
        """
        self.serve(self.answer)
        consumer = TakesBlocks(Collector(), self.blocks)
        theirs, server, pumping = self.upload(consumer, "Content-Length: 9")
        theirs.sendall(b"one")
        theirs.close()
        self.read(server)
        self.failureResultOf(pumping, BodyTruncated)
        self.assertEqual(self.blocks.used, 0)

    def test_idle(self):
        """
        A client is waited for from when the last of its data came.
        """
        self.serve(self.answer)
        consumer = TakesBlocks(Collector(), self.blocks)
        theirs, server, pumping = self.upload(consumer, "Content-Length: 9")
        for _ in range(3):
            self.wait(IDLE - 1)
            theirs.sendall(b"a")
            self.read(server)
        self.assertNoResult(pumping)
        self.wait(IDLE + LATER)
        self.failureResultOf(pumping)


class CrowdTests(SocketTestCase):
    """
    Many uploads share memory.
    """

    def setUp(self):
        super().setUp()
        self.in_thread = ManualThreads()
        self.window = Window(2 * BLOCK)
        self.blocks = self.window.blocks
        self.serve(lambda request: None)

    def begin(self, number, size=BLOCK):
        """
        Begin an upload that is hashed, and have the client send all of it.

        @return: the client's end, the server's, the hash, and a L{Deferred} of
            the end of the body.
        """
        digest = Digest("sha256")
        theirs, server, pumping = self.upload(
            Collector(),
            f"Content-Length: {size}",
            around=lambda body: MeteredBody(
                body, 2 * BLOCK, [digest], self.in_thread, self.window
            ),
        )
        theirs.sendall(self.data(number, size))
        return theirs, server, digest, pumping

    def data(self, number, size=BLOCK):
        return PATTERN[number : number + size]

    def reading(self, *servers):
        """
        Tell of each whether it reads.
        """
        return [server in self.reactor.readers for server in servers]

    def test_turns(self):
        """
        When all memory is in use those who come next wait, without being timed
        out, and are read in turn.
        """
        uploads = [self.begin(number) for number in range(5)]
        servers = [server for _, server, _, _ in uploads]
        for server in servers:
            self.read(server)
        self.assertEqual(self.blocks.used, 2 * BLOCK)
        self.assertEqual(self.reading(*servers[2:]), [False] * 3)
        self.wait(IDLE * 2)
        received = [request.body.received for request in self.leaf.requests]
        self.assertEqual(received, [BLOCK, BLOCK, 0, 0, 0])
        for done in range(1, 6):
            self.in_thread.run()
            self.assertLessEqual(self.blocks.used, 2 * BLOCK)
            received = [request.body.received for request in self.leaf.requests]
            expected = min(5, done + 2)
            self.assertEqual(received, [BLOCK] * expected + [0] * (5 - expected))
        for number, (_, _, digest, pumping) in enumerate(uploads):
            self.successResultOf(pumping)
            expected = hashlib.sha256(self.data(number)).hexdigest()
            self.assertEqual(digest.value(), expected)
        self.assertEqual(self.blocks.used, 0)

    def test_slow(self):
        """
        A client that sends little holds little.
        """
        size = 3000
        _, server, _, _ = self.begin(0, size)
        self.read(server)
        self.assertEqual(self.blocks.used, size)
        self.in_thread.run()
        self.assertEqual(self.blocks.used, 0)

    def test_cancelled(self):
        """
        Memory that is read in a thread is held until the thread is done,
        whatever becomes of the upload.
        """
        _, server, digest, pumping = self.begin(0)
        self.read(server)
        pumping.cancel()
        self.failureResultOf(pumping, BodyStopped)
        self.assertEqual(self.blocks.used, BLOCK)
        self.in_thread.run()
        self.assertEqual(self.blocks.used, 0)
        self.assertEqual(digest.value(), hashlib.sha256(self.data(0)).hexdigest())

    def test_lost(self):
        """
        So it is when the client goes away, and one that waited passes its turn
        on when its client has gone.
        """
        uploads = [self.begin(number) for number in range(4)]
        for _, server, _, _ in uploads:
            self.read(server)
        for index in (0, 2):
            uploads[index][1].abortConnection()
        self.assertEqual(self.blocks.used, 2 * BLOCK)
        self.in_thread.run()
        self.assertEqual(self.leaf.requests[3].body.received, BLOCK)
        self.in_thread.run_all()
        for index in (1, 3):
            self.successResultOf(uploads[index][3])
        self.failureResultOf(uploads[2][3], BodyTruncated)
        self.assertEqual(self.blocks.used, 0)

    def test_trouble_at_its_turn(self):
        """
        What goes wrong when it is read in its turn is the matter of that upload.
        """
        uploads = [self.begin(number) for number in range(4)]
        for _, server, _, _ in uploads:
            self.read(server)

        def recv_into(room):
            raise ZeroDivisionError

        uploads[2][0].recv_into = recv_into
        self.in_thread.run_all()
        self.failureResultOf(uploads[2][3], ZeroDivisionError)
        self.assertEqual(self.leaf.requests[3].body.received, BLOCK)
        self.assertEqual(self.blocks.used, 0)

    def test_stopped_waiting(self):
        """
        Who is stopped while it waits takes no memory.
        """
        uploads = [self.begin(number) for number in range(3)]
        for _, server, _, _ in uploads:
            self.read(server)
        uploads[2][3].cancel()
        self.failureResultOf(uploads[2][3], BodyStopped)
        self.in_thread.run_all()
        self.assertEqual(self.leaf.requests[2].body.received, 0)
        self.assertEqual(self.blocks.used, 0)
