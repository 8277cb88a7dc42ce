"""
Tests of L{glance.s3.multipart}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import UNKNOWN_LENGTH

from glance.s3.errors import BadBody
from glance.s3.limits import MOST_PARTS, Limits
from glance.s3.multipart import Cutter, Flight, etag_of
from glance.streams.bodies import BytesBody
from tests.bodies import ManualBody, collect

TEN = Limits(part_size=10)


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
        found, last = [], False
        while not last:
            part, last = self.successResultOf(self.next(cutter))
            found.append(self.successResultOf(collect(part.body())))
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
        parts = self.parts(Cutter(body, TEN, True))
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
        cutter = Cutter(body, TEN, False)
        body.data(b"x" * 10)
        self.assertFalse(body.paused)
        body.data(b"y")
        self.assertTrue(body.paused)
        part, last = self.successResultOf(self.next(cutter))
        self.assertEqual((part.length, last), (10, False))
        self.assertFalse(body.paused)
        waiting = self.next(cutter)
        self.assertNoResult(waiting)
        body.end()
        part, last = self.successResultOf(waiting)
        self.assertEqual((part.length, last), (1, True))

    def test_paused_by_flood(self):
        """
        Data that comes faster than asked for stays paused until all of its parts
        but one are taken.
        """
        body = ManualBody()
        cutter = Cutter(body, TEN, False)
        body.data(b"x" * 35)
        for paused in (True, True, False):
            self.successResultOf(self.next(cutter))
            self.assertEqual(body.paused, paused)

    def test_hash(self):
        """
        Parts have their hashes, if that is asked for, without being read again.
        """
        part, _ = self.successResultOf(self.next(Cutter(BytesBody(b""), TEN, True)))
        self.assertTrue(part.digest.startswith("e3b0c44298fc1c14"))

    def test_fails(self):
        """
        What the data fails with is what waiting for a part fails with.
        """
        body = ManualBody()
        cutter = Cutter(body, TEN, False)
        body.data(b"x" * 25)
        waiting = self.next(cutter)
        self.successResultOf(waiting)
        body.fail(ZeroDivisionError("bad"))
        self.failureResultOf(self.next(cutter), ZeroDivisionError)

    def test_told_to_fail(self):
        """
        Whoever waits for slow data hears of a failure elsewhere at once.
        """
        body = ManualBody()
        cutter = Cutter(body, TEN, False)
        waiting = self.next(cutter)
        cutter.fail(Failure(ZeroDivisionError("bad")))
        self.failureResultOf(waiting, ZeroDivisionError)
        self.assertTrue(body.stopped)

    def test_too_long(self):
        """
        Data that is longer than it says is stopped as soon as it is.
        """
        body = ManualBody(5)
        cutter = Cutter(body, TEN, False)
        body.data(b"x" * 6)
        self.assertTrue(body.stopped)
        self.failureResultOf(self.next(cutter), BadBody)

    def test_too_many(self):
        """
        Data that would be more parts than there may be is stopped.
        """
        limits = Limits(part_size=1)
        body = ManualBody()
        cutter = Cutter(body, limits, False)
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
        cutter = Cutter(body, TEN, False)
        cutter.stop()
        self.assertTrue(body.stopped)
        body = BytesBody(b"x")
        Cutter(body, TEN, False).stop()


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
