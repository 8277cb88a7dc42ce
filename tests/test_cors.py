"""
Tests for L{glance.cors}.
"""

from attrs import evolve
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource

from glance.api.links import Links
from glance.api.site import api_root
from glance.api.versions import versions
from glance.cors import CORS
from glance.streams.site import StreamingSite

SITE = "https://dashboard.example.com"

USUAL = CORS(
    origins=frozenset({SITE, "http://other.example:8080"}),
    credentials=True,
    exposed=("X-Auth-Token", "X-Subject-Token"),
    max_age=3600,
    methods=frozenset({"GET", "PUT"}),
    headers=frozenset({"x-auth-token", "content-md5"}),
)

ALLOW = "access-control-allow-"


class Asked:
    """
    A request, as far as it counts.
    """

    def __init__(self, method, headers):
        self.method = method
        self.requestHeaders = Headers(headers)
        self.responseHeaders = Headers()


def ask(cors, method=b"GET", **headers):
    """
    Get the headers that an answer gets.

    @param headers: those of the request; each may have several lines.
    """
    given = {
        name.replace("_", "-"): [lines] if isinstance(lines, str) else lines
        for name, lines in headers.items()
    }
    asked = Asked(method, given)
    cors.begin(asked)
    return {
        name.decode().lower(): b", ".join(lines).decode()
        for name, lines in asked.responseHeaders.getAllRawHeaders()
    }


def preflight(cors, method="PUT", headers=None, origin=SITE):
    """
    Get the headers of the answer to what a browser asks beforehand.
    """
    more = {} if headers is None else {"access_control_request_headers": headers}
    return ask(
        cors, b"OPTIONS", origin=origin, access_control_request_method=method, **more
    )


class SimpleTests(SynchronousTestCase):
    """
    An answer tells which scripts may read it.
    """

    def test_allowed(self):
        """
        Those of a site that is named may.
        """
        self.assertEqual(
            ask(USUAL, origin=SITE),
            {
                "vary": "Origin",
                f"{ALLOW}origin": SITE,
                f"{ALLOW}credentials": "true",
                "access-control-expose-headers": "X-Auth-Token,X-Subject-Token",
            },
        )

    def test_others(self):
        """
        Those of any other may not, however much it looks like that.
        """
        for origin in (
            "https://dashboard.example.com.evil.example",
            "http://dashboard.example.com",
            "https://dashboard.example.com:444",
            f"{SITE}/",
            SITE.upper(),
            "null",
            "",
            "*",
            [SITE, SITE],
            f"{SITE} {SITE}",
        ):
            self.assertEqual(ask(USUAL, origin=origin), {"vary": "Origin"}, origin)
        self.assertEqual(ask(USUAL), {"vary": "Origin"})

    def test_less(self):
        """
        What isn't allowed isn't said.
        """
        little = evolve(USUAL, credentials=False, exposed=())
        self.assertEqual(
            ask(little, origin=SITE), {"vary": "Origin", f"{ALLOW}origin": SITE}
        )

    def test_any(self):
        """
        Any site may be let in, but never as the user who is logged in there.
        """
        anybody = evolve(USUAL, origins=frozenset({"*"}), exposed=())
        self.assertEqual(ask(anybody, origin="null"), {f"{ALLOW}origin": "*"})
        self.assertEqual(ask(anybody), {})
        # One that is named beside that is.
        both = evolve(USUAL, origins=frozenset({"*", SITE}), exposed=())
        self.assertEqual(
            ask(both, origin="https://a.example"),
            {"vary": "Origin", f"{ALLOW}origin": "*"},
        )
        self.assertEqual(ask(both, origin=SITE)[f"{ALLOW}credentials"], "true")


