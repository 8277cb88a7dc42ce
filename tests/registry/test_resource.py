"""
Tests for L{glance.registry.resource}.
"""

import orjson
from attrs import evolve
from twisted.internet.defer import fail
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from glance.errors import RegistryUnavailable
from glance.limits import UNBOUNDED
from glance.query import EVERYTHING, Query
from glance.registry.resource import REQUEST_LIMIT
from glance.registry.wire import dump, pack
from tests.http import stub_client
from tests.registry.served import IMAGE, OTHER, memory_registry, registry_root

URL = "http://registry/registry/1"


def bounded(image):
    """
    Get what is sent of an image whose owner may have any number.
    """
    return dump({"image": pack(image), "quota": pack(UNBOUNDED)})


class Old(Resource):
    """
    Stands for the old face.
    """

    isLeaf = True

    def render(self, request):
        """
        Say at which path it is asked.
        """
        return b"old " + b"/".join([b"", *request.postpath])


class Down:
    """
    A registry that cannot be asked.
    """

    def check(self):
        """
        Fail.
        """
        return fail(RegistryUnavailable("The disk is full."))


class Asking:
    """
    Asks the root of a registry daemon.
    """

    secret = None

    def setUp(self):
        self.registry = memory_registry(self)
        self.serve(self.registry)

    def serve(self, registry):
        self.client = stub_client(registry_root(registry, Old(), self.secret))

    def ask(self, method, url, **options):
        """
        Send a request.

        @return: the status, and the body.
        """
        self.response = self.successResultOf(
            self.client.request(method, url, **options)
        )
        return self.response.code, self.successResultOf(self.response.content())

    def told(self, method, path, **options):
        """
        Send a request to the own face.

        @return: the status, and the name of the error.
        """
        code, body = self.ask(method, f"{URL}/{path}", **options)
        value = orjson.loads(body)
        return code, value["error"]


class OwnFaceTests(Asking, SynchronousTestCase):
    """
    The own face of a registry answers in JSON, and takes nothing odd.
    """

    def setUp(self):
        super().setUp()
        self.image = self.successResultOf(self.registry.create(IMAGE))
        self.path = f"images/{IMAGE.id}"

    def test_get(self):
        """
        An image is sent as JSON, with its length.
        """
        code, body = self.ask("GET", f"{URL}/{self.path}")
        self.assertEqual((code, body), (200, dump(pack(self.image))))
        headers = self.response.headers
        self.assertEqual(headers.getRawHeaders("content-type"), ["application/json"])

    def test_missing(self):
        """
        An image that isn't there is answered 404, by its name.
        """
        told = self.told("GET", f"images/{OTHER.id}")
        self.assertEqual(told, (404, "ImageNotFound"))

    def test_unknown_path(self):
        """
        What is no path of the registry is not an image that is missing.
        """
        for path in ("", "images", "images/a/b", "other"):
            code, name = self.told("GET", path)
            self.assertNotEqual(name, "ImageNotFound")
            self.assertIn(code, (404, 405))

    def test_not_json(self):
        """
        A body that is no JSON, or none of what is expected, is refused.
        """
        match = {"If-Match": f'"{self.image.revision}"'}
        for data in (None, b"", b"{", b"[]", b"null", b'{"id": "a"}'):
            for method, path in (
                ("POST", "images"),
                ("POST", "find"),
                ("POST", "purge"),
                ("PUT", "leases/a"),
                ("PUT", self.path),
            ):
                with self.subTest(data=data, path=path):
                    code, name = self.told(method, path, data=data, headers=match)
                    self.assertEqual(code, 400)
                    self.assertIn(name, ("Invalid", "InvalidImage"))

    def test_too_long(self):
        """
        A body that is too long is refused before it is read.
        """
        data = b" " * (REQUEST_LIMIT + 1)
        told = self.told("POST", "images", data=data)
        self.assertEqual(told, (413, "ImageTooLarge"))

    def test_revision(self):
        """
        Without a revision that is one, nothing is changed.
        """
        new = bounded(evolve(self.image, name="new"))
        for match in (None, "*", "0", '""', '"x"', '"', 'W/"0"', '"-1"', '"0", "1"'):
            headers = {} if match is None else {"If-Match": match}
            told = self.told("PUT", self.path, data=new, headers=headers)
            self.assertEqual(told, (400, "Invalid"), match)
        self.assertEqual(self.successResultOf(self.registry.get(IMAGE.id)), self.image)

    def test_no_utf8(self):
        """
        A path or a header that is not in UTF-8 is the caller's mistake, and
        nothing to log.
        """
        new = bounded(evolve(self.image, name="new"))
        told = self.told("PUT", self.path, data=new, headers={"If-Match": b'"\xff"'})
        self.assertEqual(told, (400, "BadHeader"))
        for path in ("images/%ff", "leases/%ff", "%ff"):
            self.assertEqual(self.told("GET", path), (400, "BadPath"), path)

    def test_long_lease(self):
        """
        A lease has an end that a database can hold.
        """
        for seconds in (b"1e308", b"9999999999999", b"-1", b"NaN"):
            data = b'{"seconds": %s}' % seconds
            told = self.told("PUT", "leases/a", data=data)
            self.assertEqual(told, (400, "Invalid"), seconds)

    def test_moved(self):
        """
        An image at another revision is not changed.
        """
        new = bounded(evolve(self.image, name="new"))
        for revision in (self.image.revision + 1, 10**17):
            headers = {"If-Match": f'"{revision}"'}
            told = self.told("PUT", self.path, data=new, headers=headers)
            self.assertEqual(told, (409, "ImageChanged"))
        self.assertEqual(self.successResultOf(self.registry.get(IMAGE.id)), self.image)

    def test_other_id(self):
        """
        An image does not get another id.
        """
        headers = {"If-Match": f'"{self.image.revision}"'}
        data = bounded(OTHER)
        told = self.told("PUT", self.path, data=data, headers=headers)
        self.assertEqual(told, (400, "Invalid"))

    def test_limit(self):
        """
        A limit is a number.
        """
        for limit in ("", "?limit=", "?limit=x", "?limit=-1", "?limit=" + "9" * 5000):
            told = self.told("GET", f"unsettled{limit}")
            self.assertEqual(told, (400, "Invalid"))

    def test_find(self):
        """
        A list is an array.
        """
        data = dump(pack(Query(scope=EVERYTHING)))
        code, body = self.ask("POST", f"{URL}/find", data=data)
        self.assertEqual((code, body), (200, dump([pack(self.image)])))

    def test_wrong_method(self):
        """
        A wrong method is answered 405, with those that are right.
        """
        self.assertEqual(self.ask("DELETE", f"{URL}/{self.path}")[0], 405)
        allow = self.response.headers.getRawHeaders("allow")
        self.assertEqual(allow, ["GET, HEAD, PUT"])

    def test_bug(self):
        """
        A bug is answered 500 and logged, and nothing is said of it.
        """
        self.serve(None)
        told = self.told("GET", self.path)
        self.assertEqual(told, (500, ""))
        self.assertEqual(len(self.flushLoggedErrors(AttributeError)), 1)


