"""
Tests for L{glance.verification}.
"""

from attrs import evolve
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock

from glance.errors import DataNotFound, ImageNotFound, RegistryUnavailable
from glance.image import Location, Status
from glance.storage import Storage, StoreInfo
from glance.stores.memory import MemoryStore
from glance.streams.bodies import BytesBody
from glance.streams.strands import Window
from glance.verification import Fault, Finding, Pace, Verified, Verifier
from tests.assembly import ADMIN, World, memory_registry
from tests.faults import FaultyRegistry, FaultyStore
from tests.stores.lending import LendingStore
from tests.test_transfers import DATA, TransferCase

ORPHAN = "f0b37a1c-4b1e-4d9e-9a8a-0d1e8a3f2b11.0123456789abcdef"
OWNER = ORPHAN[:36]


class VerificationCase(TransferCase):
    """
    A world whose registry and store can be verified, and made to fail.
    """

    def setUp(self):
        clock = Clock()
        self.memory = MemoryStore()
        self.store = FaultyStore(self.memory)
        self.registry = FaultyRegistry(memory_registry(clock))
        self.world = World(registry=self.registry, store=self.store, clock=clock)
        self.found = []

    def verifier(self, rate=None):
        """
        Get what verifies the world.
        """
        pace = Pace(self.world.clock, rate)
        return Verifier(
            self.registry, self.world.storage, pace, maybeDeferred, Window(1 << 20)
        )

    def fill(self, data=DATA):
        """
        Make an image that has data.
        """
        return self.successResultOf(self.start(self.create(), BytesBody(data)))

    def verify(self, image_ids=None):
        """
        Verify data, and get what is wrong with it, by image.
        """
        self.found.clear()
        self.run_(self.verifier().verify(self.found.append, image_ids))
        return {finding.image: finding.fault for finding in self.found}

    def change(self, image, **attributes):
        """
        Have the registry say something else of an image.
        """
        image = self.image(image.id)
        return self.successResultOf(
            self.registry.replace(image, evolve(image, **attributes))
        )

    def put(self, key, data=b"data"):
        """
        Put data into the store that nobody knows of.
        """
        self.successResultOf(self.store.add(key, BytesBody(data)))

    def tamper(self, image, data):
        """
        Have the store hold other data.
        """
        key = image.locations[0].key
        self.successResultOf(self.store.delete(key))
        self.put(key, data)


