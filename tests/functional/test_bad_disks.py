"""
Daemons whose disks are full, fail, or hold what they shouldn't.
"""

import errno
import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import ClassVar

from tests.functional.crashing import CrashCase, SlowUpload, head, wire
from tests.functional.daemons import get
from tests.needs import need

MEBIBYTE = 1 << 20


def fill(disk):
    """
    Fill a disk.

    @return: the file to remove, to have room again.
    """
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        piece = bytes(4096)
        try:
            while True:
                file.write(piece)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return filler


class FullDatabaseTests(CrashCase):
    """
    The database has a small disk, which fills up.
    """

    options: ClassVar = {"registry_retry": 20}

    def setUp(self):
        super().setUp()
        self.disk = self.mount("4m")
        self.configure(sql_connection=f"sqlite:///{self.disk}/glance.sqlite")
        self.start("glance-registry")
        self.api = self.start("glance-api")
        self.data = self.bytes(MEBIBYTE)
        image_id, status, _ = self.store(self.data)
        self.assertEqual(status, 201)
        self.known = {image_id: self.data}

    def test_full(self):
        """
        Nothing can be stored, which is said with 503; what is there can be
        fetched.  Once there is room, all is well again.
        """
        filler = fill(self.disk)
        status = 201
        while status == 201 and len(self.known) < 50:
            # There may be room for a few rows in what the database has.
            image_id, status, said = self.store(self.data)
            if status == 201:
                self.known[image_id] = self.data
        self.assertEqual(status, 503, said)
        self.assertNotIn(str(self.disk), said)
        for kept in self.known:
            self.assertEqual(self.fetch(kept)[0], 200)
        filler.unlink()
        again, status, _ = self.store(self.data)
        self.assertEqual(status, 201)
        self.known.update({image_id: self.data, again: self.data})
        self.assertEqual(
            set(self.assert_settles(self.known)), set(self.known) - {image_id}
        )

    def test_full_meanwhile(self):
        """
        When it fills up during an upload, that is finished if there is room in
        time.
        """
        upload = SlowUpload(self.place, self.data, 1)
        self.until(lambda: len(self.place.files()) == 2, self.place.files)
        filler = fill(self.disk)
        upload.join(3)
        filler.unlink()
        self.assertEqual(upload.answer(), 201)
        self.known[upload.id] = self.data
        self.assertEqual(set(self.assert_settles(self.known)), set(self.known))


class FullStoreTests(CrashCase):
    """
    The store has a disk of 64 MiB.
    """

    def setUp(self):
        super().setUp()
        self.disk = self.mount("64m")
        self.place.data = self.disk / "images"
        self.configure(filesystem_store_datadir=self.place.data)
        self.api = self.start("glance")

    def assert_full(self, status, said, image_id):
        """
        See that an answer tells that the disk is full, and nothing is left.
        """
        self.assertEqual(status, 413)
        self.assertRegex(said, "full|room|space")
        self.assertNotIn(str(self.disk), said)
        self.assertEqual(self.place.files(), [])
        self.assertIn(self.status(image_id), (None, "killed"))

    def test_announced(self):
        """
        Data that doesn't fit is refused before it is sent, where its size is
        known.
        """
        image_id = str(uuid.uuid4())
        client = self.connect()
        client.send(head(image_id, 65 * MEBIBYTE, Expect="100-continue"))
        status, _, body = client.response()
        self.assert_full(status, body.decode(), image_id)

    def test_sent(self):
        """
        Data that doesn't fit is refused, however it is sent; what fits then, is
        stored.
        """
        filler = self.disk / "filler"
        filler.write_bytes(bytes(40 * MEBIBYTE))
        data = self.bytes(25 * MEBIBYTE)
        for chunked in (False, True):
            image_id, status, said = self.store(data, chunked)
            self.assert_full(status, said, image_id)
        filler.unlink()
        image_id, status, _ = self.store(data)
        self.assertEqual(status, 201)
        self.assertEqual(self.assert_settles({image_id: data}), [image_id])


