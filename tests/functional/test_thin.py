"""
Images whose zeros take no room.
"""

import os
import shutil
import subprocess

from glance.stores.writing import BLOCK
from tests.functional.crashing import CrashCase
from tests.functional.test_bad_disks import MEBIBYTE
from tests.needs import need


class ThinTests(CrashCase):
    """
    A daemon that leaves holes in the files of its store.
    """

    def setUp(self):
        super().setUp()
        self.configure(filesystem_thin_provisioning="true")

    def disk(self, size):
        """
        Make a disk with little on it: a boot sector, and something amid and at the
        end.
        """
        need(shutil.which("qemu-img"), "qemu-img")
        path = self.place.path / "disk.raw"
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "raw", path, str(size)], check=True
        )
        with path.open("r+b") as file:
            for place in (0, size // 2 + 12345, size - 100):
                file.seek(place)
                file.write(os.urandom(100))
        return path

    def test_disk(self):
        """
        A disk of mostly nothing is stored as such, whichever way it comes: it is
        the same disk, takes little room, and how little is logged.
        """
        path = self.disk(32 * MEBIBYTE)
        api = self.start("glance")
        data = path.read_bytes()
        known = {}
        for chunked in (False, True):
            image_id, status, _ = self.store(data, chunked)
            self.assertEqual(status, 201)
            known[image_id] = data
        self.assertEqual(set(self.assert_settles(known)), set(known))
        for name in self.place.files():
            file = self.place.data / name
            self.assertLessEqual(file.stat().st_blocks * 512, 3 * BLOCK)
            subprocess.run(
                ["qemu-img", "compare", "-q", "-f", "raw", "-F", "raw", path, file],
                check=True,
            )
            api.wait_for_log(f"{name} has {len(data)} bytes, which take")

    def test_full(self):
        """
        A disk that holds more than it has room for is fine as long as that is
        nothing; what is something is refused when the room runs out, and leaves
        nothing.
        """
        disk = self.mount("16m")
        self.place.data = disk / "images"
        self.configure(
            filesystem_thin_provisioning="true",
            filesystem_store_datadir=self.place.data,
        )
        self.start("glance")
        image_id, status, said = self.store(os.urandom(MEBIBYTE) * 17)
        self.assertEqual(status, 413, said)
        self.assertEqual(self.place.files(), [])
        data = bytes(40 * MEBIBYTE) + b"end"
        known, status, said = self.store(data)
        self.assertEqual(status, 201, said)
        self.assertEqual(self.assert_settles({known: data, image_id: b""}), [known])
