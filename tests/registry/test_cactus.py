"""
Tests for L{glance.registry.cactus}.
"""

import orjson
from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from glance.context import Context
from glance.image import Status, Visibility
from tests.registry.old import PLACE, UNKNOWN, Asking
from tests.registry.served import IMAGE, OTHER


class ListTests(Asking, SynchronousTestCase):
    """
    Images are listed.
    """

    def setUp(self):
        super().setUp()
        self.have(name="public", visibility=Visibility.PUBLIC, properties={"a": "b"})
        self.have(OTHER, name="private")

    def test_brief(self):
        """
        Cactus lists public images, with six fields of each, at two paths.
        """
        expected = {
            "id": IMAGE.id,
            "name": "public",
            "disk_format": None,
            "container_format": None,
            "size": 0,
            "checksum": None,
        }
        for path in ("/", "/images", "/images?name=other&limit=0"):
            self.assertEqual(self.get(path), {"images": [expected]})

    def test_detail(self):
        """
        The detailed list has the fields of Cactus, and more.
        """
        (image,) = self.get("/images/detail")["images"]
        self.assertEqual(image["is_public"], True)
        self.assertEqual(image["properties"], {"a": "b"})
        self.assertEqual(image["created_at"], "2011-04-15T12:32:43.123456")
        self.assertEqual((image["deleted"], image["deleted_at"]), (False, None))
        self.assertIsNone(image["location"])

    def test_deleted(self):
        """
        Deleted images are not listed; killed ones are, as Cactus had it.
        """
        self.ask("DELETE", f"/images/{IMAGE.id}")
        self.assertEqual(self.get("/images"), {"images": []})
        killed = evolve(IMAGE, id=UNKNOWN, visibility=Visibility.PUBLIC)
        self.have(killed, status=Status.KILLED)
        self.assertEqual(len(self.get("/images")["images"]), 1)

    def test_filters(self):
        """
        Later callers choose.
        """
        for arguments, names in (
            ("", ["public"]),
            ("?is_public=none&sort_key=name&sort_dir=asc", ["private", "public"]),
            ("?is_public=none&limit=1&sort_key=name&sort_dir=desc", ["public"]),
            ("?property-a=b", ["public"]),
            ("?property-a=c", []),
        ):
            images = self.get(f"/v1/images/detail{arguments}")["images"]
            self.assertEqual([image["name"] for image in images], names)
        self.assertEqual(self.ask("GET", "/v1/images?limit=x")[0], 400)

    def test_caller(self):
        """
        Who asks for somebody sees what that one sees.
        """
        self.context = Context(tenant="t", owner="t")
        code, _ = self.ask("GET", f"/v1/images/{OTHER.id}")
        self.assertEqual(code, 200)
        self.have(evolve(IMAGE, id=UNKNOWN), owner="other")
        self.assertEqual(self.ask("GET", f"/v1/images/{UNKNOWN}")[0], 404)


class ShowTests(Asking, SynchronousTestCase):
    """
    An image is shown.
    """

    def test_image(self):
        """
        An image is shown to who knows its id, whoever may list it.
        """
        self.have(locations=(PLACE,), status=Status.ACTIVE, size=5)
        for prefix in ("", "/v1"):
            image = self.get(f"{prefix}/images/{IMAGE.id}")["image"]
            self.assertEqual((image["id"], image["size"]), (IMAGE.id, 5))
            self.assertNotIn(PLACE.key, str(image))

    def test_missing(self):
        """
        An image that isn't there is not found, nor what is no id.
        """
        for image_id in (UNKNOWN, "1", "x%2Fy", "%00"):
            for prefix in ("", "/v1"):
                code, _ = self.ask("GET", f"{prefix}/images/{image_id}")
                self.assertEqual(code, 404)

    def test_deleted(self):
        """
        A deleted image is shown to later callers.
        """
        self.have()
        self.ask("DELETE", f"/images/{IMAGE.id}")
        self.assertEqual(self.ask("GET", f"/images/{IMAGE.id}")[0], 404)
        image = self.get(f"/v1/images/{IMAGE.id}")["image"]
        self.assertEqual((image["deleted"], image["status"]), (True, "pending_delete"))
        self.assertIsNotNone(image["deleted_at"])

    def test_paths(self):
        """
        Other paths are not found; wrong methods are told from them.
        """
        for path in ("/images/", "/v1", "/v1/images/", "/v2/images"):
            self.assertEqual(self.ask("GET", path)[0], 404, path)
        self.assertEqual(self.ask("DELETE", "/images")[0], 405)
        allow = self.response.headers.getRawHeaders("allow")
        self.assertEqual(allow, ["GET, HEAD, POST"])


