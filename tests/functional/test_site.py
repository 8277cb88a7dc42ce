"""
Torture of L{glance.streams.site} over real sockets.
"""

import random
import shutil
import socket
import ssl
import tempfile

import trustme
from twisted.internet import reactor
from twisted.internet.ssl import PrivateCertificate

from glance.errors import BodyMalformed, BodyStopped, BodyTimeout, ImageTooLarge
from tests.functional.raw import Client, TortureTestCase, chunks, in_client

MIB = 1 << 20


class UploadTests(TortureTestCase):
    """
    Uploads arrive whole, however they are sent.
    """

    def upload(self, client, path, wire, *headers):
        client.put(path, *headers)
        client.send(wire)
        status, _, body = client.response()
        self.assertEqual((status, body), (200, self.md5))

    def upload_length(self, client, path="hashed"):
        self.upload(client, path, self.data, f"Content-Length: {len(self.data)}")

    def upload_chunked(self, client, path="hashed", sizes=(65536,)):
        wire = chunks(self.data, sizes)
        self.upload(client, path, wire, "Transfer-Encoding: chunked")

    @in_client
    def test_both_framings(self):
        """
        With a length and in chunks, on one connection.
        """
        client = self.connect()
        for _ in range(8):
            self.upload_length(client)
            self.upload_chunked(client)

    @in_client
    def test_random_borders(self):
        """
        In chunks of any size, in packets of any size, with a trailer.
        """
        client = self.connect()
        dice = random.Random(20)
        for _ in range(3):
            sizes = [
                dice.choice([1, 9, 500, dice.randrange(1, 70000)]) for _ in "12345"
            ]
            wire = chunks(self.data, sizes)[:-2] + b"X-Trailer: end\r\n\r\n"
            client.put("hashed", "Transfer-Encoding: chunked")
            at = 0
            while at < len(wire):
                size = dice.randrange(1, 100000)
                client.send(wire[at : at + size])
                at += size
            self.assertEqual(client.response()[2], self.md5)

    @in_client
    def test_slow_consumer(self):
        """
        To a consumer that has no room after each piece.
        """
        client = self.connect()
        self.upload_length(client, "slow")
        self.upload_chunked(client, "slow", [5000])

    @in_client
    def test_back_pressure(self):
        """
        While nobody wants the body, the client cannot go on sending it.
        """
        client = self.connect()
        client.put("stuck", f"Content-Length: {64 * MIB}")
        client.socket.settimeout(0.2)
        sent = 0
        with self.assertRaises(TimeoutError):
            while sent < 64 * MIB:
                sent += client.socket.send(bytes(MIB))
        self.assertLess(self.torture.bodies[0].received, MIB)
        reactor.callFromThread(self.torture.released.callback, None)
        client.socket.settimeout(60)
        client.send(bytes(64 * MIB - sent))
        self.assertEqual(client.response()[0], 200)
        self.assertEqual(self.torture.bodies[0].received, 64 * MIB)

    @in_client
    def test_read_later(self):
        """
        To a handler that first does something else.
        """
        client = self.connect()
        self.upload_length(client, "later")
        self.upload_chunked(client, "later")

    @in_client
    def test_byte_by_byte(self):
        """
        One byte at a time.
        """
        client = self.connect()
        wire = (
            b"PUT /hashed HTTP/1.1\r\nHost: glance\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            b"PUT /hashed HTTP/1.1\r\nHost: glance\r\nContent-Length: 3\r\n\r\nabc"
        )
        for byte in wire:
            client.send(bytes([byte]))
        for _ in range(2):
            answer = client.response()[2]
            self.assertEqual(answer, b"900150983cd24fb0d6963f7d28e17f72")

    @in_client
    def test_no_data(self):
        """
        With no data in them.
        """
        client = self.connect()
        for header in ["Content-Length: 0", "X-Nothing: 1"]:
            client.put("hashed", header)
            self.assertEqual(client.response()[2], b"d41d8cd98f00b204e9800998ecf8427e")
        self.assertEqual(self.torture.bodies, [None, None])
        client.put("hashed", "Transfer-Encoding: chunked")
        client.send(b"0\r\n\r\n")
        self.assertEqual(client.response()[2], b"d41d8cd98f00b204e9800998ecf8427e")

    @in_client
    def test_old_client(self):
        """
        From a client of HTTP/1.0, whose connection is closed then.
        """
        client = self.connect()
        length = f"Content-Length: {len(self.data)}"
        client.put("hashed", length, version="1.0")
        client.send(self.data)
        self.assertEqual(client.response()[2], self.md5)
        self.assertTrue(client.closed())

    @in_client
    def test_head(self):
        """
        HEAD has no body in either direction, and keeps the connection.
        """
        client = self.connect()
        client.put("pong", method="HEAD")
        client.put("pong", method="GET")
        while client.buffer.count(b"\r\n\r\n") < 2 or b"pong" not in client.buffer:
            client.receive()
        self.assertEqual(client.buffer.count(b"pong"), 1)

    def pipelined(self, data, chunked):
        wire = chunks(data, [70000]) if chunked else data
        header = "Transfer-Encoding: chunked" if chunked else "Content-Length: %d"
        put = f"PUT /hashed HTTP/1.1\r\nHost: g\r\n{header}\r\n\r\n".encode()
        put = put if chunked else put % len(data)
        get = b"GET /pong HTTP/1.1\r\nHost: g\r\n\r\n"
        client = self.connect()
        client.send((put + wire) * 2 + get * 2)
        answers = [client.response()[2] for _ in range(4)]
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[2:], [b"pong", b"pong"])
        return answers[0]

    @in_client
    def test_pipelined_small(self):
        """
        Requests that come at once are answered in turn.
        """
        self.assertEqual(
            self.pipelined(b"abc", False), b"900150983cd24fb0d6963f7d28e17f72"
        )

    @in_client
    def test_pipelined_chunked(self):
        """
        So are requests in chunks.
        """
        self.assertEqual(
            self.pipelined(b"abc", True), b"900150983cd24fb0d6963f7d28e17f72"
        )

    @in_client
    def test_pipelined_big(self):
        """
        So are big ones.
        """
        for chunked in [False, True]:
            self.assertEqual(self.pipelined(self.data, chunked), self.md5)

    @in_client
    def test_expect(self):
        """
        A client that asks first is told to go on.
        """
        client = self.connect()
        client.put("hashed", "Content-Length: 3", "Expect: 100-continue")
        self.assertEqual(client.response()[0], 100)
        client.send(b"abc")
        self.assertEqual(client.response()[0], 200)
        client.put("pong", method="GET")
        self.assertEqual(client.response()[2], b"pong")


