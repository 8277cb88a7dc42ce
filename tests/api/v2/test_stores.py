"""
What clients see of several stores.
"""

import orjson
from attrs import evolve

from glance.image import Location
from glance.storage import StoreInfo
from glance.stores.memory import MemoryStore
from tests.api.assembly import Service
from tests.api.v2.calling import (
    ADMIN,
    DATA,
    MEMBER,
    OCTETS,
    OTHER,
    RAW,
    READER,
    CallingTestCase,
)

INFOS = {
    "fast": StoreInfo(description="NVMe", weight=10, properties={"data_dir": "/srv"}),
    "web": StoreInfo(read_only=True),
}


class StoresCase(CallingTestCase):
    """
    A service that has three stores.
    """

    def setUp(self):
        self.stores = {name: MemoryStore() for name in ("slow", "fast", "web")}
        self.service = Service(self, stores=self.stores, infos=INFOS)
        self.service.context = MEMBER

    def told(self, path, who=None):
        """
        Get what is told in JSON.
        """
        answer = self.ask("GET", path, who=who)
        self.assertEqual(answer.status, 200, answer)
        return orjson.loads(answer.body)

    def copied(self, **said):
        """
        Make an image whose data is in two stores.
        """
        path = self.stored(**said)
        image = self.known(path)
        added = Location(store="fast", key=f"{image.id}.more")
        self.stores["fast"]._data[added.key] = DATA
        copied = evolve(image, locations=(*image.locations, added))
        self.successResultOf(self.service.registry.replace(image, copied))
        return path


class ListingTests(StoresCase):
    """
    The stores can be listed.
    """

    def test_brief(self):
        """
        Everybody is told their ids, and which is the default.
        """
        for who in (MEMBER, READER, ADMIN):
            self.assertEqual(
                self.told("/info/stores", who),
                {
                    "stores": [
                        {"id": "slow", "default": "true"},
                        {"id": "fast", "description": "NVMe"},
                        {"id": "web", "read-only": "true"},
                    ]
                },
            )

    def test_detail(self):
        """
        Administrators are told more.
        """
        stores = self.told("/info/stores/detail", ADMIN)["stores"]
        self.assertEqual(
            stores[1],
            {
                "id": "fast",
                "description": "NVMe",
                "type": "memory",
                "weight": 10,
                "properties": {"data_dir": "/srv"},
            },
        )
        self.assertEqual((stores[0]["weight"], stores[0]["properties"]), (0, {}))
        self.assertEqual(self.ask("GET", "/info/stores/detail", who=MEMBER).status, 403)

    def test_created(self):
        """
        Who makes an image is told where its data may go.
        """
        answer = self.ask("POST", "/images", body={})
        self.assertEqual(answer.header("OpenStack-image-store-ids"), "slow,fast,web")


class ShownTests(StoresCase):
    """
    An image shows the stores that have its data.
    """

    def test_shown(self):
        """
        So it is once it has data, the heaviest store first, wherever it is shown.
        """
        path = self.create(**RAW)
        self.assertNotIn("stores", self.shown(path))
        path = self.copied()
        self.assertEqual(self.shown(path)["stores"], "fast,slow")
        for _ in range(2):
            listed = self.told("/images")["images"]
            self.assertEqual({i.get("stores") for i in listed}, {"fast,slow", None})
        self.ask("DELETE", f"/stores/fast{path[7:]}", who=ADMIN)
        listed = self.told("/images")["images"]
        self.assertEqual({i.get("stores") for i in listed}, {"slow", None})

    def test_chosen(self):
        """
        It is where its client wanted it, if that store takes data.
        """
        for store, status in (("fast", 204), ("web", 410), ("none", 400)):
            path = self.create(**RAW)
            headers = {**OCTETS, "X-Image-Meta-Store": store}
            answer = self.ask("PUT", f"{path}/file", headers, DATA)
            self.assertEqual(answer.status, status, answer)
            if status == 204:
                self.assertEqual(self.shown(path)["stores"], store)
            else:
                self.assertEqual(self.shown(path)["status"], "queued")
        kept = [len(store._data) for store in self.stores.values()]
        self.assertEqual(kept, [0, 1, 0])

    def test_chosen_in_v1(self):
        """
        So it is in version 1.
        """
        about = {
            "x-image-meta-disk-format": "raw",
            "x-image-meta-container-format": "bare",
        }
        for store, status in (("fast", 201), ("web", 410), ("none", 400)):
            headers = {**OCTETS, **about, "x-image-meta-store": store}
            answer = self.service.ask("POST", "/v1/images", headers, DATA)
            self.assertEqual(answer.status, status, answer)
        listed = self.told("/images")["images"]
        self.assertEqual([image["stores"] for image in listed], ["fast"])

    def test_reserved(self):
        """
        No property can be called so, however many stores there are.
        """
        for service in (self.service, Service(self)):
            service.context = MEMBER
            self.service = service
            path = self.create()
            add = {"op": "add", "path": "/stores", "value": "mine"}
            self.assertEqual(self.patch(path, add), 403)
            self.assertEqual(
                self.ask("POST", "/images", body={"stores": "a"}).status, 403
            )
            self.assertTrue(
                self.told("/schemas/image")["properties"]["stores"]["readOnly"]
            )


class RemovalTests(StoresCase):
    """
    Data can be removed from one of several stores.
    """

    def remove(self, store, path, who=ADMIN):
        """
        Ask for it.

        @return: the status.
        """
        image_id = path.rpartition("/")[2]
        return self.ask("DELETE", f"/stores/{store}/{image_id}", who=who).status

    def test_removed(self):
        """
        It is gone there, and is had from the other.
        """
        path = self.copied(protected=True)
        self.assertEqual(self.remove("slow", path), 204)
        self.assertEqual(self.shown(path)["stores"], "fast")
        self.assertEqual(self.stores["slow"]._data, {})
        self.assertEqual(self.ask("GET", f"{path}/file").body, DATA)
        self.assertEqual(self.remove("fast", path), 403)
        self.assertEqual(self.remove("slow", path), 404)

    def test_refusals(self):
        """
        It is refused by who may not, and where there is nothing to be done.
        """
        path = self.copied()
        for store, where, who, status in (
            ("none", path, ADMIN, 409),
            ("web", path, ADMIN, 404),
            ("fast", path, MEMBER, 403),
            ("fast", path, OTHER, 404),
            ("fast", f"/images/{'0' * 8}-0000-0000-0000-{'0' * 12}", ADMIN, 404),
            ("fast", self.create(who=MEMBER, **RAW), ADMIN, 409),
        ):
            self.assertEqual(self.remove(store, where, who), status, (store, where))
        answer = self.ask("DELETE", f"/stores/fast{path[7:]}", body=b"x", who=ADMIN)
        self.assertEqual(answer.status, 400)
        self.assertEqual(self.shown(path)["stores"], "fast,slow")


class OneStoreTests(CallingTestCase):
    """
    Where there is but one store, clients are told of none.
    """

    def test_nothing(self):
        """
        There is nothing to be listed, shown or removed.
        """
        path = self.stored()
        self.assertNotIn("stores", self.shown(path))
        answer = self.ask("POST", "/images", body={})
        self.assertIsNone(answer.header("OpenStack-image-store-ids"))
        for who in (MEMBER, ADMIN):
            for asked in ("/info/stores", "/info/stores/detail"):
                self.assertEqual(self.ask("GET", asked, who=who).status, 404)
            answer = self.ask("DELETE", f"/stores/memory{path[7:]}", who=who)
            self.assertEqual(answer.status, 404)
