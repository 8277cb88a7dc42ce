"""
Tests for L{glance.registry.peer}.
"""

from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import connectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import RequestGenerationFailed, ResponseDone, ResponseFailed

from glance.deferreds import deferred
from glance.errors import BodyStopped
from glance.registry.peer import Lost, TooLong, collect, failing, peer_at


class Response:
    """
    A response whose body comes when the test says so.
    """

    def deliverBody(self, protocol):  # noqa: N802
        """
        Take who wants the body.
        """
        self.protocol = protocol
        self.transport = StringTransport()
        protocol.makeConnection(self.transport)


class CollectTests(SynchronousTestCase):
    """
    L{collect} gets the body of an answer.
    """

    def setUp(self):
        self.response = Response()
        self.collecting = deferred(collect)(self.response, 10)

    def lose(self, reason):
        self.response.protocol.connectionLost(Failure(reason))

    def test_whole(self):
        """
        All pieces come, when the last has.
        """
        self.response.protocol.dataReceived(b"hello")
        self.response.protocol.dataReceived(b"world")
        self.assertNoResult(self.collecting)
        self.lose(ResponseDone())
        self.assertEqual(self.successResultOf(self.collecting), b"helloworld")

    def test_too_long(self):
        """
        A body beyond the limit is given up, and its connection dropped.
        """
        self.response.protocol.dataReceived(b"hello")
        self.response.protocol.dataReceived(b"world!")
        self.failureResultOf(self.collecting, TooLong)
        self.assertTrue(self.response.transport.disconnecting)
        self.response.protocol.dataReceived(b"more")
        self.lose(ConnectionLost())

    def test_cut(self):
        """
        A body that is cut short is no body.
        """
        self.response.protocol.dataReceived(b"hello")
        self.lose(ResponseFailed([connectionDone]))
        self.failureResultOf(self.collecting, ResponseFailed)

    def test_cancelled(self):
        """
        Who doesn't want the rest drops the connection.
        """
        self.collecting.cancel()
        self.failureResultOf(self.collecting, CancelledError)
        self.assertTrue(self.response.transport.disconnecting)
        self.lose(ConnectionLost())


class FailingTests(SynchronousTestCase):
    """
    L{failing} tells failures apart.
    """

    def raised(self, error):
        """
        Get the kind of error that it makes of one.
        """
        try:
            with failing():
                raise error
        except Exception as told:
            return type(told)

    def test_cancelled(self):
        """
        A request that was cancelled is told from one whose connection was lost
        while our body was on its way.
        """
        lost, stopped = Failure(ConnectionLost()), Failure(BodyStopped())
        cancelled = Failure(CancelledError())
        self.assertIs(self.raised(ResponseFailed([lost])), Lost)
        self.assertIs(self.raised(RequestGenerationFailed([stopped])), Lost)
        self.assertIs(self.raised(ResponseFailed([lost, cancelled])), CancelledError)

    def test_bug(self):
        """
        What is no failure of the connection is raised as it is.
        """
        self.assertIs(self.raised(ZeroDivisionError()), ZeroDivisionError)


class PeerTests(SynchronousTestCase):
    """
    L{peer_at} knows where the server is.
    """

    def peer(self, host):
        self.reactor = MemoryReactorClock()
        return peer_at(self.reactor, host, 9191)

    def test_tcp(self):
        """
        A server is reached by its name or address.
        """
        peer = self.peer("127.0.0.1")
        self.assertEqual(peer.url, "http://127.0.0.1:9191")
        self.assertEqual(self.peer("registry").url, "http://registry:9191")

    def test_ipv6(self):
        """
        An IPv6 address may be in brackets; URLs have a name in its place.
        """
        for host in ("::1", "[::1]"):
            self.assertEqual(self.peer(host).url, "http://registry:9191")

    def test_unix(self):
        """
        A server is reached by its UNIX socket.
        """
        peer = self.peer("unix:/run/glance/registry.sock")
        asking = peer.kept.request(b"GET", peer.url.encode())
        asking.addErrback(lambda _: None)
        ((path, *_),) = self.reactor.unixClients
        self.assertEqual(path, "/run/glance/registry.sock")