class OpenTests(Asking, SynchronousTestCase):
    """
    A registry without a key is open.
    """

    def test_health(self):
        """
        A registry that works says so.
        """
        self.assertEqual(self.ask("GET", "http://registry/healthcheck"), (200, b"OK"))

    def test_metrics(self):
        """
        What is measured can be read.
        """
        code, body = self.ask("GET", "http://registry/metrics")
        self.assertEqual(code, 200)
        self.assertIn(b"glance_reactor_lag_seconds", body)

    def test_ill(self):
        """
        A registry that doesn't work says so, in both places.
        """
        self.serve(Down())
        code, body = self.ask("GET", "http://registry/healthcheck")
        self.assertEqual(code, 503)
        self.assertIn(b"registry: RegistryUnavailable", body)
        self.assertEqual(self.told("GET", "health"), (503, "RegistryUnavailable"))

    def test_old(self):
        """
        All other paths are the old face's, as they are.
        """
        for path in ("/", "/images", "/images/detail", "/v1/images/a", "/v1/", "/x/"):
            answered = self.ask("GET", f"http://registry{path}")
            self.assertEqual(answered, (200, b"old " + path.encode()))


class KeyTests(Asking, SynchronousTestCase):
    """
    A registry with a key opens to who brings it.
    """

    secret = "s\xe9cret"

    def given(self, authorization, path="/registry/1/health", more=()):
        """
        Get the status of what is answered to a key.
        """
        headers = {}
        if authorization is not None:
            headers["Authorization"] = [authorization.encode(), *more]
        return self.ask("GET", f"http://registry{path}", headers=headers)[0]

    def test_right(self):
        """
        Who brings the key is let in, to both faces.
        """
        for path in ("/registry/1/health", "/images"):
            self.assertEqual(self.given(f"Bearer {self.secret}", path), 200)
            self.assertEqual(self.given(f"bearer  {self.secret} ", path), 200)

    def test_wrong(self):
        """
        Who doesn't is not, and is told how to.
        """
        for authorization in (
            None,
            "",
            "Bearer",
            "Bearer ",
            "Bearer x",
            self.secret,
            f"Basic {self.secret}",
            f"Bearer {self.secret}x",
            f"Bearer {self.secret[:-1]}",
            f"Bearer x {self.secret}",
        ):
            for path in ("/registry/1/health", "/images", "/", "/metrics"):
                with self.subTest(authorization=authorization, path=path):
                    self.assertEqual(self.given(authorization, path), 401)
                    challenge = self.response.headers.getRawHeaders("www-authenticate")
                    self.assertEqual(challenge, ['Bearer realm="glance-registry"'])

    def test_two(self):
        """
        Two keys are none.
        """
        self.assertEqual(self.given(f"Bearer {self.secret}", more=[b"Bearer x"]), 401)

    def test_health(self):
        """
        The health check needs no key.
        """
        self.assertEqual(self.given(None, "/healthcheck"), 200)

    def test_no_utf8(self):
        """
        Who brings no key, and a path that is not in UTF-8, leaves no trace in
        the log.
        """
        for path in ("/%ff", "/healthcheck/%ff", "/registry/%ff"):
            self.assertIn(self.given(None, path), (400, 401))
