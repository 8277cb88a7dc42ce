"""
Tests for L{glance.redaction}.
"""

from time import process_time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from glance.redaction import escape, redact

HIDDEN = "gAAAAB-hunter2"


class RedactTests(SynchronousTestCase):
    """
    L{redact} takes secrets out, and leaves the rest.
    """

    def test_secrets(self):
        """
        A secret is not shown, however it is written.
        """
        for text in (
            "X-Auth-Token: {}",
            "x-auth-token={}",
            "x-service-token : {}",
            "{{b'X-Auth-Token': [b'{}']}}",
            "('X-Auth-Token', '{}')",
            '{{"password": "{}"}}',
            "Headers({{b'authorization': [b'Bearer {}']}})",
            "Authorization: Basic {}",
            "Authorization: Something new {}",
            "Authorization: AWS4-HMAC-SHA256 Credential={}, Signature={}",
            "it said Bearer {} to me",
            "GET /v1/images?token={}&limit=3",
            "GET /v1/images?X-Amz-Signature={}",
            "registry_secret = {}",
            "swift_store_key = {}",
            "X-Auth-Key: {}",
            "mysql://glance:{}@db.example.com/glance",
            "swift+https://account:user:{}@auth/v1.0/container/id",
            "s3://ACCESS:a/b?c#{}@host/bucket",
            "'postgresql://{}@h/d'",
            "http://user:p@{}@host/",
        ):
            self.assertNotIn(HIDDEN, redact(text.replace("{}", HIDDEN)), text)

    def test_tokens(self):
        """
        A token is not shown where nothing says that it is one, as in a path.
        """
        for token in (
            "gat_eyJpIjoiNGYxOGM4NTVlMmQ0.c2lnbmF0dXJl",
            "gak_0123456789abcdef_0123456789abcdef",
            "gAAAAABh0123456789abcdef_-w==",
            "AUTH_tk0123456789abcdef0123",
        ):
            for text in (f"GET /v2.0/tokens/{token} 404", f"GET /?x=%2F{token}&y"):
                self.assertNotIn(token[8:], redact(text), text)

    def test_any_case(self):
        """
        A secret is not shown, in whatever letters its name is written that are
        taken for the same.
        """
        for name in (
            "SECRET",
            "Store-KEY",
            "Passwd",
            "CREDENTIALS",
            "\u017fecret",
            "s\u0131gnature",
            "auth_\u212aey",
        ):
            self.assertNotIn(HIDDEN, redact(f"it was {name}={HIDDEN}"), name)

    def test_quoted(self):
        """
        All of a secret in quotes is hidden, with the spaces in it.
        """
        self.assertEqual(
            redact("{'password': 'correct horse', 'user': 'me'}"),
            "{'password': '***', 'user': 'me'}",
        )

    def test_rest(self):
        """
        What is no secret is shown.
        """
        self.assertEqual(
            redact("GET /v1/images?token=a&limit=3 from [::1]"),
            "GET /v1/images?token=***&limit=3 from [::1]",
        )
        self.assertEqual(
            redact("see mysql://me:pw@db/glance, please"),
            "see mysql://***@db/glance, please",
        )
        for text in (
            "GET /v1/images?sort_key=name&marker=3",
            "http://example.com/a?b=c",
            "me@example.com",
            "there is no registry_secret",
            "the token, if any",
            "tokens: 3",
        ):
            self.assertEqual(redact(text), text)

    @given(st.text())
    def test_again(self, text):
        """
        What was redacted once stays as it is.
        """
        self.assertEqual(redact(redact(text)), redact(text))

    def test_time(self):
        """
        A text made to be slow is not.
        """
        began = process_time()
        for piece in (
            "a.",
            "a-",
            "://",
            "://@",
            "token ",
            "token= ",
            "' ",
            " [",
            "authorization: ",
        ):
            redact("token=" + piece * 20000)
            redact("@://" + piece * 20000)
        self.assertLess(process_time() - began, 2)


class EscapeTests(SynchronousTestCase):
    """
    L{escape} makes one harmless line.
    """

    def test_controls(self):
        """
        Controls and line ends of all kinds are shown as their numbers.
        """
        self.assertEqual(
            escape("a\r\nb\x1b[31m\x7f\x85\u2028"),
            "a\\x0d\\x0ab\\x1b[31m\\x7f\\x85\\u2028",
        )

    @given(st.text(st.characters(exclude_categories=())))
    def test_line(self, text):
        """
        The result is one line, and UTF-8, whatever the text.
        """
        line = escape(text)
        self.assertLessEqual(len(line.splitlines()), 1)
        line.encode("utf-8")

    def test_words(self):
        """
        Letters of all languages stay.
        """
        self.assertEqual(escape("Größe 漢字 🙂"), "Größe 漢字 🙂")
