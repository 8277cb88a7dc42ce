"""
Tests of L{glance.s3.memory}.
"""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.s3 import Limits
from glance.s3.memory import APART, LOOK, Memory
from glance.s3.uploading import Uploading
from tests.bodies import ManualBody
from tests.s3.test_uploading import ManualOperations


class MemoryTests(SynchronousTestCase):
    """
    Memory is shared out in turn.
    """

    def setUp(self):
        self.clock = Clock()
        self.memory = Memory(self.clock, 100, 5)

    def tearDown(self):
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def take(self, size):
        """
        Get memory at once.
        """
        return self.successResultOf(self.memory.take(size))

    def test_in_turn(self):
        """
        Who waits longest has it first, even where the next would need less.
        """
        shares = [self.take(50), self.take(40)]
        large, small = self.memory.take(100), self.memory.take(10)
        for share in shares:
            self.assertNoResult(small)
            self.assertNoResult(large)
            share.free()
        self.successResultOf(large).free()
        self.successResultOf(small).free()

    def test_too_much(self):
        """
        More than there is is had by whoever is alone.
        """
        small = self.take(1)
        large = self.memory.take(1000)
        self.assertNoResult(large)
        small.free()
        self.successResultOf(large).free()

    def test_cancelled(self):
        """
        Who doesn't want it any more isn't waited for.
        """
        share = self.take(50)
        large, small = self.memory.take(60), self.memory.take(10)
        large.cancel()
        self.failureResultOf(large, CancelledError)
        self.successResultOf(small).free()
        share.free()

    def test_slow(self):
        """
        What comes slowly isn't counted until it comes faster, or is all there.
        """
        slow, quick = self.take(60), self.take(40)
        quick.fill()
        self.clock.advance(LOOK - 0.01)
        waiting = self.memory.take(60)
        self.assertNoResult(waiting)
        slow.add(2)
        self.clock.advance(0.01)
        other = self.successResultOf(waiting)
        other.fill()
        slow.fill()
        quick.free()
        waiting = self.memory.take(1)
        self.assertNoResult(waiting)
        slow.free()
        self.successResultOf(waiting).free()
        other.free()
        self.take(100).free()

    def test_many_slow(self):
        """
        Very many that are slow wait for each other.
        """
        slow = []
        for _ in range(APART):
            slow.append(self.take(100))
            self.clock.advance(LOOK)
        last = self.take(100)
        self.clock.advance(LOOK)
        waiting = self.memory.take(100)
        self.clock.advance(LOOK * 10)
        self.assertNoResult(waiting)
        slow.pop().free()
        self.assertNoResult(waiting)
        self.clock.advance(LOOK)
        self.successResultOf(waiting).free()
        for share in (last, *slow):
            share.free()
        self.take(100).free()
        self.assertTrue(self.memory.has_room_apart(APART * 100))

    def test_faster(self):
        """
        What comes fast enough is counted, however long it takes, and so is what has
        become faster.
        """
        share = self.take(60)
        for _ in range(10):
            share.add(3)
            self.clock.advance(LOOK)
        waiting = self.memory.take(41)
        self.assertNoResult(waiting)
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.clock.advance(LOOK)
        self.take(100).free()
        share.add(3)
        self.clock.advance(LOOK)
        waiting = self.memory.take(41)
        self.assertNoResult(waiting)
        share.free()
        self.successResultOf(waiting).free()

    def test_free_twice(self):
        """
        It is given back but once.
        """
        one, two = self.take(50), self.take(50)
        one.free()
        one.free()
        waiting = self.memory.take(60)
        self.assertNoResult(waiting)
        two.free()
        self.successResultOf(waiting).free()


class ManyTests(SynchronousTestCase):
    """
    Many uploads at once.
    """

    def setUp(self):
        self.clock = Clock()
        self.limits = Limits(part_size=10, in_flight=3, memory=80)
        self.memory = Memory(self.clock, 80, 5)
        self.operations = ManualOperations()
        self.bodies = []
        self.uploads = []

    def begin(self, count):
        """
        Begin uploads.
        """
        for number in range(count):
            self.bodies.append(ManualBody())
            uploading = Uploading(
                self.operations,
                "b",
                f"k{number}",
                self.bodies[-1],
                None,
                self.limits,
                self.memory,
                False,
            )
            self.uploads.append(Deferred.fromCoroutine(uploading.run()))

    def send(self, body, size):
        """
        Have a body give as much as it is let.

        @return: how much it gave.
        """
        sent = 0
        while sent < size and body.consumer is not None and not body.paused:
            body.data(b"x")
            sent += 1
        return sent

    def held(self):
        """
        Get how many bytes are on their way to the server.
        """
        return sum(part.length for part in self.operations.parts if part._pieces)

    def test_all_in_turn(self):
        """
        Sixty-four uploads come to their end in the memory of eight parts; each
        has its turn.
        """
        self.begin(64)
        left = [60] * 64
        rounds = 0
        while any(left) or self.operations.done:
            rounds += 1
            self.assertLess(rounds, 1000)
            for number, body in enumerate(self.bodies):
                left[number] -= self.send(body, left[number])
                if not left[number]:
                    body.end()
            self.assertLessEqual(self.held(), 80)
            self.assertLess(max(left) - min(left), 50)
            for _ in range(len(self.operations.done)):
                self.operations.finish('"etag"')
        for uploading in self.uploads:
            self.assertEqual(self.successResultOf(uploading), 60)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_slow_clients(self):
        """
        Clients that send next to nothing don't keep one from coming to its end.
        """
        self.begin(9)
        for body in self.bodies[:8]:
            self.assertEqual(self.send(body, 1), 1)
        self.assertEqual(self.send(self.bodies[8], 60), 0)
        self.clock.pump([LOOK, LOOK])
        for _ in range(6):
            self.assertEqual(self.send(self.bodies[8], 10), 10)
            for _ in range(len(self.operations.done)):
                self.operations.finish('"etag"')
        self.bodies[8].end()
        for _ in range(len(self.operations.done)):
            self.operations.finish('"etag"')
        self.assertEqual(self.successResultOf(self.uploads[8]), 60)
        for uploading in self.uploads[:8]:
            uploading.cancel()
            self.failureResultOf(uploading, CancelledError)
