"""
Torture of TLS itself, and of the files that go out by it.
"""

import contextlib
import socket
import ssl

from OpenSSL import SSL

from glance.errors import BodyStopped
from tests.functional import test_sending
from tests.functional.raw import Client, TortureTestCase, in_client, seeded
from tests.functional.test_site import OverTLS


class Torn:
    """
    A TLS client whose records travel in any pieces.
    """

    def __init__(self, connected, context, chance):
        self.raw = connected
        self.chance = chance
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self.incoming, self.outgoing, server_hostname="glance.test"
        )
        self.whole(self.tls.do_handshake)

    def whole(self, step):
        """
        Do something that may need to send and receive.
        """
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self.flush()
                data = self.raw.recv(1 << 16)
                if not data:
                    raise EOFError from None
                self.incoming.write(data)
            else:
                self.flush()
                return result

    def flush(self):
        data, at = self.outgoing.read(), 0
        while at < len(data):
            size = self.chance.choice([1, 3, 100, 5000])
            self.raw.sendall(data[at : at + size])
            at += size

    def sendall(self, data):
        self.whole(lambda: self.tls.write(data))

    def recv(self, count):
        return self.whole(lambda: self.tls.read(count))

    def settimeout(self, seconds):
        self.raw.settimeout(seconds)


class TLSCase(OverTLS, TortureTestCase):
    """
    Has raw connections to a port that speaks TLS.
    """

    def raw(self):
        """
        Get a connection on which nothing has been said.
        """
        return TortureTestCase.connect(self)

    def gone(self):
        """
        Wait until the server has let go of all connections.
        """
        self.until(lambda: self.site.connected == 0)
        self.assertEqual(self.site.in_flight, 0)


class RecordTests(TLSCase):
    """
    What TLS carries is what counts, not how.
    """

    @in_client
    def test_torn(self):
        """
        Records may come in any pieces.
        """
        client = Client(Torn(self.raw().socket, self.context, seeded()))
        for path in ["hashed", "slow", "later"]:
            client.put(path, f"Content-Length: {len(self.data)}")
            client.send(self.data)
            self.assertEqual(client.response()[2], self.md5)

    @in_client
    def test_plain(self):
        """
        Who speaks HTTP where TLS is spoken is disconnected.
        """
        client = self.raw()
        client.put("pong", method="GET")
        while client.receive():
            pass
        self.assertNotIn(b"HTTP/", client.buffer)
        self.gone()
        self.assertEqual(self.torture.paths, [])

    @in_client
    def test_damaged(self):
        """
        A record that was tampered with ends the connection, and the upload.
        """
        client = self.connect()
        client.put("hashed", "Content-Length: 100")
        client.send(b"abc")
        self.until(lambda: self.torture.bodies and self.torture.bodies[0].received)
        socket.socket(fileno=client.socket.detach()).sendall(
            b"\x17\x03\x03\0\x20" + bytes(0x20)
        )
        self.gone()
        self.assertEqual(self.torture.ends, [BodyStopped])

    @in_client
    def test_truncated(self):
        """
        An upload that is cut off below TLS is no whole one, nor is one that is
        by TLS.
        """
        for framing in ["Content-Length: 100", "Transfer-Encoding: chunked"]:
            for end in [self.cut_below, self.cut_by_tls]:
                client = self.connect()
                client.put("hashed", framing)
                client.send(b"3\r\nabc\r\n")
                end(client)
                self.gone()
        self.assertEqual(self.torture.ends, [BodyStopped] * 4)

    def cut_below(self, client):
        raw = socket.socket(fileno=client.socket.detach())
        raw.shutdown(socket.SHUT_WR)
        self.addCleanup(raw.close)

    def cut_by_tls(self, client):
        client.socket.unwrap().close()

    @in_client
    def test_renegotiation(self):
        """
        A client that wants other keys in mid-upload gets none.
        """
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        raw = self.raw().socket
        # What times out in Python is non-blocking to OpenSSL.
        raw.settimeout(None)
        tls = SSL.Connection(context, raw)
        tls.set_connect_state()
        tls.do_handshake()
        tls.sendall(b"PUT /hashed HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
        tls.renegotiate()
        with self.assertRaises(SSL.Error) as raised:
            tls.do_handshake()
        self.assertIn("no renegotiation", str(raised.exception))
        raw.close()
        self.gone()
        self.assertEqual(self.torture.ends, [BodyStopped])


class StalledTests(TLSCase):
    """
    Clients that do not play their part are disconnected.
    """

    idle_timeout = 0.5

    @in_client
    def test_handshake(self):
        """
        One that stalls in the handshake is.
        """
        hello = ssl.MemoryBIO()
        tls = self.context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="a.test")
        self.assertRaises(ssl.SSLWantReadError, tls.do_handshake)
        said = hello.read()
        for count in [0, 1, 5, len(said) // 2, len(said)]:
            client = self.raw()
            client.send(said[:count])
            with contextlib.suppress(ConnectionResetError):
                while client.receive():
                    pass
        self.gone()

    @in_client
    def test_dripping_handshake(self):
        """
        So is one that makes it last.
        """
        client = self.raw()
        client.socket.settimeout(0.1)
        client.send(b"\x16\x03\x01\x40\x00")
        for _ in range(100):
            try:
                client.send(b"\x01")
                if not client.receive():
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            self.fail("It goes on for ever.")
        self.gone()

    @in_client
    def test_never_closes(self):
        """
        Who does not say that the connection is over has it end all the same.
        """
        client = self.connect()
        client.put("pong", "Connection: close", method="GET")
        self.assertEqual(client.response()[2], b"pong")
        raw = socket.socket(fileno=client.socket.detach())
        self.addCleanup(raw.close)
        self.gone()

    @in_client
    def test_reads_nothing(self):
        """
        Who reads nothing, not even that the connection is over, is let go of.
        """
        clients = [self.connect() for _ in range(3)]
        for client in clients:
            client.put("download", method="GET")
        self.until(lambda: len(self.finished) == 3)
        self.gone()


class TLSSendingTests(test_sending.SendingTests):
    """
    Files go out by TLS as they do without.
    """

    def setUp(self):
        super().setUp()
        self.plain = self.port
        self.port = OverTLS.listen(self)
        self.number = self.port.getHost().port

    async def tearDown(self):
        await self.plain.stopListening()
        await super().tearDown()

    def connect(self, buffer=None):
        client = super().connect(buffer)
        client = self.context.wrap_socket(client, server_hostname="glance.test")
        self.addCleanup(client.close)
        return client
