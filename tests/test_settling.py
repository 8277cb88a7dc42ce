"""
Tests for L{glance.settling} and L{glance.leases}.
"""

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import BodyTruncated, RegistryUnavailable, UploadSuperseded
from glance.image import Status
from glance.settling import PATIENCE
from glance.stores.memory import MemoryStore
from glance.streams.bodies import BytesBody
from tests.assembly import ADMIN, World
from tests.bodies import ManualBody
from tests.faults import FaultyRegistry, FaultyStore
from tests.registry.memory import memory_registry
from tests.test_transfers import TransferCase


class ReaperTests(TransferCase):
    """
    The reaper settles what the dead have left, and nothing else.
    """

    def setUp(self):
        super().setUp()
        clock = self.world.clock
        self.store = FaultyStore(MemoryStore())
        self.faulty = FaultyRegistry(memory_registry(clock))
        self.world = World(registry=self.faulty, store=self.store, clock=clock)
        self.there = self.other(store=self.store)
        self.image_id = self.create()
        self.body = ManualBody()

    def begin(self, image_id, body, **how):
        """
        Begin an upload of which, if its process isn't dead, it hears soon that
        it was given up.
        """
        uploading = self.start(image_id, body, **how)
        uploading.addErrback(lambda failure: failure.trap(UploadSuperseded))

    def look(self):
        """
        Let the other process's reaper look.
        """
        self.run_(self.there.reaper.look())

    def test_living(self):
        """
        As long as a process renews its lease, its uploads are left alone.
        """
        self.world.lease.start()
        uploading = self.start(self.image_id, self.body)
        for _ in range(20):
            self.world.clock.advance(20)
            self.look()
        self.body.data(b"data")
        self.body.end()
        self.assertEqual(self.successResultOf(uploading).status, Status.ACTIVE)

    def test_registry_away(self):
        """
        When the registry was away for so long that all leases have run out, uploads
        of the living go on, whoever looks first; those of the dead end a lease later.
        """
        self.world.lease.start()
        uploading = self.start(self.image_id, self.body)
        self.wait(60)
        lost = self.create()
        self.begin(lost, ManualBody())
        image = self.image(lost)
        attempt = evolve(image.attempt, instance="dead")
        self.successResultOf(self.faulty.replace(image, evolve(image, attempt=attempt)))
        self.faulty.down = True
        self.wait(180)
        self.world.clock.advance(19)
        self.faulty.down = False
        for _ in range(3):
            self.look()
            self.run_(self.world.reaper.look())
            self.assertEqual(self.image(lost).status, Status.SAVING)
            self.wait(20)
        self.body.data(b"data")
        self.body.end()
        self.assertEqual(self.successResultOf(uploading).status, Status.ACTIVE)
        self.wait(20)
        self.look()
        self.assertEqual(self.image(lost).status, Status.QUEUED)

    def test_dead(self):
        """
        Once its lease has expired, its uploads end as they would have failed.
        """
        for fallback in (Status.QUEUED, Status.KILLED):
            image_id = self.create()
            self.begin(image_id, ManualBody(), fallback=fallback)
            self.wait(59)
            self.look()
            self.assertEqual(self.image(image_id).status, Status.SAVING)
            self.wait(2)
            self.look()
            self.assert_failed(image_id, fallback)

    def test_died_after_keeping(self):
        """
        Data that was kept by a process that died before it could say so is
        removed.
        """
        self.store.added = Deferred()
        self.begin(self.image_id, BytesBody(b"data"))
        self.assertEqual(len(self.kept()), 1)
        self.wait(61)
        self.look()
        self.assert_failed(self.image_id, Status.QUEUED)

    def test_store_down(self):
        """
        If the data can't be removed yet, that is remembered.
        """
        self.store.added = Deferred()
        self.begin(self.image_id, BytesBody(b"data"))
        self.wait(61)
        self.store.down = True
        self.look()
        image = self.image(self.image_id)
        self.assertEqual(image.status, Status.QUEUED)
        self.assertEqual(len(image.doomed), 1)
        self.store.down = False
        self.look()
        self.assert_failed(self.image_id, Status.QUEUED)

    def test_doomed_data_and_new_upload(self):
        """
        What is left of a failed attempt goes without harm to the next one.
        """
        self.leave_doomed()
        self.run_(self.there.transfers.upload(ADMIN, self.image_id, BytesBody(b"new")))
        self.look()
        image = self.image(self.image_id)
        self.assertEqual((image.status, image.doomed), (Status.ACTIVE, ()))
        self.assertEqual([place.key for place in image.locations], self.kept())

    def test_stood_still(self):
        """
        What a process has under way it doesn't take for dead, however long it stood
        still itself.
        """
        uploading = self.start(self.image_id, self.body)
        self.world.clock.advance(61)
        self.run_(self.world.reaper.look())
        self.body.data(b"data")
        self.body.end()
        self.assertEqual(self.successResultOf(uploading).status, Status.ACTIVE)

    def leave_doomed(self):
        """
        Have an upload die whose data cannot be removed at once.
        """
        self.store.added = Deferred()
        self.begin(self.image_id, BytesBody(b"old"))
        self.wait(61)
        self.store.down = True
        self.look()
        self.store.down, self.store.added = False, None
        self.assertNotEqual(self.image(self.image_id).doomed, ())

    def test_doomed_data_amid_new_upload(self):
        """
        Nor does it harm one that is under way, as long as its process lives.
        """
        self.leave_doomed()
        body = ManualBody()
        uploading = Deferred.fromCoroutine(
            self.there.transfers.upload(ADMIN, self.image_id, body)
        )
        self.assertNotEqual(self.image(self.image_id).doomed, ())
        for world in (self.world, self.there):
            self.run_(world.reaper.look())
        image = self.image(self.image_id)
        self.assertEqual((image.status, image.doomed), (Status.SAVING, ()))
        body.data(b"new")
        body.end()
        self.assertEqual(self.successResultOf(uploading).status, Status.ACTIVE)

    def test_doomed_data_and_dead_upload(self):
        """
        Where that one's process is dead, too, all ends.
        """
        self.leave_doomed()
        self.begin(self.image_id, ManualBody())
        self.wait(61)
        self.look()
        self.look()
        self.assert_failed(self.image_id, Status.QUEUED)

    def test_regularly(self):
        """
        It looks at its start and then again and again, until it is stopped.
        """
        self.there.reaper.start()
        self.begin(self.image_id, self.body)
        self.world.clock.pump([30, 30, 30])
        self.assert_failed(self.image_id, Status.QUEUED)
        self.run_(self.there.reaper.stop())
        self.run_(self.there.lease.stop())
        self.assertEqual(self.world.clock.getDelayedCalls(), [])

    def test_many(self):
        """
        It settles any number of images.
        """
        for _ in range(230):
            self.begin(self.create(), ManualBody())
        self.wait(61)
        self.look()
        left = self.successResultOf(self.world.registry.unsettled(1))
        self.assertEqual(list(left), [])


