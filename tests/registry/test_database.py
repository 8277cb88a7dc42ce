"""
Tests of L{glance.registry.database}.
"""

from pathlib import Path

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from glance.registry.database import DatabaseRegistry
from glance.registry.engine import open_engines
from glance.registry.migrate import sync
from tests.registry.contract import RegistryContract


class SQLiteRegistryTests(RegistryContract, SynchronousTestCase):
    """
    L{DatabaseRegistry} on SQLite is a registry.
    """

    def make_registry(self):
        self.path = Path(self.mktemp()).absolute()
        url = f"sqlite:///{self.path}"
        sync(url)
        self.engines = open_engines(url, 2)
        self.addCleanup(self.engines.dispose)
        return DatabaseRegistry(self.engines, maybeDeferred, maybeDeferred, self.clock)