class DataTests(VerificationCase):
    """
    Data is read and compared with what the registry says.
    """

    def test_right(self):
        """
        Nothing is found where all is right, and what was read is counted.
        """
        for _ in range(3):
            self.fill()
        self.create()
        verified = self.run_(self.verifier().verify(self.found.append))
        self.assertEqual(verified, Verified(images=3, size=3 * len(DATA)))
        self.assertEqual(self.found, [])

    def test_missing(self):
        """
        Data that isn't there is missing.
        """
        image = self.fill()
        self.successResultOf(self.store.delete(image.locations[0].key))
        self.assertEqual(self.verify(), {image.id: Fault.MISSING})
        [finding] = self.found
        self.assertEqual((finding.store, finding.key), ("file", image.locations[0].key))

    def test_size(self):
        """
        Data of another size is found, without being read.
        """
        for data in (DATA[:-1], DATA + b"!", b""):
            image = self.fill()
            self.tamper(image, data)
            self.assertEqual(self.verify([image.id]), {image.id: Fault.SIZE})
        self.assertIn("0 bytes", self.found[0].detail)

    def test_wrong(self):
        """
        Data of the right size that is other data is found, also if only one
        of the two hashes tells.
        """
        image = self.fill()
        self.tamper(image, b"X" + DATA[1:])
        self.assertEqual(self.verify(), {image.id: Fault.WRONG})
        for attributes in ({"checksum": "0" * 32}, {"os_hash_value": "0" * 128}):
            image = self.change(self.fill(), **attributes)
            self.assertEqual(self.verify([image.id]), {image.id: Fault.WRONG})

    def test_unhashed(self):
        """
        Of an image without hashes, or with one that isn't known here, what is
        known is compared.
        """
        image = self.change(self.fill(), checksum=None, os_hash_value=None)
        self.assertEqual(self.verify(), {})
        self.change(image, os_hash_algo="whirlwind", os_hash_value="1")
        self.assertEqual(self.verify(), {})
        self.change(image, checksum="0" * 32)
        self.assertEqual(self.verify(), {image.id: Fault.WRONG})

    def test_upper_case(self):
        """
        A hash in upper case is the same hash.
        """
        image = self.fill()
        self.change(image, checksum=image.checksum.upper())
        self.assertEqual(self.verify(), {})

    def test_lent(self):
        """
        What others lend is read after all else: they may take as long as they like.
        """
        lending = LendingStore()
        storage = Storage(
            {"file": self.store, "http": lending},
            "file",
            {"http": StoreInfo(read_only=True)},
        )
        self.world.storage = storage
        for _ in range(4):
            image = self.fill()
            at = Location(store="http", key=lending.lend(image.id, len(DATA)))
            self.change(image, locations=(at,))
        images = [self.fill() for _ in range(4)]
        for image in images:
            self.tamper(image, b"x" * len(DATA))
        verifying = Deferred.fromCoroutine(self.verifier().verify(self.found.append))
        self.assertNoResult(verifying)
        found = {finding.image for finding in self.found}
        self.assertEqual(found, {image.id for image in images})
        verifying.addErrback(lambda _: None)
        verifying.cancel()

    def test_unreadable(self):
        """
        Data that its store doesn't give, and data in a store that isn't
        configured, is unreadable; the rest is looked at.
        """
        image = self.fill()
        other = self.change(
            self.fill(), locations=(Location(store="moon", key="a-key"),)
        )
        self.assertEqual(self.verify(), {other.id: Fault.UNREADABLE})
        self.store.down = True
        self.assertEqual(self.verify([image.id]), {image.id: Fault.UNREADABLE})

    def test_each_location(self):
        """
        Each of several places is looked at.
        """
        image = self.fill()
        elsewhere = Location(store="file", key=f"{image.id}.2")
        self.change(image, locations=(*image.locations, elsewhere))
        self.assertEqual(self.verify(), {image.id: Fault.MISSING})
        self.assertEqual(self.found[0].key, f"{image.id}.2")
        self.assertEqual(len(self.found), 1)

    def test_deactivated(self):
        """
        A deactivated image still has data.
        """
        image = self.change(self.fill(), status=Status.DEACTIVATED)
        self.tamper(image, b"")
        self.assertEqual(self.verify(), {image.id: Fault.SIZE})

    def test_deleted_meanwhile(self):
        """
        An image that is deleted while its data is looked at is all right.
        """
        image = self.fill()
        key = image.locations[0].key
        registry, store = self.registry, self.memory

        class Deleting(MemoryStore):
            def get(self, *asked):
                def deleted(_):
                    return store.get(key)

                gone = evolve(image, status=Status.PENDING_DELETE)
                replaced = registry.replace(image, gone)
                return replaced.addCallback(lambda _: store.delete(key)).addCallback(
                    deleted
                )

        self.world.storage.stores = {"file": Deleting()}
        self.assertEqual(self.verify(), {})

    def test_named_ones(self):
        """
        Only the images that are named are looked at; each of them must be.
        """
        image, other = self.fill(), self.fill()
        self.tamper(image, b"")
        self.assertEqual(self.verify([other.id]), {})
        self.assertEqual(self.verify([image.id]), {image.id: Fault.SIZE})
        verifying = self.verifier().verify(self.found.append, ["none"])
        self.failureResultOf(Deferred.fromCoroutine(verifying), ImageNotFound)

    def test_many(self):
        """
        More images are looked at than one page has, hidden ones, too.
        """
        for number in range(205):
            image = self.fill(b"%d" % number)
            self.change(image, os_hidden=number % 2 == 0)
        verified = self.run_(self.verifier().verify(self.found.append))
        self.assertEqual(verified.images, 205)
        self.assertEqual(self.found, [])

    def test_registry_down(self):
        """
        Nothing can be verified without a registry.
        """
        self.registry.down = True
        verifying = self.verifier().verify(self.found.append)
        self.failureResultOf(Deferred.fromCoroutine(verifying), RegistryUnavailable)

    def test_rate(self):
        """
        Data is read no faster than it is to be, over all images.
        """
        for _ in range(2):
            self.fill(bytes(1 << 20))
        self.check_rate()

    def test_rate_of_small_ones(self):
        """
        Many small images are read no faster than few big ones.
        """
        for _ in range(64):
            self.fill(bytes(1 << 15))
        self.check_rate()

    def check_rate(self):
        """
        Read 2 MiB at 256 KiB per second, and see how long it takes.
        """
        began = self.world.clock.seconds()
        verifying = Deferred.fromCoroutine(
            self.verifier(rate=1 << 18).verify(self.found.append)
        )
        seconds = 0.0
        while not verifying.called:
            self.world.clock.advance(0.125)
            seconds += 0.125
            self.assertLess(seconds, 20)
        # The last pieces needn't be waited for.
        self.assertGreaterEqual(self.world.clock.seconds() - began, 7.5)
        self.assertLessEqual(self.world.clock.seconds() - began, 8.5)
        self.assertEqual(self.successResultOf(verifying).size, 2 << 20)
        self.assertEqual(self.world.clock.getDelayedCalls(), [])


