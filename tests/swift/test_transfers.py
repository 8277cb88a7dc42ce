"""
Tests of how data flows from and to Swift.
"""

from functools import partial

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import TestCase

from glance.swift.errors import Cut, Stopped, TimedOut
from tests.bodies import BrokenConsumer, Collector, ManualBody, SlowConsumer, collect
from tests.swift.fake import Stored
from tests.swift.serving import Serving

LARGE = bytes(range(256)) * (64 << 10)
"""16 MiB: more than sockets hold."""


async def until(true):
    """
    Wait until something is true.
    """
    while not true():
        await deferLater(reactor, 0.01)


async def settled(count):
    """
    Wait until a number stays the same.

    @return: that.
    """
    last = None
    while last != count():
        last = count()
        await deferLater(reactor, 0.1)
    return last


class Endless:
    """
    A body that gives data whenever it isn't paused.
    """

    def __init__(self, length, piece=100_000):
        self.length = length
        self._piece = piece
        self.given = 0
        self.pauses = 0
        self.stopped = False
        self._paused = False
        self._giving = False
        self._done = Deferred()

    def startProducing(self, consumer):
        self._consumer = consumer
        self._give()
        return self._done

    def _give(self):
        if self._giving:
            return
        self._giving = True
        while not self._paused and not self.stopped and self.given < self.length:
            assert self.given < 256 << 20, "it is not paused"
            piece = LARGE[: min(self._piece, self.length - self.given)]
            self.given += len(piece)
            self._consumer.write(piece)
        self._giving = False
        if self.given == self.length and not self._done.called:
            self._done.callback(None)

    def pauseProducing(self):
        assert not self._paused, "paused twice"
        self.pauses += 1
        self._paused = True

    def resumeProducing(self):
        assert self._paused, "resumed twice"
        self._paused = False
        self._give()

    def stopProducing(self):
        self.stopped = True


class Taking:
    """
    A consumer that takes so much as it is told to.
    """

    def __init__(self):
        self.body = None
        self.taken = 0
        self._most = 0

    def take(self, more):
        """
        Take more.
        """
        self._most += more
        self.body.resumeProducing()

    def write(self, data):
        self.taken += len(data)
        if self.taken >= self._most:
            self.body.pauseProducing()


class DownloadTests(Serving, TestCase):
    """
    An object comes as fast as it is taken.
    """

    def setUp(self):
        return Deferred.fromCoroutine(self.prepare())

    async def prepare(self):
        await self.serve()
        self.clock = Clock()
        self.connect(self.clock)
        self.fake.containers["images"]["large"] = Stored(LARGE)

    async def get(self):
        return await self.client.get_object("images", "large")

    async def test_paused(self):
        """
        While it is paused nothing comes, however long; then all does.
        """
        body = await self.get()
        consumer = SlowConsumer()
        consumer.registerProducer(body, True)
        over = body.startProducing(consumer)
        await until(lambda: consumer.pieces)
        pieces = await settled(lambda: len(consumer.pieces))
        self.assertLess(len(consumer.data), 1 << 20)
        self.clock.advance(1000)
        self.assertFalse(over.called)
        consumer.more()
        await until(lambda: len(consumer.pieces) > pieces)
        consumer.write = consumer.pieces.append
        consumer.more()
        await over
        self.assertEqual(consumer.data, LARGE)

    async def test_paused_before(self):
        """
        It may be paused before it is started.
        """
        body = await self.get()
        body.pauseProducing()
        consumer = Collector()
        over = body.startProducing(consumer)
        self.assertLess(await settled(lambda: len(consumer.data)), 1 << 20)
        self.clock.advance(1000)
        body.resumeProducing()
        await over
        self.assertEqual(consumer.data, LARGE)

    async def test_stopped(self):
        """
        It can be stopped, before or after it was started, and its connection
        is closed.
        """
        body = await self.get()
        body.stopProducing()
        with self.assertRaises(Stopped):
            await collect(body)
        body = await self.get()
        over = body.startProducing(SlowConsumer())
        body.stopProducing()
        with self.assertRaises(Stopped):
            await over
        body.stopProducing()
        await until(lambda: not self.site.in_flight)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_cancelled(self):
        """
        Cancelling it stops it.
        """
        body = await self.get()
        over = body.startProducing(SlowConsumer())
        over.cancel()
        with self.assertRaises(Stopped):
            await over
        await until(lambda: not self.site.in_flight)

    async def test_consumer_fails(self):
        """
        What its consumer raises is what it fails with.
        """
        body = await self.get()
        with self.assertRaises(ZeroDivisionError):
            await body.startProducing(BrokenConsumer(1, ZeroDivisionError()))
        await until(lambda: not self.site.in_flight)

    async def test_cut(self):
        """
        An object that ends before its end isn't taken for a whole one.
        """

        async def cut(request):
            request.setHeader("Content-Length", "100")
            request.write(b"some")
            await deferLater(reactor, 0.05)
            request.loseConnection()

        self.fake.fail("GET", "large", cut)
        body = await self.get()
        with self.assertRaises(Cut):
            await collect(body)

    async def test_silent(self):
        """
        A server that sends nothing any more is given up.
        """

        async def stall(request):
            request.setHeader("Content-Length", "100")
            request.write(b"some")
            await Deferred()

        self.fake.fail("GET", "large", stall)
        body = await self.get()
        consumer = Collector()
        over = body.startProducing(consumer)
        await until(lambda: consumer.pieces)
        self.clock.advance(self.idle - 1)
        self.assertFalse(over.called)
        self.clock.advance(1)
        with self.assertRaises(TimedOut):
            await over
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_no_answer(self):
        """
        A server that does not answer is given up.
        """
        self.fake.fail("GET", "large", self.for_ever, times=9)
        getting = self.get()
        getting = Deferred.fromCoroutine(getting)
        for attempt in (1, 2, 3):
            # The first is for a token.
            await until(partial(self.asked_more_than, attempt))
            self.clock.advance(self.idle)
        with self.assertRaises(TimedOut):
            await getting

    def asked_more_than(self, count):
        return len(self.fake.asked("GET")) > count

    async def for_ever(self, request):
        """
        Never answer.
        """
        await Deferred()


