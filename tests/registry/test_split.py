"""
Tests of L{glance.registry.split}.
"""

from pathlib import Path

from sqlalchemy import text
from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from glance.errors import RegistryUnavailable
from glance.query import EVERYTHING, Query
from glance.registry.database import DatabaseRegistry
from glance.registry.engine import open_engines, open_for_reading
from glance.registry.migrate import sync
from glance.registry.split import SplitRegistry
from tests.registry.contract import RegistryContract
from tests.registry.served import IMAGE, http_registry, root_of


class SplitRegistryTests(RegistryContract, SynchronousTestCase):
    """
    L{SplitRegistry} is a registry, as a worker has it: it reads the file of
    SQLite that another changes, which is asked over HTTP.
    """

    def make_registry(self):
        url = f"sqlite:///{Path(self.mktemp()).absolute()}"
        sync(url)
        engines = open_engines(url, 2)
        self.addCleanup(engines.dispose)
        self.served = DatabaseRegistry(
            engines, maybeDeferred, maybeDeferred, self.clock
        )
        self.engines = open_for_reading(url, 2)
        self.addCleanup(self.engines.dispose)
        self.reading = DatabaseRegistry(
            self.engines, maybeDeferred, maybeDeferred, self.clock
        )
        self.changing = http_registry(root_of(self.served), self.clock)
        return SplitRegistry(self.reading, self.changing)

    def test_here(self):
        """
        Nobody else is asked for what is there.
        """
        kept = self.successResultOf(self.registry.create(IMAGE))
        silent = http_registry(Resource(), self.clock)
        alone = SplitRegistry(self.reading, silent)
        self.assertEqual(self.successResultOf(alone.get(IMAGE.id)), kept)
        self.assertEqual(
            self.successResultOf(alone.find(Query(scope=EVERYTHING))), [kept]
        )

    def test_elsewhere(self):
        """
        While the file cannot be read here, the other process is asked.
        """
        kept = self.successResultOf(self.registry.create(IMAGE))
        absent = open_for_reading(f"sqlite:///{self.mktemp()}/absent", 1)
        blind = DatabaseRegistry(absent, maybeDeferred, maybeDeferred, self.clock)
        self.failureResultOf(blind.get(IMAGE.id), RegistryUnavailable)
        registry = SplitRegistry(blind, self.changing)
        self.assertEqual(self.successResultOf(registry.get(IMAGE.id)), kept)
        self.assertEqual(
            self.successResultOf(registry.find(Query(scope=EVERYTHING))), [kept]
        )

    def test_nothing_is_changed(self):
        """
        What is open for reading cannot be written.
        """
        failing = self.reading.create(IMAGE)
        self.failureResultOf(failing, RegistryUnavailable)
        with self.engines.writer.begin() as db:
            self.assertEqual(db.execute(text("SELECT * FROM images")).all(), [])

    def test_check(self):
        """
        It works where both do.
        """
        silent = http_registry(Resource(), self.clock)
        absent = open_for_reading(f"sqlite:///{self.mktemp()}/absent", 1)
        blind = DatabaseRegistry(absent, maybeDeferred, maybeDeferred, self.clock)
        for registry in (
            SplitRegistry(self.reading, silent),
            SplitRegistry(blind, self.changing),
        ):
            self.failureResultOf(registry.check(), RegistryUnavailable)
