"""
Tests of what daemons load, and do without.
"""

import json
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.config.settings import ConfigurationError
from glance.tap.apart import apart
from tests.functional.daemons import Place, environment
from tests.functional.test_daemons import DaemonCase

PROGRAM = """
import sys, json
from twisted.internet import reactor
from twisted.internet.task import deferLater
from glance.tap import {module}

options = {module}.Options()
options.parseOptions(["--config-file", {config!r}])
service = {module}.makeService(options)
print(json.dumps([name for name in {names!r} if name in sys.modules]))
"""


class LoadedTests(SynchronousTestCase):
    """
    Each process imports what it needs, and not what others do.
    """

    def loaded(self, module, *names, **options):
        """
        Put a daemon together.

        @return: which of some modules it has imported.
        """
        place = Place(Path(self.mktemp()).absolute())
        config = place.configure(**options)
        program = PROGRAM.format(module=module, config=str(config), names=names)
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_one_process(self):
        """
        One that makes its tables does not keep what makes them; nor what speaks
        to other kinds of databases, asks another registry, looks after others, or
        describes the API.
        """
        names = (
            "klein",
            "sqlalchemy",
            "alembic",
            "sqlalchemy.dialects.postgresql",
            "sqlalchemy.dialects.mysql",
            "treq",
            "glance.tap.supervisor",
            "glance.api.openapi.document",
        )
        self.assertEqual(self.loaded("start_all", *names), ["klein", "sqlalchemy"])

    def test_several_processes(self):
        """
        What looks after others does nothing of what they do.
        """
        names = ("glance.tap.supervisor", "klein", "sqlalchemy", "alembic", "treq")
        for module in ("start_all", "start_api"):
            loaded = self.loaded(module, *names, workers=2)
            self.assertEqual(loaded, ["glance.tap.supervisor"])


class GarbageTests(DaemonCase):
    """
    Garbage is looked for while a daemon serves, but not in what it consists of.
    """

    def test_looked_for(self):
        """
        It is so in each process that serves.
        """
        show = (
            "import atexit, gc, os; atexit.register(lambda: os.write(2,"
            " f'{gc.isenabled()} {gc.get_freeze_count() > 50000}. '.encode()));"
        )
        self.place.configure(workers=2)
        command = self.place.twistd("glance")
        command[2] = (
            f"import glance.tap.children as c; c._CODE = {show!r} + c._CODE;"
            f"{command[2]}"
        )
        running = self.start("glance", command=command)
        running.wait_for_log("2 processes serve.")
        running.stop()
        self.assertEqual(running.log.count("True True. "), 3, running.log)


class ApartTests(SynchronousTestCase):
    """
    L{apart} calls functions in a process of their own.
    """

    def test_done(self):
        """
        What it does is done, and what it changes of ours isn't.
        """
        path, there = Path(self.mktemp()), []

        def work():
            there.append(1)
            path.touch()

        apart(work)
        self.assertTrue(path.exists())
        self.assertEqual(there, [])

    def test_refused(self):
        """
        What it says is wrong is said here.
        """

        def refuse():
            raise ConfigurationError("workers: so it is, \N{SNOWMAN}")

        error = self.assertRaises(ConfigurationError, apart, refuse)
        self.assertEqual(str(error), "workers: so it is, \N{SNOWMAN}")

    def test_failed(self):
        """
        Whatever else happens there ends the start.
        """
        program = "from glance.tap.apart import apart; apart(lambda: 1 / 0); print(1)"
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("ZeroDivisionError", done.stderr)
