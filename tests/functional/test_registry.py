"""
A registry that is asked over real sockets.
"""

from pathlib import Path
from tempfile import mkdtemp

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred, succeed
from twisted.internet.task import deferLater
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.trial.unittest import SkipTest, TestCase

from glance.errors import RegistryRefused, RegistryUnavailable
from glance.log import request_id
from glance.query import EVERYTHING, Query
from glance.registry.http import HTTPRegistry
from glance.registry.peer import CONNECTIONS, peer_at
from glance.streams.site import StreamingSite
from tests.registry.served import IMAGE, OTHER, memory_registry, root_of

REQUEST_ID = "req-71c675ab-d94f-49cd-a114-e12490b328d9"


class DroppingProtocol(ProtocolWrapper):
    """
    Drops its connection at a request: before that is seen, or when it is
    answered.
    """

    requests = 0
    deaf = False

    def dataReceived(self, data):
        self.requests += data.count(b" HTTP/1.1\r\n")
        if not self.factory.drops(self):
            super().dataReceived(data)
        elif self.factory.reached:
            self.deaf = True
            super().dataReceived(data)
        else:
            self.transport.abortConnection()

    def write(self, data):
        if self.deaf:
            self.transport.abortConnection()
        else:
            super().write(data)

    def writeSequence(self, data):
        self.write(b"".join(data))


class DroppingFactory(WrappingFactory):
    """
    Makes connections that are dropped at times.
    """

    protocol = DroppingProtocol
    noisy = False

    at = None
    """Which request of a connection it is dropped at; L{None} for none."""
    reached = False
    """Whether that request is seen."""
    made = 0
    """How many connections were made."""
    dropped = 0
    """How many of them were dropped."""

    def buildProtocol(self, address):
        self.made += 1
        return super().buildProtocol(address)

    def drops(self, protocol):
        """
        Tell whether to drop a connection now.
        """
        dropping = self.at is not None and protocol.requests >= self.at
        self.dropped += dropping and not protocol.deaf
        return dropping


class Serving:
    """
    Serves a registry, and asks it.
    """

    def setUp(self):
        self.behind = memory_registry(self, reactor)
        self.ended = []

    def serve(self, listen, secret=None):
        """
        Serve the registry.

        @param listen: listens, given a factory.
        """
        root = root_of(self.behind, secret)
        self.site = StreamingSite(
            root, reactor, idle_timeout=60, finished=self.ended.append
        )
        self.factory = DroppingFactory(self.site)
        self.port = listen(self.factory)
        self.number = getattr(self.port.getHost(), "port", 0)
        self.addCleanup(self.stop)

    def serve_tcp(self, interface="127.0.0.1", port=0, secret=None):
        self.serve(
            lambda factory: reactor.listenTCP(port, factory, interface=interface),
            secret,
        )

    async def stop(self):
        """
        Stop to serve, and drop all connections.
        """
        await maybeDeferred(self.port.stopListening)
        for protocol in list(self.factory.protocols):
            protocol.transport.abortConnection()
        while self.factory.protocols:
            await deferLater(reactor, 0.01)

    def connect(self, host="127.0.0.1", time_limit=10, secret=None):
        """
        Get the registry that is asked.
        """
        peer = peer_at(reactor, host, self.number)
        self.addCleanup(peer.close)
        return HTTPRegistry(peer, reactor, time_limit=time_limit, secret=secret)


class AddressTests(Serving, TestCase):
    """
    A registry is found wherever it is.
    """

    async def check(self, registry):
        """
        Make an image, and find it.
        """
        created = await registry.create(IMAGE)
        found = await registry.find(Query(scope=EVERYTHING))
        self.assertEqual(found, [created])

    async def test_ipv4(self):
        """
        It is found by an address, and by a name.
        """
        self.serve_tcp()
        await self.check(self.connect())
        await self.connect("localhost").check()

    async def test_ipv6(self):
        """
        It is found by an IPv6 address.
        """
        try:
            self.serve_tcp("::1")
        except Exception as error:
            raise SkipTest("There is no IPv6 here.") from error
        await self.check(self.connect("::1"))
        await self.connect("[::1]").check()

    async def test_unix(self):
        """
        It is found by its UNIX socket.
        """
        # The path of a socket is short.
        directory = Path(mkdtemp())
        path = directory / "registry"
        self.addCleanup(directory.rmdir)
        self.serve(lambda factory: reactor.listenUNIX(str(path), factory))
        await self.check(self.connect(f"unix:{path}"))

    async def test_nowhere(self):
        """
        Where there is none, it is unavailable.
        """
        self.serve_tcp()
        await self.port.stopListening()
        for host in ("127.0.0.1", "unix:/nowhere/registry", "registry.invalid"):
            with self.assertRaises(RegistryUnavailable):
                await self.connect(host).check()

    async def test_key(self):
        """
        It is asked with its key, and refuses any other.
        """
        self.serve_tcp(secret="s3cret")
        await self.connect(secret="s3cret").check()
        for secret in (None, "secret"):
            with self.assertRaises(RegistryRefused):
                await self.connect(secret=secret).create(IMAGE)

    async def test_request_id(self):
        """
        It logs under the same id as the API.
        """
        self.serve_tcp()
        registry = self.connect()
        request_id.set(REQUEST_ID)
        await registry.check()
        while not self.ended:
            await deferLater(reactor, 0.01)
        self.assertEqual([request.request_id for request in self.ended], [REQUEST_ID])


