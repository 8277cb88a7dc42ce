"""
Tests of L{glance.registry.migrate} and the migrations.
"""

import os
import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.dialects.mysql import LONGTEXT
from twisted.trial.unittest import SynchronousTestCase

from glance.image import Location, Status
from glance.registry import migrate
from glance.registry.booking import usage
from glance.registry.engine import DatabaseUnusable, open_engines, single_engine
from glance.registry.migrate import VERSIONS, State, check, prepare, sync, version
from glance.registry.rows import WANTED, children_of, image_of, row_of
from glance.registry.schema import images, metadata
from tests.registry.images import attempt, image

ROOT = Path(__file__).parent.parent.parent


def differences(url):
    """
    Get in what the tables of a database are not those of the program.
    """
    engine = single_engine(url)
    with engine.begin() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": _differs}
        )
        return compare_metadata(context, metadata)


def _differs(context, inspected, column, there, here):
    """
    Tell whether a column has another type; L{None} to have Alembic judge.
    """
    if context.dialect.name in ("mysql", "mariadb") and column.name == "details":
        # What the program need not know: TEXT is too short there.
        return not isinstance(there, LONGTEXT)
    return None


def python(program, *arguments):
    """
    Start a program of Python.
    """
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def sync_at_once(url, number):
    """
    Have processes migrate the same database at the same time.

    @return: what they say, and their statuses.
    """
    program = "import sys; from glance.registry.migrate import sync; sync(sys.argv[1])"
    processes = [python(program, url) for _ in range(number)]
    return [(process.communicate()[0], process.returncode) for process in processes]