class HangingStoreTests(TransferCase):
    """
    A store that does not answer holds up only what is in it.
    """

    def setUp(self):
        super().setUp()
        self.hung, self.store = FaultyStore(MemoryStore()), MemoryStore()
        self.stores = {"hung": self.hung, "store": self.store}
        self.world = World(stores=self.stores)

    def killed(self, store):
        """
        Make an image whose upload has died.

        @return: its id.
        """
        image_id = self.create()
        uploading = self.start(image_id, ManualBody(), store=store)
        uploading.addErrback(lambda failure: failure.trap(UploadSuperseded))
        return image_id

    def look(self):
        """
        Have another process begin to look.
        """
        looking = Deferred.fromCoroutine(self.there.reaper.look())
        self.world.clock.pump([PATIENCE] * 8)
        self.successResultOf(looking)

    def test_others(self):
        """
        What is elsewhere is settled all the same, and nothing is asked twice.
        """
        hung = [self.killed("hung") for _ in range(5)]
        well = [self.killed("store") for _ in range(5)]
        self.there = self.other(stores=self.stores)
        self.hung.hanging = []
        for _ in range(3):
            self.look()
        names = [name for name, _ in self.hung.hanging]
        self.assertEqual(names.count("sweep"), 1)
        self.assertLessEqual(names.count("delete"), 3)
        for image_id in well:
            self.assertEqual(self.image(image_id).status, Status.QUEUED)
            self.assertEqual(self.image(image_id).doomed, ())
        self.hung.answer()
        self.look()
        for image_id in hung:
            self.assertEqual(self.image(image_id).status, Status.QUEUED)
            self.assertEqual(self.image(image_id).doomed, ())

    def test_delete(self):
        """
        Who deletes an image hears soon that it is gone, and its data goes later.
        """
        image_id = self.create()
        self.successResultOf(self.start(image_id, store="hung"))
        self.hung.hanging = []
        deleting = Deferred.fromCoroutine(self.world.images.delete(ADMIN, image_id))
        self.assertNoResult(deleting)
        self.world.clock.advance(PATIENCE)
        self.assertEqual(self.successResultOf(deleting).status, Status.PENDING_DELETE)
        self.hung.answer()
        self.assertEqual(self.image(image_id).status, Status.DELETED)

    def test_upload(self):
        """
        Who uploads to it hears soon that it failed, and what it left is removed
        later.
        """
        image_id = self.create()
        body = ManualBody()
        uploading = self.start(image_id, body, store="hung")
        self.hung.hanging = []
        body.fail(BodyTruncated("It was cut."))
        self.assertNoResult(uploading)
        self.world.clock.advance(PATIENCE)
        self.failureResultOf(uploading, BodyTruncated)
        self.assertEqual(self.image(image_id).status, Status.QUEUED)
        self.assertEqual(len(self.image(image_id).doomed), 1)
        self.hung.answer()
        self.assertEqual(self.image(image_id).doomed, ())


