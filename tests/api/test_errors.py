"""
Tests for L{glance.api.errors}.
"""

import orjson
from klein import Klein
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock
from twisted.internet.testing import EventLoggingObserver, StringTransport
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site

from glance import errors
from glance.api.errors import STATUS, answer_errors, status_of
from glance.errors import (
    GlanceError,
    ImageProtected,
    Invalid,
    RangeNotSatisfiable,
    RegistryUnavailable,
    Unauthenticated,
)


class Broken:
    """
    Answers with errors.
    """

    app = Klein()
    answer_errors(app)

    def __init__(self, error):
        self.error = error

    @app.route("/thing", methods=["GET", "POST"])
    def thing(self, request):
        """
        Fail before anything was answered.
        """
        request.setHeader("etag", '"a"')
        raise self.error

    @app.route("/part", methods=["GET"])
    def part(self, request):
        """
        Fail after part of the answer.
        """
        request.write(b"part")
        raise self.error


def descendants(kind):
    """
    Get all subclasses, and theirs.
    """
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


class StatusTests(SynchronousTestCase):
    """
    Each domain error has a status.
    """

    def test_complete(self):
        """
        Each error of L{glance.errors} has a status in the table, its own or
        that of a base class of its own.
        """
        for kind in descendants(GlanceError):
            if kind.__module__ != errors.__name__:
                continue
            with self.subTest(kind.__name__):
                self.assertTrue(any(base in STATUS for base in kind.__mro__))

    def test_no_leftovers(self):
        """
        Each error in the table is one.
        """
        self.assertEqual(set(STATUS) - set(descendants(GlanceError)), set())

    def test_inherited(self):
        """
        A special error has the status of the general one.
        """
        self.assertEqual(status_of(ImageProtected("")), 403)

    def test_unheard_of(self):
        """
        An error that has no status is the server's fault.
        """
        self.assertEqual(status_of(GlanceError("")), 500)


class AnswerTests(SynchronousTestCase):
    """
    L{answer_errors} turns errors into answers.
    """

    def setUp(self):
        self.logged = EventLoggingObserver()
        globalLogPublisher.addObserver(self.logged)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged)

    def ask(self, error, accept=None, method="GET", path="/thing"):
        site = Site(Broken(error).app.resource(), reactor=Clock())
        protocol = site.buildProtocol(None)
        self.transport = StringTransport()
        self.transport.abortConnection = self.transport.loseConnection
        protocol.makeConnection(self.transport)
        accept = "" if accept is None else f"Accept: {accept}\r\n"
        request = f"{method} {path} HTTP/1.1\r\nHost: glance\r\n{accept}\r\n"
        protocol.dataReceived(request.encode())
        head, _, self.body = self.transport.value().partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        self.headers = dict(line.lower().split(": ", 1) for line in lines)
        return status

    def test_text(self):
        """
        A client that doesn't say what it accepts gets the status, an empty
        line and the message.
        """
        self.assertEqual(self.ask(Invalid("<No>")), "HTTP/1.1 400 Bad Request")
        self.assertEqual(self.headers["content-type"], "text/plain; charset=utf-8")
        self.assertEqual(self.headers["content-length"], str(len(self.body)))
        self.assertEqual(self.body, b"400 Bad Request\n\n<No>\n")

    def test_html(self):
        """
        A client that accepts anything gets a page, in which the message is
        only text, and its apostrophes are as they were.
        """
        for accept in ("*/*", "text/html", "text/*", "application/json;q=0.5, */*"):
            with self.subTest(accept):
                self.ask(Invalid("<b>'X'</b> &"), accept)
                self.assertIn("text/html", self.headers["content-type"])
                self.assertIn(b"&lt;b&gt;'X'&lt;/b&gt; &amp;", self.body)

    def test_json(self):
        """
        A client that likes JSON best gets JSON, and so does one that accepts
        what is empty, as openstacksdk when it sends data.
        """
        for accept in (
            "application/json",
            "application/*;q=0.2",
            "text/html;q=0.1, application/json;q=0.9",
            "text/html;q=0, application/json",
            "image/png, Application/JSON",
            "",
        ):
            with self.subTest(accept):
                self.ask(Invalid("No\N{SNOWMAN}"), accept)
                self.assertEqual(self.headers["content-type"], "application/json")
                expected = {
                    "code": "400 Bad Request",
                    "title": "Bad Request",
                    "message": "No\N{SNOWMAN}",
                }
                self.assertEqual(orjson.loads(self.body), expected)

    def test_plain(self):
        """
        A client that accepts plain text only, or nothing that there is, gets
        plain text.
        """
        for accept in (
            "text/plain",
            "image/png",
            "text/html;q=0",
            ";;,=;q=",
            "*/*;q=0",
        ):
            with self.subTest(accept):
                self.ask(Invalid("No"), accept)
                self.assertIn("text/plain", self.headers["content-type"])

    def test_lone_surrogate(self):
        """
        A message that cannot be encoded is answered all the same.
        """
        for accept in ("text/plain", "text/html", "application/json"):
            with self.subTest(accept):
                status = self.ask(Invalid("\udce4"), accept)
                self.assertEqual(status, "HTTP/1.1 400 Bad Request")

    def test_head(self):
        """
        HEAD gets no body.
        """
        status = self.ask(Invalid("No"), method="HEAD")
        self.assertEqual((status, self.body), ("HTTP/1.1 400 Bad Request", b""))

    def test_headers_of_success(self):
        """
        What described the answer that was meant is not sent.
        """
        self.ask(Invalid("No"))
        self.assertNotIn("etag", self.headers)

    def test_unknown_path(self):
        """
        An unknown path is answered 404.
        """
        status = self.ask(Invalid("No"), path="/other")
        self.assertEqual(status, "HTTP/1.1 404 Not Found")

    def test_wrong_method(self):
        """
        A wrong method is answered 405, with those that are right.
        """
        status = self.ask(Invalid("No"), method="PUT")
        self.assertEqual(status, "HTTP/1.1 405 Method Not Allowed")
        self.assertEqual(self.headers["allow"], "get, head, post")

    def test_unauthenticated(self):
        """
        401 says how to log in.
        """
        self.ask(Unauthenticated("Log in."))
        self.assertIn("www-authenticate", self.headers)

    def test_unavailable(self):
        """
        503 says when to try again.
        """
        status = self.ask(RegistryUnavailable("Later."))
        self.assertEqual(status, "HTTP/1.1 503 Service Unavailable")
        self.assertEqual(self.headers["retry-after"], "5")

    def test_range(self):
        """
        416 says how much data there is.
        """
        self.ask(RangeNotSatisfiable("No", 7))
        self.assertEqual(self.headers["content-range"], "bytes */7")

    def test_unexpected(self):
        """
        Anything else is logged, and answered 500 with nothing said of it.
        """
        status = self.ask(ZeroDivisionError("secret"), "text/plain")
        self.assertEqual(status, "HTTP/1.1 500 Internal Server Error")
        self.assertNotIn(b"secret", self.body)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_begun(self):
        """
        An answer that has begun is broken off, and not ended as if it were
        whole.
        """
        for error in (Invalid("No"), CancelledError(), ZeroDivisionError()):
            with self.subTest(error):
                self.ask(error, path="/part")
                self.assertTrue(self.transport.disconnecting)
                self.assertEqual(self.body, b"4\r\npart\r\n")
        self.flushLoggedErrors(ZeroDivisionError)

    def test_cancelled(self):
        """
        A request that was cancelled is broken off, and nothing is logged.
        """
        self.assertEqual(self.ask(CancelledError()), "")
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(list(self.logged), [])
