"""
Tests of L{glance.registry.grouped}.
"""

from pathlib import Path

from sqlalchemy import event, text
from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import ImageExists, RegistryUnavailable
from glance.registry import grouped
from glance.registry.engine import open_engines
from glance.registry.grouped import Grouped


class GroupedTests(SynchronousTestCase):
    """
    L{Grouped} runs what waits together in one transaction.
    """

    def setUp(self):
        path = Path(self.mktemp()).absolute()
        self.engine = open_engines(f"sqlite:///{path}", 1).writer
        self.addCleanup(self.engine.dispose)
        with self.engine.begin() as db:
            db.execute(text("CREATE TABLE kept (word TEXT)"))
        self.commits = 0
        event.listen(self.engine, "commit", self.committed)
        self.running = []
        self.grouped = Grouped(self.engine, self.in_thread, changing=True)

    def committed(self, connection):
        """
        Count a transaction that is over.
        """
        self.commits += 1

    def in_thread(self, f, *args):
        """
        Be busy until the test says otherwise.
        """
        ending = Deferred()
        ending.addCallback(lambda _: f(*args))
        self.running.append(ending)
        return ending

    def go_on(self):
        """
        Let what runs come to its end.
        """
        self.running.pop(0).callback(None)

    def keep(self, word, failure=None):
        """
        Keep a word, and then fail.
        """

        def keep(db):
            db.execute(text("INSERT INTO kept VALUES (:word)"), {"word": word})
            if failure is not None:
                raise failure
            return word

        return self.grouped(keep)

    def kept(self):
        """
        Get the words that are there.
        """
        with self.engine.connect() as db:
            return [row.word for row in db.execute(text("SELECT word FROM kept"))]

    def test_one(self):
        """
        What comes alone begins at once, and gives its result when it is kept.
        """
        keeping = self.keep("first")
        self.assertNoResult(keeping)
        self.go_on()
        self.assertEqual(self.successResultOf(keeping), "first")
        self.assertEqual(self.kept(), ["first"])

    def test_together(self):
        """
        What comes while another runs waits, and is then one transaction, in the
        order in which it came.
        """
        words = ["first", "second", "third", "fourth"]
        keeping = [self.keep(word) for word in words]
        self.assertEqual(len(self.running), 1)
        self.go_on()
        self.assertEqual(self.successResultOf(keeping[0]), "first")
        self.assertNoResult(keeping[1])
        self.go_on()
        results = [self.successResultOf(each) for each in keeping[1:]]
        self.assertEqual(results, words[1:])
        self.assertEqual(self.kept(), words)
        self.assertEqual((self.commits, self.running), (2, []))

    def test_failing(self):
        """
        What fails among others is undone, and they are not.
        """
        self.keep("first")
        second = self.keep("second")
        third = self.keep("third", ImageExists("It is there."))
        fourth = self.keep("fourth")
        self.go_on()
        self.go_on()
        self.assertEqual(self.successResultOf(second), "second")
        self.failureResultOf(third, ImageExists)
        self.assertEqual(self.successResultOf(fourth), "fourth")
        self.assertEqual(self.kept(), ["first", "second", "fourth"])
        self.assertEqual(self.commits, 2)

    def test_broken(self):
        """
        Where the database fails one of several, each of them is tried alone.
        """

        def broken(db):
            db.execute(text("SELECT something"))

        self.keep("first")
        second = self.keep("second")
        third = self.grouped(broken)
        self.go_on()
        self.go_on()
        self.assertEqual(self.successResultOf(second), "second")
        self.failureResultOf(third, RegistryUnavailable)
        self.assertEqual(self.kept(), ["first", "second"])

    def test_not_kept(self):
        """
        Where a transaction of several cannot be ended well, none of them counts
        as kept for that, and each is tried alone.
        """
        failures = [text("SELECT something")]

        def fail(connection):
            if failures:
                connection.execute(failures.pop())

        self.keep("first")
        keeping = [self.keep(word) for word in ("second", "third")]
        self.go_on()
        event.listen(self.engine, "commit", fail)
        self.go_on()
        results = [self.successResultOf(each) for each in keeping]
        self.assertEqual(results, ["second", "third"])
        self.assertEqual(self.kept(), ["first", "second", "third"])

    def test_too_many(self):
        """
        When as many as may wait do, others are told to come again.
        """
        self.patch(grouped, "WAITING", 2)
        keeping = [self.keep(str(number)) for number in range(3)]
        self.failureResultOf(self.keep("more"), RegistryUnavailable)
        self.go_on()
        self.keep("again")
        self.go_on()
        self.assertEqual(self.successResultOf(keeping[2]), "2")

    def test_most(self):
        """
        No more than so many are one transaction.
        """
        self.patch(grouped, "MOST", 2)
        keeping = [self.keep(str(number)) for number in range(4)]
        self.go_on()
        self.go_on()
        self.assertEqual(self.successResultOf(keeping[2]), "2")
        self.assertNoResult(keeping[3])
        self.go_on()
        self.assertEqual(self.successResultOf(keeping[3]), "3")

    def test_hanging(self):
        """
        When what runs is given up, so are all that wait for it.
        """
        keeping = [self.keep(word) for word in ("first", "second")]
        self.running.pop().errback(RegistryUnavailable("It takes too long."))
        for each in keeping:
            self.failureResultOf(each, RegistryUnavailable)
        later = self.keep("later")
        self.go_on()
        self.assertEqual(self.successResultOf(later), "later")

    def test_cancelled(self):
        """
        What is cancelled goes on to its end, and is over only then.
        """
        keeping = [self.keep(word) for word in ("first", "second")]
        for each in keeping:
            each.cancel()
        self.assertNoResult(keeping[0])
        self.go_on()
        self.failureResultOf(keeping[0], CancelledError)
        self.assertNoResult(keeping[1])
        self.go_on()
        self.failureResultOf(keeping[1], CancelledError)
        self.assertEqual(self.kept(), ["first", "second"])
