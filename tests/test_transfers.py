"""
Tests for L{glance.transfers}.
"""

import hashlib

from attrs import evolve
from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import (
    BadTransition,
    BodyStopped,
    BodyTruncated,
    ChecksumMismatch,
    Forbidden,
    ImageGone,
    ImageTooLarge,
    RegistryRefused,
    RegistryUnavailable,
    SizeMismatch,
    StoreNotFound,
    StoreUnavailable,
    UploadSuperseded,
)
from glance.image import Status, Visibility
from glance.limits import UNBOUNDED, Limits, Quota
from glance.stores.memory import MemoryStore
from glance.streams.bodies import BytesBody
from glance.transfers import LOOK
from tests.assembly import ADMIN, World, member_of
from tests.bodies import FailingBody, ManualBody
from tests.faults import FaultyRegistry, FaultyStore
from tests.registry.memory import memory_registry

DATA = b"the data of an image" * 100
MD5 = hashlib.md5(DATA).hexdigest()


class TransferCase(SynchronousTestCase):
    """
    A world, and shorthands for what is done in it.
    """

    def setUp(self):
        self.world = World()

    def run_(self, coroutine):
        """
        Get what a coroutine returns at once.
        """
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def wait(self, seconds):
        """
        Let time pass, in which leases are renewed that are to be.
        """
        while seconds > 0:
            self.world.clock.advance(min(seconds, 20))
            seconds -= 20

    def other(self, **how):
        """
        Get another process, which has had its lease for a minute.
        """
        world = self.world
        other = World(
            registry=world.registry, clock=world.clock, instance="there", **how
        )
        other.lease.start()
        self.wait(60)
        return other

    def create(self, context=ADMIN, **attributes):
        """
        Make an image, and get its id.
        """
        images = self.world.images
        return self.run_(images.create(context, images.draft(context, **attributes))).id

    def start(self, image_id, body=None, context=ADMIN, **announced):
        """
        Begin an upload.
        """
        if body is None:
            body = BytesBody(DATA)
        uploading = self.world.transfers.upload(context, image_id, body, **announced)
        return Deferred.fromCoroutine(uploading)

    def image(self, image_id):
        """
        Get an image as the registry has it.
        """
        return self.successResultOf(self.world.registry.get(image_id))

    def kept(self):
        """
        Get the keys of what is in the store.
        """
        return list(self.successResultOf(self.world.store.keys()))

    def assert_failed(self, image_id, status):
        """
        See that an image has come to rest without data.
        """
        image = self.image(image_id)
        self.assertEqual(
            (image.status, image.attempt, image.doomed, image.locations),
            (status, None, (), ()),
        )
        self.assertEqual(self.kept(), [])


