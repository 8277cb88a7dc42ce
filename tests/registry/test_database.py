"""
Tests of L{glance.registry.database}.
"""

from datetime import timedelta
from pathlib import Path
from random import Random

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.dialects import mysql
from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from glance.errors import RegistryUnavailable
from glance.image import Status, Visibility
from glance.limits import Quota
from glance.query import EVERYTHING, Condition, Operator, Order, Query, Scope
from glance.registry.database import DatabaseRegistry
from glance.registry.engine import open_engines
from glance.registry.leads import FEW, counting, leads
from glance.registry.listing import listing, marking
from glance.registry.migrate import sync
from glance.registry.schema import leases, metadata
from tests.registry.contract import RegistryContract
from tests.registry.finding import FEW as FEWS
from tests.registry.finding import any_image, any_query
from tests.registry.images import WHOLE, image
from tests.registry.memory import memory_registry
from tests.registry.model import found
from tests.registry.quotas import active, saving
from tests.registry.racing import RacingContract


def verbs(statements):
    """
    Get what each of some statements does.
    """
    return [each.split()[0] for each in statements]


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
        takes one more, and so do images that are not known.
        """
        (kept,) = self.created(image(1, tags=frozenset("a"), properties={"b": "c"}))
        reader = self.engines.reader
        query = Query(scope=Scope(owner="me", member="me"))
        for deed, number in (
            (lambda: self.registry.get(kept.id), 1),
            (lambda: self.registry.find(query), 1),
            (lambda: self.registry.find(Query(scope=EVERYTHING)), 2),
            (lambda: self.registry.find(Query(scope=EVERYTHING)), 1),
            (lambda: self.registry.find(Query(scope=EVERYTHING, marker=kept.id)), 2),
        ):
            self.assertEqual(len(self.statements(reader, deed)), number)

    def test_quota_is_cheap(self):
        """
        A quota costs no statement for an image that is made, one where something is
        to grow, and none where nothing does.
        """
        writer, quota = self.engines.writer, Quota(size=100, images=100, uploads=100)

        def create(number, *quota):
            return lambda: self.registry.create(image(number), *quota)

        free = self.statements(writer, create(1))
        bound = self.statements(writer, create(2, quota))
        self.assertEqual(len(bound), len(free))
        old = self.got(image(2).id)
        begun = saving(old, 5)
        asked = self.statements(
            writer, lambda: self.registry.replace(old, begun, quota)
        )
        # The image, what is booked for it, and the sum.
        self.assertEqual(verbs(asked), ["UPDATE", "INSERT", "SELECT"])
        kept = self.got(old.id)
        ended = active(kept, 5)
        asked = self.statements(
            writer, lambda: self.registry.replace(kept, ended, quota)
        )
        # The image, where its data is, and no booking any more.
        self.assertEqual(verbs(asked), ["UPDATE", "INSERT", "DELETE"])
        kept = self.got(old.id)
        named = evolve(kept, name="new")
        asked = self.statements(
            writer, lambda: self.registry.replace(kept, named, quota)
        )
        self.assertEqual(len(asked), 1)

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
                "UPDATE images SET revision=?, name=?, ranked_name=? "
                "WHERE images.id = ? AND images.revision = ?"
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

    def plan(self, query, marker=None, found=FEW + 1):
        """
        Get how SQLite is going to find images.

        @param found: how many there are of whatever is counted first.
        """
        with self.engines.reader.begin() as db:
            if marker is not None:
                query = evolve(query, marker=marker.id)
                marker = db.execute(marking(query)).mappings().one()
            statement = listing(
                query, marker, lambda leads, most: [min(found, most)] * len(leads)
            )
            return self.explain(db, statement)

    def explain(self, db, statement):
        """
        Get how SQLite runs a statement.
        """
        seen = []

        def see(connection, cursor, *ran):
            seen.append(ran[:2])

        event.listen(db, "before_cursor_execute", see)
        db.execute(statement)
        event.remove(db, "before_cursor_execute", see)
        ((ran, parameters),) = seen
        rows = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {ran}", parameters)
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
        living = (Condition("status", Operator.NE, Status.KILLED),)
        for query, marker, bound in (
            (Query(scope=scope, limit=25), None, ""),
            (Query(scope=scope, limit=25), middle, " AND created_at<?"),
            (Query(scope=scope, limit=25, conditions=living), None, ""),
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

    def test_short_parts(self):
        """
        Where no index has a part of what a project may see in the order asked
        for, a part that is short is looked up, and a great one walked along.
        """
        scope = Scope(visibilities=frozenset({Visibility.PUBLIC}), owner="me")
        query = Query(scope=scope, limit=25, order=(Order("name", False),))
        short = " ".join(self.plan(query, found=FEW))
        self.assertIn("ix_images_visibility (deleted=? AND visibility=?)", short)
        self.assertIn("ix_images_owner (deleted=? AND owner=?)", short)
        self.assertNotIn("ix_images_name", short)
        (walk,) = self.plan(query)
        self.assertIn("ix_images_name", walk)

    def test_forced(self):
        """
        MySQL is told which index to walk along, where one is in order.
        """
        name = Order("name", False)
        for order, index in (
            ((), "ix_images_created"),
            ((Order("id"),), "PRIMARY"),
            ((name,), "ix_images_name"),
            ((name, Order("created_at", False)), "ix_images_name"),
            ((name, Order("created_at")), None),
            ((name, Order("size", False)), None),
            ((Order("status"),), None),
        ):
            query = Query(scope=EVERYTHING, order=order)
            statement = listing(query, None, lambda leads, most: ())
            told = f" FORCE INDEX ({index})" if index else ""
            self.assertIn(
                f"FROM images{told} \nWHERE",
                str(statement.compile(dialect=mysql.dialect())),
            )

    def test_common_among_many(self):
        """
        What is common is looked for in all that a project may see at once,
        since one kind of image may have none of it.
        """
        scope = Scope(visibilities=frozenset({Visibility.PUBLIC}), owner="me")
        plan = self.plan(Query(scope=scope, limit=25, tags=("a",)))
        self.assertEqual(
            plan[0], "SEARCH images USING INDEX ix_images_created (deleted=?)"
        )
        self.assertNotIn("USE TEMP B-TREE FOR ORDER BY", plan)

    def test_ruled_out(self):
        """
        Images of a visibility that a filter rules out are not walked past.
        """
        shared = (Condition("visibility", Operator.EQ, Visibility.SHARED),)
        walk = "SEARCH images USING INDEX ix_images_visibility (deleted=? AND visi"
        (step,) = self.plan(Query(scope=EVERYTHING, limit=25, conditions=shared))
        self.assertTrue(step.startswith(walk), step)
        scope = Scope(visibilities=frozenset({Visibility.PUBLIC}), owner="me")
        plan = self.plan(Query(scope=scope, limit=25, conditions=shared))
        self.assertIn("ix_images_owner", plan[0])
        self.assertNotIn("ix_images_visibility", " ".join(plan))

    def test_indexes_of_orders(self):
        """
        So is a page in another order that clients ask for.
        """
        (middle,) = self.created(image(1))
        wide = Scope(visibilities=frozenset(Visibility))
        for attribute, name in (
            ("name", "ix_images_name (deleted=? AND ranked_name"),
            ("size", "ix_images_size (deleted=? AND ranked_size"),
            ("updated_at", "ix_images_updated (deleted=? AND updated_at"),
        ):
            for scope in (EVERYTHING, wide):
                order = (Order(attribute, False),)
                query = Query(scope=scope, limit=25, order=order)
                walk = f"SEARCH images USING INDEX {name}"
                self.assertEqual(self.plan(query, marker=middle), [f"{walk}>?)"])
                walk = self.plan(query)
                self.assertEqual(len(walk), 1)
                self.assertEqual(self.plan(evolve(query, tags="a"))[:1], walk)

    def test_rare(self):
        """
        What is rare is looked up, and then sorted; what is common is met on the
        way of a walk.
        """
        pairs = (("name", "a"), ("size", 5), ("checksum", "a"), ("owner", "a"))
        conditions = [
            {"conditions": (Condition(attribute, Operator.EQ, value),)}
            for attribute, value in (
                *pairs,
                ("os_hash_value", "a"),
                ("os_hash_algo", "a"),
                ("status", Status.QUEUED),
                ("disk_format", "iso"),
            )
        ]
        recent = Condition("updated_at", Operator.GE, image(1).updated_at)
        for filters, key in (
            *((each, None) for each in conditions),
            ({"conditions": (recent,)}, "ix_images_updated (deleted=? AND updated_at"),
            ({"tags": ("a",)}, "ix_image_tags_tag (tag=?)"),
            ({"properties": (("a", "b"),)}, "ix_image_properties_name (name=? AND"),
            ({"hidden": True}, "ix_images_hidden (deleted=? AND os_hidden=?)"),
        ):
            query = Query(scope=EVERYTHING, limit=25, **filters)
            first, *steps = self.plan(query, found=FEW)[1:]
            self.assertRegex(first, "^SEARCH image.* INDEX ix_image")
            self.assertIn(key or "=?", first)
            self.assertIn("sqlite_autoindex_images_1 (id=?)", " ".join(steps))
            self.assertEqual(steps[-1], "USE TEMP B-TREE FOR ORDER BY")
            walk = self.plan(query)
            self.assertNotIn("USE TEMP B-TREE FOR ORDER BY", walk, filters)

    def test_counted_shortly(self):
        """
        To tell how rare something is takes a look at an index, and ends where
        it is known to be common.
        """
        images = self.created(*(image(n, name="a") for n in range(5)))
        self.assertEqual(len(images), 5)
        same = (Condition("name", Operator.EQ, "a"),)
        query = Query(scope=EVERYTHING, conditions=same, tags=("b",), hidden=True)
        statement = counting(list(leads(query)), 3)
        with self.engines.reader.begin() as db:
            self.assertEqual(tuple(db.execute(statement).one()), (3, 0, 0))
            plan = self.explain(db, statement)
        looks = [step for step in plan if step.startswith(("SEARCH", "SCAN image"))]
        self.assertEqual(len(looks), 3)
        for look in looks:
            self.assertIn("USING COVERING INDEX", look)

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

    def test_any_plan(self):
        """
        Whatever is looked for, and however, what it means is found.
        """
        chance = Random(4)
        images = self.created(*(any_image(chance, n) for n in range(40)))
        ids = [image.id for image in images]

        @given(st.randoms(use_true_random=False), st.sampled_from(FEWS))
        def check(random, few):
            query = any_query(random, ids)
            self.call_few(few)
            page = random.choice([None, 3])
            self.assertEqual(self.find_all(query, page), found(images, query), query)

        check()


class SQLiteRacingTests(SQLiteMixin, RacingContract, TestCase):
    """
    L{DatabaseRegistry} on SQLite bears many callers.
    """
