"""
Tests of L{glance.s3.credentials}.
"""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.s3.credentials import Credentials, find, from_environment, from_shared
from glance.s3.errors import BadCredentials

FILE = """
[default]
aws_access_key_id = one
aws_secret_access_key = se%cret

[other]
aws_access_key_id=two
aws_secret_access_key=secret2
aws_session_token=token2

[half]
aws_access_key_id=three
"""


class CredentialsTests(SynchronousTestCase):
    """
    Credentials are found where others look for them.
    """

    def test_secret(self):
        """
        Credentials don't show themselves, and hide what shows them.
        """
        credentials = Credentials("access", "secret", "token")
        self.assertNotRegex(repr(credentials), "access|secret|token")
        self.assertEqual(credentials.hide("a secret token, access"), "a *** ***, ***")

    def test_environment(self):
        """
        They come from the environment, with the session's token, if there is one.
        """
        environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        self.assertEqual(from_environment(environ), Credentials("a", "b"))
        environ["AWS_SESSION_TOKEN"] = "c"
        self.assertEqual(from_environment(environ), Credentials("a", "b", "c"))
        self.assertIsNone(from_environment({}))

    def test_half(self):
        """
        One half of a key is refused, wherever it is.
        """
        self.assertRaises(BadCredentials, from_environment, {"AWS_ACCESS_KEY_ID": "a"})
        self.assertRaises(BadCredentials, from_shared, FILE, "half")

    def test_shared(self):
        """
        They come from a profile of the shared file, percent signs and all.
        """
        self.assertEqual(from_shared(FILE), Credentials("one", "se%cret"))
        self.assertEqual(
            from_shared(FILE, "other"), Credentials("two", "secret2", "token2")
        )
        self.assertIsNone(from_shared(FILE, "none"))

    def test_broken(self):
        """
        What a file that is none holds isn't told.
        """
        error = self.assertRaises(BadCredentials, from_shared, "my-secret-key")
        self.assertNotIn("my-secret", str(error))

    def test_find(self):
        """
        The environment comes before the shared file, unless a profile is asked
        for; without either it is an error.
        """
        home = Path(self.mktemp())
        environ = {"HOME": str(home)}
        self.assertRaises(BadCredentials, find, environ)
        (home / ".aws").mkdir(parents=True)
        (home / ".aws" / "credentials").write_text(FILE)
        self.assertEqual(find(environ).access_key, "one")
        self.assertEqual(find({**environ, "AWS_PROFILE": "other"}).access_key, "two")
        environ |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        self.assertEqual(find(environ).access_key, "a")
        self.assertEqual(find(environ, "other").access_key, "two")
        self.assertRaises(BadCredentials, find, environ, "nobody")

    def test_file_named(self):
        """
        The environment may name another file.
        """
        file = Path(self.mktemp())
        file.write_text(FILE)
        environ = {"AWS_SHARED_CREDENTIALS_FILE": str(file)}
        self.assertEqual(find(environ).access_key, "one")

    def test_unreadable(self):
        """
        A file that cannot be read is an error, and not as if there were none.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        environ = {"AWS_SHARED_CREDENTIALS_FILE": str(folder)}
        self.assertRaises(BadCredentials, find, environ)
