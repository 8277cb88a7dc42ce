"""
Tests of L{glance.registry.database}.
"""

from datetime import timedelta
from pathlib import Path

from attrs import evolve
from sqlalchemy import event, text
from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from glance.errors import RegistryUnavailable
from glance.image import Status, Visibility
from glance.query import EVERYTHING, Condition, Operator, Query, Scope
from glance.registry.database import DatabaseRegistry
from glance.registry.engine import open_engines
from glance.registry.listing import listing, marking
from glance.registry.migrate import sync
from glance.registry.schema import leases, metadata
from tests.registry.contract import RegistryContract
from tests.registry.images import WHOLE, image
from tests.registry.memory import memory_registry
from tests.registry.racing import RacingContract


class SQLiteMixin:
    """
    A database in a file.
    """

    def open(self, connections):
        """
        Open a database that is empty.
        """
        self.path = Path(self.mktemp()).absolute()
        sync(f"sqlite:///{self.path}")
        return self.reopen(connections)

    def reopen(self, connections):
        """
        Open it once more.
        """
        engines = open_engines(f"sqlite:///{self.path}", connections)
        self.addCleanup(engines.dispose)
        return engines


class SQLiteRegistryTests(SQLiteMixin, RegistryContract, SynchronousTestCase):
    """
    L{DatabaseRegistry} on SQLite is a registry.
    """

    def make_registry(self):
        self.engines = self.open(2)
        return DatabaseRegistry(self.engines, maybeDeferred, maybeDeferred, self.clock)

    def statements(self, engine, deed):
        """
        Get the statements that something runs on an engine.
        """
        seen = []

        def see(connection, cursor, statement, *others):
            if not statement.startswith(("BEGIN", "PRAGMA")):
                seen.append(statement)

        event.listen(engine, "before_cursor_execute", see)
        self.outcome(deed())
        event.remove(engine, "before_cursor_execute", see)
        return seen

    def test_one_statement(self):
        """
        To list images, and to show one, takes one statement each; a marker
        takes one more.
        """
        (kept,) = self.created(image(1, tags=frozenset("a"), properties={"b": "c"}))
        reader = self.engines.reader
        query = Query(scope=Scope(owner="me", member="me"))
        for deed, number in (
            (lambda: self.registry.get(kept.id), 1),
            (lambda: self.registry.find(query), 1),
            (lambda: self.registry.find(Query(scope=EVERYTHING, marker=kept.id)), 2),
        ):
            self.assertEqual(len(self.statements(reader, deed)), number)

    def test_little_is_written(self):
        """
        A change of one attribute writes nothing but the row of the image.
        """
        (old,) = self.created(image(1, tags=frozenset("a"), properties={"b": "c"}))
        change = evolve(old, name="new")
        written = self.statements(
            self.engines.writer, lambda: self.registry.replace(old, change)
        )
        self.assertEqual(
            written,
            [
                "UPDATE images SET revision=?, name=? WHERE images.id = ? "
                "AND images.revision = ?"
            ],
        )

    def test_nothing_left(self):
        """
        Of images that are purged nothing stays but their ids.
        """
        self.created(evolve(WHOLE, status=Status.DELETED, attempt=None, doomed=()))
        self.outcome(self.registry.purge(WHOLE.deleted_at + timedelta(1), 10))
        with self.engines.reader.begin() as db:
            left = [
                table.name
                for table in metadata.sorted_tables
                if db.execute(table.select()).first() is not None
            ]
        self.assertEqual(left, ["used_ids"])

    def test_old_leases(self):
        """
        Leases of processes that went long ago do not pile up.
        """
        for name in ("first", "second"):
            self.outcome(self.registry.renew(name, self.lease))
            self.wait(2 * 86_400)
        with self.engines.reader.begin() as db:
            (left,) = db.execute(leases.select())
        self.assertEqual(left.instance, "second")

    def plan(self, query, marker=None):
        """
        Get how SQLite is going to find images.
        """
        with self.engines.reader.begin() as db:
            if marker is not None:
                query = evolve(query, marker=marker.id)
                marker = db.execute(marking(query)).mappings().one()
            statement = listing(query, marker).compile(
                db.engine, compile_kwargs={"literal_binds": True}
            )
            rows = db.execute(text(f"EXPLAIN QUERY PLAN {statement}"))
            return [row.detail for row in rows]

    def test_indexes(self):
        """
        A page is a walk along an index, from its start or from a marker on,
        that neither sorts nor looks at more images than it gives.
        """
        page = Query(scope=EVERYTHING, limit=25)
        active = (Condition("status", Operator.EQ, "active"),)
        (middle,) = self.created(image(1))
        walk = "SEARCH images USING INDEX ix_images_created (deleted=?"
        self.assertEqual(self.plan(page), [f"{walk})"])
        self.assertEqual(self.plan(evolve(page, conditions=active)), [f"{walk})"])
        self.assertEqual(self.plan(page, marker=middle), [f"{walk} AND created_at<?)"])

    def test_indexes_of_a_project(self):
        """
        So is a page of what a project may see: three short walks, of which
        that along memberships begins with these.
        """
        scope = Scope(
            visibilities=frozenset({Visibility.PUBLIC}), owner="me", member="me"
        )
        (middle,) = self.created(image(1, owner="me"))
        active = (Condition("status", Operator.EQ, "active"),)
        for query, marker, bound in (
            (Query(scope=scope, limit=25), None, ""),
            (Query(scope=scope, limit=25), middle, " AND created_at<?"),
            (Query(scope=scope, limit=25, conditions=active), None, ""),
        ):
            plan = self.plan(query, marker)
            self.assertEqual(
                [step for step in plan if step.startswith(("SEARCH", "SCAN im"))],
                [
                    "SEARCH images USING INDEX ix_images_visibility "
                    f"(deleted=? AND visibility=?{bound})",
                    "SEARCH images USING INDEX ix_images_owner "
                    f"(deleted=? AND owner=?{bound})",
                    "SEARCH image_members USING COVERING INDEX "
                    "ix_image_members_member (member=? AND status=?)",
                    "SEARCH images USING INDEX sqlite_autoindex_images_1 (id=?)",
                    "SEARCH images USING INDEX sqlite_autoindex_images_1 (id=?) "
                    "LEFT-JOIN",
                ],
            )

    def test_durable(self):
        """
        What was answered is on the disk.
        """
        with self.engines.writer.begin() as db:
            self.assertEqual(db.execute(text("PRAGMA synchronous")).scalar(), 2)
            self.assertEqual(db.execute(text("PRAGMA journal_mode")).scalar(), "wal")

    def test_disk_full(self):
        """
        Without room on the disk, changes fail as ones that may succeed later,
        and lose nothing; then they succeed.
        """
        (old,) = self.created(image(1))
        change = evolve(old, properties={"a": "x" * 60_000})
        with self.engines.writer.connect() as db:
            full = db.exec_driver_sql("PRAGMA page_count").scalar()
            db.exec_driver_sql(f"PRAGMA max_page_count={full}")
        self.refused(RegistryUnavailable, self.registry.replace(old, change))
        self.assertEqual(self.got(old.id), old)
        with self.engines.writer.connect() as db:
            db.exec_driver_sql("PRAGMA max_page_count=1000000")
        self.outcome(self.registry.replace(old, change))

    def test_not_writable(self):
        """
        A database that can be read and no more written doesn't work; it works
        again when it can be.
        """
        (kept,) = self.created(image(1))
        self.set_writable(False)
        self.refused(RegistryUnavailable, self.registry.create(image(2)))
        self.refused(RegistryUnavailable, self.registry.check())
        self.assertEqual(self.got(kept.id), kept)
        self.set_writable(True)
        self.outcome(self.registry.check())
        with self.engines.reader.begin() as db:
            self.assertIsNone(db.execute(leases.select()).first())

    def set_writable(self, writable):
        """
        Let the database be written, or not.
        """
        connection = self.engines.writer.raw_connection()
        connection.execute(f"PRAGMA query_only={not writable}")
        connection.close()

    def test_damaged(self):
        """
        A database that cannot be read fails without telling where it is.
        """
        self.engines.dispose()
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        self.path.write_bytes(b"nonsense" * 1000)
        error = self.refused(RegistryUnavailable, self.registry.check())
        self.assertNotIn(str(self.path), str(error))
        self.assertNotIn("SELECT", str(error))

    def test_locked(self):
        """
        While another program keeps the database for itself for long, changes
        fail as ones that may succeed later, and reading goes on.
        """
        self.created(image(1))
        other = self.reopen(1)
        with self.engines.writer.connect() as db:
            db.exec_driver_sql("PRAGMA busy_timeout=50")
        with other.writer.begin():
            self.refused(RegistryUnavailable, self.registry.create(image(2)))
            self.got(image(1).id)
        self.created(image(2))


class MemoryRegistryTests(RegistryContract, SynchronousTestCase):
    """
    L{DatabaseRegistry} on SQLite in memory, which tests use, is a registry.
    """

    def make_registry(self):
        return memory_registry(self.clock)


class SQLiteRacingTests(SQLiteMixin, RacingContract, TestCase):
    """
    L{DatabaseRegistry} on SQLite bears many callers.
    """
