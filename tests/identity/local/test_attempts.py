"""
Tests for L{glance.identity.local.attempts}.
"""

import sys

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import TooManyAttempts
from glance.identity.local.attempts import (
    OF_ADDRESS,
    OF_USER,
    REFILL,
    Attempts,
    network_of,
)


class AttemptsTests(SynchronousTestCase):
    """
    L{Attempts} counts wrong passwords.
    """

    def setUp(self):
        self.clock = Clock()
        self.clock.advance(1000)
        self.attempts = Attempts(self.clock)

    def tries(self, address, users):
        """
        Count how many tries an address has, one for each of these names.
        """
        for number, user in enumerate(users):
            try:
                self.attempts.begin(address, user)
            except TooManyAttempts as error:
                self.assertGreater(error.seconds, 0)
                return number
        return len(users)

    def test_of_user(self):
        """
        An address has so many tries at a user, and others as many.
        """
        self.assertEqual(self.tries("192.0.2.1", ["eva"] * 50), OF_USER)
        self.assertEqual(self.tries("192.0.2.1", ["bob"] * 50), OF_USER)
        self.assertEqual(self.tries("192.0.2.2", ["eva"] * 50), OF_USER)
        self.assertEqual(self.tries(None, ["eva"] * 50), OF_USER)

    def test_of_address(self):
        """
        An address has so many tries at all users.
        """
        names = [str(number) for number in range(500)]
        self.assertEqual(self.tries("192.0.2.1", names), OF_ADDRESS)
        self.assertEqual(self.tries("192.0.2.2", ["eva"]), 1)

    def test_refused_is_free(self):
        """
        A try that is refused counts for nothing, so that who waits as long as
        it was told may go on.
        """
        self.tries("192.0.2.1", ["eva"] * 50)
        error = self.assertRaises(
            TooManyAttempts, self.attempts.begin, "192.0.2.1", "eva"
        )
        self.tries("192.0.2.1", ["eva"] * 50)
        self.clock.advance(error.seconds)
        self.assertEqual(self.tries("192.0.2.1", ["eva"] * 50), 1)

    def test_refill(self):
        """
        After a while all is as before.
        """
        self.tries("192.0.2.1", ["eva"] * 50)
        self.clock.advance(REFILL)
        self.assertEqual(self.tries("192.0.2.1", ["eva"] * 50), OF_USER)

    def test_set_back(self):
        """
        Nobody waits for longer because the clock is set back.
        """
        self.tries("192.0.2.1", ["eva"] * 50)
        self.clock.advance(-900)
        self.tries("192.0.2.1", ["eva"] * 50)
        self.clock.advance(REFILL)
        self.assertEqual(self.tries("192.0.2.1", ["eva"] * 50), OF_USER)

    def test_forget(self):
        """
        Right passwords count for nothing.
        """
        for _ in range(500):
            self.attempts.begin("192.0.2.1", "eva")
            self.attempts.forget("192.0.2.1", "eva")
        self.assertEqual(self.tries("192.0.2.1", ["eva"] * 50), OF_USER)

    def test_at_once(self):
        """
        So many tries at the same time are too many as well: each counts before
        its answer is known.
        """
        for _ in range(OF_USER):
            self.attempts.begin("192.0.2.1", "eva")
        self.assertRaises(TooManyAttempts, self.attempts.begin, "192.0.2.1", "eva")

    def test_room(self):
        """
        However many try, little memory is taken.
        """
        module = sys.modules[Attempts.__module__]
        self.patch(module, "ROOM", 100)
        for number in range(300):
            self.attempts.begin(f"192.0.{number // 256}.{number % 256}", "eva")
        for buckets in (self.attempts._of_user, self.attempts._of_address):
            self.assertLessEqual(len(buckets._missing), 100)

    def test_network(self):
        """
        All addresses that one client has for sure are one.
        """
        self.assertEqual(
            network_of("2001:db8:1:2:3:4:5:6"), network_of("2001:db8:1:2:ffff::1")
        )
        self.assertNotEqual(
            network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1")
        )
        self.assertEqual(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"))
        self.assertNotEqual(network_of("192.0.2.1"), network_of("192.0.2.2"))
        for odd in (None, "", "no address"):
            network_of(odd)