class CallerTests(Asking, SynchronousTestCase):
    """
    Who asks for somebody does what that one may.
    """

    context = Context(tenant="us", owner="us")

    def test_own(self):
        """
        Images belong to who makes them, whatever it says.
        """
        image = self.post({"owner": "them"})
        self.assertEqual(image["owner"], "us")
        path = f"/images/{image['id']}"
        self.assertEqual(self.put(path, {"owner": "them", "name": "a"})[0], 200)
        kept = self.kept(image["id"])
        self.assertEqual((kept.owner, kept.name), ("us", "a"))

    def test_others(self):
        """
        Images of others stay as they are.
        """
        self.have(owner="them", visibility=Visibility.PUBLIC)
        path = f"/images/{IMAGE.id}"
        self.assertEqual(self.put(path, {"name": "a"})[0], 403)
        self.assertEqual(self.ask("DELETE", path)[0], 403)

    def test_nothing(self):
        """
        What is said to be nothing is the least that there is.
        """
        nothing = ("name", "size", "min_disk", "is_public", "properties", "owner")
        image = self.post(dict.fromkeys(nothing))
        described = [image[name] for name in nothing]
        self.assertEqual(described, [None, 0, 0, False, {}, "us"])


class DeleteTests(Asking, SynchronousTestCase):
    """
    An image is deleted.
    """

    def test_cactus(self):
        """
        Cactus says nothing more; the data is left to the reaper.
        """
        self.have(status=Status.ACTIVE, locations=(PLACE,))
        self.assertEqual(self.ask("DELETE", f"/images/{IMAGE.id}"), (200, b""))
        kept = self.kept()
        self.assertEqual(
            (kept.status, kept.locations), (Status.PENDING_DELETE, (PLACE,))
        )
        self.assertEqual(self.ask("DELETE", f"/images/{IMAGE.id}")[0], 404)

    def test_last(self):
        """
        Later callers are told what was deleted.
        """
        self.have()
        code, body = self.ask("DELETE", f"/v1/images/{IMAGE.id}")
        self.assertEqual((code, orjson.loads(body)["image"]["id"]), (200, IMAGE.id))

    def test_protected(self):
        """
        A protected image stays.
        """
        self.have(protected=True)
        self.assertEqual(self.ask("DELETE", f"/v1/images/{IMAGE.id}")[0], 403)
        self.assertIs(self.kept().status, Status.QUEUED)


class MemberTests(Asking, SynchronousTestCase):
    """
    Below C{/v1} there are members.
    """

    path = f"/v1/images/{IMAGE.id}/members"

    def test_members(self):
        """
        An image is shared, and shared no more.
        """
        self.have()
        self.assertEqual(self.get(self.path), {"members": []})
        self.assertEqual(self.ask("PUT", f"{self.path}/a")[0], 204)
        memberships = {"memberships": [{"member_id": "b", "can_share": True}]}
        self.assertEqual(self.ask("PUT", self.path, memberships)[0], 204)
        self.assertEqual(
            self.get(self.path), {"members": [{"member_id": "b", "can_share": True}]}
        )
        self.assertEqual(
            self.get("/v1/shared-images/b"),
            {"shared_images": [{"image_id": IMAGE.id, "can_share": True}]},
        )
        self.assertEqual(self.ask("DELETE", f"{self.path}/b")[0], 204)
        self.assertEqual(self.ask("DELETE", f"{self.path}/b")[0], 404)

    def test_cactus(self):
        """
        Cactus knew no members.
        """
        self.have()
        self.assertEqual(self.ask("GET", f"/images/{IMAGE.id}/members")[0], 404)
        self.assertEqual(self.ask("GET", "/shared-images/b")[0], 404)
