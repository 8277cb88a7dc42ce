"""
Tests of L{glance.registry.bounded}.
"""

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import RegistryUnavailable
from glance.registry.bounded import Bounded


class BoundedTests(SynchronousTestCase):
    """
    L{Bounded} lets a number of calls run and wait.
    """

    def setUp(self):
        self.running = []
        self.clock = Clock()
        self.bounded = Bounded(self.in_thread, 2, 10, self.clock)

    def in_thread(self, f, *args, **kwargs):
        """
        Be busy until the test says otherwise.
        """
        ending = Deferred()
        ending.addCallback(lambda _: f(*args, **kwargs))
        self.running.append(ending)
        return ending

    def test_call(self):
        """
        A function is called with its arguments, and gives its result.
        """
        result = Bounded(maybeDeferred, 1, 10, self.clock)(int, "z", base=36)
        self.assertEqual(self.successResultOf(result), 35)

    def test_too_many(self):
        """
        When as many as may run and wait, others are refused until one is done,
        however it ends.
        """
        for end in (
            lambda running: running.callback(None),
            lambda running: running.errback(ZeroDivisionError()),
            lambda running: running.cancel(),
        ):
            while self.bounded.calls < 2:
                call = self.bounded(int)
                call.addErrback(lambda f: f.trap(ZeroDivisionError, CancelledError))
            refused = self.bounded(int)
            self.failureResultOf(refused, RegistryUnavailable)
            self.assertEqual(self.bounded.calls, 2)
            end(self.running.pop())
            self.assertEqual(self.bounded.calls, 1)

    def test_late(self):
        """
        Who has waited too long is told so; the call counts until it is over.
        """
        call = self.bounded(int)
        self.clock.advance(9.9)
        self.assertNoResult(call)
        self.clock.advance(0.1)
        self.failureResultOf(call, RegistryUnavailable)
        self.assertEqual(self.bounded.calls, 1)
        self.running.pop().callback(None)
        self.assertEqual(self.bounded.calls, 0)

    def test_not_begun(self):
        """
        What nobody waits for any more is not begun.
        """
        begun = []
        call = self.bounded(begun.append, 1)
        self.clock.advance(10.1)
        self.failureResultOf(call, RegistryUnavailable)
        self.running.pop().callback(None)
        self.assertEqual(begun, [])

    def test_cancelled(self):
        """
        Who gives up waits for the end of the call, but no longer than others.
        """
        for end in (
            lambda: self.running[-1].callback(None),
            lambda: self.clock.advance(10),
        ):
            call = self.bounded(int)
            call.cancel()
            self.assertNoResult(call)
            end()
            self.failureResultOf(call, CancelledError)

    def test_nothing_left(self):
        """
        Calls that are over leave nothing to wait for.
        """
        for end in (
            lambda call: call.callback(None),
            lambda call: call.errback(ZeroDivisionError()),
        ):
            call = self.bounded(int)
            end(self.running.pop())
            call.addErrback(lambda f: f.trap(ZeroDivisionError))
            self.successResultOf(call)
            self.assertEqual(self.clock.getDelayedCalls(), [])