class UploadTests(TransferCase):
    """
    An upload makes an image active, or leaves nothing.
    """

    def test_whole(self):
        """
        The image becomes active, with what was measured.
        """
        image_id = self.create()
        image = self.successResultOf(self.start(image_id))
        self.assertEqual(image, self.image(image_id))
        self.assertEqual(
            (image.status, image.size, image.checksum, image.attempt),
            (Status.ACTIVE, len(DATA), MD5, None),
        )
        self.assertEqual(
            (image.os_hash_algo, image.os_hash_value),
            ("sha512", hashlib.sha512(DATA).hexdigest()),
        )
        self.assertEqual([place.key for place in image.locations], self.kept())

    def test_saving(self):
        """
        While the data comes the image is saving, and names the attempt.
        """
        image_id = self.create()
        body = ManualBody()
        uploading = self.start(image_id, body)
        image = self.image(image_id)
        self.assertEqual(image.status, Status.SAVING)
        self.assertEqual(image.attempt.instance, "here")
        self.assertTrue(image.attempt.location.key.startswith(f"{image_id}."))
        self.assertEqual(self.world.transfers.in_flight, 1)
        body.data(DATA)
        body.end()
        self.successResultOf(uploading)
        self.assertEqual(self.world.transfers.in_flight, 0)

    def test_second_upload(self):
        """
        Only a queued image takes data; who comes second harms nothing.
        """
        image_id = self.create()
        body = ManualBody()
        first = self.start(image_id, body)
        self.failureResultOf(self.start(image_id), BadTransition)
        body.data(DATA)
        body.end()
        self.successResultOf(first)
        self.failureResultOf(self.start(image_id), BadTransition)
        self.assertEqual(self.image(image_id).checksum, MD5)

    def test_broken_off(self):
        """
        Data that ends too early leaves the image queued, or killed where that
        was asked for, and nothing in the store.
        """
        for fallback in (Status.QUEUED, Status.KILLED):
            image_id = self.create()
            body = FailingBody([DATA], BodyTruncated("Gone."), len(DATA) + 1)
            uploading = self.start(image_id, body, fallback=fallback)
            self.failureResultOf(uploading, BodyTruncated)
            self.assert_failed(image_id, fallback)

    def test_cancelled(self):
        """
        A cancelled upload leaves nothing.
        """
        image_id = self.create()
        body = ManualBody()
        uploading = self.start(image_id, body)
        body.data(DATA)
        uploading.cancel()
        self.failureResultOf(uploading, BodyStopped)
        self.assert_failed(image_id, Status.QUEUED)

    def test_again(self):
        """
        After a failed upload, another one may succeed.
        """
        image_id = self.create()
        body = FailingBody([DATA], BodyTruncated("Gone."), len(DATA) + 1)
        self.failureResultOf(self.start(image_id, body), BodyTruncated)
        self.successResultOf(self.start(image_id))
        self.assertEqual(len(self.kept()), 1)

    def test_wrong_size(self):
        """
        A size that was announced, now or before, has to be right.
        """
        for body in (BytesBody(DATA), FailingBody([DATA], BodyTruncated(""), 3)):
            image_id = self.create()
            uploading = self.start(image_id, body, size=10)
            self.failureResultOf(uploading, SizeMismatch)
            self.assert_failed(image_id, Status.QUEUED)
        image_id = self.create(size=10)
        self.failureResultOf(self.start(image_id), SizeMismatch)

    def test_wrong_size_of_unknown_length(self):
        """
        It has to be right also where only the end of the data tells.
        """
        image_id = self.create()
        body = ManualBody()
        uploading = self.start(image_id, body, size=10)
        body.data(DATA)
        body.end()
        self.failureResultOf(uploading, SizeMismatch)
        self.assert_failed(image_id, Status.QUEUED)

    def test_checksum(self):
        """
        A checksum that was announced, now or before, has to be right; its case
        does not matter.
        """
        self.successResultOf(self.start(self.create(), checksum=MD5.upper()))
        self.successResultOf(self.start(self.create(checksum=MD5.upper())))
        before = len(self.kept())
        for attributes, announced in (
            ({"checksum": "0" * 32}, {}),
            (
                {},
                {"checksum": "0" * 32},
            ),
        ):
            image_id = self.create(**attributes)
            uploading = self.start(image_id, **announced)
            self.failureResultOf(uploading, ChecksumMismatch)
            self.assertEqual(self.image(image_id).status, Status.QUEUED)
        self.assertEqual(len(self.kept()), before)

    def test_too_large(self):
        """
        An image has at most as many bytes as is allowed, whether their number
        is known beforehand or not.
        """
        self.world.limits = Limits(image_size_cap=len(DATA) - 1)
        image_id = self.create()
        self.failureResultOf(self.start(image_id), ImageTooLarge)
        self.assert_failed(image_id, Status.QUEUED)
        body = ManualBody()
        uploading = self.start(image_id, body)
        body.data(DATA)
        self.failureResultOf(uploading, ImageTooLarge)
        self.assert_failed(image_id, Status.QUEUED)

    def test_just_not_too_large(self):
        """
        It may have just as many.
        """
        self.world.limits = Limits(image_size_cap=len(DATA))
        self.successResultOf(self.start(self.create()))

    def test_unknown_store(self):
        """
        Where there is no such store, nothing changes.
        """
        image_id = self.create()
        self.failureResultOf(self.start(image_id, store="attic"), StoreNotFound)
        self.assertEqual(self.image(image_id).revision, 0)

    def test_forbidden(self):
        """
        Only the owner's project may fill an image.
        """
        mine, other = member_of("mine"), member_of("other")
        image_id = self.create(mine, visibility=Visibility.COMMUNITY)
        self.failureResultOf(self.start(image_id, context=other), Forbidden)
        self.successResultOf(self.start(image_id, context=mine))

    def test_other_changes_meanwhile(self):
        """
        What else is changed while the data comes stays changed.
        """
        image_id = self.create()
        body = ManualBody()
        uploading = self.start(image_id, body)
        self.run_(
            self.world.images.change(
                ADMIN, image_id, lambda i: evolve(i, tags=i.tags | {"new"})
            )
        )
        body.data(DATA)
        body.end()
        image = self.successResultOf(uploading)
        self.assertEqual((image.tags, image.status), ({"new"}, Status.ACTIVE))

    def test_deleted_meanwhile(self):
        """
        If the image is deleted while the data comes, the data goes too.
        """
        image_id = self.create()
        body = ManualBody()
        uploading = self.start(image_id, body)
        self.run_(self.world.images.delete(ADMIN, image_id))
        body.data(DATA)
        body.end()
        self.failureResultOf(uploading, ImageGone)
        self.assertEqual(self.kept(), [])
        self.assertEqual(self.image(image_id).status, Status.DELETED)

    def test_deleted_long_before_the_end(self):
        """
        Data for which nobody waits any more is stopped soon, though it goes on.
        """
        image_id = self.create()
        body = ManualBody()
        uploading = self.start(image_id, body)
        body.data(b"some")
        self.world.clock.advance(LOOK)
        self.assertNoResult(uploading)
        self.run_(self.world.images.delete(ADMIN, image_id))
        self.world.clock.advance(LOOK)
        self.assertTrue(body.stopped)
        self.failureResultOf(uploading, ImageGone)
        self.assertEqual(self.kept(), [])
        self.assertEqual(self.world.clock.getDelayedCalls(), [])

    def test_longer_than_announced(self):
        """
        Data that turns out to be longer than it was said to be is stopped there.
        """
        for quota in (UNBOUNDED, Quota(size=100)):
            self.world.limits = Limits(quota=quota)
            image_id = self.create()
            body = ManualBody()
            uploading = self.start(image_id, body, size=5)
            body.data(b"12345")
            self.assertNoResult(uploading)
            body.data(b"6")
            self.failureResultOf(uploading, SizeMismatch)
            self.assertTrue(body.over)
            self.assert_failed(image_id, Status.QUEUED)

    def test_unknown_whether_deleted(self):
        """
        While the registry cannot be asked whether the image is still there, the
        data goes on.
        """
        for error in (RegistryUnavailable, RegistryRefused, ValueError):
            image_id = self.create()
            body = ManualBody()
            uploading = self.start(image_id, body)
            get = self.world.registry.get
            self.world.registry.get = lambda _, error=error: fail(error("Not now."))
            self.world.clock.advance(3 * LOOK)
            self.world.registry.get = get
            self.assertFalse(body.stopped)
            body.data(DATA)
            body.end()
            self.assertIs(self.successResultOf(uploading).status, Status.ACTIVE)

    def test_announced_before(self):
        """
        What was said of data when the image was made counts, unless it is not
        heeded.
        """
        image_id = self.create(size=3)
        self.failureResultOf(self.start(image_id), SizeMismatch)
        image = self.successResultOf(self.start(image_id, heeds_known=False))
        self.assertEqual(image.size, len(DATA))

    def test_store_fails_after_it(self):
        """
        Where a store fails because others have removed what it had so far, that is
        what is said; where it fails of itself, or nobody knows, that it fails.
        """

        def fill():
            image_id, body = self.create(), ManualBody()
            return image_id, body, self.start(image_id, body)

        broken = StoreUnavailable("It lacks what it had.")
        image_id, body, uploading = fill()
        self.run_(self.world.images.delete(ADMIN, image_id))
        body.fail(broken)
        self.failureResultOf(uploading, ImageGone)
        _, body, uploading = fill()
        body.fail(broken)
        self.failureResultOf(uploading, StoreUnavailable)
        image_id, body, uploading = fill()
        get = self.world.registry.get
        self.world.registry.get = lambda _: fail(RegistryUnavailable("Not now."))
        body.fail(broken)
        self.world.registry.get = get
        self.failureResultOf(uploading, StoreUnavailable)

    def test_deleted_in_store(self):
        """
        The same is said where the store finds out first.
        """
        image_id = self.create()
        body = ManualBody()
        uploading = self.start(image_id, body)
        self.run_(self.world.images.delete(ADMIN, image_id))
        body.fail(UploadSuperseded("The data is gone."))
        self.failureResultOf(uploading, ImageGone)


