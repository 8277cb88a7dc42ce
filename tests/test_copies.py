"""
Tests for L{glance.copies}.
"""

from attrs import evolve
from twisted.internet.defer import Deferred

from glance.copies import Copies
from glance.errors import (
    DataNotFound,
    Forbidden,
    ImageNotActive,
    ImageNotFound,
    OnlyOneStore,
    StoreNotFound,
    StoreUnavailable,
)
from glance.image import Location, Status
from glance.storage import Storage
from glance.stores.memory import MemoryStore
from glance.streams.bodies import BytesBody, read_all
from tests.assembly import ADMIN, World, member_of
from tests.faults import FaultyStore
from tests.test_transfers import DATA, TransferCase


class CopiesCase(TransferCase):
    """
    A world of two stores.
    """

    def setUp(self):
        self.fast, self.slow = FaultyStore(MemoryStore()), FaultyStore(MemoryStore())
        self.world = World(stores={"fast": self.fast, "slow": self.slow})
        self.copies = Copies(self.world.images, self.world.settler, self.world.storage)

    def keys(self, store):
        """
        Get the keys of what is in a store.
        """
        return list(self.successResultOf(store.keys()))

    def copied(self):
        """
        Make an image whose data is in both stores.
        """
        image = self.successResultOf(self.start(self.create(), store="slow"))
        key = f"{image.id}.copied"
        self.successResultOf(self.fast.add(key, BytesBody(DATA)))
        place = Location(store="fast", key=key)
        added = evolve(image, locations=(*image.locations, place))
        return self.successResultOf(self.world.registry.replace(image, added))

    def remove(self, image, store, context=ADMIN):
        """
        Begin to remove a copy.
        """
        return Deferred.fromCoroutine(self.copies.remove(context, image.id, store))


class RemovalTests(CopiesCase):
    """
    One copy of several can be removed.
    """

    def test_removed(self):
        """
        The data is gone from that store, and there in the other.
        """
        image = self.copied()
        self.successResultOf(self.remove(image, "fast"))
        left = self.image(image.id)
        self.assertEqual([place.store for place in left.locations], ["slow"])
        self.assertEqual((left.status, left.doomed), (Status.ACTIVE, ()))
        self.assertEqual(self.keys(self.fast), [])
        self.assertEqual(len(self.keys(self.slow)), 1)

    def test_all_in_a_store(self):
        """
        If a store has it twice, both go.
        """
        image = self.copied()
        self.successResultOf(self.fast.add("more", BytesBody(DATA)))
        more = (*image.locations, Location(store="fast", key="more"))
        twice = evolve(image, locations=more)
        self.successResultOf(self.world.registry.replace(image, twice))
        self.successResultOf(self.remove(image, "fast"))
        self.assertEqual(self.keys(self.fast), [])

    def test_last(self):
        """
        The last copy stays.
        """
        image = self.copied()
        self.successResultOf(self.remove(image, "slow"))
        self.failureResultOf(self.remove(image, "fast"), Forbidden)
        self.assertEqual(len(self.keys(self.fast)), 1)
        self.assertEqual(len(self.image(image.id).locations), 1)

    def test_last_that_is_there(self):
        """
        The last copy that is there stays, whatever the image says of others.
        """
        image = self.copied()
        slow, fast = image.locations
        self.slow.down = True
        self.failureResultOf(self.remove(image, "fast"), StoreUnavailable)
        self.slow.down = False
        self.successResultOf(self.slow.delete(slow.key))
        self.failureResultOf(self.remove(image, "fast"), Forbidden)
        self.successResultOf(self.slow.add(slow.key, BytesBody(DATA[1:])))
        self.failureResultOf(self.remove(image, "fast"), Forbidden)
        gone = evolve(slow, store="gone")
        away = evolve(image, locations=(gone, fast))
        self.successResultOf(self.world.registry.replace(image, away))
        self.failureResultOf(self.remove(image, "fast"), Forbidden)
        self.assertEqual(self.keys(self.fast), [fast.key])
        self.assertEqual(self.image(image.id).locations, (gone, fast))

    def test_both_at_once(self):
        """
        Of two that remove one copy each at the same time, one is refused.
        """
        image = self.copied()
        self.fast.hanging, self.slow.hanging = [], []
        removals = [self.remove(image, store) for store in ("fast", "slow")]
        self.slow.answer()
        self.fast.answer()
        self.successResultOf(removals[0])
        self.failureResultOf(removals[1], Forbidden)
        self.assertEqual((self.keys(self.fast), len(self.keys(self.slow))), ([], 1))

    def test_refusals(self):
        """
        Nothing is removed where it can't be, or mustn't.
        """
        image = self.copied()
        fresh = self.successResultOf(self.world.registry.get(self.create(owner="mine")))
        mine = self.successResultOf(self.start(self.create(owner="mine")))
        for where, store, who, error in (
            (image, "none", ADMIN, StoreNotFound),
            (fresh, "fast", ADMIN, ImageNotActive),
            (mine, "slow", ADMIN, DataNotFound),
            (mine, "fast", member_of("mine"), Forbidden),
            (mine, "fast", member_of("yours"), ImageNotFound),
            (evolve(mine, id="nothing"), "fast", ADMIN, ImageNotFound),
        ):
            self.failureResultOf(self.remove(where, store, who), error)
        self.copies = Copies(
            self.world.images,
            self.world.settler,
            Storage({"fast": self.fast}, "fast"),
        )
        self.failureResultOf(self.remove(image, "fast"), OnlyOneStore)
        self.assertEqual(self.image(image.id), image)

    def test_store_down(self):
        """
        If the store does not work, the data goes later.
        """
        image = self.copied()
        self.fast.down = True
        self.successResultOf(self.remove(image, "fast"))
        left = self.image(image.id)
        self.assertEqual([place.store for place in left.locations], ["slow"])
        self.assertEqual([place.store for place in left.doomed], ["fast"])
        self.fast.down = False
        self.run_(self.world.reaper.look())
        self.assertEqual(self.image(image.id).doomed, ())
        self.assertEqual(self.keys(self.fast), [])

    def test_still_named(self):
        """
        What an image names is never removed, even if it was to be.
        """
        image = self.copied()
        place = evolve(image.locations[0], metadata={"said": "otherwise"})
        confused = evolve(image, doomed=(place,))
        self.successResultOf(self.world.registry.replace(image, confused))
        self.run_(self.world.reaper.look())
        self.assertEqual(self.image(image.id).doomed, ())
        self.assertEqual(len(self.keys(self.slow)), 1)

    def test_while_read(self):
        """
        Who reads the copy meanwhile gets all of it.
        """
        image = self.copied()
        body = self.run_(self.world.transfers.open(image))
        self.successResultOf(self.remove(image, "fast"))
        self.assertEqual(self.run_(read_all(body, 1 << 20)), DATA)
