"""
Tests of L{glance.registry.bounded}.
"""

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import RegistryUnavailable
from glance.registry.bounded import Bounded


class BoundedTests(SynchronousTestCase):
    """
    L{Bounded} lets a number of calls run and wait.
    """

    def setUp(self):
        self.running = []
        self.bounded = Bounded(self.in_thread, 2)

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
        result = Bounded(maybeDeferred, 1)(int, "z", base=36)
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