class RegistryTroubleTests(TransferCase):
    """
    What an upload does when the registry fails at its end.
    """

    def setUp(self):
        super().setUp()
        clock = self.world.clock
        self.faulty = FaultyRegistry(memory_registry(clock))
        self.store = FaultyStore(MemoryStore())
        self.world = World(registry=self.faulty, store=self.store, clock=clock)
        self.image_id = self.create()
        self.body = ManualBody()

    def finish(self):
        """
        Let all of the data come.
        """
        self.body.data(DATA)
        self.body.end()

    def advance(self, seconds):
        """
        Let time pass.
        """
        self.world.clock.pump([0.5] * int(seconds * 2))

    def test_down_for_a_while(self):
        """
        A registry that is down at the end is asked again.
        """
        uploading = self.start(self.image_id, self.body)
        self.faulty.down = True
        self.finish()
        self.assertNoResult(uploading)
        self.advance(5)
        self.assertNoResult(uploading)
        self.faulty.down = False
        self.advance(1)
        self.assertEqual(self.successResultOf(uploading).status, Status.ACTIVE)

    def test_down_for_too_long(self):
        """
        If it stays down, the upload fails; the reaper ends it later.
        """
        uploading = self.start(self.image_id, self.body)
        self.faulty.down = True
        self.finish()
        self.advance(11)
        self.failureResultOf(uploading, RegistryUnavailable)
        self.assertEqual(len(self.kept()), 1)
        self.faulty.down = False
        self.assertEqual(self.image(self.image_id).status, Status.SAVING)
        self.run_(self.world.reaper.look())
        self.assert_failed(self.image_id, Status.QUEUED)

    def test_lost_answer(self):
        """
        If the registry did what was asked and its answer was lost, the upload
        has succeeded.
        """
        uploading = self.start(self.image_id, self.body)
        self.faulty.lose_answers = 1
        self.finish()
        self.advance(1)
        image = self.successResultOf(uploading)
        self.assertEqual(image.status, Status.ACTIVE)
        self.assertEqual(len(self.kept()), 1)

    def test_lost_answer_and_down(self):
        """
        If that is never known, the data of the image that is active stays.
        """
        uploading = self.start(self.image_id, self.body)
        self.faulty.lose_answers = 1
        self.finish()
        self.faulty.down = True
        self.advance(11)
        self.failureResultOf(uploading, RegistryUnavailable)
        self.faulty.down = False
        self.run_(self.world.reaper.look())
        self.assertEqual(self.image(self.image_id).status, Status.ACTIVE)
        self.assertEqual(len(self.kept()), 1)

    def test_lost_answer_at_the_start(self):
        """
        If it is never known whether the registry has the attempt, the reaper
        ends it.
        """
        self.faulty.lose_answers = 1
        uploading = self.start(self.image_id, self.body)
        self.failureResultOf(uploading, RegistryUnavailable)
        self.assertEqual(self.image(self.image_id).status, Status.SAVING)
        self.run_(self.world.reaper.look())
        self.assert_failed(self.image_id, Status.QUEUED)
        self.successResultOf(self.start(self.image_id))

    def test_down_at_the_start(self):
        """
        If the registry is down to begin with, no data is asked for.
        """
        self.faulty.down = True
        uploading = self.start(self.image_id, self.body)
        self.failureResultOf(uploading, RegistryUnavailable)
        self.assertIs(self.body.consumer, None)

    def test_taken_for_dead(self):
        """
        An upload that slept through its lease, and was settled by another
        process, fails and removes what it has kept.
        """
        self.store.added = Deferred()
        uploading = self.start(self.image_id, self.body)
        self.finish()
        other = self.other(store=self.store)
        self.run_(other.reaper.look())
        self.assert_failed(self.image_id, Status.QUEUED)
        self.store.added.callback(None)
        self.failureResultOf(uploading, UploadSuperseded)
        self.assert_failed(self.image_id, Status.QUEUED)

    def test_late_loser(self):
        """
        Such an upload does not harm another that has won meanwhile.
        """
        self.store.added = Deferred()
        late = self.start(self.image_id, self.body)
        self.finish()
        held, self.store.added = self.store.added, None
        other = self.other(store=self.store)
        self.run_(other.reaper.look())
        self.run_(other.transfers.upload(ADMIN, self.image_id, BytesBody(DATA)))
        held.callback(None)
        self.failureResultOf(late, UploadSuperseded)
        image = self.image(self.image_id)
        self.assertEqual(image.status, Status.ACTIVE)
        self.assertEqual([place.key for place in image.locations], self.kept())
