"""
Tests for answers of version 2 that a client may have already.
"""

from tests.api.v2.calling import ADMIN, MEMBER, OTHER, CallingTestCase


class CurrentTests(CallingTestCase):
    """
    Whoever has what would be answered, is told just that.
    """

    def setUp(self):
        super().setUp()
        self.path = self.create(name="mine")

    def tag(self, path, who=None):
        """
        Get the entity tag of an answer.
        """
        answer = self.ask("GET", path, who=who)
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.header("etag"), '^"[0-9a-f]{32}"$')
        return answer.header("etag")

    def status(self, path, known, who=None):
        """
        Get the status for somebody who knows something.
        """
        headers = {"If-None-Match": known}
        return self.ask("GET", path, headers, who=who).status

    def test_same(self):
        """
        A client that has the same body is answered 304, without one.
        """
        paths = (
            "/images",
            "/images?limit=1&visibility=all",
            self.path,
            f"{self.path}/members",
            "/schemas/image",
            "/schemas/members",
        )
        for path in paths:
            tag = self.tag(path)
            for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
                answer = self.ask("GET", path, {"If-None-Match": known})
                self.assertEqual((answer.status, answer.body), (304, b""), path)
                self.assertEqual(answer.header("etag"), tag)
                self.assertEqual(answer.header("cache-control"), "private, no-cache")
                self.assertIn("X-Auth-Token", answer.header("vary"))
                for absent in ("content-length", "content-type", "transfer-encoding"):
                    self.assertIsNone(answer.header(absent))

    def test_other(self):
        """
        Any other client gets all of it.
        """
        for path in ("/images", self.path, "/schemas/image"):
            for known in ('"other"', "", "x", self.tag(path)[1:-1]):
                self.assertEqual(self.status(path, known), 200, known)

    def test_changed(self):
        """
        What has changed has another tag.
        """
        known = {path: self.tag(path) for path in ("/images", self.path)}
        self.ask("PUT", f"{self.path}/tags/new")
        for path, tag in known.items():
            self.assertEqual(self.status(path, tag), 200)
            self.assertNotEqual(self.tag(path), tag)

    def test_not_seen(self):
        """
        Who may not see an image is not told that it is still the same.
        """
        tag = self.tag(self.path)
        self.assertEqual(self.status(self.path, tag, who=OTHER), 404)
        self.assertEqual(self.status(self.path, "*", who=OTHER), 404)
        self.assertEqual(self.status(self.path, tag, who=ADMIN), 304)

    def test_lists_differ(self):
        """
        Lists that show different images have different tags.
        """
        tag = self.tag("/images", who=MEMBER)
        self.assertEqual(self.status("/images", tag, who=OTHER), 200)

    def test_made_and_changed(self):
        """
        What makes or changes something is not conditional.
        """
        headers = {"If-None-Match": "*"}
        answer = self.ask("POST", "/images", headers, {"name": "new"})
        self.assertEqual(answer.status, 201)
        self.assertIsNone(answer.header("etag"))
