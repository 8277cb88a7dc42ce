"""
Tests of L{glance.registry.database} on real PostgreSQL and MariaDB.
"""

import time

from sqlalchemy import text
from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from glance.registry.database import DatabaseRegistry
from glance.registry.engine import open_engines
from glance.registry.migrate import State, check, sync
from glance.registry.schema import metadata
from tests.integration.servers import database
from tests.registry.contract import RegistryContract


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
        engines = open_engines(self.server.url, connections)
        self.addCleanup(engines.dispose)
        with engines.writer.begin() as db:
            for table in reversed(metadata.sorted_tables):
                db.execute(table.delete())
        return engines


class RealRegistryContract(ServerMixin, RegistryContract):
    """
    What every registry does, on a database server.
    """

    lease = 2

    def make_registry(self):
        self.engines = self.open(2)
        return DatabaseRegistry(self.engines, maybeDeferred, maybeDeferred, self.clock)

    def wait(self, seconds):
        time.sleep(seconds)


class PostgreSQLRegistryTests(RealRegistryContract, SynchronousTestCase):
    """
    L{DatabaseRegistry} on PostgreSQL is a registry.
    """

    kind = "postgres"


class MariaDBRegistryTests(RealRegistryContract, SynchronousTestCase):
    """
    L{DatabaseRegistry} on MariaDB is a registry.
    """

    kind = "mariadb"