class AbandonedTests(TortureTestCase):
    """
    Clients that vanish are noticed, and harm nobody.
    """

    def abandon(self, client, *wire):
        client.put("hashed", *wire)
        client.send(b"5\r\nabcde\r\n")
        self.until(lambda: self.torture.bodies and self.torture.bodies[0].received)

    def assert_aborted(self):
        self.until(lambda: self.finished)
        self.assertEqual(self.torture.ends, [BodyStopped])
        self.assertTrue(self.finished[0].aborted)
        self.assertEqual(self.site.in_flight, 0)

    @in_client
    def test_closed(self):
        """
        One that closes in mid-body is gone.
        """
        client = self.connect()
        self.abandon(client, "Content-Length: 100")
        client.close()
        self.assert_aborted()

    @in_client
    def test_closed_chunked(self):
        """
        One that closes between chunks is gone.
        """
        client = self.connect()
        self.abandon(client, "Transfer-Encoding: chunked")
        client.close()
        self.assert_aborted()

    @in_client
    def test_reset(self):
        """
        One that resets the connection is gone.
        """
        client = self.connect()
        self.abandon(client, "Content-Length: 100")
        client.reset()
        self.assert_aborted()


class StalledTests(TortureTestCase):
    """
    Clients that do nothing are disconnected.
    """

    idle_timeout = 0.5

    @in_client
    def test_stalled(self):
        """
        One that sends no more is told so, and the connection is closed.
        """
        client = self.connect()
        client.put("hashed", "Content-Length: 100")
        client.send(b"abc")
        status, headers, _ = client.response()
        self.assertEqual((status, headers["connection"]), (408, "close"))
        self.assertEqual(self.torture.ends, [BodyTimeout])
        self.assertTrue(client.closed())

    @in_client
    def test_silent(self):
        """
        One that asks nothing is disconnected.
        """
        self.assertTrue(self.connect().closed())

    @in_client
    def test_reads_nothing(self):
        """
        One that doesn't read what it asked for is disconnected.
        """
        client = self.connect()
        client.put("download", method="GET")
        self.until(lambda: self.finished)
        self.assertTrue(self.finished[0].aborted)


