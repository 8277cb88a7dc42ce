"""
Tests for L{glance.storage}.
"""

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import OnlyOneStore, StoreNotFound, StoreReadOnly
from glance.image import Location
from glance.storage import Storage, StoreInfo
from glance.stores.memory import MemoryStore
from tests.assembly import ADMIN, World


def image_in(*stores):
    """
    Get an image whose data is in some stores.
    """
    draft = World().images.draft(ADMIN)
    places = tuple(Location(store=name, key=f"key-{name}") for name in stores)
    return evolve(draft, locations=places)


class StorageTests(SynchronousTestCase):
    """
    L{Storage} knows the stores.
    """

    def setUp(self):
        self.stores = {name: MemoryStore() for name in ("file", "fast", "web")}
        infos = {
            "fast": StoreInfo(weight=10),
            "web": StoreInfo(weight=-1, read_only=True),
        }
        self.storage = Storage(self.stores, "file", infos, several=True)

    def test_names(self):
        """
        A store is known by its name; nobody's wish is the default one.
        """
        self.assertEqual(self.storage.name("fast"), "fast")
        self.assertEqual(self.storage.name(None), "file")
        self.assertEqual(self.storage.name("filesystem"), "file")
        self.assertRaises(StoreNotFound, self.storage.name, "slow")
        self.assertRaises(StoreNotFound, Storage, self.stores, "slow")

    def test_writable(self):
        """
        A store that is read only takes no data.
        """
        self.assertEqual(self.storage.writable(None), "file")
        self.assertEqual(self.storage.name("web"), "web")
        self.assertRaises(StoreReadOnly, self.storage.writable, "web")
        self.assertRaises(StoreNotFound, self.storage.writable, "slow")

    def test_order(self):
        """
        Heavy stores come first, then it is as it was written; stores that are
        not known come last.
        """
        image = image_in("gone", "web", "file", "fast", "other")
        names = ["fast", "file", "web", "gone", "other"]
        ordered = self.storage.ordered(image)
        self.assertEqual([place.store for place in ordered], names)
        self.assertEqual(self.storage.names(image), names)
        self.assertEqual(
            self.storage.names(image_in("web", "file", "web")), ["file", "web"]
        )
        self.assertEqual(self.storage.ordered(image_in()), ())

    def test_former(self):
        """
        Data is found in a store that had another name; in which store it is, is
        not sure then.
        """
        stores = {name: MemoryStore() for name in ("fast", "slow")}
        storage = Storage(stores, "fast", several=True, former={"file": "slow"})
        old, new = Location(store="file", key="a"), Location(store="fast", key="a")
        self.assertIs(storage.at(old), stores["slow"])
        self.assertEqual(storage.name_at(new), "fast")
        self.assertTrue(storage.may_be(old, "fast"))
        self.assertFalse(storage.may_be(new, "slow"))
        image = evolve(image_in(), locations=(old, new))
        self.assertEqual(storage.names(image), ["slow", "fast"])
        gone = Location(store="gone", key="a")
        self.assertRaises(StoreNotFound, storage.at, gone)

    def test_several(self):
        """
        Who is told of one store only hears of no others.
        """
        self.storage.demand_several()
        self.assertRaises(OnlyOneStore, Storage(self.stores, "file").demand_several)
