"""
Tests for L{glance.identity.local.passwords}.
"""

from twisted.trial.unittest import SynchronousTestCase

from glance.identity.local import passwords
from tests.identity.local.users import cheap


class PasswordTests(SynchronousTestCase):
    """
    Passwords are kept as hashes.
    """

    def test_matches(self):
        """
        Only the same password matches, and no two hashes are alike.
        """
        cheap(self)
        for password in ("secret", "géheim", "", "\udc80"):
            kept = passwords.hashed(password)
            self.assertTrue(passwords.matches(password, kept))
            self.assertFalse(passwords.matches(password + "x", kept))
            self.assertFalse(passwords.matches(password + "\0", kept))
            self.assertNotEqual(kept, passwords.hashed(password))

    def test_cost(self):
        """
        A hash goes on being good when others cost more; as they are made, they
        cost what is advised.
        """
        cheap(self)
        kept = passwords.hashed("secret")
        self.patch(passwords, "COST", 4)
        self.assertTrue(passwords.matches("secret", kept))

    def test_real_cost(self):
        """
        A hash costs what is advised today, whether there is such a user or not.
        """
        for kept in (passwords.hashed("secret"), passwords.of_nobody()):
            self.assertEqual(kept.split("$")[:4], ["scrypt", "16384", "8", "5"])

    def test_nobody(self):
        """
        Nothing matches nobody's password.
        """
        cheap(self)
        self.assertFalse(passwords.matches("", passwords.of_nobody()))

    def test_new(self):
        """
        New ones are long, and not alike.
        """
        self.assertEqual(len({passwords.new_password() for _ in range(10)}), 10)
        self.assertGreaterEqual(len(passwords.new_password()), 24)

    def test_typed(self):
        """
        New ones, and the secrets of keys, are no options on a command line.
        """
        for _ in range(20):
            _, secret = passwords.new_key()
            self.assertTrue(secret.isalnum(), secret)
            self.assertTrue(passwords.new_password().isalnum())


class KeyTests(SynchronousTestCase):
    """
    Keys are tokens that last.
    """

    def test_parts(self):
        """
        A key is read as it was written.
        """
        for _ in range(20):
            parts = passwords.new_key()
            self.assertEqual(passwords.key_parts(passwords.key_token(*parts)), parts)

    def test_no_key(self):
        """
        Other texts are none.
        """
        for text in ("", "x", "gat_x", "GAK_x_y"):
            self.assertIsNone(passwords.key_parts(text))
