"""
Tests for L{glance.stores.filesystem}.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

from twisted.internet.defer import fail
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import (
    BodyTruncated,
    DataDamaged,
    DataExists,
    DataNotFound,
    StoreUnavailable,
    UploadSuperseded,
)
from glance.stores.directory import prepare
from glance.stores.filesystem import FilesystemStore
from glance.streams.bodies import BytesBody, pump
from tests.bodies import (
    Collector,
    ManualBody,
    SilentBody,
)
from tests.stores.contract import DATA, ESCAPES, KEY, OTHER, StoreContract
from tests.stores.prepared import Prepared


class FilesystemStoreTests(Prepared, StoreContract, SynchronousTestCase):
    """
    L{FilesystemStore} is a store.
    """

    def test_adopt(self):
        """
        A file in the directory is found by the URI that an older Glance has.
        """
        self.add("7", DATA)
        directory = self.store._directory.path
        for scheme in ("file", "filesystem"):
            self.assertEqual(
                self.read(self.store.adopt(f"{scheme}://{directory}/7")), DATA
            )
        for path in ("/7", f"{directory}/a/7", f"{directory}/..", f"{directory}/"):
            self.assertIsNone(self.store.adopt(f"file://{path}"), path)


class FilesTests(Prepared, SynchronousTestCase):
    """
    How L{FilesystemStore} treats its files.
    """

    def setUp(self):
        self.store = self.make_store()

    def add(self, key=KEY, data=DATA):
        return self.successResultOf(self.store.add(key, BytesBody(data)))

    def leave(self, key=KEY):
        """
        Leave behind what a process does that dies in an upload.
        """
        (self.incoming / key).write_bytes(b"half")

    def assert_empty(self):
        self.assertEqual(self.leftovers(), [])
        self.assertEqual(self.names(), [".incoming"])

    def test_file(self):
        """
        The data is in a file that is called as the key, and that others cannot
        read.
        """
        self.add()
        path = self.directory / KEY
        self.assertEqual(path.read_bytes(), DATA)
        self.assertEqual(path.stat().st_mode & 0o007, 0)
        self.assertEqual(path.stat().st_nlink, 1)

    def test_existing_file(self):
        """
        What lies under a key's name is not overwritten, whatever it is.
        """
        (self.directory / KEY).symlink_to("nowhere")
        (self.directory / OTHER).mkdir()
        for key in (KEY, OTHER):
            self.failureResultOf(self.store.add(key, SilentBody(4)), DataExists)

    def test_file_made_meanwhile(self):
        """
        A file that others made under the key's name during the upload stays as
        it is.
        """
        body = ManualBody()
        adding = self.store.add(KEY, body)
        body.data(b"late")
        (self.directory / KEY).write_bytes(b"first")
        body.end()
        self.failureResultOf(adding, DataExists)
        self.assertEqual((self.directory / KEY).read_bytes(), b"first")

    def test_room_is_made_first(self):
        """
        Where the length is known, room for all of it is taken before the first
        byte comes.
        """
        body = ManualBody(1 << 20)
        adding = self.store.add(KEY, body)
        self.assertEqual((self.incoming / KEY).stat().st_size, 1 << 20)
        body.data(b"all")
        body.end()
        self.assertEqual(self.successResultOf(adding), 3)
        self.assertEqual((self.directory / KEY).stat().st_size, 3)

    def test_never_out(self):
        """
        A symbolic link in the directory is not followed.
        """
        outside = Path(self.mktemp())
        outside.write_bytes(b"secret")
        (self.directory / KEY).symlink_to(outside.resolve())
        self.failureResultOf(self.store.get(KEY), DataNotFound)
        self.failureResultOf(self.store.size(KEY), DataNotFound)
        self.assertEqual(self.successResultOf(self.store.keys()), [])
        self.successResultOf(self.store.delete(KEY))
        self.assertEqual(outside.read_bytes(), b"secret")

    def test_incoming_leads_out(self):
        """
        Nothing is written where a symbolic link leads.
        """
        outside = Path(self.mktemp())
        outside.mkdir()
        self.incoming.rmdir()
        self.incoming.symlink_to(outside.resolve())
        body = SilentBody(4)
        self.failureResultOf(self.store.add(KEY, body), StoreUnavailable)
        self.assertTrue(body.stopped)
        self.failureResultOf(self.store.sweep(), StoreUnavailable)
        self.assertEqual(list(outside.iterdir()), [])

    def test_upload_through_link(self):
        """
        A symbolic link in the place of an upload is not followed.
        """
        outside = Path(self.mktemp())
        (self.incoming / KEY).symlink_to(outside.resolve())
        self.failureResultOf(self.store.add(KEY, SilentBody(4)), DataExists)
        self.assertFalse(outside.exists())
        self.successResultOf(self.store.delete(KEY))

    def test_no_data(self):
        """
        What is no plain file is no data: a directory, a pipe.
        """
        (self.directory / KEY).mkdir()
        os.mkfifo(self.directory / OTHER)
        for key in (KEY, OTHER):
            self.failureResultOf(self.store.get(key), DataNotFound)
            self.failureResultOf(self.store.size(key), DataNotFound)
        self.failureResultOf(self.store.delete(KEY), DataNotFound)
        self.assertEqual(self.successResultOf(self.store.keys()), [])

    def test_foreign_files(self):
        """
        Files that cannot be data are not listed.
        """
        for name in (".hidden", "lost+found", "a b"):
            (self.directory / name).write_bytes(b"")
        self.assertEqual(self.successResultOf(self.store.keys()), [])

    def test_bad_keys_touch_nothing(self):
        """
        What is beside the directory isn't touched.
        """
        outside = self.directory.parent / "outside"
        outside.write_bytes(b"secret")
        for key in ESCAPES:
            self.failureResultOf(self.store.get(key), DataNotFound)
            self.failureResultOf(self.store.delete(key), DataNotFound)
        self.assertEqual(outside.read_bytes(), b"secret")

    def test_sweep(self):
        """
        What no living process writes is removed, and counted.
        """
        self.leave()
        self.leave(OTHER)
        self.assertEqual(self.successResultOf(self.store.sweep()), 2)
        self.assert_empty()

    def test_sweep_locked(self):
        """
        What a living process writes is left alone.
        """
        self.leave()
        self.leave(OTHER)
        with (self.incoming / KEY).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.assertEqual(self.successResultOf(self.store.sweep()), 1)
            self.assertEqual(self.leftovers(), [KEY])
        self.assertEqual(self.successResultOf(self.store.sweep()), 1)

    def test_sweep_others(self):
        """
        Sweeping copes with what is no file.
        """
        (self.incoming / "directory").mkdir()
        (self.incoming / "link").symlink_to("nowhere")
        self.assertEqual(self.successResultOf(self.store.sweep()), 0)
        (self.incoming / "directory").rmdir()
        (self.incoming / "link").unlink()

    def test_add_over_leftover(self):
        """
        What a dead process has left is not in the way of a new upload.
        """
        self.leave()
        self.add()
        self.assertEqual((self.directory / KEY).read_bytes(), DATA)

    def test_add_over_live(self):
        """
        What a living process writes is in the way of a second upload, which
        leaves it alone.
        """
        body = ManualBody()
        adding = self.store.add(KEY, body)
        second = SilentBody()
        self.failureResultOf(self.store.add(KEY, second), DataExists)
        self.assertTrue(second.stopped)
        body.data(DATA)
        body.end()
        self.successResultOf(adding)
        self.assertEqual((self.directory / KEY).read_bytes(), DATA)

    def test_delete_leftover(self):
        """
        What a dead process has left of an upload can be deleted by its key.
        """
        self.leave()
        self.successResultOf(self.store.delete(KEY))
        self.failureResultOf(self.store.delete(KEY), DataNotFound)

    def test_delete_while_adding(self):
        """
        An upload whose data is deleted never becomes whole.
        """
        body = ManualBody()
        adding = self.store.add(KEY, body)
        body.data(b"some")
        self.successResultOf(self.store.delete(KEY))
        body.data(b"more")
        body.end()
        self.failureResultOf(adding, UploadSuperseded)
        self.assert_empty()

    def test_loser_leaves_the_winner_alone(self):
        """
        An upload that was deleted, and fails only when its key is used again,
        does no harm to what uses it now.
        """
        late = ManualBody()
        losing = self.store.add(KEY, late)
        self.successResultOf(self.store.delete(KEY))
        body = ManualBody()
        winning = self.store.add(KEY, body)
        late.fail(BodyTruncated("gone"))
        self.failureResultOf(losing, BodyTruncated)
        body.data(b"data")
        body.end()
        self.successResultOf(winning)
        self.assertEqual((self.directory / KEY).read_bytes(), b"data")

    def test_shortened_file(self):
        """
        A file that gets shorter while it is read is noticed.
        """
        self.add()
        body = self.successResultOf(self.store.get(KEY))
        os.truncate(self.directory / KEY, 10)
        self.assertEqual(body.length, len(DATA))
        self.failureResultOf(pump(body, Collector()), DataDamaged)

    def test_no_directory(self):
        """
        When the directory is gone, the store says that it doesn't work, and
        not to users where it was.
        """
        self.incoming.rmdir()
        self.directory.rmdir()
        body = SilentBody(4)
        for failing in (
            self.store.add(KEY, body),
            self.store.get(KEY),
            self.store.size(KEY),
            self.store.delete(KEY),
            self.store.keys(),
            self.store.sweep(),
            self.store.check(),
        ):
            error = self.failureResultOf(failing, StoreUnavailable).value
            self.assertNotIn(str(self.directory), str(error))
        self.assertTrue(body.stopped)
        prepare(self.directory)

    def test_threads_gone(self):
        """
        When a call cannot be made at all, the body is told to stop.
        """
        store = FilesystemStore(
            self.directory, lambda *_: fail(RuntimeError()), self.window
        )
        body = SilentBody(4)
        self.failureResultOf(store.add(KEY, body), RuntimeError)
        self.assertTrue(body.stopped)


class PrepareTests(SynchronousTestCase):
    """
    L{prepare} makes a directory fit.
    """

    def test_makes(self):
        """
        It makes what isn't there, and closes it to others.
        """
        directory = Path(self.mktemp()) / "images"
        prepare(directory)
        for path in (directory, directory / ".incoming"):
            self.assertTrue(path.is_dir())
            self.assertEqual(path.stat().st_mode & stat.S_IRWXO, 0)
        prepare(directory)

    def test_keeps(self):
        """
        It leaves alone what is there.
        """
        directory = Path(self.mktemp())
        directory.mkdir(mode=0o755)
        (directory / KEY).write_bytes(DATA)
        prepare(directory)
        self.assertEqual((directory / KEY).read_bytes(), DATA)

    def test_in_the_way(self):
        """
        It fails where a file is in the way.
        """
        path = Path(self.mktemp())
        path.write_bytes(b"")
        error = self.assertRaises(OSError, prepare, path)
        self.assertIn(error.errno, (errno.EEXIST, errno.ENOTDIR))