class LeaseTests(SynchronousTestCase):
    """
    A process holds its lease.
    """

    def setUp(self):
        self.world = World()
        self.faulty = FaultyRegistry(memory_registry(self.world.clock))
        self.world = World(registry=self.faulty, clock=self.world.clock)
        self.lease = self.world.lease

    def hold(self):
        """
        Ask for the lease.
        """
        return Deferred.fromCoroutine(self.lease.hold())

    def test_held_at_once(self):
        """
        It can be had before it was renewed for the first time.
        """
        self.successResultOf(self.hold())

    def test_not_asked_too_often(self):
        """
        As long as it is fresh, the registry isn't asked; then it is.
        """
        self.successResultOf(self.hold())
        self.faulty.down = True
        self.world.clock.advance(29)
        self.successResultOf(self.hold())
        self.world.clock.advance(2)
        self.failureResultOf(self.hold(), RegistryUnavailable)

    def test_registry_down_for_a_while(self):
        """
        It goes on to be renewed after the registry was down.
        """
        self.lease.start()
        self.faulty.down = True
        self.world.clock.pump([20, 20, 20])
        self.failureResultOf(self.hold(), RegistryUnavailable)
        self.faulty.down = False
        self.world.clock.advance(20)
        self.faulty.down = True
        self.successResultOf(self.hold())

    def test_proves_dead(self):
        """
        Another's lease that has run out proves something only after its own was
        renewed, without a break, for as long as a lease lasts.
        """

        def renew(*pauses):
            proofs = []
            for pause in pauses:
                self.world.clock.advance(pause)
                self.successResultOf(self.hold())
                proofs.append(self.lease.proves_dead("there"))
            return proofs

        self.assertFalse(self.lease.proves_dead("there"))
        self.assertEqual(renew(0, 31, 31), [False, False, True])
        self.assertFalse(self.lease.proves_dead("here"))
        self.world.clock.advance(41)
        self.assertFalse(self.lease.proves_dead("there"))
        self.assertEqual(renew(0, 31, 31), [False, False, True])
        self.faulty.down = True
        self.world.clock.advance(31)
        self.failureResultOf(self.hold(), RegistryUnavailable)
        self.assertFalse(self.lease.proves_dead("there"))
        self.faulty.down = False
        self.assertEqual(renew(0, 31, 31), [False, False, True])

    def test_late_answer(self):
        """
        A registry that was asked in time and has answered late was away.
        """
        self.lease.start()
        self.world.clock.pump([20, 20, 20])
        self.assertTrue(self.lease.proves_dead("there"))
        self.faulty.renewed = Deferred()
        self.world.clock.advance(20)
        self.world.clock.advance(30)
        self.faulty.renewed.callback(None)
        self.assertFalse(self.lease.proves_dead("there"))

    def test_given_back(self):
        """
        It is given back at the end, so that nobody has to wait for its end.
        """
        self.lease.start()
        self.successResultOf(Deferred.fromCoroutine(self.lease.stop()))
        self.assertEqual(self.world.clock.getDelayedCalls(), [])

    def test_not_given_back(self):
        """
        If that cannot be done, the process ends all the same.
        """
        self.lease.start()
        self.faulty.down = True
        self.successResultOf(Deferred.fromCoroutine(self.lease.stop()))
