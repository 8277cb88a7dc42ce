"""
Tests of L{glance.swift.silence}.
"""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.swift.silence import Silence


class SilenceTests(SynchronousTestCase):
    """
    L{Silence} tells when something does not go on.
    """

    def setUp(self):
        self.clock = Clock()
        self.moved = 0
        self.broken = 0
        self.silence = Silence(self.clock, 10, self.breaks, lambda: self.moved)

    def breaks(self):
        self.broken += 1

    def test_silent(self):
        """
        It is told once, after the time.
        """
        self.silence.begin()
        self.clock.advance(9.9)
        self.assertEqual(self.broken, 0)
        self.clock.advance(0.2)
        self.assertEqual(self.broken, 1)
        self.clock.advance(100)
        self.assertEqual(self.broken, 1)

    def test_heard(self):
        """
        What is heard begins the time anew.
        """
        self.silence.begin()
        for _ in range(5):
            self.clock.advance(9)
            self.silence.heard()
        self.assertEqual(self.broken, 0)
        self.clock.advance(10)
        self.assertEqual(self.broken, 1)

    def test_begun_again(self):
        """
        So does beginning again.
        """
        self.silence.begin()
        self.clock.advance(9)
        self.silence.begin()
        self.clock.advance(9)
        self.assertEqual(self.broken, 0)

    def test_seen(self):
        """
        What is seen to move at a look does, too.
        """
        self.silence.begin()
        for _ in range(5):
            self.moved += 1
            self.clock.advance(10)
        self.assertEqual(self.broken, 0)
        self.clock.advance(10)
        self.assertEqual(self.broken, 1)

    def test_ended(self):
        """
        Once it isn't watched, nothing is told.
        """
        self.silence.begin()
        self.silence.end()
        self.silence.end()
        self.clock.advance(100)
        self.assertEqual(self.broken, 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
