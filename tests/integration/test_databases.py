"""
Tests of L{glance.registry.database} on real PostgreSQL and MariaDB.
"""

from sqlalchemy import text
from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from glance.errors import RegistryUnavailable
from glance.query import EVERYTHING, Query
from glance.registry.database import DatabaseRegistry
from glance.registry.engine import DatabaseUnusable, open_engines, single_engine
from glance.registry.migrate import State, check, prepare, sync
from glance.registry.schema import leases, metadata
from tests.integration.servers import database
from tests.registry.contract import RegistryContract
from tests.registry.images import image
from tests.registry.racing import RacingContract
from tests.registry.test_migrations import differences, sync_at_once


class ServerMixin:
    """
    A database server.
    """

    def open(self, connections):
        """
        Open its database, empty.
        """
        self.server = database(self.kind)
        sync(self.server.url)
        engines = self.reopen(connections)
        with engines.writer.begin() as db:
            for table in reversed(metadata.sorted_tables):
                db.execute(table.delete())
        return engines

    def reopen(self, connections):
        """
        Open it once more.
        """
        engines = open_engines(self.server.url, connections)
        self.addCleanup(engines.dispose)
        return engines


class RealRegistryContract(ServerMixin, RegistryContract):
    """
    What every registry does, on a database server.
    """

    def make_registry(self):
        self.engines = self.open(2)
        return DatabaseRegistry(self.engines, maybeDeferred, maybeDeferred, self.clock)

    def wait(self, seconds):
        # The time is the server's, and goes on by itself while something is slow.
        earlier = leases.c.expires - int(seconds * 1_000_000)
        with self.engines.writer.begin() as db:
            db.execute(leases.update().values(expires=earlier))

    def test_crash(self):
        """
        While the database is down, calls fail as ones that may succeed later,
        and tell nothing of where it is; when it is back, they succeed, and
        what was answered is there.
        """
        (kept,) = self.created(image(1, name="kept"))
        self.outcome(self.registry.get(kept.id))
        self.server.kill()
        for deed in (
            lambda: self.registry.get(kept.id),
            lambda: self.registry.create(image(2)),
            lambda: self.registry.find(Query(scope=EVERYTHING)),
            self.registry.check,
        ):
            error = self.refused(RegistryUnavailable, deed())
            self.assertNotIn("glance:", str(error))
            self.assertNotIn(str(self.server.port), str(error))
        self.server.start()
        self.assertEqual(self.got(kept.id), kept)
        self.created(image(2))

    def test_cut(self):
        """
        A connection that the server has ended is replaced by another.
        """
        (kept,) = self.created(image(1))
        self.cut()
        self.assertEqual(self.got(kept.id), kept)

    def cut(self):
        """
        Have the server end all connections that the registry keeps.
        """
        other = single_engine(self.server.url)
        with other.connect() as connection:
            own = connection.execute(text(self.own)).scalar()
            for (one,) in connection.execute(text(self.all)).all():
                if one != own:
                    connection.execute(text(self.end), {"one": one})


class RealRacingContract(ServerMixin, RacingContract):
    """
    What a registry does with many callers, on a database server.
    """


class RealMigrationContract(ServerMixin):
    """
    What L{glance.registry.migrate} does on a database server.
    """

    def setUp(self):
        self.open(1).dispose()
        name = f"glance_{self.id().rpartition('.')[2]}"
        self.execute(self.server.url, f"DROP DATABASE IF EXISTS {name}")
        self.execute(self.server.url, f"CREATE DATABASE {name}")
        self.url = self.server.url.replace("/glance", f"/{name}").replace(
            f"//{name}:", "//glance:"
        )

    def execute(self, url, statement):
        """
        Change a database behind the back of the program.
        """
        engine = single_engine(url).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))

    def test_sync(self):
        """
        A daemon asks the operator to make the tables, and is content then.
        """
        error = self.assertRaises(DatabaseUnusable, prepare, self.url)
        self.assertIn("glance-manage db sync", str(error))
        sync(self.url)
        prepare(self.url)
        self.assertEqual(differences(self.url), [])

    def test_at_once(self):
        """
        Processes that migrate at the same time do not harm each other.
        """
        for said, status in sync_at_once(self.url, 3):
            self.assertEqual((said, status), ("", 0))
        self.assertEqual(differences(self.url), [])

    def test_broken_off(self):
        """
        A migration that was broken off is finished by the next.
        """
        sync(self.url)
        for table in ("alembic_version", "leases", "image_tags"):
            self.execute(self.url, f"DROP TABLE {table}")
        self.execute(self.url, self.drop_index)
        self.assertIs(check(self.url), State.EMPTY)
        sync(self.url)
        self.assertEqual(differences(self.url), [])


class PostgreSQLMixin:
    """
    PostgreSQL, and how to end its connections.
    """

    kind = "postgres"
    own = "SELECT pg_backend_pid()"
    all = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
    end = "SELECT pg_terminate_backend(:one)"
    drop_index = "DROP INDEX ix_images_owner"


class MariaDBMixin:
    """
    MariaDB, and how to end its connections.
    """

    kind = "mariadb"
    own = "SELECT CONNECTION_ID()"
    all = "SELECT id FROM information_schema.processlist WHERE user = 'glance'"
    end = "KILL :one"
    drop_index = "DROP INDEX ix_images_owner ON images"


class PostgreSQLRegistryTests(
    PostgreSQLMixin, RealRegistryContract, SynchronousTestCase
):
    """
    L{DatabaseRegistry} on PostgreSQL is a registry.
    """


class PostgreSQLRacingTests(PostgreSQLMixin, RealRacingContract, TestCase):
    """
    L{DatabaseRegistry} on PostgreSQL bears many callers.
    """


class PostgreSQLMigrationTests(
    PostgreSQLMixin, RealMigrationContract, SynchronousTestCase
):
    """
    L{glance.registry.migrate} on PostgreSQL.
    """


class MariaDBRegistryTests(MariaDBMixin, RealRegistryContract, SynchronousTestCase):
    """
    L{DatabaseRegistry} on MariaDB is a registry.
    """


class MariaDBRacingTests(MariaDBMixin, RealRacingContract, TestCase):
    """
    L{DatabaseRegistry} on MariaDB bears many callers.
    """


class MariaDBMigrationTests(MariaDBMixin, RealMigrationContract, SynchronousTestCase):
    """
    L{glance.registry.migrate} on MariaDB.
    """
