"""
Tests for L{glance.outbound.guard}.
"""

from ipaddress import ip_network

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IHostnameResolver
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import URI, BrowserLikePolicyForHTTPS
from zope.interface import implementer

from glance.outbound.guard import LOOK_UPS, GuardedEndpoints
from glance.outbound.rules import Rules


@implementer(IHostnameResolver)
class Resolver:
    """
    Finds what it is told to, something else at each time.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.waiting = []
        self.at_once = True

    def resolveHostName(self, receiver, name, port=0, **kwargs):  # noqa: N802
        """
        Look a name up.
        """
        port = kwargs.get("portNumber", port)
        self.asked.append(name)
        self.waiting.append((receiver, port))
        if self.at_once:
            self.answer()
        return self

    def answer(self):
        """
        Say where the first name that was asked for is.
        """
        receiver, port = self.waiting.pop(0)
        receiver.resolutionBegan(self)
        for host in self.answers.pop(0):
            kind = IPv6Address if ":" in host else IPv4Address
            receiver.addressResolved(kind("TCP", host, port))
        receiver.resolutionComplete()


class GuardTests(SynchronousTestCase):
    """
    Connections go where the rules allow.
    """

    rules = Rules()

    def connect(self, *answers, url=b"http://files.example.org/"):
        """
        Connect to a host that has these addresses: those of each time it is looked
        up.

        @return: the attempt.
        """
        self.reactor = MemoryReactorClock()
        self.resolver = Resolver(*answers)
        self.reactor.installNameResolver(self.resolver)
        endpoints = GuardedEndpoints(
            self.reactor, self.rules, BrowserLikePolicyForHTTPS(), 10
        )
        endpoint = endpoints.endpointForURI(URI.fromBytes(url))
        return endpoint.connect(Factory.forProtocol(Protocol))

    def connected(self):
        """
        Get where connections were made to.
        """
        return [(host, port) for host, port, *_ in self.reactor.tcpClients]

    def test_public(self):
        """
        A public address is connected to, and the name is looked up once: who is asked
        again could answer something else.
        """
        attempt = self.connect(["8.8.8.8"], ["127.0.0.1"])
        self.reactor.advance(20)
        self.assertEqual(self.connected(), [("8.8.8.8", 80)])
        self.assertEqual(self.resolver.asked, ["files.example.org"])
        attempt.addErrback(lambda _: None)

    def test_private(self):
        """
        An address that isn't public is not connected to.
        """
        for address in ("127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1"):
            attempt = self.connect([address])
            self.failureResultOf(attempt, DNSLookupError)
            self.assertEqual(self.connected(), [])

    def test_one_of_several(self):
        """
        Of several addresses those that may not be connected to are skipped.
        """
        attempt = self.connect(["127.0.0.1", "8.8.8.8", "10.0.0.1"])
        self.reactor.advance(20)
        self.assertEqual(self.connected(), [("8.8.8.8", 80)])
        attempt.addErrback(lambda _: None)

    def test_rebinding(self):
        """
        A name that is public when a first request is sent, and isn't at a second, is
        refused then.
        """
        attempt = self.connect(["8.8.8.8"])
        self.assertEqual(self.connected(), [("8.8.8.8", 80)])
        attempt.addErrback(lambda _: None)
        self.failureResultOf(self.connect(["192.168.0.1"]), DNSLookupError)
        self.assertEqual(self.connected(), [])

    def test_tls(self):
        """
        It is the same with TLS.
        """
        url = b"https://files.example.org/"
        self.failureResultOf(self.connect(["127.0.0.1"], url=url), DNSLookupError)
        self.assertEqual(self.connected(), [])

    def test_allowed(self):
        """
        An address that isn't public can be allowed.
        """
        self.rules = Rules(allowed=(ip_network("10.0.0.0/8"),))
        attempt = self.connect(["10.0.0.1"])
        self.assertEqual(self.connected(), [("10.0.0.1", 80)])
        attempt.addErrback(lambda _: None)

    def test_turns(self):
        """
        Only some names are looked up at a time, also when nobody waits for them any
        more.
        """
        reactor = MemoryReactorClock()
        resolver = Resolver(*[["8.8.8.8"]] * 10)
        resolver.at_once = False
        reactor.installNameResolver(resolver)
        endpoints = GuardedEndpoints(reactor, Rules(), BrowserLikePolicyForHTTPS(), 10)
        for number in range(10):
            uri = URI.fromBytes(b"http://host-%d.example.org/" % number)
            attempt = endpoints.endpointForURI(uri).connect(Factory())
            attempt.addErrback(lambda _: None)
            if number < 5:
                attempt.cancel()
        self.assertEqual(len(resolver.asked), LOOK_UPS)
        for _ in range(10):
            resolver.answer()
        self.assertEqual(len(resolver.asked), 10)

    def test_patience(self):
        """
        A name whose turn doesn't come in time is not looked up: whoever waited for it
        is gone, and others would wait for it.
        """
        reactor = MemoryReactorClock()
        resolver = Resolver(*[["8.8.8.8"]] * 10)
        resolver.at_once = False
        reactor.installNameResolver(resolver)
        endpoints = GuardedEndpoints(reactor, Rules(), BrowserLikePolicyForHTTPS(), 10)
        attempts = [
            endpoints.endpointForURI(URI.fromBytes(b"http://example.org/")).connect(
                Factory()
            )
            for _ in range(LOOK_UPS + 2)
        ]
        reactor.advance(10)
        for attempt in attempts[LOOK_UPS:]:
            self.failureResultOf(attempt, DNSLookupError)
        for attempt in attempts[:LOOK_UPS]:
            attempt.addErrback(lambda _: None)
            resolver.answer()
        self.assertEqual(len(resolver.asked), LOOK_UPS)
        again = endpoints.endpointForURI(URI.fromBytes(b"http://example.org/"))
        again.connect(Factory()).addErrback(lambda _: None)
        self.assertEqual(len(resolver.asked), LOOK_UPS + 1)


class HeadTests(SynchronousTestCase):
    """
    The head of an answer has an end.
    """

    def setUp(self):
        self.reactor = MemoryReactorClock()
        self.reactor.installNameResolver(Resolver(["8.8.8.8"]))
        endpoints = GuardedEndpoints(
            self.reactor, Rules(), BrowserLikePolicyForHTTPS(), 10
        )
        self.got = []
        protocol = Protocol()
        protocol.dataReceived = self.got.append
        factory = Factory.forProtocol(lambda: protocol)
        uri = URI.fromBytes(b"http://files.example.org/")
        endpoints.endpointForURI(uri).connect(factory)
        self.transport = AbortingTransport()
        built = self.reactor.tcpClients[0][2].buildProtocol(None)
        built.makeConnection(self.transport)
        self.receive = built.dataReceived

    def test_in_pieces(self):
        """
        Nothing is lost of an answer that comes in pieces.
        """
        answer = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\ndata\r\n\r\nmore"
        for at in range(len(answer)):
            self.receive(answer[at : at + 1])
        self.assertEqual(b"".join(self.got), answer)

    def test_interim(self):
        """
        Answers before the answer are left out.
        """
        interim = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        self.receive(interim + interim[:5])
        self.receive(interim[5:] + b"HTTP/1.1 200 OK\r\n\r\ndata")
        self.assertEqual(b"".join(self.got), b"HTTP/1.1 200 OK\r\n\r\ndata")

    def test_endless(self):
        """
        A head without an end ends the connection, and so do answers before the
        answer without an end.
        """
        for piece in (b"X: y\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"x"):
            self.setUp()
            for _ in range(70_000):
                self.receive(piece * 10)
                if self.transport.aborted:
                    break
            self.assertTrue(self.transport.aborted)
            self.assertEqual(self.got, [])


class AbortingTransport:
    """
    A connection that can be dropped.
    """

    aborted = False

    def abortConnection(self):
        """
        Drop it.
        """
        self.aborted = True
