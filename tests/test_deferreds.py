"""
Tests for L{glance.deferreds}.
"""

from threading import Event

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import SynchronousTestCase, TestCase

from glance.deferreds import Threads, deferred, unhurried


class DeferredTests(SynchronousTestCase):
    """
    L{deferred} lets a coroutine be called for a L{Deferred}.
    """

    def test_result(self):
        """
        What the coroutine returns is the result.
        """

        @deferred
        async def add(one, other):
            return one + other

        self.assertEqual(self.successResultOf(add(1, other=2)), 3)

    def test_failure(self):
        """
        What the coroutine raises is the failure.
        """

        @deferred
        async def divide():
            return 1 / 0

        self.failureResultOf(divide(), ZeroDivisionError)


class UnhurriedTests(SynchronousTestCase):
    """
    L{unhurried} lets a cancellation wait.
    """

    def test_result(self):
        """
        Without a cancellation, the result comes through.
        """
        running = Deferred()
        waiting = unhurried(running)
        self.assertNoResult(waiting)
        running.callback(3)
        self.assertEqual(self.successResultOf(waiting), 3)

    def test_failure(self):
        """
        A failure comes through.
        """
        running = Deferred()
        waiting = unhurried(running)
        running.errback(ZeroDivisionError())
        self.failureResultOf(waiting, ZeroDivisionError)

    def test_cancel(self):
        """
        A cancellation shows once the result is there, which is dropped.
        """
        running = Deferred()
        waiting = unhurried(running)
        waiting.cancel()
        self.assertNoResult(waiting)
        running.callback(3)
        self.failureResultOf(waiting, CancelledError)

    def test_cancel_then_failure(self):
        """
        A failure that comes after a cancellation is dropped.
        """
        running = Deferred()
        waiting = unhurried(running)
        waiting.cancel()
        running.errback(ZeroDivisionError())
        self.failureResultOf(waiting, CancelledError)

    def test_cancelled_coroutine_waits(self):
        """
        A coroutine that is cancelled goes on only when the call is over.
        """
        running = Deferred()
        closed = []

        async def use():
            try:
                await unhurried(running)
            finally:
                closed.append(True)

        using = Deferred.fromCoroutine(use())
        using.cancel()
        self.assertEqual(closed, [])
        running.callback(None)
        self.assertEqual(closed, [True])
        self.failureResultOf(using, CancelledError)


class ThreadsTests(TestCase):
    """
    L{Threads} calls functions in threads.
    """

    def setUp(self):
        from twisted.internet import reactor

        self.pool = ThreadPool(0, 1, "test")
        self.pool.start()
        self.addCleanup(self.pool.stop)
        self.threads = Threads(reactor, self.pool)

    async def test_result(self):
        """
        Arguments go in, the result comes out, and calls are counted.
        """
        release = Event()

        def work(number, *, more):
            release.wait()
            return number + more

        calling = self.threads(work, 1, more=2)
        self.assertEqual(self.threads.calls, 1)
        release.set()
        self.assertEqual(await calling, 3)
        self.assertEqual(self.threads.calls, 0)
