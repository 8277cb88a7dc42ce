"""
Tests of answers that come while data is still being sent.
"""

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock, deferLater
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import TestCase
from twisted.web.client import BrowserLikePolicyForHTTPS, HTTPConnectionPool

from glance.swift.connections import ANSWER, Connections, Endpoints
from glance.swift.errors import TimedOut, Unreachable
from glance.swift.exchanges import Ask, Exchanges
from tests.bodies import ManualBody
from tests.swift.test_transfers import Endless, until


class Refuser(Protocol):
    """
    Wants the data, and answers some of it in pieces, with pauses; reads no
    more, and leaves the connection open.
    """

    def connectionMade(self):
        self.received = b""
        self.next = None
        self.answered = False
        self.factory.connections.append(self)

    def dataReceived(self, data):
        self.received += data
        if b"\r\n\r\n" in self.received and not self.factory.wanted:
            self.factory.wanted = True
            self.answer(list(self.factory.hello))
        elif self.factory.wanted and not self.answered:
            self.answered = True
            self.transport.pauseProducing()
            self.answer(list(self.factory.pieces))

    def answer(self, pieces):
        if pieces:
            self.transport.write(pieces.pop(0))
            self.next = reactor.callLater(0.03, self.answer, pieces)
        else:
            # To see the end of it.
            self.transport.resumeProducing()

    def connectionLost(self, reason):
        self.factory.connections.remove(self)
        if self.next is not None and self.next.active():
            self.next.cancel()


class EarlyTests(TestCase):
    """
    An answer is seen before all the data is sent.
    """

    def setUp(self):
        return Deferred.fromCoroutine(self.prepare())

    async def prepare(self):
        self.factory = Factory.forProtocol(Refuser)
        self.factory.connections = []
        self.factory.wanted = False
        self.factory.hello = [b"HTTP/1.1 100 Continue\r\n\r\n"]
        self.port = reactor.listenTCP(0, self.factory, interface="127.0.0.1")
        self.addCleanup(self.port.stopListening)
        self.clock = Clock()
        connections = Connections(
            reactor,
            Endpoints(reactor, BrowserLikePolicyForHTTPS()),
            HTTPConnectionPool(reactor),
        )
        self.exchanges = Exchanges(connections, self.clock, 30.0)

    async def put(self, *pieces):
        """
        Send much data to what answers with C{pieces}.
        """
        self.factory.pieces = pieces
        self.body = Endless(1 << 40)
        url = f"http://127.0.0.1:{self.port.getHost().port}/one"
        ask = Ask(method="PUT", url=url)
        return await self.exchanges.send(ask, self.body)

    async def assert_over(self):
        """
        Nothing more is sent.
        """
        self.assertTrue(self.body.stopped)
        await until(lambda: not self.factory.connections)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_in_pieces(self):
        """
        It may come in pieces, and the connection is broken off after it.
        """
        outcome = await self.put(
            b"HTTP/1.1 413 Too Large\r\nX-Trans-Id: tx1\r\nContent-Le",
            b"ngth: 8\r\n\r\n",
            b"half",
            b"half",
        )
        self.assertEqual(outcome.answer.status, 413)
        self.assertEqual(outcome.answer.transaction, "tx1")
        self.assertEqual(outcome.answer.data, b"halfhalf")
        await self.assert_over()

    async def test_too_long(self):
        """
        It may not be endless.
        """
        outcome = await self.put(
            b"HTTP/1.1 413 Too Large\r\nContent-Length: 99999999\r\n\r\n",
            b"x" * (ANSWER + 1),
        )
        self.assertIsNone(outcome.answer)
        self.assertIsInstance(outcome.error, Unreachable)
        await self.assert_over()

    async def test_too_long_later(self):
        """
        Nor may it be once the data is sent; the connection is broken off.
        """
        self.factory.pieces = (
            b"HTTP/1.1 201 Created\r\nContent-Length: 99999999\r\n\r\n",
            b"x" * 10,
        )
        self.body = ManualBody(4)
        url = f"http://127.0.0.1:{self.port.getHost().port}/one"
        sending = Deferred.fromCoroutine(
            self.exchanges.send(Ask(method="PUT", url=url), self.body)
        )
        await until(lambda: self.body.consumer)
        self.body.data(b"data")
        self.body.end()
        await deferLater(reactor, 0.2)
        for _ in range(7):
            self.clock.advance(10)
        outcome = await sending
        self.assertIsInstance(outcome.error, TimedOut)
        await until(lambda: not self.factory.connections)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_never_whole(self):
        """
        If it does not come to its end, it is given up.
        """
        self.factory.pieces = (b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\n",)
        putting = Deferred.fromCoroutine(self.put(*self.factory.pieces))
        await until(lambda: self.body.pauses)
        for _ in range(20):
            self.clock.advance(10)
        outcome = await putting
        self.assertIsInstance(outcome.error, TimedOut)
        await self.assert_over()

    async def test_pieces_of_continue(self):
        """
        That the data is wanted may be told in pieces, and nothing is logged.
        """
        events = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        self.factory.hello = [b"H", b"TTP/1.1 100", b" Go on\r\nA: b\r\n\r", b"\n"]
        outcome = await self.put(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual(outcome.answer.status, 413)
        await self.assert_over()
        logged = [formatEvent(event) for event in events]
        self.assertFalse([line for line in logged if "100" in line])

    async def test_at_once(self):
        """
        It may come along with that the data is wanted, or in its place.
        """
        answer = b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"
        for hello in ([b"HTTP/1.1 100 Continue\r\n\r\n" + answer], [answer]):
            self.factory.wanted = False
            self.factory.hello = hello
            outcome = await self.put()
            self.assertEqual(outcome.answer.status, 413)
            self.assertEqual(outcome.sent.begun, len(hello[0]) > len(answer))
            await until(lambda: not self.factory.connections)

    async def test_slow_data(self):
        """
        It does not matter that there is no data to send.
        """
        self.factory.pieces = (b"HTTP/1.1 507 Full\r\nContent-Length: 0\r\n\r\n",)
        self.body = ManualBody()
        url = f"http://127.0.0.1:{self.port.getHost().port}/one"
        sending = Deferred.fromCoroutine(
            self.exchanges.send(Ask(method="PUT", url=url), self.body)
        )
        await until(lambda: self.body.consumer)
        self.body.data(b"data")
        outcome = await sending
        self.assertEqual(outcome.answer.status, 507)
        await self.assert_over()
