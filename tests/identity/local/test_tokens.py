"""
Tests for L{glance.identity.local.tokens}.
"""

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from glance.identity.local.tokens import Claim, read, sign

CLAIM = Claim(
    id="1f" * 16,
    user="2f" * 16,
    revision=3,
    project="3f" * 16,
    methods=("password", "token"),
    issued=1_302_868_800.25,
    expires=1_302_872_400.25,
    key="ab",
)

SECRET = b"s" * 32


class TokenTests(SynchronousTestCase):
    """
    Tokens are signed.
    """

    def test_read(self):
        """
        A token says what it was made to say.
        """
        for claim in (CLAIM, evolve(CLAIM, project=None, key=None)):
            token = sign(claim, SECRET)
            self.assertEqual(read(token, SECRET), claim)
            self.assertRegex(token, r"\Agat_[\w-]+\.[\w-]+\Z")
            self.assertLess(len(token), 400)

    def test_other_secret(self):
        """
        What was signed with another secret is not believed.
        """
        self.assertIsNone(read(sign(CLAIM, b"t" * 32), SECRET))
        self.assertIsNone(read(sign(CLAIM, b""), SECRET))

    def test_any_change(self):
        """
        No character of a token can be another, or be left out.
        """
        token = sign(CLAIM, SECRET)
        for at, character in enumerate(token):
            other = "A" if character != "A" else "B"
            self.assertIsNone(read(token[:at] + other + token[at + 1 :], SECRET))
            self.assertIsNone(read(token[:at] + token[at + 1 :], SECRET))
        self.assertIsNone(read(token + "A", SECRET))
        self.assertIsNone(read(token + "=", SECRET))

    def test_no_token(self):
        """
        Other texts are none.
        """
        for text in ("", "gat_", "gat_.", "x", "gat_é.é", "gat_" + "x" * 100_000):
            self.assertIsNone(read(text, SECRET))

    @given(st.text())
    def test_any_text(self, text):
        """
        Whatever is said for a token, nothing breaks.
        """
        self.assertIsNone(read(f"gat_{text}", SECRET))
