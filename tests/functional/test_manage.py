"""
C{glance-manage} over an SQLite file and files of image data.
"""

import hashlib
import json
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import evolve
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.image import Attempt, Image, Location, Status
from glance.registry.database import DatabaseRegistry
from glance.registry.engine import open_engines
from glance.registry.migrate import VERSIONS
from tests.functional.operating import run_program

DATA = b"the data of an image" * 1000
LONG_AGO = datetime.now(UTC) - timedelta(days=40)
ORPHAN = "f0b37a1c-4b1e-4d9e-9a8a-0d1e8a3f2b11.0123456789abcdef"


def image_id(number):
    """
    Get an id.
    """
    return f"00000000-0000-4000-8000-{number:012}"


class ManageCase(SynchronousTestCase):
    """
    A configuration, and the program that is given it.
    """

    def setUp(self):
        self.here = Path(self.mktemp()).absolute()
        self.data = self.here / "data"
        self.data.mkdir(parents=True)
        self.database = self.here / "glance.sqlite"
        self.conf = self.here / "glance.conf"
        self.conf.write_text(
            f"[DEFAULT]\nfilesystem_store_datadir = {self.data}\n"
            f"[app:glance-registry]\nsql_connection = sqlite:///{self.database}\n"
        )

    def manage(self, *arguments, status=0):
        """
        Run the program, see what it exits with, and get what it says.
        """
        done = self.run_raw("--config-file", self.conf, *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def refused(self, *arguments, status=1):
        """
        Run the program, and get the one line that says why it fails.
        """
        done = self.run_raw("--config-file", self.conf, *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        [line] = done.stderr.splitlines()
        self.assertTrue(line.startswith("glance-manage: "), line)
        return line

    def run_raw(self, *arguments, **how):
        """
        Run the program, in a directory that isn't the project's.
        """
        return run_program("glance.tap.manage", *arguments, cwd=self.here, **how)

    def open_registry(self):
        """
        Get the registry in the database.
        """
        self.manage("db", "sync")
        engines = open_engines(f"sqlite:///{self.database}", 1)
        self.addCleanup(engines.dispose)
        clock = Clock()
        clock.advance(time.time())
        return DatabaseRegistry(engines, maybeDeferred, maybeDeferred, clock)

    def keep(self, registry, number, **attributes):
        """
        Have the registry know an image.
        """
        image = Image(
            id=image_id(number),
            created_at=LONG_AGO,
            updated_at=LONG_AGO,
            **attributes,
        )
        return self.successResultOf(registry.create(image))

    def keep_active(self, registry, number, data=DATA):
        """
        Have the registry know an image with data, and the store have that.
        """
        location = Location(store="file", key=f"{image_id(number)}.1")
        (self.data / location.key).write_bytes(data)
        return self.keep(
            registry,
            number,
            status=Status.ACTIVE,
            size=len(DATA),
            checksum=hashlib.md5(DATA).hexdigest(),
            os_hash_algo="sha512",
            os_hash_value=hashlib.sha512(DATA).hexdigest(),
            locations=(location,),
        )


class DatabaseTests(ManageCase):
    """
    The database is made, looked at and purged.
    """

    def test_sync(self):
        """
        An empty database gets its tables; to sync it again changes nothing.
        """
        for command in (("db", "sync"), ("db_sync",), ("db", "sync")):
            self.assertEqual(
                self.manage(*command), f"The database is at version {VERSIONS[-1]}.\n"
            )
        for command in (("db", "version"), ("db_version",)):
            self.assertEqual(self.manage(*command), f"{VERSIONS[-1]}\n")
        self.manage("db", "check")

    def test_nothing_there(self):
        """
        To look at a database that isn't there doesn't make it.
        """
        for command in ("check", "version", "purge"):
            line = self.refused("db", command)
            self.assertIn('run "glance-manage db sync"', line)
        self.assertIn(str(self.database), self.refused("verify", status=2))
        self.assertFalse(self.database.exists())

    def test_empty(self):
        """
        That a database has no tables is said.
        """
        self.database.touch()
        for command in ("check", "version", "purge"):
            self.assertIn("is empty", self.refused("db", command))

    def test_newer(self):
        """
        A database of a version that isn't known is left alone.
        """
        self.manage("db", "sync")
        with sqlite3.connect(self.database) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.close()
        for command in ("check", "purge", "sync"):
            self.assertIn("newer Glance", self.refused("db", command))

    def test_sql_connection(self):
        """
        Another database than the configured one can be named.
        """
        other = self.here / "other.sqlite"
        self.manage("--sql-connection", f"sqlite:///{other}", "db", "sync")
        self.assertTrue(other.exists())
        self.assertFalse(self.database.exists())

    def test_errors(self):
        """
        What cannot be used is told in a line.
        """
        line = self.refused("--sql-connection", "nonsense", "db", "sync")
        self.assertIn("database URL makes no sense", line)
        line = self.refused("--sql-connection", "sqlite:////no/where", "db", "sync")
        self.assertIn("sql_connection: ", line)
        self.conf.write_text("[DEFAULT]\nbind_port = many\n")
        self.assertIn("bind_port", self.refused("db", "check"))
        self.conf.unlink()
        self.assertIn("glance.conf cannot be read", self.refused("db", "check"))

    def test_purge(self):
        """
        Images that were deleted long ago are forgotten, but for their ids.
        """
        registry = self.open_registry()
        recently = datetime.now(UTC) - timedelta(days=20)
        for number in range(5):
            self.keep(registry, number, status=Status.DELETED, deleted_at=LONG_AGO)
        self.keep(registry, 5, status=Status.DELETED, deleted_at=recently)
        self.keep(registry, 6)
        for arguments, said in (
            (("--age-in-days", "50"), "Purged 0 images.\n"),
            (("--max-rows", "2"), "Purged 2 images.\n"),
            ((), "Purged 3 images.\n"),
            (("--age-in-days", "10"), "Purged 1 image.\n"),
            (("--age-in-days", "0"), "Purged 0 images.\n"),
        ):
            self.assertEqual(self.manage("db", "purge", *arguments), said)
        again = Image(id=image_id(0), created_at=LONG_AGO, updated_at=LONG_AGO)
        self.failureResultOf(registry.create(again))

    def test_purge_waits(self):
        """
        Nothing is forgotten while data waits for its deletion.
        """
        registry = self.open_registry()
        self.keep(registry, 1, status=Status.PENDING_DELETE, deleted_at=LONG_AGO)
        self.keep(registry, 2, status=Status.DELETED, deleted_at=LONG_AGO)
        self.assertIn("still have data", self.refused("db", "purge"))
        self.successResultOf(registry.get(image_id(2)))


class UsersTests(ManageCase):
    """
    Those who may log in.
    """

    def test_unheeded(self):
        """
        Where users are others' the operator is told so.
        """
        add = ("--config-file", self.conf, "user", "add", "eva")
        self.assertEqual(self.run_raw(*add, said="some password\n").stderr, "")
        with self.conf.open("a") as conf:
            conf.write("[DEFAULT]\nauth_strategy = noauth\n")
        done = self.run_raw("--config-file", self.conf, "user", "list")
        self.assertIn("eva", done.stdout)
        self.assertIn("No daemon heeds these users", done.stderr)


class VerifyTests(ManageCase):
    """
    Stored data is compared with what the registry says.
    """

    def setUp(self):
        super().setUp()
        self.registry = self.open_registry()
        self.whole = self.keep_active(self.registry, 1)

    def verify(self, *arguments, status=1):
        """
        Verify, and get what is wrong: for each image its fault.
        """
        said = self.manage("verify", "-o", "json", *arguments, status=status)
        return {row["image"]: row["fault"] for row in json.loads(said)["findings"]}

    def stored(self):
        """
        List what is in the store.
        """
        return sorted(path.name for path in self.data.iterdir() if path.is_file())

    def test_right(self):
        """
        If all is right, that is said, with status 0.
        """
        self.assertEqual(
            self.manage("verify"),
            f"Looked at 1 images ({len(DATA)} bytes): no findings.\n",
        )

    def test_wrong(self):
        """
        What is missing, of another size, wrong or orphaned is listed.
        """
        self.keep_active(self.registry, 2, DATA[:-1])
        self.keep_active(self.registry, 3, DATA[:-1] + b"!")
        self.keep_active(self.registry, 4)
        (self.data / f"{image_id(4)}.1").unlink()
        (self.data / ORPHAN).write_bytes(b"data")
        before = self.stored()
        self.assertEqual(
            self.verify(),
            {
                image_id(2): "size",
                image_id(3): "wrong",
                image_id(4): "missing",
                ORPHAN[:36]: "orphaned",
            },
        )
        said = self.manage("verify", status=1)
        self.assertEqual(len(said.splitlines()), 5)
        self.assertIn(f"{ORPHAN}  4 bytes that belong to no image; ", said)
        self.assertEqual(self.verify("--image", image_id(1), status=0), {})
        self.assertEqual(self.verify("--image", image_id(3)), {image_id(3): "wrong"})
        self.assertEqual(self.stored(), before)

    def test_repair(self):
        """
        Orphans are removed; what an upload under way has stored is none.  Those of
        images that nobody here knows may be others', and stay unless somebody insists.
        """
        uploading = self.keep(self.registry, 2)
        location = Location(store="file", key=f"{uploading.id}.2")
        attempt = Attempt(
            id="2", instance="some", location=location, fallback=Status.QUEUED
        )
        self.successResultOf(
            self.registry.replace(
                uploading, evolve(uploading, status=Status.SAVING, attempt=attempt)
            )
        )
        for key in (location.key, ORPHAN, f"{uploading.id}.1", "README"):
            (self.data / key).write_bytes(b"data")
        kept = sorted([self.whole.locations[0].key, location.key, "README"])
        said = self.manage("verify", "--repair", status=1)
        self.assertEqual(said.count("removed"), 1)
        self.assertEqual(self.stored(), sorted([*kept, ORPHAN]))
        insisting = ("verify", "--repair", "--yes-the-database-is-right")
        self.assertEqual(self.manage(*insisting, status=1).count("removed"), 1)
        self.assertEqual(self.stored(), kept)
        self.assertEqual(self.verify("--repair"), {None: "orphaned"})
        self.assertEqual(self.stored(), kept)

    def test_wrong_database(self):
        """
        Data is not removed because of a database that knows none of it, unless
        somebody insists.
        """
        other = f"sqlite:///{self.here / 'other.sqlite'}"
        (self.data / ORPHAN).write_bytes(b"data")
        before = self.stored()
        with_other = ("--sql-connection", other)
        self.manage(*with_other, "db", "sync")
        line = self.refused(*with_other, "verify", "--repair", status=2)
        self.assertIn("--yes-the-database-is-right", line)
        self.assertEqual(self.stored(), before)
        self.manage(*with_other, "verify", status=1)
        self.manage(
            *with_other, "verify", "--repair", "--yes-the-database-is-right", status=1
        )
        self.assertEqual(self.stored(), [])

    def test_rate(self):
        """
        Data is read as slowly as it is to be.
        """
        began = time.monotonic()
        rate = len(DATA) / 2 / (1 << 20)
        self.keep_active(self.registry, 2)
        self.manage("verify", "--rate", str(rate))
        self.assertGreater(time.monotonic() - began, 2)
        self.manage("verify", "--rate", "0")

    def test_cannot(self):
        """
        What cannot be verified is told in a line, with status 2.
        """
        line = self.refused("verify", "--image", "none", status=2)
        self.assertIn("No image with ID none was found", line)
        for path in self.data.iterdir():
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
        self.data.rmdir()
        self.assertIn("filesystem_store_datadir", self.refused("verify", status=2))
        self.assertFalse(self.data.exists())
        done = self.run_raw("verify", "--repair", "--image", image_id(1))
        self.assertEqual(done.returncode, 2)
        done = self.run_raw("verify", "--rate", "-1")
        self.assertEqual(done.returncode, 2)
