"""
Tests of L{glance.s3.connections} and L{glance.receiving}, by TCP.
"""

from trustme import CA
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import SSL4ServerEndpoint, serverFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import (
    Certificate,
    PrivateCertificate,
    trustRootFromCertificates,
)
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase
from twisted.web.client import BrowserLikePolicyForHTTPS

from glance.s3 import Connections, Limits, Parcel
from glance.s3.errors import (
    BadAnswer,
    Cut,
    Forbidden,
    Silent,
    Stopped,
    Unreachable,
)
from glance.streams.bodies import Body
from tests.bodies import Collector, collect
from tests.s3.making import make_client

REFUSAL = b"<Error><Code>AccessDenied</Code></Error>"
LARGE = 64 << 20


def answer(body, status="200 OK", length=None):
    """
    Get an answer.
    """
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n\r\n".encode() + body


class Server(Protocol):
    """
    Does what the test says, with what has come so far.
    """

    def connectionMade(self):
        self.data = b""
        self.count = 0
        self.lost = Deferred()
        self.factory.connections.append(self)

    def dataReceived(self, data):
        self.count += len(data)
        self.data = (self.data + data)[-100_000:]
        self.factory.act(self)

    def connectionLost(self, reason):
        self.lost.callback(None)


class Endless(Body):
    """
    A body that has always more.
    """

    def __init__(self, length):
        super().__init__()
        self.length = length
        self.written = 0
        self.over = Deferred()

    async def produce(self, write):
        left = self.length
        while left:
            await self.ready()
            piece = b"x" * min(left, 1 << 16)
            left -= len(piece)
            self.written += len(piece)
            write(piece)

    def release(self):
        self.over.callback(None)


class ConnectionCase(TestCase):
    """
    A client and a server, by TCP.
    """

    scheme = "http"

    def make_endpoint(self):
        """
        Get what the server listens on, and what checks its certificate.
        """
        endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
        return endpoint, BrowserLikePolicyForHTTPS()

    async def start(self, act, **limits):
        """
        Start a server, and make a client of it.

        @param act: called for its connections when something has come.
        """
        self.factory = Factory.forProtocol(Server)
        self.factory.noisy = False
        self.factory.connections = []
        self.factory.act = act
        endpoint, policy = self.make_endpoint()
        self.port = await endpoint.listen(self.factory)
        number = self.port.getHost().port
        self.addCleanup(self.port.stopListening)
        connections = Connections(reactor, policy, 5, 2)
        limits = Limits(connect=5, first_pause=0.01, **limits)
        client = make_client(
            agents=connections,
            clock=reactor,
            url=f"{self.scheme}://127.0.0.1:{number}",
            limits=limits,
        )
        client._service._regions["b"] = "us-east-1"
        self.addCleanup(self.close, client)
        return client

    async def close(self, client):
        """
        Close all connections.
        """
        await client.close()
        for connection in self.factory.connections:
            if not connection.lost.called:
                connection.transport.abortConnection()
            await connection.lost

    async def later(self, seconds=0.1):
        """
        Let things happen.
        """
        await deferLater(reactor, seconds)

    async def fails(self, waiting, kind):
        """
        See that something fails.

        @return: the error.
        """
        found = None
        try:
            await waiting
        except kind as error:
            found = error
        self.assertIsNotNone(found, f"It didn't raise {kind.__name__}.")
        return found


