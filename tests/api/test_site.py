"""
Tests for L{glance.api.site}.
"""

from klein import Klein
from twisted.internet.defer import fail, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import EventLoggingObserver, StringTransport
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from zope.interface import implementer

from glance.api.errors import answer_errors
from glance.api.links import Links
from glance.api.site import api_root, context_of
from glance.api.versions import versions
from glance.context import Context
from glance.errors import Unauthenticated
from glance.interfaces import IIdentity
from glance.streams.site import StreamingSite
from tests.http import stub_client


class Echo(Resource):
    """
    Answers with its name and the path that it finds.
    """

    isLeaf = True

    def __init__(self, name):
        super().__init__()
        self.name = name

    def render(self, request):
        return b"%s /%s" % (self.name, b"/".join(request.postpath))


class Routed:
    """
    Answers one path, by Klein.
    """

    app = Klein()
    answer_errors(app)

    @app.route("/images", methods=["GET"])
    def images(self, request):
        """
        Answer.
        """
        return b"images"


class RootTests(SynchronousTestCase):
    """
    L{api_root} sends requests to who answers them.
    """

    def setUp(self):
        self.root = self.make_root(Echo(b"v1"))

    def make_root(self, v1):
        """
        Get a root with something to serve the first version.
        """
        return api_root(
            versions=versions(several=False),
            links=Links("http://images.example", None),
            majors={"v1": v1, "v2": Echo(b"v2")},
            cactus=Echo(b"cactus"),
            pages={"healthcheck": Echo(b"health")},
            trees={"tree": Echo(b"tree")},
        )

    def ask(self, path, *headers, method=b"GET", version=b"1.1", host=(b"Host: a",)):
        """
        Get the status and body of the answer for a path.

        @param host: what says the host, unless the headers do.
        """
        if any(header.startswith(b"Host:") for header in headers):
            host = ()
        site = StreamingSite(
            self.root, Clock(), idle_timeout=None, finished=lambda request: None
        )
        protocol = site.buildProtocol(None)
        wire = StringTransport()
        protocol.makeConnection(wire)
        first = method + b" " + path + b" HTTP/" + version
        lines = [first, *host, *headers, b"", b""]
        protocol.dataReceived(b"\r\n".join(lines))
        self.head, _, body = wire.value().partition(b"\r\n\r\n")
        return int(self.head.split()[1]), body

    def test_version(self):
        """
        A version answers what is below it, however it is written.
        """
        for name in (b"v1", b"v1.0", b"v1.1"):
            self.assertEqual(
                self.ask(b"/" + name + b"/images/detail?limit=2"),
                (200, b"v1 /images/detail"),
            )

    def test_escaped(self):
        """
        A path may be escaped.
        """
        self.assertEqual(self.ask(b"/%761/im%61ges"), (200, b"v1 /images"))
        self.assertEqual(self.ask(b"/v1/images/%C3%A9"), (200, b"v1 /images/\xc3\xa9"))

    def test_escaped_slash(self):
        """
        A slash that is escaped separates nothing, and is in no path.
        """
        for path in (b"/v1%2Fimages", b"/v1/images%2f71c675ab", b"/images%2Fa"):
            self.assertEqual(self.ask(path)[0], 404)

    def test_whole_url(self):
        """
        The target of a request may be a whole URL.
        """
        for url, path in (
            (b"http://images.example/v1/images?limit=2", b"v1 /images"),
            (b"HTTPS://images.example:9292/v1/images", b"v1 /images"),
            (b"http://images.example/healthcheck", b"health /healthcheck"),
        ):
            self.assertEqual(self.ask(url, b"Host: other"), (200, path))
        self.assertEqual(self.ask(b"http://images.example", b"Host: other")[0], 300)

    def test_trailing_slash(self):
        """
        What a slash at the end means is for the version to say.
        """
        self.assertEqual(self.ask(b"/v1/images/"), (200, b"v1 /images/"))

    def test_cactus(self):
        """
        The paths of the first release have no version.
        """
        self.assertEqual(self.ask(b"/images"), (200, b"cactus /images"))
        self.assertEqual(self.ask(b"/images/1"), (200, b"cactus /images/1"))
        self.assertEqual(self.ask(b"/images/"), (200, b"cactus /images/"))

    def test_media_type(self):
        """
        A media type can ask for a version where the path does not.
        """
        accept = b"Accept: application/vnd.openstack.images-v1"
        self.assertEqual(self.ask(b"/images", accept), (200, b"v1 /images"))
        self.assertEqual(
            self.ask(b"/shared-images/a", accept), (200, b"v1 /shared-images/a")
        )
        self.assertEqual(self.ask(b"/v1/images", accept), (200, b"v1 /images"))
        self.assertEqual(
            self.ask(b"/images", accept.replace(b"v1", b"v7")), (200, b"cactus /images")
        )

    def test_pages(self):
        """
        A page is at its path, and nothing below it.
        """
        self.assertEqual(self.ask(b"/healthcheck"), (200, b"health /healthcheck"))
        self.assertEqual(self.ask(b"/healthcheck/")[0], 404)
        self.assertEqual(self.ask(b"/healthcheck/a")[0], 404)

    def test_trees(self):
        """
        What begins with such a piece is answered with all of its path.
        """
        for path in (b"/tree", b"/tree/", b"/tree/a/b"):
            self.assertEqual(self.ask(path), (200, b"tree " + path))
        self.assertEqual(self.ask(b"/tree/a//b")[0], 404)
        self.assertEqual(self.ask(b"/tree2")[0], 404)

    def test_versions(self):
        """
        The versions are described at the root, at a page of their own, and
        where each of them begins.
        """
        self.assertEqual(self.ask(b"/")[0], 300)
        for path in (b"/versions", b"/v1", b"/v1/", b"/v1.0"):
            status, body = self.ask(path)
            self.assertEqual(status, 200, path)
            self.assertIn(b"http://images.example/v1/", body)

    def test_slashes(self):
        """
        Two slashes are not one.
        """
        self.root = self.make_root(Routed().app.resource())
        self.assertEqual(self.ask(b"/v1/images")[0], 200)
        for path in (
            b"//",
            b"//v1/images",
            b"/v1//images",
            b"/v1//",
            b"/v1/images/",
            b"/versions/",
            b"//versions",
            b"/images//1",
        ):
            self.assertEqual(self.ask(path)[0], 404, path)

    def test_unknown(self):
        """
        Anything else isn't there, whatever the method, and that is said as the
        client accepts it.
        """
        for path in (b"/v3/images", b"/image", b"/v1x", b"/%2Fv1"):
            for method in (b"GET", b"POST"):
                self.assertEqual(self.ask(path, method=method)[0], 404, path)
        status, body = self.ask(b"/a", b"Accept: application/json")
        self.assertEqual(status, 404)
        self.assertTrue(body.startswith(b"{"))

    def test_private(self):
        """
        Whatever is answered is for none but who asked, unless it says so
        itself: shared caches give nothing to strangers.
        """
        for path in (b"/v1/images", b"/images", b"/a", b"/v1/images/%FF"):
            self.ask(path)
            self.assertIn(b"Cache-Control: private, no-cache", self.head, path)
            self.assertIn(b"Vary: X-Auth-Token, Authorization", self.head, path)
        self.ask(b"/versions")
        self.assertEqual(self.head.count(b"Cache-Control"), 1)
        self.assertIn(b"Cache-Control: no-store", self.head)

    def test_head(self):
        """
        HEAD answers no body, whatever is wrong, and nobody is warned of it.
        """
        logged = EventLoggingObserver()
        globalLogPublisher.addObserver(logged)
        self.addCleanup(globalLogPublisher.removeObserver, logged)
        self.assertEqual(self.ask(b"/a", method=b"HEAD"), (404, b""))
        self.assertEqual(list(logged), [])

    def test_bad_encoding(self):
        """
        A path that isn't in UTF-8 is the client's mistake.
        """
        self.root = self.make_root(Routed().app.resource())
        for path in (b"/v1/images/%FF", b"/v1/images/\xff", b"/%FF"):
            self.assertEqual(self.ask(path)[0], 400, path)

    def test_bad_header(self):
        """
        So is any header that isn't in UTF-8.
        """
        for name in (b"X-Image-Meta-Name", b"Accept", b"Range"):
            status, body = self.ask(b"/v1/images", name + b": \xff")
            self.assertEqual(status, 400)
            self.assertIn(b"UTF-8", body)

    def test_bad_method(self):
        """
        So is a method that can be none.
        """
        self.root = self.make_root(Routed().app.resource())
        self.assertEqual(self.ask(b"/v1/images", method=b"G\xffT")[0], 400)