class OrphanTests(VerificationCase):
    """
    Data is an orphan if no image has anything to do with it.
    """

    def stray(self):
        """
        Get the keys of orphans.
        """
        return [f.key for f in self.run_(self.verifier().stray()).findings]

    def remove(self, key, image=OWNER, sure=True):
        """
        Remove an orphan; get whether it is gone.
        """
        finding = Finding(
            fault=Fault.ORPHANED, image=image, store="file", key=key, detail=""
        )
        return self.run_(self.verifier().remove(finding, sure=sure))

    def test_named(self):
        """
        What images name isn't, be it their data, doomed, or on its way.
        """
        self.fill()
        image = self.create()
        key = f"{image}.1"
        self.put(key)
        self.change(self.image(image), doomed=(Location(store="file", key=key),))
        self.store.added = Deferred()
        self.start(self.create())
        self.assertEqual(len(self.kept()), 3)
        self.assertEqual(self.stray(), [])

    def test_orphans(self):
        """
        Data of images that are unknown, or that know nothing of it, is.
        """
        image = self.fill()
        strange = f"{image.id}.feedfeedfeedfeed"
        for key in (ORPHAN, strange, "README"):
            self.put(key)
        self.assertEqual(self.stray(), sorted([ORPHAN, strange, "README"]))
        findings = self.run_(self.verifier().stray()).findings
        self.assertEqual(
            {f.key: f.image for f in findings},
            {ORPHAN: OWNER, strange: image.id, "README": None},
        )

    def test_other_store(self):
        """
        That an image names the key in another store doesn't count, but what is called
        so stays: both stores may be one place.
        """
        image = self.fill()
        key = image.locations[0].key
        self.world.storage.stores = {"file": self.store, "more": MemoryStore()}
        more = self.world.storage.stores["more"]
        self.successResultOf(more.add(key, BytesBody(b"data")))
        [finding] = self.run_(self.verifier().stray()).findings
        self.assertEqual((finding.store, finding.key), ("more", key))
        self.assertIn("the same place", finding.detail)
        self.assertFalse(self.run_(self.verifier().remove(finding, sure=True)))
        self.assertEqual(self.successResultOf(more.keys()), [key])
        self.world.storage.stores["more"] = self.store
        self.assertEqual(len(self.run_(self.verifier().stray()).findings), 1)

    def test_store_unknown(self):
        """
        What an image names in a store that isn't known by that name is no orphan,
        wherever it lies: stores are renamed.
        """
        image = self.fill()
        key = image.locations[0].key
        self.world.storage.stores = {"fast": self.store, "more": MemoryStore()}
        self.assertEqual(self.stray(), [])
        finding = Finding(
            fault=Fault.ORPHANED, image=image.id, store="fast", key=key, detail=""
        )
        self.assertFalse(self.run_(self.verifier().remove(finding)))
        self.assertEqual(self.kept(), [key])

    def test_removed(self):
        """
        An orphan is removed, and nothing else is.
        """
        image = self.fill()
        self.put(ORPHAN)
        self.assertTrue(self.remove(ORPHAN))
        self.assertEqual(self.kept(), [image.locations[0].key])
        self.assertFalse(self.remove(ORPHAN))

    def test_unknown(self):
        """
        What is called as data of an image that nobody here knows may be others'.
        """
        mine = f"{self.fill().id}.feedfeedfeedfeed"
        self.put(ORPHAN)
        self.put(mine)
        self.assertFalse(self.remove(ORPHAN, sure=False))
        self.assertTrue(self.remove(mine, mine[:36], sure=False))
        self.assertIn(ORPHAN, self.kept())
        self.assertNotIn(mine, self.kept())

    def test_begun_meanwhile(self):
        """
        An orphan that turns out to be an image's after all stays: that of an
        upload under way, data of an image, and what the reaper sees to.
        """
        self.store.added = Deferred()
        uploading = self.create()
        self.start(uploading)
        [key] = self.kept()
        self.assertFalse(self.remove(key, uploading))
        self.store.added.callback(None)
        self.assertFalse(self.remove(key, uploading))
        image = self.image(uploading)
        self.change(image, locations=(), doomed=image.locations)
        self.assertFalse(self.remove(key, uploading))
        self.assertEqual(self.kept(), [key])
        self.change(image, doomed=())
        self.assertTrue(self.remove(key, uploading))

    def test_late_data(self):
        """
        Data of an upload that ends between two looks isn't an orphan.
        """
        keys = self.memory.keys

        class Filling(FaultyStore):
            def keys(filling):  # noqa: N805
                self.fill()
                return keys()

        self.world.storage.stores = {"file": Filling(self.memory)}
        self.assertEqual(self.stray(), [])

    def test_foreign_files(self):
        """
        What isn't called as data of an image is never removed.
        """
        for key in ("README", "1", OWNER):
            self.put(key)
            self.assertFalse(self.remove(key, None))
        self.assertEqual(len(self.kept()), 3)

    def test_registry_down(self):
        """
        Nothing is removed while the registry can't be asked.
        """
        self.put(ORPHAN)
        self.registry.down = True
        finding = Finding(
            fault=Fault.ORPHANED, image=OWNER, store="file", key=ORPHAN, detail=""
        )
        removing = Deferred.fromCoroutine(self.verifier().remove(finding))
        self.failureResultOf(removing, RegistryUnavailable)
        self.registry.down = False
        self.assertEqual(self.kept(), [ORPHAN])

    def test_doubtful(self):
        """
        A registry that has nothing to do with what is in the stores is
        doubtful.
        """

        def doubtful():
            return self.run_(self.verifier().stray()).doubtful

        self.assertFalse(doubtful())
        self.put(ORPHAN)
        self.assertTrue(doubtful())
        image = self.fill()
        self.assertFalse(doubtful())
        self.run_(self.world.images.delete(ADMIN, image.id))
        self.assertTrue(doubtful())
        self.put(f"{image.id}.feedfeedfeedfeed")
        self.assertFalse(doubtful())

    def test_gone_meanwhile(self):
        """
        What is gone by the second look is no orphan.
        """
        self.fill()
        store = self.memory
        self.put(ORPHAN)

        class Losing(FaultyStore):
            def size(self, key):
                return store.delete(key).addCallback(lambda _: store.size(key))

        self.world.storage.stores = {"file": Losing(store)}
        self.assertEqual(self.stray(), [])
        self.failureResultOf(store.size(ORPHAN), DataNotFound)
