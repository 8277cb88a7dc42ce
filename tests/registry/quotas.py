"""
What every L{IRegistry} knows of how much owners have.
"""

from attrs import evolve

from glance.errors import (
    ImageExists,
    ImageNotFound,
    QuotaExceeded,
    UploadSuperseded,
)
from glance.image import Attempt, Location, Status
from glance.limits import Quota, Usage
from tests.registry.images import NOON, image

MEBIBYTE = 1 << 20


def saving(old, size=None, **changes):
    """
    Get an image as it is when an upload of so many bytes begins.
    """
    number = str(old.revision)
    attempt = Attempt(
        id=number,
        instance="process-1",
        location=Location(store="file", key=f"{old.id}.{number}"),
        fallback=Status.QUEUED,
        size=size,
    )
    return old.becoming(Status.SAVING, attempt=attempt, **changes)


def active(old, size):
    """
    Get an image as it is when its upload is over.
    """
    place = old.attempt.location
    return old.becoming(Status.ACTIVE, attempt=None, size=size, locations=(place,))


def given_up(old):
    """
    Get an image as it is when its upload has failed, and the data is still there.
    """
    place = old.attempt.location
    return old.becoming(Status.QUEUED, attempt=None, doomed=(*old.doomed, place))


class QuotaContract:
    """
    What every L{IRegistry} knows of how much owners have.  Inherited by
    C{RegistryContract}.
    """

    def used(self, owner="me"):
        """
        Get how much an owner has.
        """
        return self.outcome(self.registry.usage(owner))

    def make(self, number, quota=None, owner="me"):
        """
        Make an image.
        """
        asked = () if quota is None else (quota,)
        return self.outcome(self.registry.create(image(number, owner=owner), *asked))

    def change(self, old, new, quota=None):
        """
        Change an image.
        """
        asked = () if quota is None else (quota,)
        return self.outcome(self.registry.replace(old, new, *asked))

    def fill(self, number, size, owner="me"):
        """
        Make an image that has data.
        """
        begun = self.make(number, owner=owner)
        begun = self.change(begun, saving(begun, size))
        return self.change(begun, active(begun, size))

    def test_nothing_used(self):
        """
        Who has no image has used nothing; also who has no name.
        """
        for owner in ("me", "", None, "\N{GRINNING FACE}"):
            self.assertEqual(self.used(owner), Usage())

    def test_number(self):
        """
        An owner has no more images than it may, unless it had them before; each
        owner is alone with that, and what has no owner is, too.
        """
        two = Quota(images=2)
        for offset, owner in enumerate(("me", "you", "ME", None)):
            first = self.make(10 * offset + 1, two, owner)
            self.make(10 * offset + 2, two, owner)
            third = image(10 * offset + 3, owner=owner)
            error = self.refused(QuotaExceeded, self.registry.create(third, two))
            self.assertIn("may have 2 images, and has 2", str(error))
            self.refused(ImageNotFound, self.registry.get(third.id))
            self.assertEqual(self.used(owner).images, 2)
            self.make(10 * offset + 4, None, owner)
            self.refused(QuotaExceeded, self.registry.create(third, two))
            self.assertEqual(self.used(owner).images, 3)
            self.change(first, evolve(first, name="new"), two)

    def test_none(self):
        """
        An owner may have no images at all.
        """
        creating = self.registry.create(image(1, owner="me"), Quota(images=0))
        self.refused(QuotaExceeded, creating)

    def test_taken_id(self):
        """
        An id that is taken is told of rather than the quota.
        """
        one = Quota(images=1)
        self.make(1, one)
        creating = self.registry.create(image(1, owner="me"), one)
        self.refused(ImageExists, creating)

    def test_deleted_is_none(self):
        """
        A deleted image is none; its data counts until it is removed.
        """
        one, less = Quota(images=1), Quota(size=9)
        old = self.fill(1, 6)
        self.assertEqual(self.used(), Usage(size=6, images=1))
        gone = old.becoming(Status.PENDING_DELETE, deleted_at=NOON)
        gone = self.change(old, gone, Quota(size=0, images=0, uploads=0))
        self.assertEqual(self.used(), Usage(size=6))
        second = self.make(2, one)
        begin = self.registry.replace(second, saving(second, 6), less)
        self.refused(QuotaExceeded, begin)
        removed = gone.becoming(Status.DELETED, locations=(), doomed=())
        self.change(gone, removed)
        self.assertEqual(self.used(), Usage(images=1))
        self.change(second, saving(second, 6), less)

    def test_killed_is_none(self):
        """
        Nor is one that was killed, which no list shows.
        """
        one = Quota(images=1)
        old = self.make(1, one)
        killed = self.change(old, old.becoming(Status.KILLED), one)
        self.assertEqual(self.used(), Usage())
        self.make(2, one)
        gone = killed.becoming(Status.PENDING_DELETE, deleted_at=NOON)
        self.change(killed, gone, one)
        self.assertEqual(self.used(), Usage(images=1))

    def test_announced(self):
        """
        What an upload is said to bring is booked when it begins; and it is nothing
        more once it is there.
        """
        ten = Quota(size=10)
        first, second = self.make(1), self.make(2)
        begun = self.change(first, saving(first, 6), ten)
        self.assertEqual(self.used(), Usage(size=6, images=2, uploads=1))
        refused = self.registry.replace(second, saving(second, 5), ten)
        error = self.refused(QuotaExceeded, refused)
        self.assertIn("may have 10 bytes", str(error))
        self.assertEqual(self.got(second.id), second)
        other = self.change(second, saving(second, 4), ten)
        self.assertEqual(self.used().size, 10)
        self.change(begun, active(begun, 6), ten)
        self.change(other, active(other, 4), Quota(size=0))
        self.assertEqual(self.used(), Usage(size=10, images=2))

    def test_failed(self):
        """
        What was booked stays so until the data is removed.
        """
        ten = Quota(size=10)
        old = self.make(1)
        begun = self.change(old, saving(old, 6), ten)
        failed = self.change(begun, given_up(begun))
        self.assertEqual(self.used(), Usage(size=6, images=1))
        again = self.registry.replace(failed, saving(failed, 6), ten)
        self.refused(QuotaExceeded, again)
        begun = self.change(failed, saving(failed, 4), ten)
        self.assertEqual(self.used().size, 10)
        removed = self.change(begun, evolve(begun, doomed=()))
        self.assertEqual(self.used().size, 4)
        self.change(removed, active(removed, 4))
        self.assertEqual(self.used().size, 4)

    def test_deleted_meanwhile(self):
        """
        An image that is deleted during its upload gives nothing back before the data
        is removed.
        """
        old = self.make(1)
        begun = self.change(old, saving(old, 6))
        doomed = (begun.attempt.location,)
        gone = begun.becoming(
            Status.PENDING_DELETE, deleted_at=NOON, attempt=None, doomed=doomed
        )
        gone = self.change(begun, gone)
        self.assertEqual(self.used(), Usage(size=6))
        self.change(gone, gone.becoming(Status.DELETED, doomed=()))
        self.assertEqual(self.used(), Usage())

    def test_uploads(self):
        """
        Not more uploads are under way than may be.
        """
        one = Quota(uploads=1)
        first, second = self.make(1, one), self.make(2, one)
        begun = self.change(first, saving(first), one)
        begin = self.registry.replace(second, saving(second), one)
        error = self.refused(QuotaExceeded, begin)
        self.assertIn("may have 1 uploads at a time, and has 1", str(error))
        self.change(begun, evolve(begun, name="new"), one)
        begun = evolve(begun, name="new", revision=begun.revision + 1)
        self.change(begun, active(begun, 5), one)
        self.change(second, saving(second), one)
        self.assertEqual(self.used(), Usage(size=5, images=2, uploads=1))

    def test_grows(self):
        """
        For an upload that doesn't say how much it brings, room is booked as it comes;
        twice the same is the same.  Where there is no more, it loses what it has.
        """
        ten = Quota(size=10)
        self.fill(1, 4)
        old = self.make(2)
        begun = self.change(old, saving(old), ten)
        self.assertEqual(self.used().size, 4)
        for size in (3, 3, 2, 6):
            booked = self.outcome(self.registry.book(begun.id, "0", size, ten))
            self.assertEqual(booked, max(size, 3))
            self.assertEqual(self.used().size, 4 + booked)
        self.refused(QuotaExceeded, self.registry.book(begun.id, "0", 7, ten))
        self.assertEqual(self.used(), Usage(size=4, images=2, uploads=1))
        self.change(begun, given_up(begun))
        self.assertEqual(self.used(), Usage(size=4, images=2))

    def test_announced_is_booked(self):
        """
        For what was announced there is room.
        """
        old = self.make(1)
        begun = self.change(old, saving(old, 6))
        booking = self.registry.book(begun.id, "0", 5, Quota(size=6))
        self.assertEqual(self.outcome(booking), 6)
        self.assertEqual(self.used().size, 6)

    def test_grown_too_large(self):
        """
        What was never booked has to fit in at the end.
        """
        old = self.make(1)
        begun = self.change(old, saving(old))
        ending = self.registry.replace(begun, active(begun, 11), Quota(size=10))
        self.refused(QuotaExceeded, ending)
        self.change(begun, active(begun, 10), Quota(size=10))

    def test_plenty(self):
        """
        Where there is plenty, more is booked than was asked for, so that it isn't
        asked for often.
        """
        begun = [self.make(n) for n in range(4)]
        begun = [self.change(each, saving(each)) for each in begun]
        for n, quota, room in (
            (0, Quota(), 65 * MEBIBYTE),
            (1, Quota(size=1 << 40), 65 * MEBIBYTE),
            (2, Quota(size=(65 * 2 + 129) * MEBIBYTE), 3 * MEBIBYTE),
            (3, Quota(size=(133 + 64) * MEBIBYTE), MEBIBYTE),
        ):
            booked = self.outcome(self.registry.book(begun[n].id, "0", MEBIBYTE, quota))
            self.assertEqual(booked, room)

    def test_superseded(self):
        """
        Nothing is booked for an upload that has ended.
        """
        old = self.make(1)
        self.refused(UploadSuperseded, self.registry.book(old.id, "0", 5))
        begun = self.change(old, saving(old))
        self.refused(UploadSuperseded, self.registry.book(old.id, "1", 5))
        self.change(begun, given_up(begun))
        self.refused(UploadSuperseded, self.registry.book(old.id, "0", 5))
        self.refused(ImageNotFound, self.registry.book(image(2).id, "0", 5))
        self.assertEqual(self.used(), Usage(images=1))

    def test_copies(self):
        """
        Each copy counts.
        """
        old = self.fill(1, 6)
        more = (*old.locations, Location(store="other", key="b"))
        copied = evolve(old, locations=more)
        copying = self.registry.replace(old, copied, Quota(size=11))
        self.refused(QuotaExceeded, copying)
        copied = self.change(old, copied, Quota(size=12))
        self.assertEqual(self.used().size, 12)
        self.change(copied, evolve(copied, locations=more[:1]), Quota(size=0))
        self.assertEqual(self.used().size, 6)

    def test_other_owner(self):
        """
        An image that gets another owner has to have room with that; so has what is
        booked for it.
        """
        self.fill(1, 6, "you")
        old = self.make(2)
        begun = self.change(old, saving(old, 5))
        yours = evolve(begun, owner="you")
        for quota in (Quota(size=10), Quota(images=1), Quota(uploads=0)):
            giving = self.registry.replace(begun, yours, quota)
            self.refused(QuotaExceeded, giving)
        self.change(begun, yours, Quota(size=11, images=2, uploads=1))
        self.assertEqual(self.used(), Usage())
        self.assertEqual(self.used("you"), Usage(size=11, images=2, uploads=1))

    def test_forgotten(self):
        """
        Of images that are purged nothing is booked.
        """
        old = self.fill(1, 6)
        gone = old.becoming(Status.PENDING_DELETE, deleted_at=NOON)
        gone = self.change(old, gone)
        self.change(gone, gone.becoming(Status.DELETED, locations=()))
        self.outcome(self.registry.purge(image(99).created_at, 5))
        self.assertEqual(self.used(), Usage())