class UpTests(ConnectionCase):
    """
    Data is sent.
    """

    async def test_pauses(self):
        """
        A server that doesn't read pauses the data.
        """
        client = await self.start(lambda server: server.transport.pauseProducing())
        body = Endless(LARGE)
        putting = client.put_object("b", "k", body)
        written = None
        while body.written != written:
            written = body.written
            await self.later()
        self.assertLess(written, LARGE // 2)
        putting.cancel()
        await self.fails(putting, CancelledError)
        await body.over
        self.factory.act = lambda _: None
        self.factory.connections[0].transport.resumeProducing()
        await self.factory.connections[0].lost

    async def test_refused_early(self):
        """
        A refusal that comes, in pieces, before the data is sent is told, and
        what is left of the data isn't sent.
        """
        refusal = answer(REFUSAL, "403 Forbidden")

        def act(server):
            if server.data and server.count:
                server.count = 0
                server.factory.act = lambda _: None
                server.transport.pauseProducing()
                server.transport.write(refusal[:-20])
                reactor.callLater(0.1, server.transport.write, refusal[-20:])

        client = await self.start(act)
        body = Endless(LARGE)
        putting = client.put_object("b", "k", body)
        error = await self.fails(putting, Forbidden)
        self.assertEqual(error.code, "AccessDenied")
        await body.over
        self.assertLess(body.written, LARGE // 2)
        self.factory.connections[0].transport.resumeProducing()
        await self.factory.connections[0].lost

    async def test_granted_early(self):
        """
        A server that grants what it hasn't got isn't believed.
        """

        def act(server):
            server.factory.act = lambda _: None
            server.transport.pauseProducing()
            server.transport.write(answer(b""))

        client = await self.start(act)
        await self.fails(client.put_object("b", "k", Endless(LARGE)), BadAnswer)

    async def test_babbling(self):
        """
        One that answers nonsense meanwhile, or without an end, is left at once.
        """
        long = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (2 << 20)
        for nonsense in (b"nonsense\r\n\r\n", long):

            def act(server, nonsense=nonsense):
                server.factory.act = lambda _: None
                server.transport.pauseProducing()
                server.transport.write(nonsense)

            client = await self.start(act)
            body = Endless(LARGE)
            await self.fails(client.put_object("b", "k", body), Unreachable)
            await body.over

    async def test_kept(self):
        """
        What may be sent twice goes by the connection of what was before.
        """

        def act(server):
            if server.data.endswith((b"\r\n\r\n", b"part")):
                server.data = b""
                server.transport.write(
                    b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n'
                )

        client = await self.start(act)
        for number in (1, 2):
            await client.head_object("b", "k")
            part = Parcel([b"a part"])
            self.assertEqual(
                await client.upload_part("b", "k", "u", number, part), '"e"'
            )
        self.assertEqual(len(self.factory.connections), 1)

    async def test_lost(self):
        """
        A part whose connection is lost is sent again.
        """

        def act(server):
            if len(self.factory.connections) == 1:
                server.transport.abortConnection()
            elif server.data.endswith(b"a part"):
                server.transport.write(
                    b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n'
                )

        client = await self.start(act)
        sending = client.upload_part("b", "k", "u", 1, Parcel([b"a part"]))
        self.assertEqual(await sending, '"e"')
        self.assertEqual(len(self.factory.connections), 2)

    async def test_refused(self):
        """
        Where nobody listens, that is told.
        """
        client = await self.start(lambda _: None)
        await self.port.stopListening()
        error = await self.fails(client.head_bucket("b"), Unreachable)
        self.assertTrue(error.untouched)


class DownTests(ConnectionCase):
    """
    Data is received.
    """

    def serving(self, data):
        """
        Get what answers each request with bytes.
        """

        def act(server):
            if server.data.endswith(b"\r\n\r\n"):
                server.data = b""
                server.transport.write(data)

        return act

    async def test_pauses(self):
        """
        While it is paused nothing comes, from the first byte on; then all does.
        """
        data = b"some data" * 1_000_000
        client = await self.start(self.serving(answer(data)))
        got = await client.get_object("b", "k")
        collector = Collector()
        receiving = got.body.startProducing(collector)
        got.body.pauseProducing()
        # What was read with the headers comes all the same.
        await self.later(0)
        count = len(collector.data)
        self.assertLess(count, len(data))
        await self.later()
        self.assertEqual(len(collector.data), count)
        got.body.resumeProducing()
        await receiving
        self.assertEqual(collector.data, data)

    async def test_pauses_at_once(self):
        """
        A consumer that has no room after its first piece gets no more.
        """

        class Small(Collector):
            def write(self, data):
                super().write(data)
                got.body.pauseProducing()

        client = await self.start(self.serving(answer(b"x" * LARGE)))
        got = await client.get_object("b", "k")
        await self.later()
        collector = Small()
        receiving = got.body.startProducing(collector)
        while not collector.pieces:
            await self.later(0.01)
        await self.later()
        self.assertEqual(len(collector.pieces), 1)
        got.body.stopProducing()
        await self.fails(receiving, Stopped)

    async def test_not_started(self):
        """
        Nothing is read before somebody wants it, and a body that is stopped before
        ends the connection.
        """
        client = await self.start(self.serving(answer(b"x" * LARGE)))
        got = await client.get_object("b", "k")
        await self.later()
        got.body.stopProducing()
        await self.factory.connections[0].lost
        await self.fails(got.body.startProducing(Collector()), Stopped)

    async def test_stop(self):
        """
        A body that is stopped says so, and ends the connection.
        """
        client = await self.start(self.serving(answer(b"data", length=100)))
        got = await client.get_object("b", "k")
        receiving = got.body.startProducing(Collector())
        got.body.stopProducing()
        await self.fails(receiving, Stopped)
        await self.factory.connections[0].lost

    async def test_cut(self):
        """
        Data that ends early isn't taken for whole.
        """

        def act(server):
            server.transport.write(answer(b"data", length=100))
            server.transport.loseConnection()

        client = await self.start(act)
        got = await client.get_object("b", "k")
        await self.fails(collect(got.body), Cut)

    async def test_no_length(self):
        """
        Nor is data whose length isn't said, of which nobody knows whether it is.
        """

        def act(server):
            server.transport.write(b"HTTP/1.1 200 OK\r\n\r\ndata")
            server.transport.loseConnection()

        client = await self.start(act)
        await self.fails(client.get_object("b", "k"), BadAnswer)
        await self.fails(client.list_objects("b"), Cut)

    async def test_silent(self):
        """
        A server that goes silent is given up; not while it is us who pause.
        """
        client = await self.start(self.serving(answer(b"data", length=9)), idle=0.5)
        got = await client.get_object("b", "k")
        receiving = got.body.startProducing(Collector())
        got.body.pauseProducing()
        await self.later(1)
        self.assertFalse(receiving.called)
        got.body.resumeProducing()
        await self.fails(receiving, Silent)
        await self.factory.connections[0].lost

    async def test_consumer_fails(self):
        """
        Where the consumer raises, that is what the body fails with.
        """

        class Broken(Collector):
            def write(self, data):
                raise ZeroDivisionError("bad")

        client = await self.start(self.serving(answer(b"data", length=9)))
        got = await client.get_object("b", "k")
        await self.fails(got.body.startProducing(Broken()), ZeroDivisionError)
        await self.factory.connections[0].lost

    async def test_flood(self):
        """
        An answer that ought to be small, and isn't, is given up.
        """
        client = await self.start(self.serving(answer(b"x" * (4 << 20))))
        await self.fails(client.list_objects("b"), BadAnswer)
        await self.factory.connections[0].lost


class Secure:
    """
    Mixed in, all is by TLS.
    """

    scheme = "https"

    def make_endpoint(self):
        """
        Get what the server listens on, and what checks its certificate.
        """
        authority = CA()
        certificate = authority.issue_cert("127.0.0.1")
        pem = certificate.private_key_and_cert_chain_pem.bytes()
        options = PrivateCertificate.loadPEM(pem).options()
        root = Certificate.loadPEM(authority.cert_pem.bytes())
        trusted = trustRootFromCertificates([root])
        endpoint = SSL4ServerEndpoint(reactor, 0, options, interface="127.0.0.1")
        return endpoint, BrowserLikePolicyForHTTPS(trustRoot=trusted)


class SecureUpTests(Secure, UpTests):
    """
    Data is sent by TLS.
    """

    async def test_distrusted(self):
        """
        A server whose certificate isn't trusted gets nothing.
        """
        client = await self.start(lambda _: None)
        other = Connections(reactor, BrowserLikePolicyForHTTPS(), 5, 2)
        client._service._agents = other
        await self.fails(client.put_object("b", "k", Endless(LARGE)), Unreachable)
        self.assertEqual(sum(c.count for c in self.factory.connections), 0)


class SecureDownTests(Secure, DownTests):
    """
    Data is received by TLS.
    """
