"""
Tests of L{glance.swift.several}.
"""

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from glance.swift.several import Several


class Boom(Exception):
    """
    What a test has something fail with.
    """


class SeveralTests(SynchronousTestCase):
    """
    L{Several} runs some things at the same time.
    """

    def setUp(self):
        self.started = []
        self.ended = []

    async def work(self, number):
        running = Deferred()
        self.started.append(running)
        try:
            await running
        finally:
            self.ended.append(number)

    def run_all(self, count, most=2, then=None):
        async def run():
            async with Several(most) as several:
                for number in range(count):
                    await several.start(self.work(number))
                if then is not None:
                    await then

        return Deferred.fromCoroutine(run())

    def test_all(self):
        """
        All of them run, no more than may at a time, and it ends with the last.
        """
        running = self.run_all(4)
        for done in range(4):
            self.assertEqual(len(self.started), min(done + 2, 4))
            self.assertNoResult(running)
            self.started[done].callback(None)
        self.successResultOf(running)
        self.assertEqual(self.ended, [0, 1, 2, 3])

    def test_none(self):
        """
        There may be none.
        """
        self.successResultOf(self.run_all(0))

    def test_failure(self):
        """
        When one fails the others are cancelled, no more are begun, and that is
        what it fails with.
        """
        running = self.run_all(4)
        self.started[1].errback(Boom())
        self.failureResultOf(running, Boom)
        self.assertEqual(sorted(self.ended), [0, 1])
        self.assertEqual(len(self.started), 2)

    def test_failure_at_the_end(self):
        """
        So it is when all have begun.
        """
        running = self.run_all(2)
        self.started[1].errback(Boom())
        self.failureResultOf(running, Boom)
        self.assertEqual(sorted(self.ended), [0, 1])

    def test_body_fails(self):
        """
        When what starts them fails they are cancelled, and waited for.
        """
        then = Deferred()
        running = self.run_all(2, then=then)
        self.assertNoResult(running)
        then.errback(Boom())
        self.failureResultOf(running, Boom)
        self.assertEqual(sorted(self.ended), [0, 1])

    def test_cancelled(self):
        """
        When it is cancelled they are, wherever it is.
        """
        for count, then in ((2, None), (4, None), (1, Deferred())):
            self.ended.clear()
            running = self.run_all(count, then=then)
            running.cancel()
            self.failureResultOf(running, CancelledError)
            self.assertEqual(len(self.ended), min(count, 2))

    def test_waits_for_cancelled(self):
        """
        It does not end before those that were cancelled have.
        """
        for then, error in (("raise", Boom), ("cancel", CancelledError)):
            cleaned = Deferred()
            running = Deferred.fromCoroutine(self.run_slow(cleaned, then))
            if then == "cancel":
                running.cancel()
            self.assertNoResult(running)
            cleaned.callback(None)
            self.failureResultOf(running, error)

    async def run_slow(self, cleaned, then):
        async def work():
            try:
                await Deferred()
            finally:
                await cleaned

        async with Several(2) as several:
            await several.start(work())
            if then == "raise":
                raise Boom
