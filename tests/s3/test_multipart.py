"""
Tests of L{glance.s3.multipart}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import UNKNOWN_LENGTH

from glance.s3.errors import BadBody
from glance.s3.limits import MOST_PARTS, Limits
from glance.s3.memory import LOOK, Memory
from glance.s3.multipart import Cutter, Flight, etag_of
from glance.streams.bodies import BytesBody
from tests.bodies import ManualBody, collect

TEN = Limits(part_size=10)


def cut(body, limits=TEN, hashing=False, memory=None, expected=None):
    """
    Get what cuts a body.

    @param memory: L{None} for plenty.
    """
    plenty = memory or Memory(Clock(), 1 << 40, 5)
    return Cutter(body, limits, plenty, hashing, expected)


class CutterTests(SynchronousTestCase):
    """
    Data is cut into parts.
    """

    def next(self, cutter):
        """
        Get the next part.
        """
        return ensureDeferred(cutter.next())

    def parts(self, cutter):
        """
        Get the data of all parts that are left.
        """
        found = []
        while (part := self.successResultOf(self.next(cutter))) is not None:
            found.append(self.successResultOf(collect(part.body())))
            part.drop()
        return found

    @given(st.lists(st.binary(max_size=50)), st.booleans())
    def test_cut(self, pieces, known):
        """
        However data comes, its parts are all of one size but the last, and are the
        data; none is empty, but for the one of no data.
        """
        body = BytesBody(pieces)
        if not known:
            body.length = UNKNOWN_LENGTH
        parts = self.parts(cut(body, hashing=True))
        data = b"".join(pieces)
        self.assertEqual(b"".join(parts), data)
        self.assertEqual({len(part) for part in parts[:-1]} - {10}, set())
        self.assertLessEqual(len(parts[-1]), 10)
        self.assertTrue(parts[-1] or not data)

    def test_pauses(self):
        """
        While a part waits, the data pauses; it goes on once that is taken.
        """
        body = ManualBody()
        cutter = cut(body)
        body.data(b"x" * 9)
        self.assertFalse(body.paused)
        body.data(b"yz")
        self.assertTrue(body.paused)
        part = self.successResultOf(self.next(cutter))
        self.assertEqual((part.length, cutter.over), (10, False))
        self.assertFalse(body.paused)
        waiting = self.next(cutter)
        self.assertNoResult(waiting)
        body.end()
        part = self.successResultOf(waiting)
        self.assertEqual((part.length, cutter.over), (1, True))
        self.assertIsNone(self.successResultOf(self.next(cutter)))

    def test_paused_by_flood(self):
        """
        Data that comes faster than asked for stays paused until all of its parts
        but one are taken.
        """
        body = ManualBody()
        cutter = cut(body)
        body.data(b"x" * 35)
        for paused in (True, True, False):
            self.successResultOf(self.next(cutter))
            self.assertEqual(body.paused, paused)

    def test_hash(self):
        """
        Parts have their hashes, if that is asked for, without being read again.
        """
        part = self.successResultOf(self.next(cut(BytesBody(b""), hashing=True)))
        self.assertTrue(part.digest.startswith("e3b0c44298fc1c14"))

    def test_fails(self):
        """
        What the data fails with is what waiting for a part fails with.
        """
        body = ManualBody()
        cutter = cut(body)
        body.data(b"x" * 25)
        self.successResultOf(self.next(cutter))
        self.successResultOf(self.next(cutter))
        body.fail(ZeroDivisionError("bad"))
        self.failureResultOf(self.next(cutter), ZeroDivisionError)

    def test_told_to_fail(self):
        """
        Whoever waits for slow data hears of a failure elsewhere at once.
        """
        body = ManualBody()
        cutter = cut(body)
        waiting = self.next(cutter)
        cutter.fail(Failure(ZeroDivisionError("bad")))
        self.failureResultOf(waiting, ZeroDivisionError)
        self.assertTrue(body.stopped)

    def test_too_long(self):
        """
        Data that is longer than it says is stopped as soon as it is.
        """
        body = ManualBody(5)
        cutter = cut(body)
        body.data(b"x" * 6)
        self.assertTrue(body.stopped)
        self.failureResultOf(self.next(cutter), BadBody)

    def test_too_many(self):
        """
        Data that would be more parts than there may be is stopped.
        """
        limits = Limits(part_size=1)
        body = ManualBody()
        cutter = cut(body, limits)
        most = 1000 * sum(range(1, 11))
        body.data(b"x" * most)
        self.assertFalse(body.stopped)
        body.data(b"x")
        self.assertTrue(body.stopped)
        self.failureResultOf(self.next(cutter), BadBody)

    def test_sizes(self):
        """
        Parts are so large that there are enough for all data.
        """
        self.assertEqual(TEN.size_of_part(1, 10 * MOST_PARTS), 10)
        self.assertEqual(TEN.size_of_part(1, 10 * MOST_PARTS + 1), 11)
        self.assertEqual(TEN.size_of_part(1000, None), 10)
        self.assertEqual(TEN.size_of_part(1001, None), 20)

    def test_stop(self):
        """
        Who wants no more stops the data.
        """
        body = ManualBody()
        cutter = cut(body)
        cutter.stop()
        self.assertTrue(body.stopped)
        body = BytesBody(b"x")
        cut(body).stop()

    def test_end_known(self):
        """
        Where it is known how much comes, a first part that may be all is given
        only when the data is over, or has turned out to be more.
        """
        for expected, more in ((10, b""), (10, b"x"), (None, b"")):
            body = ManualBody()
            cutter = cut(body, expected=expected)
            body.data(b"x" * 10)
            waiting = self.next(cutter)
            self.assertEqual(waiting.called, expected is None)
            self.assertFalse(body.paused)
            body.data(more)
            if not more:
                body.end()
            part = self.successResultOf(waiting)
            self.assertEqual((part.length, cutter.over), (10, not more))

    def test_no_memory(self):
        """
        Data isn't started before there is memory, pauses while there is none for
        the next part, and has it in its turn.
        """
        memory = Memory(Clock(), 20, 5)
        other = self.successResultOf(memory.take(20))
        body = ManualBody()
        cutter = cut(body, memory=memory)
        self.assertIsNone(body.consumer)
        other.free()
        other = self.successResultOf(memory.take(10))
        body.data(b"x" * 10)
        part = self.successResultOf(self.next(cutter))
        self.assertTrue(body.paused)
        part.drop()
        self.assertFalse(body.paused)
        other.free()

    def test_end_without_memory(self):
        """
        The end is heard though there is no memory for more.
        """
        memory = Memory(Clock(), 10, 5)
        body = ManualBody()
        cutter = cut(body, memory=memory, expected=10)
        body.data(b"x" * 10)
        self.assertFalse(body.paused)
        waiting = self.next(cutter)
        body.end()
        self.successResultOf(waiting).drop()
        self.successResultOf(memory.take(10))

    def test_memory_returned(self):
        """
        However it ends, all memory is given back.
        """

        def fail(body, cutter):
            body.fail(ZeroDivisionError("bad"))

        def stop(body, cutter):
            cutter.stop()

        def end(body, cutter):
            body.end()
            self.parts(cutter)

        for finish in (fail, stop, end):
            for size in (0, 5, 10, 15, 35):
                memory = Memory(Clock(), 30, 5)
                body = ManualBody()
                cutter = cut(body, memory=memory)
                body.data(b"x" * size)
                finish(body, cutter)
                cutter.stop()
                self.successResultOf(memory.take(30))

    def test_slow(self):
        """
        Others don't wait for data that comes slowly, but for what comes fast.
        """
        clock = Clock()
        memory = Memory(clock, 10, 5)
        body = ManualBody()
        cutter = cut(body, memory=memory)
        waiting = memory.take(10)
        body.data(b"x" * 5)
        clock.advance(LOOK)
        self.assertNoResult(waiting)
        clock.advance(LOOK)
        self.successResultOf(waiting).free()
        cutter.stop()
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_stopped_waiting(self):
        """
        Who is stopped while waiting for memory doesn't keep others from it.
        """
        memory = Memory(Clock(), 10, 5)
        share = self.successResultOf(memory.take(10))
        body = ManualBody()
        cutter = cut(body, memory=memory)
        waiting = memory.take(10)
        cutter.stop()
        self.assertTrue(body.stopped)
        share.free()
        self.successResultOf(waiting)


class FlightTests(SynchronousTestCase):
    """
    So many parts are on their way, and no more.
    """

    def setUp(self):
        self.failures = []
        self.flight = Flight(2, self.failures.append)

    def test_room(self):
        """
        One waits until there is room, and at the end until all have landed.
        """
        one, two = Deferred(), Deferred()
        self.flight.start(one)
        self.successResultOf(ensureDeferred(self.flight.room()))
        self.flight.start(two)
        room = ensureDeferred(self.flight.room())
        self.assertNoResult(room)
        two.callback(None)
        self.successResultOf(room)
        landing = ensureDeferred(self.flight.land())
        self.assertNoResult(landing)
        one.callback(None)
        self.successResultOf(landing)

    def test_done_at_once(self):
        """
        What has landed already takes no room.
        """
        for _ in range(5):
            self.flight.start(succeed(None))
        self.successResultOf(ensureDeferred(self.flight.land()))

    def test_failure(self):
        """
        The first failure is told at once, and whoever waits fails.
        """
        one, two = Deferred(), Deferred()
        self.flight.start(one)
        self.flight.start(two)
        room = ensureDeferred(self.flight.room())
        one.errback(ZeroDivisionError("bad"))
        self.failureResultOf(room, ZeroDivisionError)
        self.flight.stop()
        self.assertEqual(len(self.failures), 1)


class EtagTests(SynchronousTestCase):
    """
    The ETag of an object of parts is known beforehand.
    """

    def test_etag(self):
        """
        It is made of those of the parts, if these are MD5.
        """
        one = '"d41d8cd98f00b204e9800998ecf8427e"'
        self.assertEqual(etag_of([one]), '"59adb24ef3cdbe0297f05b395827453f-1"')
        self.assertIsNone(etag_of([one, '"other"']))
