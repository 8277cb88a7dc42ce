"""
Tests for downloads of L{glance.transfers}.
"""

from attrs import evolve
from twisted.internet.defer import Deferred

from glance.errors import (
    DataDamaged,
    DataNotFound,
    ImageDeactivated,
    ImageNotActive,
)
from glance.image import Location, Status
from glance.streams.bodies import read_all
from tests.assembly import ADMIN, member_of
from tests.test_transfers import DATA, TransferCase


class DownloadTests(TransferCase):
    """
    Data comes out as it went in, or not at all.
    """

    def stored(self):
        """
        Make an image with data.
        """
        return self.successResultOf(self.start(self.create()))

    def read(self, image, *part):
        """
        Get a part of an image's data.
        """

        async def read():
            return await read_all(
                await self.world.transfers.open(image, *part), 1 << 20
            )

        return self.run_(read())

    def opening(self, image, *part):
        """
        Begin to open data.
        """
        return Deferred.fromCoroutine(self.world.transfers.open(image, *part))

    def test_parts(self):
        """
        All of the data can be had, or any part.
        """
        image = self.stored()
        self.assertEqual(self.read(image), DATA)
        self.assertEqual(self.read(image, 7), DATA[7:])
        self.assertEqual(self.read(image, 7, 9), DATA[7:16])

    def test_only_active(self):
        """
        There is no data before the image is active.
        """
        finding = self.world.transfers.downloadable(ADMIN, self.create())
        self.failureResultOf(Deferred.fromCoroutine(finding), ImageNotActive)

    def test_deactivated(self):
        """
        The data of a deactivated image is for administrators.
        """
        mine = member_of("mine")
        image_id = self.create(mine)
        self.successResultOf(self.start(image_id, context=mine))
        self.run_(
            self.world.revisions.change(
                image_id, lambda image: image.becoming(Status.DEACTIVATED)
            )
        )
        finding = self.world.transfers.downloadable(mine, image_id)
        self.failureResultOf(Deferred.fromCoroutine(finding), ImageDeactivated)
        self.run_(self.world.transfers.downloadable(ADMIN, image_id))

    def test_missing(self):
        """
        If the data is missing, that is said, and the image can be deleted.
        """
        image = self.stored()
        self.successResultOf(self.world.store.delete(image.locations[0].key))
        self.failureResultOf(self.opening(image), DataNotFound)
        self.run_(self.world.images.delete(ADMIN, image.id))
        self.assertEqual(self.image(image.id).status, Status.DELETED)
        self.flushLoggedErrors()

    def test_damaged(self):
        """
        If there is more or less data than there was, none is given, nor a part
        of it.
        """
        image = self.stored()
        for size in (len(DATA) - 1, len(DATA) + 1):
            other = evolve(image, size=size)
            self.failureResultOf(self.opening(other), DataDamaged)
            self.failureResultOf(self.opening(other, 1, 1), DataDamaged)
        self.failureResultOf(self.opening(image, 5, len(DATA)), DataDamaged)

    def test_next_location(self):
        """
        If one location fails, the next is tried.
        """
        image = self.stored()
        broken = Location(store="file", key=f"{image.id}.gone")
        image = evolve(image, locations=(broken, *image.locations))
        self.assertEqual(self.read(image), DATA)
