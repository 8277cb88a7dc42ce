"""
Tests for L{glance.registry.cactus}.
"""

import orjson
from attrs import evolve
from twisted.internet.defer import succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.api.v1 import filters
from glance.api.v1.members import MembersAPI
from glance.context import Context
from glance.image import Attempt, Location, Status, Visibility
from glance.images import Images
from glance.limits import Limits
from glance.registry.cactus import OldFace, OldRoot
from glance.registry.resource import RegistryRoot
from glance.revisions import Revisions
from glance.settling import Settler
from glance.sharing import Sharing
from glance.storage import Storage
from glance.stores.memory import MemoryStore
from tests.http import stub_client
from tests.registry.served import IMAGE, OTHER, memory_registry

UNKNOWN = "00000000-0000-4000-8000-000000000000"

PLACE = Location(store="memory", key=f"{IMAGE.id}.1")


class Asking:
    """
    Asks a registry as callers of old do.
    """

    context = Context(is_admin=True)

    def setUp(self):
        self.clock = Clock()
        self.clock.advance(1_300_000_000)
        self.registry = memory_registry(self, self.clock)
        revisions = Revisions(self.registry, self.clock)
        settler = Settler(revisions, Storage({"memory": MemoryStore()}, "memory"))
        images = Images(revisions, settler, Limits, delayed_delete=True)

        def context_of(request):
            return succeed(self.context)

        old = OldRoot(
            OldFace(images, context_of, filters.all_public, cactus=True),
            OldFace(images, context_of, filters.query, cactus=False),
            MembersAPI(Sharing(images), context_of).app.resource(),
        )
        self.client = stub_client(RegistryRoot(self.registry, old, None))

    def have(self, image=IMAGE, **attributes):
        """
        Have an image in the registry.
        """
        return self.successResultOf(self.registry.create(evolve(image, **attributes)))

    def kept(self, image_id=IMAGE.id):
        """
        Get an image from the registry.
        """
        return self.successResultOf(self.registry.get(image_id))

    def ask(self, method, path, value=None, headers=()):
        """
        Send a request.

        @return: the status, and the body.
        """
        data = None if value is None else orjson.dumps(value)
        self.response = self.successResultOf(
            self.client.request(
                method, f"http://registry{path}", data=data, headers=dict(headers)
            )
        )
        return self.response.code, self.successResultOf(self.response.content())

    def get(self, path):
        """
        Get the JSON that is at a path.
        """
        code, body = self.ask("GET", path)
        self.assertEqual(code, 200, body)
        return orjson.loads(body)

    def put(self, path, fields, headers=(), **more):
        """
        Change an image.

        @return: the status, and the body.
        """
        return self.ask("PUT", path, {"image": fields, **more}, headers)

    def post(self, fields, path="/images"):
        """
        Make an image.

        @return: what the registry says that it is like.
        """
        code, body = self.ask("POST", path, {"image": fields})
        self.assertEqual(code, 200, body)
        return orjson.loads(body)["image"]


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
            ({"status": ["x"]}, "Invalid image status"),
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