class ConnectionTests(Serving, TestCase):
    """
    Connections are kept, and lost.
    """

    def setUp(self):
        super().setUp()
        self.serve_tcp()
        self.registry = self.connect()

    async def test_kept(self):
        """
        One connection is enough for who asks one thing after the other.
        """
        await self.registry.create(IMAGE)
        for _ in range(20):
            await self.registry.get(IMAGE.id)
            await self.registry.find(Query(scope=EVERYTHING))
        self.assertEqual(self.factory.made, 1)

    async def test_crowd(self):
        """
        However many ask at once, there are no more connections than there may
        be, and nobody is forgotten.
        """
        image = await self.registry.create(IMAGE)
        found = await gatherResults([self.registry.get(image.id) for _ in range(300)])
        self.assertEqual(found, [image] * 300)
        self.assertLessEqual(self.factory.made, CONNECTIONS)

    async def test_dropped(self):
        """
        A connection that is dropped at its second request costs nothing but a
        new one, whether the request was seen or not.
        """
        for reached, image in ((False, IMAGE), (True, OTHER)):
            self.factory.at = None
            await self.registry.check()
            self.factory.reached, self.factory.at = reached, 2
            before = self.factory.dropped
            created = await self.registry.create(image)
            self.assertEqual(created, await self.behind.get(image.id))
            await self.registry.check()
            new = evolve(created, name="new", properties={"a": "b"})
            replaced = await self.registry.replace(created, new)
            self.assertEqual(replaced, evolve(new, revision=created.revision + 1))
            self.assertEqual(replaced, await self.behind.get(image.id))
            await self.registry.check()
            await self.registry.renew("me", 5)
            self.assertGreaterEqual(self.factory.dropped - before, 3)

    async def test_many_dropped(self):
        """
        So it is with many connections at once.
        """
        await gatherResults([self.registry.check() for _ in range(10)])
        self.factory.at = 2
        await gatherResults([self.registry.check() for _ in range(10)])
        self.assertGreaterEqual(self.factory.dropped, 10)

    async def test_dropped_in_body(self):
        """
        So it is when the connection is lost while much is on its way.
        """
        await self.registry.check()
        self.factory.at = 2
        properties = {str(n): "x" * 60_000 for n in range(60)}
        image = evolve(IMAGE, properties=properties)
        created = await self.registry.create(image)
        self.assertEqual(created.properties, properties)
        self.assertEqual(self.factory.dropped, 1)

    async def test_always_dropped(self):
        """
        A registry that drops all connections is unavailable.
        """
        for reached in (False, True):
            self.factory.reached, self.factory.at = reached, 1
            with self.assertRaises(RegistryUnavailable):
                await self.registry.create(IMAGE)

    async def test_restarted(self):
        """
        A registry that goes away is unavailable, and is found again when it is
        back.
        """
        await gatherResults([self.registry.check() for _ in range(5)])
        await self.stop()
        with self.assertRaises(RegistryUnavailable):
            await self.registry.create(IMAGE)
        self.serve_tcp(port=self.number)
        await self.registry.create(IMAGE)

    async def test_silent(self):
        """
        A registry that takes too long is unavailable, and nothing is left of
        the call.
        """
        never = Deferred()
        self.behind.check = lambda: never
        registry = self.connect(time_limit=1)
        with self.assertRaises(RegistryUnavailable):
            await registry.check()
        while self.factory.protocols:
            await deferLater(reactor, 0.01)
        self.behind.check = lambda: succeed(None)
        await registry.check()
