"""
Tests of L{glance.recent}.
"""

from twisted.trial.unittest import SynchronousTestCase

from glance.recent import Recent


class RecentTests(SynchronousTestCase):
    """
    L{Recent} keeps what was asked for last.
    """

    def test_known(self):
        """
        What is kept is got, and nothing else.
        """
        recent = Recent(10)
        recent.put("a", 1, 3)
        recent.put("b", 2, 3)
        self.assertEqual(recent.get(["a", "b", "c"]), {"a": 1, "b": 2})

    def test_room(self):
        """
        Where there is no room, what was not asked for for the longest time goes.
        """
        recent = Recent(10)
        for key in "abc":
            recent.put(key, key, 3)
        recent.get(["a"])
        recent.put("d", "d", 3)
        self.assertEqual(sorted(recent.get("abcd")), ["a", "c", "d"])
        recent.put("e", "e", 7)
        self.assertEqual(sorted(recent.get("abcde")), ["d", "e"])

    def test_again(self):
        """
        What is put again takes the place of what was there.
        """
        recent = Recent(10)
        for value in range(10):
            recent.put("a", value, 6)
        recent.put("b", 1, 4)
        self.assertEqual(recent.get("ab"), {"a": 9, "b": 1})

    def test_too_large(self):
        """
        What is too large is not kept, and what is kept stays right.
        """
        recent = Recent(10)
        recent.put("a", 1, 11)
        recent.put("b", 2, 10)
        self.assertEqual(recent.get("ab"), {"b": 2})
