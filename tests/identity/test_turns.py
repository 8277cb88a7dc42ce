"""
Tests for L{glance.identity.turns}.
"""

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import TooBusy
from glance.identity.turns import Turns


class TurnsTests(SynchronousTestCase):
    """
    L{Turns} lets few work at a time.
    """

    def setUp(self):
        self.turns = Turns(at_once=2, waiting=6, each=4)
        self.began = []

    def ask(self, who):
        """
        Ask for a turn.
        """
        turn = self.turns.take(who)
        turn.addCallback(lambda _: self.began.append(who))
        return turn

    def test_at_once(self):
        """
        Only so many work at a time.
        """
        for _ in range(4):
            self.ask("a")
        self.assertEqual(self.began, ["a", "a"])
        self.turns.done()
        self.assertEqual(len(self.began), 3)
        for _ in range(3):
            self.turns.done()
        self.assertEqual(len(self.began), 4)
        self.ask("a")
        self.ask("a")
        self.ask("a")
        self.assertEqual(len(self.began), 6)

    def test_fair(self):
        """
        One who asks often waits for those who ask once.
        """
        for who in ("a", "a", "a", "a", "a", "b", "c"):
            self.ask(who)
        for _ in range(5):
            self.turns.done()
        self.assertEqual(self.began, ["a", "a", "a", "b", "c", "a", "a"])

    def test_each(self):
        """
        One may not let too many wait, and others may then.
        """
        for _ in range(6):
            self.ask("a")
        self.assertRaises(TooBusy, self.turns.take, "a")
        self.assertNoResult(self.ask("b"))

    def test_waiting(self):
        """
        Nor may too many wait in all.
        """
        for who in "aabcdefg":
            self.ask(who)
        self.assertRaises(TooBusy, self.turns.take, "h")
        self.turns.done()
        self.assertNoResult(self.ask("h"))

    def test_cancel(self):
        """
        Who goes away has no turn, and leaves its place to others.
        """
        for _ in range(2):
            self.ask("a")
        for _ in range(20):
            waiting = self.ask("b")
            waiting.cancel()
            self.failureResultOf(waiting, CancelledError)
        self.ask("c")
        self.turns.done()
        self.assertEqual(self.began, ["a", "a", "c"])
        for _ in range(2):
            self.turns.done()
        self.ask("d")
        self.assertEqual(self.began[-1], "d")
