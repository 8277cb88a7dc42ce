"""
Tests for L{glance.silence}.
"""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.silence import Silence


class SilenceTests(SynchronousTestCase):
    """
    Tests for L{Silence}.
    """

    def setUp(self):
        self.clock = Clock()
        self.broken = []
        self.moved = 0
        self.silence = Silence(
            self.clock, lambda: self.broken.append(True), lambda: self.moved
        )

    def test_silent(self):
        """
        Silence for that long is reported, once, also by a look that is a bit late.
        """
        self.silence.begin(10)
        self.clock.pump([5, 4.9])
        self.assertEqual(self.broken, [])
        self.clock.pump([2, 20])
        self.assertEqual(self.broken, [True])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_heard(self):
        """
        What goes on now and then goes on.
        """
        self.silence.begin(10)
        for _ in range(20):
            self.clock.advance(9)
            self.silence.heard()
        self.assertEqual(self.broken, [])
        self.clock.advance(10)
        self.assertEqual(self.broken, [True])

    def test_stood_still(self):
        """
        Who has stood still itself gives all the time anew.
        """
        self.silence.begin(10)
        self.clock.advance(13)
        self.clock.advance(9)
        self.assertEqual(self.broken, [])
        self.clock.advance(1)
        self.assertEqual(self.broken, [True])

    def test_begun_again(self):
        """
        To begin again begins the time anew.
        """
        self.silence.begin(10)
        self.clock.advance(9)
        self.silence.begin(10)
        self.clock.advance(9)
        self.assertEqual(self.broken, [])

    def test_seen(self):
        """
        What is seen to move at a look goes on, too.
        """
        self.silence.begin(10)
        for _ in range(5):
            self.moved += 1
            self.clock.advance(10)
        self.assertEqual(self.broken, [])
        self.clock.advance(10)
        self.assertEqual(self.broken, [True])

    def test_end(self):
        """
        Nothing is watched any longer then.
        """
        self.silence.begin(10)
        self.silence.end()
        self.silence.end()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_for_ever(self):
        """
        It may be silent for ever.
        """
        self.silence.begin(None)
        self.assertEqual(self.clock.getDelayedCalls(), [])
