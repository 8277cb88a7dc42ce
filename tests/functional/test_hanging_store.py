"""
A daemon of two stores, of which one hangs.
"""

import os
import shutil
import subprocess
import threading
import time
import urllib.request

from twisted.trial.unittest import SkipTest

from tests.functional.crashing import wire
from tests.functional.daemons import PATIENCE
from tests.functional.test_several_stores import SeveralStoresCase
from tests.needs import need

MEBIBYTE = 1 << 20

HANGING = 8
"""How many uploads there are to the store that hangs."""


class HangingStoreTests(SeveralStoresCase):
    """
    A disk that does not answer holds up nobody but who wants something of it.
    """

    def setUp(self):
        programs = ("mkfs.ext4", "mount", "fsfreeze")
        need(os.geteuid() == 0 and all(map(shutil.which, programs)), "root, and ext4,")
        super().setUp()

    def prepare(self):
        """
        Give one store a disk of its own.
        """
        disk = self.place.path / "slow"
        image = self.place.path / "disk.ext4"
        disk.mkdir()
        with image.open("wb") as file:
            file.truncate(256 * MEBIBYTE)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        mounted = subprocess.run(["mount", "-o", "loop", image, disk], check=False)
        if mounted.returncode:
            raise SkipTest("This kernel has no loop devices, and so nothing to freeze.")
        self.disk = disk
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)

    def freeze(self):
        """
        Have the disk answer no more.

        @return: what ends that; also called at the end of the test.
        """
        subprocess.run(["fsfreeze", "-f", self.disk], check=True)
        frozen = [True]

        def thaw():
            if frozen:
                frozen.clear()
                subprocess.run(["fsfreeze", "-u", self.disk], check=True)

        self.addCleanup(thaw)
        return thaw

    def hang(self, number, frozen, statuses):
        """
        Upload to the store that hangs, from amid the upload on.
        """
        client = self.connect()
        client.socket.settimeout(PATIENCE)
        image_id = f"{number:08}-1111-4222-8333-444444444444"
        headers = {"X_Image_Meta_Store": "slow"}
        try:
            sent = wire(image_id, bytes(16 * MEBIBYTE), **headers)
            client.send(sent[:MEBIBYTE])
            frozen.wait(PATIENCE)
            client.send(sent[MEBIBYTE:])
            statuses.append(client.response()[0])
        except OSError:
            statuses.append(None)

    def test_other_store(self):
        """
        The other store works as ever, and once the disk answers all is well.
        """
        data = self.bytes(16 * MEBIBYTE)
        statuses, frozen = [], threading.Event()
        uploads = [
            threading.Thread(
                target=self.hang, args=(number, frozen, statuses), daemon=True
            )
            for number in range(HANGING)
        ]
        for upload in uploads:
            upload.start()
        incoming = self.disk / ".incoming"
        self.until(
            lambda: len(list(incoming.iterdir())) == HANGING, lambda: "none begins"
        )
        thaw = self.freeze()
        frozen.set()
        self.until(lambda: self.calls() >= 4, lambda: f"{self.calls()} hang")
        # By then they have all the memory that they can have.
        time.sleep(2)
        for _ in range(3):
            image_id = self.upload(data, **{"X-Image-Meta-Store": "fast"})
            url = f"{self.place.api}/v2/images/{image_id}/file"
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                self.assertTrue(answer.read() == data)
        self.assertEqual(statuses, [])
        thaw()
        for upload in uploads:
            upload.join(PATIENCE)
        self.assertEqual(statuses, [201] * HANGING)

    def calls(self):
        """
        Tell how many calls wait for the disk.
        """
        metrics = self.ask("GET", "/metrics", 200).decode()
        for line in metrics.splitlines():
            if line.startswith('glance_pool_calls{pool="files-slow"}'):
                return float(line.split()[1])
        raise LookupError(metrics)