class SQLiteMigrationTests(SynchronousTestCase):
    """
    L{glance.registry.migrate} on SQLite.
    """

    def setUp(self):
        self.path = Path(self.mktemp()).absolute()
        self.url = f"sqlite:///{self.path}"

    def execute(self, statement):
        """
        Change the database behind its back.
        """
        engine = single_engine(self.url)
        with engine.begin() as connection:
            connection.execute(text(statement))

    def test_versions(self):
        """
        The versions that are named are those that there are migrations to.
        """
        config = Config()
        config.set_main_option("script_location", "glance.registry:migrations")
        config.set_main_option("path_separator", "os")
        scripts = ScriptDirectory.from_config(config).walk_revisions()
        self.assertEqual(VERSIONS, tuple(script.revision for script in scripts)[::-1])

    def test_tables(self):
        """
        The migrations make the tables that the program works with.
        """
        sync(self.url)
        self.assertEqual(differences(self.url), [])

    def test_sync(self):
        """
        A database that is empty comes to the newest version, and stays there.
        """
        self.assertIsNone(version(self.url))
        self.assertIs(check(self.url), State.EMPTY)
        for _ in range(2):
            self.assertEqual(sync(self.url), VERSIONS[-1])
            self.assertEqual(version(self.url), VERSIONS[-1])
            self.assertIs(check(self.url), State.CURRENT)

    def test_at_once(self):
        """
        Processes that start at the same time do not harm each other.
        """
        for said, status in sync_at_once(self.url, 4):
            self.assertEqual((said, status), ("", 0))
        self.assertEqual(differences(self.url), [])

    def test_prepare(self):
        """
        An empty file gets its tables when a daemon starts; one that has them
        is left alone.
        """
        prepare(self.url)
        self.assertIs(check(self.url), State.CURRENT)
        self.execute("INSERT INTO used_ids VALUES ('a')")
        prepare(self.url)
        self.assertEqual(differences(self.url), [])

    def test_private(self):
        """
        A file that is made for the database is not for everybody to read.
        """
        for make in (prepare, sync):
            path = Path(self.mktemp())
            before = os.umask(0)
            self.addCleanup(os.umask, before)
            make(f"sqlite:///{path}")
            self.assertEqual(path.stat().st_mode & 0o777, 0o640)

    def test_newer(self):
        """
        A database of a later version is refused in one line, and not changed.
        """
        sync(self.url)
        self.execute("UPDATE alembic_version SET version_num = '9999'")
        self.assertIs(check(self.url), State.NEWER)
        for use in (prepare, sync):
            error = self.assertRaises(DatabaseUnusable, use, self.url)
            self.assertIn("9999", str(error))
            self.assertNotIn("\n", str(error))
        self.assertEqual(version(self.url), "9999")

    def test_foreign(self):
        """
        A database of another program is refused, and not changed.
        """
        self.execute("CREATE TABLE images (id INTEGER)")
        for use in (prepare, sync, check):
            error = self.assertRaises(DatabaseUnusable, use, self.url)
            self.assertIn("of its own", str(error))

    def test_foreign_file(self):
        """
        A file in which another program has anything at all is, too; what a
        migration of ours has left when it was broken off doesn't matter.
        """
        self.execute("CREATE TABLE used_ids (id INTEGER)")
        self.assertIs(check(self.url), State.EMPTY)
        self.execute("CREATE TABLE bookmarks (id INTEGER)")
        for use in (prepare, sync, check):
            error = self.assertRaises(DatabaseUnusable, use, self.url)
            self.assertIn("of its own", str(error))

    def test_read_only(self):
        """
        A database that can be read only is refused; looking leaves nothing.
        """
        sync(self.url)
        read_only = f"sqlite:///file:{self.path}?mode=ro&uri=true"
        error = self.assertRaises(DatabaseUnusable, prepare, read_only)
        self.assertIn("readonly", str(error))
        self.assertIn("may be written", str(error))
        prepare(self.url)
        engine = single_engine(self.url)
        with engine.begin() as connection:
            self.assertIsNone(connection.execute(text("SELECT * FROM leases")).first())

    def test_unusable(self):
        """
        A database that cannot be opened is refused in one line.
        """
        self.path.write_bytes(b"nonsense" * 1000)
        for url in (self.url, f"sqlite:///{self.path}/x"):
            error = self.assertRaises(DatabaseUnusable, prepare, url)
            self.assertNotIn("\n", str(error))

    def test_wrong_url(self):
        """
        A URL of no database that there is support for is refused, and its
        password is not shown.
        """
        for url in (
            "",
            "glance.sqlite",
            "oracle://user:secret@host/name",
            "postgresql://user:secret@host:port/name",
            "postgresql+nothing://user:secret@host/name",
            "mysql://user:a@secret@nohost.invalid/name",
            "sqlite://user:secret@host/name",
        ):
            error = self.assertRaises(DatabaseUnusable, prepare, url)
            self.assertNotIn("secret", str(error))
            self.assertNotIn("\n", str(error))

    def test_wrong_parameters(self):
        """
        What stands after the question mark of a URL and means nothing to the
        driver is refused in one line, that says what it is.
        """
        for end, said in (
            ("foo=bar", "'foo'"),
            ("ssl_ca=/nonexistent.pem", "No such file"),
            ("read_timeout=abc", "'abc'"),
        ):
            url = f"mysql://user:secret@127.0.0.1:1/name?{end}"
            self.assert_not_taken(url, said)
        self.assert_not_taken(f"{self.url}?foo=bar", "'foo'")
        self.assert_not_taken(f"{self.url}?timeout=abc", "'abc'")
        self.assert_not_taken("postgresql://user:secret@127.0.0.1:1/name?x=y", '"x"')

    def assert_not_taken(self, url, said):
        """
        See that a URL is refused, and that it is said why.
        """
        error = self.assertRaises(DatabaseUnusable, prepare, url)
        self.assertIn(said, str(error))
        self.assertNotIn("secret", str(error))
        self.assertNotIn("\n", str(error))

    def test_unreachable(self):
        """
        A server that isn't there is told of, without the password.
        """
        for kind in ("mysql", "postgresql"):
            url = f"{kind}://user:secret@127.0.0.1:1/name"
            error = self.assertRaises(DatabaseUnusable, prepare, url)
            self.assertNotIn("secret", str(error))
            self.assertNotIn("\n", str(error))

    def test_usual_urls(self):
        """
        The URLs of operators mean the drivers that there are.
        """
        for url, driver in (
            ("sqlite:///glance.sqlite", "sqlite+pysqlite"),
            ("mysql://u:p@h/n?charset=utf8", "mysql+pymysql"),
            ("mysql+pymysql://u:p@h/n", "mysql+pymysql"),
            ("mariadb://u:p@h/n", "mysql+pymysql"),
            ("postgresql://u:p@h/n", "postgresql+psycopg"),
            ("postgres://u:p@h/n", "postgresql+psycopg"),
            ("postgresql+psycopg2://u:p@h/n", "postgresql+psycopg"),
        ):
            dialect = open_engines(url, 1).reader.dialect
            self.assertEqual(f"{dialect.name}+{dialect.driver}", driver)

    def test_sorted_as_before(self):
        """
        A database of the first version is refused until it is migrated; then
        its images are sorted by what they are called, and by their sizes.
        """
        self.patch(migrate, "VERSIONS", VERSIONS[:1])
        sync(self.url)
        self.patch(migrate, "VERSIONS", VERSIONS)
        old = (image(1, name="b"), image(2), image(3, name="a", size=5))
        engine = single_engine(self.url)
        with engine.begin() as connection:
            for each in old:
                row = row_of(each)
                for later in ("ranked_name", "ranked_size", "stored"):
                    del row[later]
                connection.execute(images.insert(), row)
        self.assertIs(check(self.url), State.BEHIND)
        error = self.assertRaises(DatabaseUnusable, prepare, self.url)
        self.assertIn("glance-manage db sync", str(error))
        sync(self.url)
        self.assertEqual(differences(self.url), [])
        with engine.begin() as connection:
            found = connection.execute(images.select().order_by(images.c.id))
            ranks = [(row.ranked_name, row.ranked_size) for row in found]
        self.assertEqual(ranks, [("b", 0), ("", 0), ("a", 5)])

    def test_stored_before(self):
        """
        What images of before have stored counts, each copy of it; what is being
        uploaded to them is taken as one that nobody said the size of.
        """
        self.patch(migrate, "VERSIONS", VERSIONS[:2])
        sync(self.url)
        self.patch(migrate, "VERSIONS", VERSIONS)
        places = (Location(store="a", key="b"), Location(store="c", key="d"))
        begun = attempt("process-1")
        old = (
            image(1, size=5, locations=places),
            image(2, size=5, locations=places[:1]),
            image(3, size=5),
            image(4, status=Status.SAVING, attempt=begun),
        )
        engine = single_engine(self.url)
        with engine.begin() as connection:
            for each in old:
                row = row_of(each)
                del row["stored"]
                row["details"] = row["details"].replace(',"size":null', "")
                connection.execute(images.insert(), row)
                for table, rows in children_of(each):
                    if rows:
                        connection.execute(table.insert(), list(rows.values()))
        sync(self.url)
        self.assertEqual(differences(self.url), [])
        with engine.begin() as connection:
            self.assertEqual(usage(connection, None).size, 15)
            row = connection.execute(select(*WANTED).where(images.c.id == old[3].id))
            self.assertEqual(image_of(row.one()).attempt, begun)

    def test_late_import(self):
        """
        A daemon that finds its database as it should be imports no Alembic.
        """
        sync(self.url)
        program = (
            "import sys; from glance.registry.migrate import prepare;"
            "prepare(sys.argv[1]); print('alembic' in sys.modules)"
        )
        self.assertEqual(python(program, self.url).communicate()[0], "False\n")
