"""
Tests for L{glance.together}.
"""

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from glance.together import Together


class TogetherTests(SynchronousTestCase):
    """
    L{Together} finds out once what several ask for.
    """

    def setUp(self):
        self.together = Together()
        self.begun = []

    def find(self, key):
        """
        Start to find out what is asked for by a key.
        """

        async def find():
            result = Deferred()
            self.begun.append(result)
            return await result

        return self.together.find(key, find)

    def test_same(self):
        """
        Who asks for the same waits for the same; who comes later, for another.
        """
        first, second, other = self.find("a"), self.find("a"), self.find("b")
        self.assertEqual(len(self.begun), 2)
        self.begun[0].callback(1)
        self.assertEqual(self.successResultOf(first), 1)
        self.assertEqual(self.successResultOf(second), 1)
        self.assertNoResult(other)
        self.begun[1].callback(2)
        self.assertEqual(self.successResultOf(other), 2)
        self.assertNoResult(third := self.find("a"))
        self.begun[2].errback(ZeroDivisionError())
        self.failureResultOf(third, ZeroDivisionError)

    def test_left(self):
        """
        Once nobody waits any more, finding out ends, and who comes then begins anew.
        """
        first, second = self.find("a"), self.find("a")
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertFalse(self.begun[0].called)
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.assertTrue(self.begun[0].called)
        third = self.find("a")
        self.begun[1].callback(3)
        self.assertEqual(self.successResultOf(third), 3)

    def test_left_amid_result(self):
        """
        Who is sent away by another's result is sent away.
        """
        first, second = self.find("a"), self.find("a")
        first.addCallback(lambda _: second.cancel())
        self.begun[0].callback(1)
        self.successResultOf(first)
        self.failureResultOf(second, CancelledError)
