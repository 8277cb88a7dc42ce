"""
Tests of L{glance.registry.known}.
"""

from attrs import evolve
from sqlalchemy import event
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.image import Visibility
from glance.query import EVERYTHING, Query, Scope
from glance.registry.database import DatabaseRegistry
from glance.registry.known import KnownImages
from glance.registry.listing import listing
from tests.registry.images import image
from tests.registry.test_database import SQLiteMixin


class Apart:
    """
    A connection on which each statement sees what others have changed before it,
    as those to PostgreSQL are.
    """

    def __init__(self, engine):
        self._engine = engine

    def execute(self, *statement):
        with self._engine.begin() as db:
            return db.execute(*statement).all()


class KnownTests(SQLiteMixin, SynchronousTestCase):
    """
    L{KnownImages} reads an image once for each of its revisions.
    """

    def setUp(self):
        self.engines = self.open(2)
        self.registry = self.another(self.engines)
        self.images = [
            self.successResultOf(
                self.registry.create(
                    image(number, visibility=Visibility.PUBLIC, properties={"a": "b"})
                )
            )
            for number in range(3)
        ]
        self.known = KnownImages()
        self.query = Query(scope=Scope(visibilities=frozenset({Visibility.PUBLIC})))
        self.statement = listing(self.query, None, lambda leads, most: ())
        self.seen = []
        event.listen(self.engines.reader, "before_cursor_execute", self.see)

    def another(self, engines):
        return DatabaseRegistry(engines, maybeDeferred, maybeDeferred, Clock())

    def see(self, connection, cursor, statement, *others):
        if statement.startswith("SELECT"):
            self.seen.append(statement)

    def read(self):
        """
        Read the images.

        @return: the images, and how often it was looked whether they have
            changed, and for whole rows.
        """
        self.seen.clear()
        read = self.known.read(Apart(self.engines.reader), self.statement)
        whole = sum("details" in statement for statement in self.seen)
        return list(read), (len(self.seen) - whole, whole)

    def change(self, number, **changes):
        """
        Have another process change one of them.
        """
        registry = self.another(self.reopen(1))
        old = self.images[number]
        changed = registry.replace(old, evolve(old, **changes))
        self.images[number] = self.successResultOf(changed)

    def listed(self):
        return sorted(self.images, key=lambda i: (i.created_at, i.id), reverse=True)

    def test_once(self):
        """
        What is known is not read again.
        """
        self.assertEqual(self.read(), (self.listed(), (1, 1)))
        self.assertEqual(self.read(), (self.listed(), (1, 0)))

    def test_changed(self):
        """
        What has changed is read again, in any process.
        """
        self.read()
        self.change(1, name="new")
        self.assertEqual(self.read(), (self.listed(), (1, 1)))
        self.assertEqual(self.read(), (self.listed(), (1, 0)))

    def test_hidden(self):
        """
        What is not to be seen any more is not shown, known or not.
        """
        self.read()
        self.change(1, visibility=Visibility.PRIVATE)
        self.images.pop(1)
        self.assertEqual(self.read(), (self.listed(), (1, 0)))

    def test_changes_meanwhile(self):
        """
        What is changed while it is read is judged anew.
        """

        def interfere(connection, cursor, statement, *others):
            if "details" in statement and self.images[1].revision == 0:
                self.change(1, visibility=Visibility.PRIVATE)

        event.listen(self.engines.reader, "before_cursor_execute", interfere)
        images, counts = self.read()
        self.images.pop(1)
        self.assertEqual(images, self.listed())
        self.assertEqual(counts, (1, 2))

    def test_registry(self):
        """
        The registry reads its lists so.
        """
        for _ in range(2):
            self.seen.clear()
            found = self.successResultOf(
                self.registry.find(Query(scope=EVERYTHING, limit=2))
            )
            self.assertEqual(list(found), self.listed()[:2])
        self.assertEqual(len(self.seen), 1)
