"""
L{glance.stores.filesystem} on disks that fail, and beside processes that die.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from twisted.internet.defer import gatherResults, maybeDeferred
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import SynchronousTestCase, TestCase

import tests
from glance.deferreds import Threads, deferred
from glance.errors import StoreFull, StoreUnavailable
from glance.stores.directory import prepare
from glance.stores.filesystem import FilesystemStore
from glance.stores.writing import EARLY
from glance.streams.bodies import BytesBody
from glance.streams.strands import Window
from tests.bodies import ManualBody, SilentBody, collect
from tests.functional.storing import PIECE
from tests.needs import need

KEY = "71c675ab-d94f-49cd-a114-e12490b328d9.1"
OTHER = "71c675ab-d94f-49cd-a114-e12490b328d9.2"
MEBIBYTE = 1 << 20
ROOT = Path(tests.__file__).parent.parent
"""Where the tests can be imported from."""


def leftovers(directory):
    """
    List what lies in the directory of a store.
    """
    return sorted(
        path.name for path in directory.rglob("*") if path.name != ".incoming"
    )


def child(*command, before=()):
    """
    Start a process that stores.
    """
    return subprocess.Popen(
        [*before, sys.executable, "-m", "tests.functional.storing", *map(str, command)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def strace(fault):
    """
    Get the command that makes system calls fail.
    """
    need(shutil.which("strace"), "strace")
    calls = fault.split(":")[0]
    return [
        *("strace", "-f", "--seccomp-bpf", "-qq", "-o/dev/null"),
        *(f"-etrace={calls}", f"-einject={fault}"),
    ]


class FullDiskTests(TestCase):
    """
    A disk of 64 MiB, which fills up.
    """

    def setUp(self):
        need(os.geteuid() == 0 and shutil.which("mount"), "root, to mount a disk,")
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(self.directory)],
            check=True,
        )
        self.addCleanup(self.unmount)
        prepare(self.directory)
        from twisted.internet import reactor

        pool = ThreadPool(0, 4)
        pool.start()
        self.addCleanup(pool.stop)
        self.window = Window(1 << 22)
        self.store = FilesystemStore(
            self.directory, Threads(reactor, pool), self.window
        )

    def unmount(self):
        subprocess.run(["umount", str(self.directory)], check=True)

    def free(self):
        stat = os.statvfs(self.directory)
        return stat.f_bavail * stat.f_frsize

    @deferred
    async def test_announced(self):
        """
        Data that says that it is more than there is room for is refused before
        the first byte is read.
        """
        free = self.free()
        body = SilentBody(65 * MEBIBYTE)
        failure = self.assertFailure(self.store.add(KEY, body), StoreFull)
        error = await failure
        self.assertIs(body.consumer, None)
        self.assertTrue(body.stopped)
        self.assertNotIn(str(self.directory), str(error))
        self.assertEqual(leftovers(self.directory), [])
        self.assertEqual(self.free(), free)

    @deferred
    async def test_unannounced(self):
        """
        Data that turns out to be more than there is room for leaves nothing,
        and all the room is back.
        """
        free = self.free()
        body = BytesBody([PIECE] * (65 * MEBIBYTE // len(PIECE)))
        body.length = "unknown"
        await self.assertFailure(self.store.add(KEY, body), StoreFull)
        self.assertEqual(leftovers(self.directory), [])
        self.assertEqual(self.free(), free)
        kept = await self.store.add(KEY, BytesBody([PIECE] * 900))
        self.assertEqual(kept, 900 * len(PIECE))

    @deferred
    async def test_paused_body(self):
        """
        A body that gives nothing any more hears that the disk is full.
        """
        (self.directory / "filler").write_bytes(bytes(63 * MEBIBYTE))
        body = ManualBody()
        adding = self.store.add(KEY, body)
        while body.consumer is None:
            await self.store.check()
        body.data(bytes(2 * MEBIBYTE))
        await self.assertFailure(adding, StoreFull)
        self.assertTrue(body.stopped)
        self.assertEqual(leftovers(self.directory), ["filler"])
        self.assertEqual(self.window.transfers, 0)

    @deferred
    async def test_others_go_on(self):
        """
        Of several uploads that don't all fit, each is either whole or leaves
        nothing; what was there before is unharmed.
        """
        await self.store.add(OTHER, BytesBody(PIECE))
        results = await gatherResults(
            self.store.add(f"key.{i}", BytesBody([PIECE] * 300)).addErrback(
                lambda failure: failure.trap(StoreFull) and None
            )
            for i in range(5)
        )
        kept = [f"key.{i}" for i, result in enumerate(results) if result is not None]
        self.assertIn(len(kept), (1, 2, 3))
        self.assertEqual(leftovers(self.directory), sorted([*kept, OTHER]))
        for key in kept:
            data = await collect(await self.store.get(key))
            self.assertEqual(data, PIECE * 300)

    @deferred
    async def test_read_only(self):
        """
        A disk that cannot be written to any more is noticed when the store is
        checked, and not made a full one; what is there can be read.
        """
        await self.store.add(OTHER, BytesBody(PIECE))
        await self.store.check()
        self.remount("ro")
        try:
            await self.assertFailure(self.store.check(), StoreUnavailable)
            adding = self.store.add(KEY, SilentBody(5))
            await self.assertFailure(adding, StoreUnavailable)
            self.assertEqual(await collect(await self.store.get(OTHER)), PIECE)
            await self.assertFailure(self.store.delete(OTHER), StoreUnavailable)
            self.assertRaises(OSError, prepare, self.directory)
        finally:
            self.remount("rw")
        await self.store.delete(OTHER)

    def remount(self, how):
        subprocess.run(
            ["mount", "-o", f"remount,{how}", str(self.directory)], check=True
        )


class FaultTests(SynchronousTestCase):
    """
    A system whose calls fail, in a process of its own.
    """

    def setUp(self):
        self.directory = Path(self.mktemp()).absolute()
        prepare(self.directory)

    def outcome(self, fault, pieces=40):
        process = child("add", self.directory, KEY, pieces, before=strace(fault))
        output, _ = process.communicate(timeout=300)
        return output.strip()

    def assert_fails(self, fault, error):
        self.assertEqual(self.outcome(fault), error)
        self.assertEqual(leftovers(self.directory), [])

    def test_no_fault(self):
        """
        Where nothing fails, the data is kept.
        """
        self.assertEqual(self.outcome("linkat:delay_enter=1"), str(40 * len(PIECE)))
        self.assertEqual((self.directory / KEY).read_bytes(), PIECE * 40)

    def test_data_not_synced(self):
        """
        When the data cannot be synced, the upload fails, and nothing is kept.
        """
        self.assert_fails("fsync,fdatasync:error=EIO", "StoreUnavailable")
        self.assert_fails("fdatasync:error=EIO:when=1", "StoreUnavailable")

    def test_sync_finds_disk_full(self):
        """
        A disk that turns out to be full only when the data is synced is full.
        """
        self.assert_fails("fdatasync:error=ENOSPC", "StoreFull")

    def test_written_early(self):
        """
        The disk is told to begin while much is still to come.  Whether it does so
        doesn't matter: what counts is the sync.
        """
        pieces = EARLY // len(PIECE) + 40
        self.assertEqual(self.outcome("sync_file_range:signal=KILL", pieces), "")
        stored = str(pieces * len(PIECE))
        for error in ("EIO", "ENOSYS", "EINVAL"):
            fault = f"sync_file_range:error={error}"
            self.assertEqual(self.outcome(fault, pieces), stored)
            self.assertEqual((self.directory / KEY).read_bytes(), PIECE * pieces, error)
            (self.directory / KEY).unlink()
        fault = "sync_file_range,fdatasync:error=EIO"
        self.assertEqual(self.outcome(fault, pieces), "StoreUnavailable")

    def test_directory_not_synced(self):
        """
        When a directory cannot be synced, the upload fails, and the name that
        the data has already got is removed.
        """
        self.assert_fails("fsync:error=EIO:when=1", "StoreUnavailable")
        self.assert_fails("fsync:error=EIO:when=2", "StoreUnavailable")

    def test_not_written(self):
        """
        When the data cannot be written, the upload fails for that reason, and
        nothing is kept.
        """
        self.assert_fails("writev:error=EIO:when=2", "StoreUnavailable")
        self.assert_fails("writev:error=EDQUOT:when=2", "StoreFull")
        self.assert_fails("writev:error=EFBIG", "StoreFull")

    def test_not_linked(self):
        """
        When the data cannot get its name, nothing is kept.
        """
        self.assert_fails("linkat:error=EIO", "StoreUnavailable")
        self.assert_fails("linkat:error=EEXIST", "DataExists")

    def test_not_locked(self):
        """
        A file system that knows no locks is none to keep data in.
        """
        self.assert_fails("flock:error=ENOLCK", "StoreUnavailable")

    def test_room_cannot_be_made(self):
        """
        A file system that cannot make room beforehand is good enough.
        """
        for error in ("EINVAL", "EOPNOTSUPP"):
            self.assertEqual(
                self.outcome(f"fallocate:error={error}"), str(40 * len(PIECE))
            )
            self.assertEqual((self.directory / KEY).read_bytes(), PIECE * 40)
            (self.directory / KEY).unlink()


class DeathTests(SynchronousTestCase):
    """
    Processes that die, or live, in an upload.
    """

    def setUp(self):
        self.directory = Path(self.mktemp()).absolute()
        prepare(self.directory)
        self.store = FilesystemStore(self.directory, maybeDeferred, Window(1 << 20))

    def hang(self, key):
        """
        Start a process that has added some of its data.
        """
        process = child("hang", self.directory, key)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "half\n")
        return process

    def test_killed(self):
        """
        What a killed process has half written is swept, what a living one
        writes is not.
        """
        dying, living = self.hang(KEY), self.hang(OTHER)
        self.assertEqual(self.successResultOf(self.store.sweep()), 0)
        dying.kill()
        dying.wait()
        self.assertEqual(self.successResultOf(self.store.sweep()), 1)
        self.assertEqual(leftovers(self.directory), [OTHER])
        self.assertEqual(self.successResultOf(self.store.keys()), [])
        self.assertIs(living.poll(), None)
        living.kill()
        living.wait()
        self.assertEqual(self.successResultOf(self.store.sweep()), 1)
        self.assertEqual(leftovers(self.directory), [])

    def test_killed_at_any_moment(self):
        """
        Wherever a process is killed in an upload, there is either all of the
        data or none once the rest is swept.
        """
        for call in ("flock", "writev", "fdatasync", "linkat", "unlinkat", "fsync"):
            process = child(
                "add",
                self.directory,
                KEY,
                40,
                before=strace(f"{call}:signal=KILL"),
            )
            output, _ = process.communicate(timeout=300)
            self.assertEqual(output, "", call)
            self.successResultOf(self.store.sweep())
            if self.successResultOf(self.store.keys()):
                self.assertEqual((self.directory / KEY).read_bytes(), PIECE * 40)
                self.successResultOf(self.store.delete(KEY))
            self.assertEqual(leftovers(self.directory), [], call)

    def test_two_at_once(self):
        """
        Two processes use one directory and sweep it all the time, and neither
        loses anything; of two that want the same key, one gets it.
        """
        count = 100
        processes = [child("compete", self.directory, name, count) for name in "ab"]
        late = 0
        for process in processes:
            output, _ = process.communicate(timeout=300)
            self.assertEqual(process.returncode, 0)
            late += int(output)
        self.assertEqual(late, count)
        self.assertEqual(
            leftovers(self.directory),
            sorted(
                [f"common.{i}" for i in range(count)]
                + [f"{name}.{i}" for name in "ab" for i in range(0, count, 2)]
            ),
        )
