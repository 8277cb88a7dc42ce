"""
Tests for L{glance.api.versions}.
"""

from twisted.trial.unittest import SynchronousTestCase

from glance.api.links import Links
from glance.api.versions import Version, VersionPages, versions
from tests.http import stub_client


class VersionsCase(SynchronousTestCase):
    """
    Has documents to ask for.
    """

    versions = versions(several=False)

    def setUp(self):
        pages = VersionPages(self.versions, Links("http://images.example", None))
        self.client = stub_client(pages.app.resource())

    def ask(self, path, method="GET", **headers):
        """
        Get the answer for a path.
        """
        return self.successResultOf(
            self.client.request(method, "http://glance" + path, headers=headers)
        )

    def document(self, path):
        """
        Get the status for a path, and its versions with their URLs.
        """
        answer = self.ask(path)
        self.assertEqual(
            answer.headers.getRawHeaders("content-type"), ["application/json"]
        )
        entries = self.successResultOf(answer.json())["versions"]
        for entry in entries:
            (link,) = entry["links"]
            self.assertEqual(link["rel"], "self")
            entry["href"] = link["href"]
        return answer.code, {entry["id"]: entry["href"] for entry in entries}


V1 = "http://images.example/v1/"
V2 = "http://images.example/v2/"

SECOND = {f"v2.{minor}": V2 for minor in (15, 9, 7, 6, 5, 4, 3, 2, 1, 0)}
FIRST = {"v1.1": V1, "v1.0": V1}


class SeveralStoresTests(VersionsCase):
    """
    Where there are several stores there are versions more.
    """

    versions = versions(several=True)

    def test_more(self):
        """
        They are those that have brought what can be done with stores.
        """
        _, found = self.document("/versions")
        self.assertEqual(found, {**SECOND, **FIRST, "v2.10": V2, "v2.8": V2})


class VersionsTests(VersionsCase):
    """
    L{VersionPages} tells clients which versions there are.
    """

    def test_choices(self):
        """
        The root is all versions to choose from.
        """
        self.assertEqual(self.document("/"), (300, SECOND | FIRST))

    def test_versions(self):
        """
        So is C{/versions}, as an answer.
        """
        self.assertEqual(self.document("/versions"), (200, SECOND | FIRST))

    def test_current(self):
        """
        One version is the current one.
        """
        entries = self.successResultOf(self.ask("/").json())["versions"]
        statuses = {entry["id"]: entry["status"] for entry in entries}
        current = [name for name in statuses if statuses[name] == "CURRENT"]
        self.assertEqual(current, ["v2.15"])
        self.assertEqual(set(statuses.values()), {"CURRENT", "SUPPORTED"})

    def test_version(self):
        """
        A version describes itself, however it is written, with a slash or
        without.
        """
        for path in ("/v1", "/v1/", "/v1.0", "/v1.1/"):
            self.assertEqual(self.document(path), (200, FIRST))
        for path in ("/v2", "/v2/", "/v2.0/", "/v2.15"):
            self.assertEqual(self.document(path), (200, SECOND))

    def test_head(self):
        """
        HEAD answers as GET.
        """
        self.assertEqual(self.ask("/", "HEAD").code, 300)
        self.assertEqual(self.ask("/versions", "HEAD").code, 200)

    def test_no_store(self):
        """
        No cache keeps it: its URLs are those of who asked.
        """
        for path in ("/", "/versions", "/v1/"):
            headers = self.ask(path).headers
            self.assertEqual(headers.getRawHeaders("cache-control"), ["no-store"])

    def test_unknown(self):
        """
        There are no others.
        """
        for path in ("/v2.16", "/v3/", "/versions/", "/v1/images"):
            self.assertEqual(self.ask(path).code, 404, path)

    def test_wrong_method(self):
        """
        They can only be read.
        """
        answer = self.ask("/versions", "POST")
        self.assertEqual(answer.code, 405)
        self.assertEqual(answer.headers.getRawHeaders("allow"), ["GET, HEAD"])


class MoreVersionsTests(VersionsCase):
    """
    L{VersionPages} has no versions of its own.
    """

    versions = (
        Version("v2.0", "CURRENT", "v2"),
        Version("v1.1", "SUPPORTED", "v1"),
    )

    def test_all(self):
        """
        All that it is given are told, in that order.
        """
        _, versions = self.document("/")
        self.assertEqual(list(versions), ["v2.0", "v1.1"])

    def test_one(self):
        """
        Each path tells only its own.
        """
        self.assertEqual(self.document("/v2/"), (200, {"v2.0": V2}))
        self.assertEqual(self.document("/v1/"), (200, {"v1.1": V1}))
