"""
Tests of how daemons start, or don't.
"""

import sys

from tests.functional.test_daemons import DaemonCase

HUNG_UP = """
import os, signal, glance.tap.options as options
load = options.load
def slow(*arguments, **how):
    os.kill(os.getpid(), signal.SIGHUP)
    return load(*arguments, **how)
options.load = slow
from {run} import {name}
{name}()
"""
"""
Runs a daemon that gets a SIGHUP while it reads its configuration.
"""


class PidFileTests(DaemonCase):
    """
    C{twistd} writes a pid file where it is told to, and nowhere else.
    """

    def test_unsaid(self):
        """
        Daemons that are told of none can share a working directory, and leave
        nothing in it.
        """
        daemons = [
            self.start(name, command=self.place.twistd(name, twistd=("-n",)))
            for name in ("glance-registry", "glance-api")
        ]
        self.assertEqual(self.place.litter(), [])
        for daemon in daemons:
            daemon.stop()

    def test_said(self):
        """
        One that is named is written, relative to the working directory, too.
        """
        command = self.place.twistd(
            "glance-registry", twistd=("-n", "--pidfile=registry.pid")
        )
        registry = self.start("glance-registry", command=command)
        self.assertEqual(self.place.litter(), ["registry.pid"])
        registry.stop()
        self.assertEqual(self.place.litter(), [])

    def test_not_writable(self):
        """
        One that cannot be written is refused before the daemon goes into the
        background.
        """
        for path in (self.place.path / "none" / "pid", self.place.path / "cwd"):
            command = self.place.twistd("glance-api", twistd=(f"--pidfile={path}",))
            done = self.place.run(command)
            self.assertEqual(done.returncode, 1, done)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn(f"glance-api: --pidfile {path} cannot be", done.stderr)


class HangupTests(DaemonCase):
    """
    A daemon that is told to read its configuration again before it has begun
    begins.
    """

    def test_twistd(self):
        """
        With twistd.
        """
        command = self.place.twistd("glance-registry")
        command[2] = HUNG_UP.format(run="twisted.scripts.twistd", name="run")
        self.start("glance-registry", command=command)

    def test_script(self):
        """
        As a program of its own.
        """
        code = HUNG_UP.format(run="glance.tap.scripts", name="registry")
        config = str(self.place.path / "glance.conf")
        command = [sys.executable, "-c", code, config]
        self.start("glance-registry", command=command)