class RefusedTests(TortureTestCase):
    """
    A request that is refused is answered, whatever the client does.
    """

    @in_client
    def test_expect(self):
        """
        A client that asks first is not told to go on.
        """
        client = self.connect()
        client.put("refused", "Content-Length: 3", "Expect: 100-continue")
        status, headers, _ = client.response()
        self.assertEqual((status, headers["connection"]), (200, "close"))
        self.assertTrue(client.closed())

    @in_client
    def test_small(self):
        """
        After a small body the connection is kept.
        """
        client = self.connect()
        for size in [1, 100, 200000]:
            client.put("refused", f"Content-Length: {size}")
            client.send(bytes(size))
            self.assertEqual(client.response()[2], b"no")
        client.put("pong", method="GET")
        self.assertEqual(client.response()[2], b"pong")

    @in_client
    def test_big(self):
        """
        A client that sends all of a big body first gets its answer then.
        """
        client = self.connect()
        client.put("refused", f"Content-Length: {32 * MIB}")
        client.send(bytes(32 * MIB))
        status, headers, body = client.response()
        self.assertEqual((status, headers["connection"], body), (200, "close", b"no"))
        self.assertTrue(client.closed())

    @in_client
    def test_smuggling(self):
        """
        What an unread body holds is never answered.
        """
        for header in ["Content-Length: 1000000", "Transfer-Encoding: chunked"]:
            client = self.connect()
            client.put("refused", header)
            client.send(b"GET /pong HTTP/1.1\r\nHost: g\r\n\r\n" * 10)
            self.assertEqual(client.response()[2], b"no")
            self.assertTrue(client.closed())
        self.assertEqual(self.torture.paths, [b"/refused"] * 2)

    @in_client
    def test_too_large(self):
        """
        A body that is too large by its own account is not read.
        """
        client = self.connect()
        client.put("limited", f"Content-Length: {2 * MIB}")
        self.assertEqual(client.response()[0], 413)
        self.assertLess(self.torture.bodies[0].received, 1)

    @in_client
    def test_too_large_in_chunks(self):
        """
        A body that turns out too large is not read any further.
        """
        client = self.connect()
        client.put("limited", "Transfer-Encoding: chunked")
        client.send(chunks(bytes(8 * MIB), [65536]))
        self.assertEqual(client.response()[0], 413)
        self.assertEqual(self.torture.ends, [ImageTooLarge])
        self.assertLess(self.torture.bodies[0].received, 2 * MIB)

    @in_client
    def test_broken_chunk(self):
        """
        A body in broken chunks is refused.
        """
        client = self.connect()
        client.put("hashed", "Transfer-Encoding: chunked")
        client.send(b"3\r\nabc\r\nnonsense\r\n")
        status, headers, _ = client.response()
        self.assertEqual((status, headers["connection"]), (400, "close"))
        self.assertEqual(self.torture.ends, [BodyMalformed])
        self.assertTrue(client.closed())

    @in_client
    def test_two_framings(self):
        """
        A body with a length and in chunks is refused unseen.
        """
        client = self.connect()
        client.put("hashed", "Content-Length: 3", "Transfer-Encoding: chunked")
        client.send(b"0\r\n\r\nGET /pong HTTP/1.1\r\n\r\n")
        status, headers, _ = client.response()
        self.assertEqual((status, headers["connection"]), (400, "close"))
        self.assertTrue(client.closed())
        self.assertEqual(self.torture.paths, [])


class ShutdownTests(TortureTestCase):
    """
    A site that is drained ends each connection in order.
    """

    @in_client
    def test_drain(self):
        """
        Idle clients are disconnected, an upload goes on to its end.
        """
        idle, busy = self.connect(), self.connect()
        idle.put("pong", method="GET")
        idle.response()
        busy.put("hashed", f"Content-Length: {len(self.data)}")
        self.until(lambda: self.site.in_flight == 1)
        reactor.callFromThread(self.site.drain)
        self.assertTrue(idle.closed())
        busy.send(self.data)
        _, headers, body = busy.response()
        self.assertEqual((headers["connection"], body), ("close", self.md5))
        self.assertTrue(busy.closed())


class OverUNIX:
    """
    Serves at a UNIX socket.
    """

    def listen(self):
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        self.path = f"{directory}/socket"
        return reactor.listenUNIX(self.path, self.site)

    def connect(self):
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(self.path)
        self.addCleanup(connected.close)
        return Client(connected)


class OverTLS:
    """
    Serves by TLS.
    """

    def listen(self):
        authority = trustme.CA()
        issued = authority.issue_cert("glance.test")
        self.context = ssl.create_default_context()
        authority.configure_trust(self.context)
        pem = issued.private_key_pem.bytes() + issued.cert_chain_pems[0].bytes()
        return reactor.listenSSL(
            0,
            self.site,
            PrivateCertificate.loadPEM(pem).options(),
            interface="127.0.0.1",
        )

    def connect(self):
        client = super().connect()
        client.socket = self.context.wrap_socket(
            client.socket, server_hostname="glance.test"
        )
        self.addCleanup(client.close)
        return client


class UNIXUploadTests(OverUNIX, UploadTests):
    """
    Uploads arrive whole over UNIX sockets.
    """


class UNIXRefusedTests(OverUNIX, RefusedTests):
    """
    A request that is refused is answered over UNIX sockets.
    """


class TLSUploadTests(OverTLS, UploadTests):
    """
    Uploads arrive whole over TLS.
    """


class TLSRefusedTests(OverTLS, RefusedTests):
    """
    A request that is refused is answered over TLS.
    """


class TLSAbandonedTests(OverTLS, AbandonedTests):
    """
    Clients that vanish are noticed over TLS.
    """


class TLSStalledTests(OverTLS, StalledTests):
    """
    Clients that do nothing are disconnected over TLS.
    """