@implementer(IIdentity)
class Known:
    """
    Knows everybody, by address and name.
    """

    def identify(self, caller):
        name = caller.headers.getRawHeaders("x-name")[0]
        return succeed(Context(user=f"{name}@{caller.address}, {caller.client}"))


class ContextTests(SynchronousTestCase):
    """
    L{context_of} asks an identity.
    """

    def test_identify(self):
        """
        The identity is asked with the headers of the request, the address at the
        other end of the connection, and that of the client.
        """
        found = []
        identify = context_of(Known(), lambda request: "10.0.0.1")

        class Page(Resource):
            isLeaf = True

            def render(self, request):
                identify(request).addCallback(found.append)
                return b""

        site = StreamingSite(
            Page(), Clock(), idle_timeout=None, finished=lambda request: None
        )
        protocol = site.buildProtocol(None)
        protocol.makeConnection(StringTransport())
        protocol.dataReceived(
            b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1\r\n"
            b"X-Name: eva\r\n\r\n"
        )
        self.assertEqual(found, [Context(user="eva@192.168.1.1, 10.0.0.1")])

    def test_challenge(self):
        """
        Whoever isn't known is told how to log in, as this identity wants it.
        """
        for challenge, told in (
            (None, 'Keystone realm="glance"'),
            (b'Keystone uri="http://k"', 'Keystone uri="http://k"'),
        ):
            who = context_of(Nobody(), lambda request: None, challenge=challenge)
            answer = self.successResultOf(stub_client(guarded(who)).get("http://a/"))
            self.assertEqual(answer.code, 401)
            self.assertEqual(answer.headers.getRawHeaders("www-authenticate"), [told])


@implementer(IIdentity)
class Nobody:
    """
    Knows nobody.
    """

    def identify(self, caller):
        return fail(Unauthenticated("Log in."))


def guarded(who):
    """
    Get a resource that asks who wants it.
    """

    class Guarded:
        app = Klein()
        answer_errors(app)

        @app.route("/")
        def page(self, request):
            return who(request)

    return Guarded().app.resource()
