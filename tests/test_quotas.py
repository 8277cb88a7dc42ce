"""
Tests of what L{glance.transfers} does where there are quotas.
"""

from glance import transfers
from glance.errors import (
    BodyTruncated,
    ImageGone,
    QuotaExceeded,
    RegistryUnavailable,
)
from glance.limits import Limits, Quota
from tests.assembly import ADMIN, World
from tests.bodies import ManualBody
from tests.faults import FaultyRegistry
from tests.registry.memory import memory_registry
from tests.test_transfers import TransferCase


class QuotaTests(TransferCase):
    """
    An upload brings no more than its image's owner has room for.
    """

    def setUp(self):
        super().setUp()
        self.world.limits = Limits(quota=Quota(size=10))

    def used(self):
        """
        Get how many bytes count.
        """
        return self.successResultOf(self.world.registry.usage(None)).size

    def test_stopped(self):
        """
        Data of which nobody said how much it is stops where there is no more room;
        what others have is counted as it comes.
        """
        one, other = ManualBody(), ManualBody()
        uploads = [self.start(self.create(), body) for body in (one, other)]
        one.data(b"123456")
        other.data(b"123")
        self.assertEqual(self.used(), 9)
        other.data(b"45")
        self.assertTrue(other.stopped)
        self.failureResultOf(uploads[1], QuotaExceeded)
        self.assertEqual(self.used(), 6)
        one.data(b"7890")
        one.end()
        self.successResultOf(uploads[0])
        self.assertEqual((self.used(), len(self.kept())), (10, 1))

    def test_deleted(self):
        """
        Data whose image was deleted is stopped before more of it is booked.
        """
        image_id, body = self.create(), ManualBody()
        uploading = self.start(image_id, body)
        body.data(b"123")
        self.run_(self.world.images.delete(ADMIN, image_id))
        body.data(b"4")
        self.failureResultOf(uploading, ImageGone)
        self.assertEqual((self.used(), self.kept()), (0, []))

    def test_step(self):
        """
        What was announced is looked after now and then as well.
        """
        self.patch(transfers, "STEP", 2)
        image_id, body = self.create(), ManualBody()
        uploading = self.start(image_id, body, size=9)
        for piece in (b"123", b"45"):
            body.data(piece)
            self.assertFalse(body.paused)
        self.run_(self.world.images.delete(ADMIN, image_id))
        body.data(b"6789")
        self.assertTrue(body.stopped)
        self.failureResultOf(uploading, ImageGone)

    def test_broken_off(self):
        """
        What was booked for an upload that broke off is free again.
        """
        for size in (None, 9):
            body = ManualBody()
            uploading = self.start(self.create(), body, size=size)
            body.data(b"123")
            self.assertEqual(self.used(), size or 3)
            body.fail(BodyTruncated("It ended early."))
            self.failureResultOf(uploading, BodyTruncated)
            self.assertEqual(self.used(), 0)

    def test_taken_for_dead(self):
        """
        So is what a process had booked that is taken for dead.
        """
        self.start(self.create(), ManualBody(), size=9)
        self.assertEqual(self.used(), 9)
        self.run_(self.other(store=self.world.store).reaper.look())
        self.assertEqual(self.used(), 0)

    def test_registry_down(self):
        """
        While the registry cannot be asked for room the data waits, for some time.
        """
        clock = self.world.clock
        registry = FaultyRegistry(memory_registry(clock))
        self.world = World(registry=registry, clock=clock, limits=self.world.limits)
        image_id, body = self.create(), ManualBody()
        uploading = self.start(image_id, body)
        registry.down = True
        body.data(b"123")
        clock.advance(1)
        self.assertTrue(body.paused)
        self.assertNoResult(uploading)
        registry.down = False
        clock.advance(1)
        self.assertFalse(body.paused)
        registry.down = True
        body.data(b"456")
        for _ in range(30):
            clock.advance(0.5)
        self.assertTrue(body.stopped)
        self.failureResultOf(uploading, RegistryUnavailable)
        registry.down = False
        self.run_(self.world.reaper.look())
        self.assertEqual(self.used(), 0)
