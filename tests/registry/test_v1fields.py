"""
Tests for L{glance.registry.v1fields}, and what L{glance.registry.cactus} makes of
them.
"""

import orjson
from twisted.trial.unittest import SynchronousTestCase

from glance.image import Attempt, Status, Visibility
from tests.registry.old import PLACE, UNKNOWN, Asking
from tests.registry.served import IMAGE, OTHER


class CreateTests(Asking, SynchronousTestCase):
    """
    An image is made.
    """

    def test_defaults(self):
        """
        An image of which nothing is said is active, and not public.
        """
        image = self.post({})
        self.assertEqual((image["status"], image["is_public"]), ("active", False))
        kept = self.kept(image["id"])
        self.assertEqual(
            (kept.status, kept.visibility), (Status.ACTIVE, Visibility.SHARED)
        )

    def test_fields(self):
        """
        An image is as the caller says, but for what the registry knows better;
        what doesn't exist is ignored.
        """
        fields = {
            "id": IMAGE.id,
            "name": "fake \N{SNOWMAN}",
            "status": "queued",
            "disk_format": "vhd",
            "container_format": "ovf",
            "size": "19",
            "checksum": "d41d8cd98f00b204e9800998ecf8427e",
            "is_public": True,
            "min_disk": 3,
            "protected": True,
            "owner": "o",
            "properties": {"a": "b", "n": 5, "none": None},
        }
        image = self.post(
            {**fields, "created_at": "x", "deleted": True, "shoe": 1, "location": ""}
        )
        properties = {"a": "b", "n": "5", "none": None}
        expected = {**fields, "size": 19, "properties": properties, "deleted": False}
        self.assertEqual(image, {**image, **expected})
        self.assertEqual(self.get(f"/images/{IMAGE.id}")["image"], image)

    def test_queued_size(self):
        """
        A queued image of no bytes is one whose size isn't known.
        """
        image = self.post({"status": "queued", "size": 0})
        self.assertIsNone(self.kept(image["id"]).size)

    def test_taken(self):
        """
        An id that is taken, or was once, is a conflict.
        """
        self.post({"id": IMAGE.id})
        for _ in range(2):
            code, _ = self.ask("POST", "/images", {"image": {"id": IMAGE.id}})
            self.assertEqual(code, 409)
            self.ask("DELETE", f"/images/{IMAGE.id}")

    def test_wrong(self):
        """
        An image that cannot be is refused, in the words of old.
        """
        mix = "Invalid mix of disk and container formats"
        external = "External sources are not supported"
        for fields, told in (
            ({"status": None}, "Image status is required."),
            ({"status": "bad"}, "Invalid image status 'bad' for image."),
            ({"status": "deleted"}, "Invalid image status 'deleted' for image."),
            ({"status": ["x"]}, "Invalid image status: it has to be a text."),
            ({"disk_format": "bad"}, "Invalid disk format 'bad' for image."),
            ({"container_format": "bad"}, "Invalid container format 'bad' for image."),
            ({"disk_format": "ami", "container_format": "ovf"}, mix),
            ({"disk_format": "vhd", "container_format": "ami"}, mix),
            ({"container_format": "ari"}, mix),
            ({"id": 7}, "Invalid image id format"),
            ({"id": "x"}, "Invalid image id format"),
            ({"name": "x" * 256}, "Image name too long: 256"),
            ({"name": 5}, "name has to be a text"),
            ({"size": -1}, "size"),
            ({"size": "x"}, "size"),
            ({"size": 1.5}, "size"),
            ({"size": 2**63}, "size"),
            ({"min_disk": 2**31}, "min_disk"),
            ({"is_public": "yes"}, "is_public"),
            ({"checksum": "abc"}, "checksum"),
            ({"properties": []}, "properties"),
            ({"properties": {"a": {}}}, "Property 'a'"),
            ({"properties": {"owner": "a"}}, "owner"),
            ({"location": "file:///etc/passwd"}, external),
            ({"location_data": [{"url": "http://x"}]}, external),
        ):
            with self.subTest(fields=fields):
                code, body = self.ask("POST", "/images", {"image": fields})
                self.assertEqual(code, 400)
                text = f"Failed to add image metadata. Got error: {told}"
                if told[0].isupper():
                    self.assertIn(text, body.decode())
                self.assertIn(told, body.decode())
        self.assertEqual(self.get("/v1/images?is_public=none")["images"], [])

    def test_no_image(self):
        """
        A body without an image is refused.
        """
        for value in ([], {}, {"image": None}, {"image": []}, "image"):
            for method, path in (("POST", "/images"), ("PUT", f"/images/{UNKNOWN}")):
                self.assertEqual(self.ask(method, path, value)[0], 400)