class PreflightTests(SynchronousTestCase):
    """
    A browser asks before it sends what a script wants to.
    """

    def test_allowed(self):
        """
        It is told that it may, and nothing more than it asks for.
        """
        self.assertEqual(
            preflight(USUAL, headers="x-auth-token, Content-Type"),
            {
                "vary": "Origin",
                f"{ALLOW}origin": SITE,
                f"{ALLOW}credentials": "true",
                f"{ALLOW}methods": "PUT",
                f"{ALLOW}headers": "x-auth-token,Content-Type",
                "access-control-max-age": "3600",
            },
        )
        self.assertNotIn(f"{ALLOW}headers", preflight(USUAL))
        self.assertNotIn("access-control-max-age", preflight(evolve(USUAL, max_age=0)))

    def test_refused(self):
        """
        It is told nothing if the site, the method or one of the headers isn't
        allowed.
        """
        for how in (
            {"origin": "https://a.example"},
            {"method": "DELETE"},
            {"method": "put"},
            {"method": ["PUT", "PUT"]},
            {"method": ""},
            {"headers": "X-Secret"},
            {"headers": "X-Auth-Token, X-Secret"},
            {"headers": ["X-Auth-Token", "X-Secret"]},
            {"headers": "X-Auth-Token X-Secret"},
        ):
            self.assertEqual(preflight(USUAL, **how), {"vary": "Origin"}, how)

    def test_plain_options(self):
        """
        Who asks for options otherwise is told nothing.
        """
        self.assertEqual(ask(USUAL, b"OPTIONS", origin=SITE), {"vary": "Origin"})
        self.assertEqual(ask(USUAL, b"OPTIONS"), {"vary": "Origin"})

    def test_any(self):
        """
        Any site is told so, without credentials.
        """
        anybody = evolve(USUAL, origins=frozenset({"*"}))
        told = preflight(anybody, origin="https://a.example")
        self.assertEqual(told[f"{ALLOW}origin"], "*")
        self.assertNotIn(f"{ALLOW}credentials", told)


class Failing(Resource):
    """
    Fails.
    """

    isLeaf = True

    def render(self, request):
        raise LookupError("It does not work.")


class RootTests(SynchronousTestCase):
    """
    All that the API answers says so.
    """

    def answer(self, cors, method, path, *headers):
        """
        Get the status and the lines of an answer's headers.
        """
        nothing = Resource()
        root = api_root(
            versions=versions(several=False),
            links=Links("http://images.example", None),
            majors={"v1": nothing, "v2": nothing},
            cactus=nothing,
            pages={"fails": Failing()},
            trees={},
            cors=cors,
        )
        site = StreamingSite(
            root, Clock(), idle_timeout=None, finished=lambda request: None
        )
        protocol, wire = site.buildProtocol(None), StringTransport()
        protocol.makeConnection(wire)
        lines = [f"{method} {path} HTTP/1.1", "Host: a", *headers, "", ""]
        protocol.dataReceived("\r\n".join(lines).encode())
        status, *said = wire.value().partition(b"\r\n\r\n")[0].decode().split("\r\n")
        return int(status.split()[1]), said

    def test_all(self):
        """
        Pages, what isn't there, what was moved, and what fails.
        """
        origin = f"Access-Control-Allow-Origin: {SITE}"
        for path, status in (
            ("/", 300),
            ("/nothing", 404),
            ("//a", 404),
            ("/fails", 500),
        ):
            got, said = self.answer(USUAL, "GET", path, f"Origin: {SITE}")
            self.assertEqual(got, status)
            self.assertIn(origin, said, path)
            got, said = self.answer(USUAL, "GET", path)
            self.assertNotIn("Access-Control", "".join(said))
            self.assertIn("Vary: Origin", said, path)
            got, said = self.answer(None, "GET", path, f"Origin: {SITE}")
            self.assertEqual(got, status)
            self.assertNotIn("Access-Control", "".join(said))
            self.assertNotIn("Vary: Origin", said)
        self.flushLoggedErrors(LookupError)

    def test_options(self):
        """
        Whatever the path, a browser is told what it may.
        """
        method = "Access-Control-Request-Method: PUT"
        for path in ("/", "/v2/images/a/file", "/v3/auth/tokens", "/none", "//a"):
            got, said = self.answer(USUAL, "OPTIONS", path, f"Origin: {SITE}", method)
            self.assertEqual(got, 200)
            self.assertIn("Access-Control-Allow-Methods: PUT", said)
            got, said = self.answer(None, "OPTIONS", path, f"Origin: {SITE}", method)
            self.assertEqual(got, 200)
            self.assertNotIn("Access-Control", "".join(said))