class FailingSyncTests(CrashCase):
    """
    Data cannot be synced.
    """

    def test_sync(self):
        """
        The upload fails, and leaves nothing; later ones are not concerned.
        """
        need(shutil.which("strace"), "strace")
        self.start("glance-registry")
        api = self.start("glance-api")
        data = self.bytes(MEBIBYTE)
        for fault in ("fsync,fdatasync:error=EIO", "fsync:error=EIO"):
            tracer = self.trace(api, fault)
            image_id, status, _ = self.store(data)
            self.assertIn(status, (500, 503))
            self.assertEqual(self.status(image_id), "killed")
            self.assertEqual(self.place.files(), [])
            tracer.terminate()
            tracer.wait()
            image_id, status, _ = self.store(data)
            self.assertEqual(status, 201)
            self.assertEqual(self.assert_settles({image_id: data}), [image_id])
            get(f"{self.place.api}/v1/images/{image_id}", method="DELETE")

    def trace(self, running, fault):
        """
        Have system calls of a daemon fail.
        """
        calls = fault.partition(":")[0]
        tracer = subprocess.Popen(
            [
                *("strace", "-f", "-qq", "-o/dev/null", f"-etrace={calls}"),
                *(f"-einject={fault}", "-p", str(running.process.pid)),
            ],
        )

        def end():
            tracer.terminate()
            tracer.wait()

        self.addCleanup(end)
        tasks = Path(f"/proc/{running.process.pid}/task")

        def traced():
            self.assertIs(tracer.poll(), None)
            return not any(
                "TracerPid:\t0\n" in (task / "status").read_text()
                for task in tasks.iterdir()
            )

        self.until(traced, lambda: "not traced")
        return tracer


class DamageTests(CrashCase):
    """
    Somebody has been at the files.
    """

    def setUp(self):
        super().setUp()
        self.api = self.start("glance")
        self.data = self.bytes(100_000)

    def damaged(self, damage, part="99990-99999"):
        """
        Store an image, damage its file, and see that it isn't given out.

        @param part: what cannot be fetched alone either; L{None} for nothing.

        @return: the path of the file.
        """
        image_id, status, _ = self.store(self.data)
        self.assertEqual(status, 201)
        [name] = self.place.files()
        path = self.place.data / name
        damage(path)
        code, got = self.fetch(image_id)
        self.assertGreaterEqual(code, 400)
        self.assertNotIn(str(self.place.data).encode(), got)
        url = f"{self.place.api}/v1/images/{image_id}"
        if part is not None:
            self.assertGreaterEqual(get(url, Range=f"bytes={part}")[0], 400)
        self.assertEqual(self.status(image_id), "active")
        self.assertEqual(get(url, method="DELETE")[0], 200)
        self.assertEqual(self.status(image_id), "deleted")
        return path

    def test_missing(self):
        """
        An image whose file is missing is answered with an error, and can be
        deleted.
        """
        self.damaged(Path.unlink)

    def test_short(self):
        """
        So is one whose file is short.
        """
        self.damaged(lambda path: os.truncate(path, 99_999))
        self.assertEqual(self.place.files(), [])

    def test_empty(self):
        """
        So is one whose file is empty.
        """
        self.damaged(lambda path: os.truncate(path, 0))

    def test_longer(self):
        """
        So is one whose file is longer.
        """

        def append(path):
            with path.open("ab") as file:
                file.write(b"more")

        self.damaged(append, part=None)

    def test_symlink(self):
        """
        A symlink in the directory leads nowhere, and goes without what it
        points to.
        """
        outside = self.place.path / "secret"
        outside.write_bytes(self.data)

        def replace(path):
            path.unlink()
            path.symlink_to(outside)

        path = self.damaged(replace)
        self.assertFalse(path.is_symlink())
        self.assertEqual(outside.read_bytes(), self.data)

    def test_symlink_to_directory(self):
        """
        Nor does one to a directory.
        """
        outside = self.place.path / "secrets"
        outside.mkdir()
        (outside / "file").touch()

        def replace(path):
            path.unlink()
            path.symlink_to(outside)

        self.damaged(replace)
        self.assertTrue((outside / "file").exists())

    def test_paths(self):
        """
        No name of an image is a way out of the directory.
        """
        for bad in ("../secret", "..", "a/../../b", "%2e%2e%2fsecret", "x\0y"):
            client = self.connect()
            client.send(wire(bad, self.data))
            self.assertEqual(client.response()[0], 400, bad)
            client.close()
        (self.place.path / "secret").write_bytes(self.data)
        for bad in ("..%2fsecret", "%2e%2e/secret", "../../secret"):
            client = self.connect()
            client.send(f"GET /v1/images/{bad} HTTP/1.1\r\nHost: g\r\n\r\n".encode())
            self.assertNotIn(client.response()[0], (200, 206), bad)
            client.close()
        self.assertEqual(self.place.files(), [])
        listed = get(f"{self.place.api}/v1/images/detail?is_public=none")[2]
        self.assertEqual(json.loads(listed)["images"], [])
