"""
What version 2 says of quotas.
"""

import orjson
from attrs import evolve

from glance.context import Context
from glance.limits import Limits, Quota
from tests.api.v2.calling import (
    ADMIN,
    DATA,
    MEMBER,
    OCTETS,
    OTHER,
    RAW,
    CallingTestCase,
)

MEBIBYTE = 1 << 20


class QuotaTests(CallingTestCase):
    """
    A project has no more than it may.
    """

    def bound(self, **bounds):
        """
        Set the limits: of one image, or of all of a project.
        """
        names = ("size", "images", "uploads")
        quota = Quota(**{n: bounds.pop(n) for n in names if n in bounds})
        self.service.limits = evolve(Limits(), quota=quota, **bounds)

    def used(self, who=None):
        """
        Get what a project uses.
        """
        answer = self.ask("GET", "/info/usage", who=who)
        self.assertEqual(answer.status, 200)
        usage = orjson.loads(answer.body)["usage"]
        return {name: (each["usage"], each["limit"]) for name, each in usage.items()}

    def put(self, path, data=DATA, chunked=False, **headers):
        """
        Send data of an image.

        @return: the status.
        """
        headers = {n.replace("_", "-"): v for n, v in headers.items()} | OCTETS
        how = {"chunks": [data[:4], data[4:]]} if chunked else {"body": data}
        return self.ask("PUT", f"{path}/file", headers, **how).status

    def test_usage(self):
        """
        Each is told of its own project, in mebibytes; -1 is no limit.
        """
        self.assertEqual(
            self.used(),
            {
                "image_size_total": (0, -1),
                "image_count_total": (0, -1),
                "image_count_uploading": (0, -1),
            },
        )
        self.stored(bytes(3 * MEBIBYTE - 1))
        self.create()
        self.bound(size=7 * MEBIBYTE - 1, images=4, uploads=0)
        self.assertEqual(
            self.used(),
            {
                "image_size_total": (2, 6),
                "image_count_total": (2, 4),
                "image_count_uploading": (0, 0),
            },
        )
        self.assertEqual(self.used(OTHER)["image_count_total"], (0, 4))
        self.assertEqual(self.used(ADMIN)["image_count_total"], (0, 4))
        self.service.context = Context()
        self.assertEqual(self.ask("GET", "/info/usage").status, 401)

    def test_images(self):
        """
        It has no more images than that; who makes some for others is no exception.
        """
        self.bound(images=2)
        self.create()
        self.create(ADMIN, owner="alpha")
        for who in (MEMBER, ADMIN):
            refused = self.ask("POST", "/images", body={"owner": "alpha"}, who=who)
            self.assertEqual(refused.status, 413)
            self.assertIn(b"Delete images", refused.body)
        self.create(OTHER)

    def test_storage(self):
        """
        It has no more data than that; whoever fills an image.  The image that has no
        room waits for its data as before, and nothing of that is left.
        """
        self.bound(size=14)
        for who in (MEMBER, ADMIN):
            for chunked in (False, True):
                first, second = self.create(MEMBER, **RAW), self.create(**RAW)
                self.service.context = who
                self.assertEqual(self.put(first, chunked=chunked), 204)
                self.assertEqual(self.put(second, chunked=chunked), 413)
                self.assertEqual(self.known(second).doomed, ())
                self.assertEqual(self.shown(second)["status"], "queued")
                self.assertIsNone(self.shown(second)["checksum"])
                self.assertEqual(len(self.keys()), 1)
                self.assertEqual(self.put(second, DATA[:4], chunked=chunked), 204)
                for each in (first, second):
                    self.assertEqual(self.ask("DELETE", each).status, 204)
        self.assertEqual(self.used(MEMBER)["image_count_total"], (0, -1))

    def test_announced(self):
        """
        What is announced is taken for what comes.
        """
        self.bound(size=14)
        path = self.create(**RAW)
        for chunked in (False, True):
            for said, status in ((15, 413), (11, 400), (9, 400), (10, 204)):
                how = {"x_openstack_image_size": str(said)}
                if not chunked and status == 413:
                    continue
                self.assertEqual(self.put(path, chunked=chunked, **how), status, said)
            self.assertEqual(self.ask("DELETE", path).status, 204)
            path = self.create(**RAW)

    def test_size_cap(self):
        """
        One image has no more than that, however it comes; nothing is left of it.
        """
        self.bound(image_size_cap=9)
        path = self.create(**RAW)
        self.assertEqual(self.put(path), 413)
        self.assertEqual(self.put(path, chunked=True), 413)
        how = {"x_openstack_image_size": "10"}
        self.assertEqual(self.put(path, chunked=True, **how), 413)
        how = {"x_openstack_image_size": "9"}
        self.assertEqual(self.put(path, chunked=True, **how), 400)
        self.assertEqual(self.shown(path)["status"], "queued")
        self.assertEqual(self.keys(), [])
        self.assertEqual(self.put(path, DATA[:9], chunked=True), 204)

    def test_uploads(self):
        """
        Where no uploads may be, none begins.
        """
        self.bound(uploads=0)
        path = self.create(**RAW)
        self.assertEqual(self.put(path), 413)
        self.assertEqual(self.shown(path)["status"], "queued")
        self.bound(uploads=1)
        self.assertEqual(self.put(path), 204)

    def test_given_away(self):
        """
        Nobody is given more than it may have.
        """
        self.bound(images=1, size=10)
        mine, _ = self.stored(), self.create(OTHER)
        self.service.context = ADMIN
        give = {"op": "replace", "path": "/owner", "value": "beta"}
        self.assertEqual(self.patch(mine, give), 413)
        self.bound(images=2, size=9)
        self.assertEqual(self.patch(mine, give), 413)
        self.bound(images=2, size=10)
        self.assertEqual(self.patch(mine, give), 200)

    def test_less(self):
        """
        What is there stays when less may be, and can be changed.
        """
        path = self.stored()
        self.bound(size=1, images=0, uploads=0)
        rename = {"op": "replace", "path": "/name", "value": "new"}
        self.assertEqual(self.patch(path, rename), 200)
        self.assertEqual(self.ask("PUT", f"{path}/tags/new").status, 204)
        self.assertEqual(self.ask("GET", f"{path}/file").body, DATA)

    def test_one_image(self):
        """
        An image has no more properties, tags or members than that, whichever way
        they come.
        """
        self.bound(properties=1, tags=1, members=1)
        for said in ({"a": "1", "b": "2"}, {"tags": ["a", "b"]}):
            self.assertEqual(self.ask("POST", "/images", body=said).status, 413)
        path = self.create(a="1", tags=["a"])
        for operation in (
            {"op": "add", "path": "/b", "value": "2"},
            {"op": "replace", "path": "/tags", "value": ["a", "b"]},
        ):
            self.assertEqual(self.patch(path, operation), 413)
        self.assertEqual(self.ask("PUT", f"{path}/tags/b").status, 413)
        self.assertEqual(self.ask("PUT", f"{path}/tags/a").status, 204)
        for member, status in (("beta", 200), ("gamma", 413)):
            shared = self.ask("POST", f"{path}/members", body={"member": member})
            self.assertEqual(shared.status, status)
        self.bound(properties=-1, tags=-1, members=-1)
        many = {f"p{n}": "" for n in range(200)}
        path = self.create(**many, tags=[f"{n}" for n in range(200)])
        for n in range(130):
            self.ask("POST", f"{path}/members", body={"member": f"{n}"})
        self.assertEqual(len(self.known(path).members), 130)