class UpdateTests(Asking, SynchronousTestCase):
    """
    An image is changed.
    """

    path = f"/images/{IMAGE.id}"

    def test_kept(self):
        """
        What isn't said stays; properties are merged.
        """
        self.have(name="a", size=5, properties={"a": "b", "c": "d"})
        for headers in ((), {"X-Glance-Registry-Purge-Props": "True"}):
            fields = {"disk_format": "raw", "properties": {"a": "e"}}
            code, body = self.put(self.path, fields, headers)
            self.assertEqual(code, 200)
            image = orjson.loads(body)["image"]
            self.assertEqual((image["name"], image["size"]), ("a", 5))
            self.assertEqual(image["properties"], {"a": "e", "c": "d"})
            self.assertEqual(image["updated_at"], "2011-03-13T07:06:40.000000")

    def test_purge(self):
        """
        Who says so removes the properties that aren't named.
        """
        self.have(properties={"a": "b", "c": "d"})
        headers = {"X-Glance-Registry-Purge-Props": "true"}
        self.put(self.path, {"properties": {"c": "e"}}, headers)
        self.assertEqual(self.kept().properties, {"c": "e"})
        self.put(self.path, {}, headers)
        self.assertEqual(self.kept().properties, {})

    def test_status(self):
        """
        A status that can follow does; one that cannot is a conflict.
        """
        self.have()
        self.assertEqual(self.put(self.path, {"status": "queued"})[0], 200)
        self.assertEqual(self.put(self.path, {"status": "saving"})[0], 200)
        self.assertEqual(self.put(self.path, {"status": "active", "size": 3})[0], 200)
        self.assertEqual((self.kept().status, self.kept().size), (Status.ACTIVE, 3))
        for status in ("queued", "saving", "killed"):
            self.assertEqual(self.put(self.path, {"status": status})[0], 409)
        for status in (None, "bad", "deleted", "pending_delete"):
            code, body = self.put(self.path, {"status": status})
            self.assertEqual(code, 400)
            self.assertIn(b"Failed to update image metadata. Got error: ", body)
        self.assertIs(self.kept().status, Status.ACTIVE)

    def test_from_state(self):
        """
        A change that is meant for another status is a conflict.
        """
        self.have()
        for prefix in ("", "/v1"):
            path = prefix + self.path
            code, body = self.put(path, {"name": "a"}, from_state="saving")
            self.assertEqual(code, 409)
            self.assertIn(b"Image operation conflicts", body)
            self.assertIsNone(self.kept().name)
        self.assertEqual(self.put(path, {"name": "a"}, from_state="queued")[0], 200)

    def test_upload_elsewhere(self):
        """
        An upload that is under way is not ended by callers of old, who know
        nothing of it; all else can be changed meanwhile.
        """
        attempt = Attempt(id="1", instance="i", location=PLACE, fallback=Status.QUEUED)
        self.have(status=Status.SAVING, attempt=attempt)
        for status in ("active", "killed", "queued"):
            self.assertEqual(self.put(self.path, {"status": status})[0], 409)
        self.assertEqual(self.put(self.path, {"name": "a"})[0], 200)
        self.assertEqual((self.kept().name, self.kept().attempt), ("a", attempt))

    def test_visibility(self):
        """
        An image that isn't public stays as it is where it is said not to be.
        """
        self.have(visibility=Visibility.COMMUNITY)
        self.put(self.path, {"is_public": False})
        self.assertIs(self.kept().visibility, Visibility.COMMUNITY)
        self.put(self.path, {"is_public": True})
        self.assertIs(self.kept().visibility, Visibility.PUBLIC)

    def test_id(self):
        """
        The id of an image cannot be changed.
        """
        self.have()
        code, _ = self.put(self.path, {"id": OTHER.id})
        self.assertEqual(code, 403)
        self.assertEqual(self.put(self.path, {"id": IMAGE.id})[0], 200)

    def test_merged(self):
        """
        What is checked is the image that comes of it.
        """
        self.have(disk_format="ami", container_format="ami")
        code, body = self.put(self.path, {"disk_format": "raw"})
        self.assertEqual(code, 400)
        self.assertIn(b"Invalid mix of disk and container formats", body)
        self.assertEqual(self.put(self.path, {"location": "http://x"})[0], 400)

    def test_missing(self):
        """
        An image that isn't there, or is deleted, is not found.
        """
        code, body = self.put(self.path, {})
        self.assertEqual((code, b"Image not found" in body), (404, True))
        self.have()
        self.ask("DELETE", self.path)
        self.assertEqual(self.put(self.path, {})[0], 404)