class UploadTests(Serving, TestCase):
    """
    Data goes as fast as it is taken.
    """

    def setUp(self):
        return Deferred.fromCoroutine(self.prepare())

    async def prepare(self):
        await self.serve()
        self.clock = Clock()
        self.connect(self.clock)

    async def take_nothing(self, request):
        """
        Want the data, and do not read it.
        """
        request.body.startProducing(SlowConsumer()).addErrback(lambda _: None)
        request.body.pauseProducing()
        await Deferred()

    def put(self, body):
        return self.client.put_object("images", "one", body)

    async def test_paused(self):
        """
        Data is paused while nobody takes it, and given up after a time.
        """
        self.fake.fail("PUT", "one", self.take_nothing)
        body = Endless(1 << 30)
        putting = self.put(body)
        await until(lambda: body.given)
        given = await settled(lambda: body.given)
        self.assertLess(given, 64 << 20)
        self.assertTrue(body.pauses)
        self.clock.advance(self.idle - 1)
        self.assertFalse(putting.called)
        # What the system has taken since then counts as progress, once.
        self.clock.pump([1, self.idle])
        with self.assertRaises(TimedOut):
            await putting
        self.assertTrue(body.stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_unsent(self):
        """
        It is known what the system still has of the data.
        """
        taking = Taking()

        async def take_some(request):
            taking.body = request.body
            request.body.startProducing(taking).addErrback(lambda _: None)
            await Deferred()

        self.fake.fail("PUT", "one", take_some)
        agent, sending = self.connections.fresh()
        self.assertEqual(sending.unsent(), 0)
        self.connections.fresh = lambda: (agent, sending)
        body = Endless(32 << 20)
        putting = self.put(body)
        await until(lambda: body.given)
        await settled(lambda: body.given)
        self.assertGreater(sending.unsent(), 100_000)
        taking.take(body.length)
        await until(lambda: taking.taken == body.length)
        await until(lambda: sending.unsent() == 0)
        putting.cancel()
        with self.assertRaises(CancelledError):
            await putting
        await until(lambda: not self.site.in_flight)
        self.assertEqual(sending.unsent(), 0)

    async def test_counting(self):
        """
        Data is told to pause only where it isn't paused, and so on; all of it
        arrives.
        """
        body = Endless(len(LARGE))
        sent = await self.put(body)
        self.assertEqual(sent.size, len(LARGE))
        self.assertTrue(body.pauses)

    async def test_slow_source(self):
        """
        Data that is slow is waited for.
        """
        body = ManualBody()
        putting = self.put(body)
        await until(lambda: body.consumer)
        for _ in range(3):
            body.data(b"data")
            await deferLater(reactor, 0.02)
            self.clock.advance(self.idle * 2)
        body.end()
        await putting
        self.assertEqual(self.fake.containers["images"]["one"].data, b"data" * 3)

    async def test_no_answer(self):
        """
        A server that has all the data and does not answer is given up.
        """

        async def take_all(request):
            await collect(request.body)
            await Deferred()

        self.fake.fail("PUT", "one", take_all)
        body = ManualBody(4)
        putting = self.put(body)
        await until(lambda: body.consumer)
        body.data(b"data")
        body.end()
        self.clock.advance(self.idle - 1)
        self.assertFalse(putting.called)
        self.clock.advance(1)
        with self.assertRaises(TimedOut):
            await putting

    async def test_does_not_say(self):
        """
        A server that does not say that it wants the data gets it after a time.
        """

        async def wait(request):
            while body.consumer is None:
                await deferLater(reactor, 0.01)

        self.fake.fail("PUT", "one", wait)
        body = ManualBody(4)
        putting = self.put(body)
        await until(lambda: self.fake.asked("PUT"))
        await deferLater(reactor, 0.05)
        self.assertIsNone(body.consumer)
        self.clock.advance(2)
        self.assertIsNotNone(body.consumer)
        body.data(b"data")
        body.end()
        await putting

    async def test_cancelled(self):
        """
        Cancelling stops the data, and breaks the connection off.
        """
        body = ManualBody()
        putting = self.put(body)
        await until(lambda: body.consumer)
        body.data(b"data")
        putting.cancel()
        with self.assertRaises(CancelledError):
            await putting
        self.assertTrue(body.stopped)
        await until(lambda: not self.site.in_flight)
        self.assertEqual(self.fake.containers["images"], {})
        self.assertEqual(self.clock.getDelayedCalls(), [])
