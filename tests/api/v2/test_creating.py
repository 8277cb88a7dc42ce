"""
What becomes of new images, by example.
"""

import orjson
from attrs import evolve

from tests.api.v2.calling import (
    ADMIN,
    MEMBER,
    READER,
    CallingTestCase,
)

ADRIFT = evolve(MEMBER, owner=None, tenant=None)
"""A member of no project."""

ID = "5d1f0a3e-7c52-4b3e-9d55-0b6a5e0c1a11"


class CreationTests(CallingTestCase):
    """
    What becomes of POST /images.
    """

    TABLE = (
        (MEMBER, {}, 201),
        (MEMBER, {"prop": 5}, 400),
        (MEMBER, {"prop": None}, 400),
        (MEMBER, {"prop": {"a": "b"}}, 400),
        (MEMBER, {"prop": True}, 400),
        (MEMBER, {"p" * 256: "a"}, 400),
        (MEMBER, {"name": "n" * 256}, 400),
        (MEMBER, {"name": 5}, 400),
        (MEMBER, {"name": "\N{GRINNING FACE}"}, 201),
        (MEMBER, {"id": "not-a-uuid"}, 400),
        (MEMBER, {"visibility": "secret"}, 400),
        (MEMBER, {"disk_format": "floppy"}, 400),
        (MEMBER, {"container_format": "box"}, 400),
        (MEMBER, {"disk_format": None}, 201),
        (MEMBER, {"disk_format": "ami"}, 201),
        (MEMBER, {"disk_format": "ari", "container_format": "ami"}, 201),
        (ADRIFT, {}, 401),
        (MEMBER, {"min_disk": -1}, 400),
        (MEMBER, {"min_ram": 2**31}, 400),
        (MEMBER, {"min_ram": 2**31 - 1}, 201),
        (MEMBER, {"min_ram": "5"}, 400),
        (MEMBER, {"protected": "true"}, 400),
        (MEMBER, {"tags": "a"}, 400),
        (MEMBER, {"tags": ["t" * 256]}, 400),
        (MEMBER, {"tags": [f"t{n}" for n in range(129)]}, 413),
        (MEMBER, {f"p{n}": "" for n in range(129)}, 413),
        (MEMBER, {"kernel_id": "x"}, 400),
        (MEMBER, {"kernel_id": ID}, 201),
        (MEMBER, {"kernel_id": None}, 201),
        (MEMBER, {"os_distro": 5}, 400),
        (MEMBER, {"owner_specified.openstack.md5": ""}, 201),
        (MEMBER, {"status": "active"}, 403),
        (MEMBER, {"status": None}, 403),
        (MEMBER, {"os_glance_x": "y"}, 403),
        (MEMBER, {"locations": []}, 403),
        (MEMBER, {"location": "a"}, 403),
        *(
            (MEMBER, {name: "1"}, 403)
            for name in (
                "size",
                "virtual_size",
                "checksum",
                "os_hash_algo",
                "os_hash_value",
                "created_at",
                "updated_at",
                "direct_url",
                "self",
                "file",
                "schema",
                "stores",
                "deleted",
                "deleted_at",
            )
        ),
        (MEMBER, {"visibility": "public"}, 403),
        (ADMIN, {"visibility": "public"}, 201),
        (MEMBER, {"visibility": "community"}, 201),
        (MEMBER, {"owner": "beta"}, 403),
        (MEMBER, {"owner": None}, 403),
        (MEMBER, {"owner": "alpha"}, 201),
        (ADMIN, {"owner": "beta"}, 201),
        (READER, {}, 403),
        (MEMBER, b"", 400),
        (MEMBER, b"{", 400),
        (MEMBER, b"[]", 400),
        (MEMBER, b"5", 400),
        (MEMBER, b'{"min_ram": 1000000000000000000000000}', 400),
        (MEMBER, b'{"name": NaN}', 400),
        (MEMBER, b'{"name": "\\ud800"}', 400),
        (MEMBER, b" " * (1 << 20) + b"{}", 413),
    )

    def test_table(self):
        """
        It is answered so.
        """
        for who, said, status in self.TABLE:
            with self.subTest(said=str(said)[:60]):
                answer = self.ask("POST", "/images", body=said, who=who)
                self.assertEqual(answer.status, status, answer)

    def test_fresh(self):
        """
        A new image is queued and shared, and of its data nothing is known yet.
        """
        answer = self.ask("POST", "/images", body={"id": ID, "tags": ["b", "a", "b"]})
        self.assertEqual(
            answer.header("location"), f"http://glance.example:9292/v2/images/{ID}"
        )
        self.assertEqual(answer.header("content-type"), "application/json")
        image = orjson.loads(answer.body)
        self.assertEqual(image, self.shown(f"/images/{ID}"))
        self.assertEqual(image.pop("created_at"), "2011-04-15T12:00:00Z")
        self.assertEqual(image.pop("updated_at"), "2011-04-15T12:00:00Z")
        self.assertEqual(
            image,
            {
                "id": ID,
                "name": None,
                "status": "queued",
                "visibility": "shared",
                "protected": False,
                "os_hidden": False,
                "owner": "alpha",
                "disk_format": None,
                "container_format": None,
                "min_disk": 0,
                "min_ram": 0,
                "size": None,
                "virtual_size": None,
                "checksum": None,
                "os_hash_algo": None,
                "os_hash_value": None,
                "tags": ["a", "b"],
                "self": f"/v2/images/{ID}",
                "file": f"/v2/images/{ID}/file",
                "schema": "/v2/schemas/image",
            },
        )

    def test_id(self):
        """
        An id is used once, even when its image is gone; its case is the same.
        """
        path = self.create(id=ID.upper())
        self.assertEqual(self.shown(path)["id"], ID)
        self.assertEqual(
            self.ask("GET", path.upper().replace("IMAGES", "images")).status, 200
        )
        self.assertEqual(self.ask("POST", "/images", body={"id": ID}).status, 409)
        self.assertEqual(self.ask("DELETE", path).status, 204)
        self.assertEqual(self.ask("POST", "/images", body={"id": ID}).status, 409)
