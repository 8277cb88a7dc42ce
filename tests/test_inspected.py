"""
Tests of L{glance.transfers} with data that is looked into.
"""

from glance.errors import FormatMismatch, UnsafeContent
from glance.image import Status
from glance.limits import Limits
from glance.streams.bodies import BytesBody
from tests import disks
from tests.assembly import ADMIN
from tests.bodies import ManualBody
from tests.test_transfers import DATA, TransferCase


class InspectionTests(TransferCase):
    """
    An image gets no data that isn't what it claims, or isn't safe.
    """

    def upload(self, data, **formats):
        """
        Fill an image of some formats.

        @return: its id, and what comes of it.
        """
        image_id = self.create(**formats)
        return image_id, self.start(image_id, BytesBody(data))

    def test_virtual_size(self):
        """
        The image becomes active, with the size of its disk.
        """
        for disk_format, data, virtual_size in (
            ("qcow2", disks.qcow2(), disks.SIZE),
            ("vmdk", disks.stream_vmdk(), disks.SIZE),
            ("raw", DATA, len(DATA)),
            ("raw", disks.qcow2(), 70_000),
            ("ploop", DATA, None),
            ("raw", b"", None),
            ("qcow2", b"", None),
        ):
            image_id, uploading = self.upload(
                data, disk_format=disk_format, container_format="bare"
            )
            self.successResultOf(uploading)
            self.assertEqual(self.image(image_id).virtual_size, virtual_size)

    def test_refused(self):
        """
        Data that is refused leaves nothing, and other data can follow.
        """
        for data, error in (
            (DATA, FormatMismatch),
            (disks.vdi(), FormatMismatch),
            (disks.qcow2(backing=512), UnsafeContent),
            (disks.qcow2(features=4)[:600], UnsafeContent),
        ):
            image_id, uploading = self.upload(
                data, disk_format="qcow2", container_format="bare"
            )
            self.failureResultOf(uploading, error)
            self.assert_failed(image_id, Status.QUEUED)
            image = self.image(image_id)
            self.assertEqual(
                (image.size, image.virtual_size, image.checksum, image.os_hash_value),
                (None, None, None, None),
            )
            again = self.start(image_id, BytesBody(disks.qcow2()))
            stored = self.successResultOf(again)
            self.assertEqual(stored.virtual_size, disks.SIZE)
            self.run_(self.world.images.delete(ADMIN, image_id))

    def test_early(self):
        """
        It is refused while the rest of it is on the way.
        """
        image_id = self.create(disk_format="qcow2", container_format="bare")
        body = ManualBody(1 << 30)
        uploading = self.start(image_id, body)
        body.data(bytes(1 << 16))
        self.failureResultOf(uploading, FormatMismatch)
        self.assertTrue(body.stopped)
        self.assert_failed(image_id, Status.QUEUED)

    def test_without_formats(self):
        """
        Where no format was said any will do, so it be safe.
        """
        _, uploading = self.upload(disks.vhd())
        self.assertEqual(self.successResultOf(uploading).virtual_size, disks.SIZE)
        _, uploading = self.upload(disks.vhd(kind=4))
        self.failureResultOf(uploading, UnsafeContent)
        _, uploading = self.upload(DATA, disk_format="vhd")
        self.failureResultOf(uploading, FormatMismatch)

    def test_containers(self):
        """
        What has something around the disk isn't looked into.
        """
        for disk_format, container_format in (
            ("vmdk", "ova"),
            ("qcow2", "compressed"),
            ("raw", "docker"),
            ("aki", "aki"),
        ):
            for data in (DATA, disks.qcow2(backing=512)):
                _, uploading = self.upload(
                    data, disk_format=disk_format, container_format=container_format
                )
                self.assertIsNone(self.successResultOf(uploading).virtual_size)

    def test_not_required(self):
        """
        The operator may let data be of another format, and it must be safe.
        """
        self.world.limits = Limits(require_format_match=False)
        formats = {"disk_format": "vdi", "container_format": "bare"}
        _, uploading = self.upload(disks.qcow2(), **formats)
        self.assertEqual(self.successResultOf(uploading).virtual_size, disks.SIZE)
        _, uploading = self.upload(disks.qed(), **formats)
        self.failureResultOf(uploading, UnsafeContent)
