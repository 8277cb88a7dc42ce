"""
Data that isn't what it claims or isn't safe, sent to a daemon in a process of
its own.
"""

import time
import uuid

from tests import disks
from tests.functional.crashing import CrashCase, head, wire

GIBIBYTE = 1 << 30


class HostileTests(CrashCase):
    """
    It is refused with 415, and nothing of it is left.
    """

    def setUp(self):
        super().setUp()
        self.api = self.start("glance")

    def assert_refused(self, data, text, disk_format, chunked=False):
        """
        See that data is refused, and that the client sees why.
        """
        image_id, status, said = self.store(
            data, chunked, X_Image_Meta_Disk_Format=disk_format
        )
        self.assertEqual(status, 415, said)
        self.assertIn(text, said)
        self.assertEqual(self.status(image_id), "killed")
        self.assertEqual(self.place.files(), [])

    def test_refused(self):
        """
        Whatever it claims to be.
        """
        safe = "is not safe"
        for data, text, disk_format in (
            (disks.qcow2(backing=512), safe, "qcow2"),
            (disks.qcow2(features=4), safe, "raw"),
            (disks.vmdk(text=disks.descriptor("monolithicFlat")), safe, "vmdk"),
            (disks.descriptor("vmfs", 'RW 1 VMFS "/etc/passwd"'), safe, "raw"),
            (disks.stream_vmdk(version=3), safe, "vmdk"),
            (disks.vhdx(parent=True), safe, "vhdx"),
            (disks.qed(), safe, "raw"),
            (disks.iso(begin=disks.qcow2()[:512]), safe, "iso"),
            (b"x" * 1_000_000, "disk_format of the image is vdi: say raw", "vdi"),
            (disks.qcow2(), "say qcow2", "vmdk"),
        ):
            for chunked in (False, True):
                self.assert_refused(data, text, disk_format, chunked)
        self.assertNotIn("Traceback", self.api.log)

    def test_early(self):
        """
        The client need not send it all.
        """
        began = time.monotonic()
        client = self.connect()
        announced = head(str(uuid.uuid4()), GIBIBYTE, X_Image_Meta_Disk_Format="qcow2")
        client.send(announced + disks.qcow2(backing=512))
        status, _, said = client.response()
        self.assertEqual(status, 415, said)
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual(self.place.files(), [])

    def test_taken(self):
        """
        Data that is safe is taken, beside it, with the size of its disk.
        """
        self.assert_refused(disks.qed(), "is not safe", "raw")
        for data, disk_format in (
            (disks.qcow2(), "qcow2"),
            (disks.stream_vmdk(), "vmdk"),
            (b"", "qcow2"),
        ):
            client = self.connect()
            image_id = str(uuid.uuid4())
            client.send(
                wire(image_id, data, chunked=True, X_Image_Meta_Disk_Format=disk_format)
            )
            status, _, said = client.response()
            self.assertEqual(status, 201, said)
            if data:
                self.assertIn(f'"virtual_size":{disks.SIZE}', said.decode())
            self.assertEqual(self.fetch(image_id), (200, data))
