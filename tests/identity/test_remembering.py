"""
Tests for L{glance.identity.remembering}.
"""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.identity.remembering import Remembered


class RememberedTests(SynchronousTestCase):
    """
    L{Remembered} knows for a while what was found out.
    """

    def setUp(self):
        self.clock = Clock()
        self.remembered = Remembered(self.clock, 2)

    def keep(self, secret, seconds=60):
        self.remembered.keep(self.remembered.proof(secret), secret.upper(), seconds)

    def known(self, secret):
        return self.remembered.get(self.remembered.proof(secret))

    def test_time(self):
        """
        It is known for as long as was said, and may be found out anew.
        """
        self.assertIsNone(self.known("a"))
        self.keep("a", 10)
        self.clock.advance(9)
        self.assertEqual(self.known("a"), "A")
        self.clock.advance(1)
        self.assertIsNone(self.known("a"))
        self.keep("a", 10)
        self.keep("a", 20)
        self.clock.advance(15)
        self.assertEqual(self.known("a"), "A")

    def test_set_back(self):
        """
        It isn't known for longer because the clock is set back.
        """
        self.clock.advance(7200)
        self.keep("a", 10)
        self.clock.advance(-3600)
        self.assertIsNone(self.known("a"))

    def test_room(self):
        """
        What nobody asked about for longest makes room.
        """
        for secret in ("a", "b"):
            self.keep(secret)
        self.known("a")
        self.keep("c")
        self.assertEqual([self.known(s) for s in ("a", "b", "c")], ["A", None, "C"])

    def test_proof(self):
        """
        A secret is known by a hash that is another elsewhere, whatever it is.
        """
        for secret in ("a-secret", "\udc80", ""):
            proof = self.remembered.proof(secret)
            self.assertEqual(len(proof), 32)
            self.assertEqual(proof, self.remembered.proof(secret))
            self.assertNotEqual(proof, Remembered(self.clock, 2).proof(secret))
