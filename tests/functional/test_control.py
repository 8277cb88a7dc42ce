"""
C{glance-control} over real daemons.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import PATIENCE, free_port
from tests.functional.operating import run_program

CONF = """\
[DEFAULT]
auth_strategy = noauth
filesystem_store_datadir = {here}/data
registry_port = {registry}
log_dir = {here}/log
graceful_shutdown_timeout = 5
[app:glance-api]
bind_port = {api}
[app:glance-registry]
bind_port = {registry}
sql_connection = sqlite:///{here}/glance.sqlite
"""

IMPATIENT = "import glance.tap.control as c; c.SETTLING, c.MARGIN = 1, 2"
"""Has the command wait for a daemon that hangs for seconds, not for half a minute."""


class ControlTests(SynchronousTestCase):
    """
    The daemons are started and stopped, and nothing else is.
    """

    def setUp(self):
        self.here = Path(self.mktemp()).absolute()
        for name in ("run", "log", "cwd"):
            (self.here / name).mkdir(parents=True)
        self.registry_port, self.api_port = free_port(), free_port()
        self.conf = self.here / "glance.conf"
        self.write(CONF)

    def tearDown(self):
        self.control("all", "stop")
        self.assertEqual(list((self.here / "cwd").iterdir()), [])

    def write(self, text):
        """
        Write the configuration.
        """
        self.conf.write_text(
            text.format(here=self.here, api=self.api_port, registry=self.registry_port)
        )

    def control(self, *arguments, **how):
        """
        Run the command, in a directory that has to stay empty.
        """
        return run_program(
            "glance.tap.control",
            *arguments,
            f"--pid-dir={self.here / 'run'}",
            cwd=self.here / "cwd",
            **how,
        )

    def succeed(self, *arguments):
        """
        Run the command, see that it succeeds, and get what it says.
        """
        done = self.control(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def refused(self, *arguments, status=1, **how):
        """
        Run the command, see that it fails, and get its last line.
        """
        done = self.control(*arguments, **how)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return (done.stdout + done.stderr).splitlines()[-1]

    def pid_file(self, name):
        """
        Get the path of a daemon's pid file.
        """
        return self.here / "run" / f"{name}.pid"

    def pid(self, name):
        """
        Get the number of a daemon's process.
        """
        return int(self.pid_file(name).read_text())

    def log(self, name):
        """
        Get what a daemon has written.
        """
        return (self.here / "log" / f"{name}.log").read_text()

    def wait_until(self, true):
        """
        Wait until something is true.
        """
        deadline = time.monotonic() + PATIENCE
        while not true():
            self.assertLess(time.monotonic(), deadline, "that takes too long")
            time.sleep(0.05)

    def test_life(self):
        """
        Both are started, serve, are asked, reloaded, restarted and stopped.
        """
        self.assertIn("not running", self.refused("all", "status", status=3))
        said = self.succeed("all", "start", self.conf)
        self.assertLess(
            said.index(f"Starting glance-registry with {self.conf}"),
            said.index(f"Starting glance-api with {self.conf}"),
        )
        url = f"http://127.0.0.1:{self.api_port}/v1/images"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            self.assertEqual(answer.read(), b'{"images":[]}')
        self.assertIn(f"pid {self.pid('glance-api')}", self.succeed("all", "status"))
        self.check_reload()
        self.check_restart()
        said = self.succeed("all", "stop")
        self.assertLess(
            said.index("Stopping glance-api  pid: "),
            said.index("Stopping glance-registry  pid: "),
        )
        self.assertEqual(list((self.here / "run").iterdir()), [])
        self.assertIn("No glance-api running", self.succeed("api", "stop"))
        self.assertIn("No glance-api running", self.refused("api", "reload"))
        for name in ("glance-api", "glance-registry"):
            self.assertIn("Ended.", self.log(name))

    def check_reload(self):
        """
        See that a daemon that is reloaded goes on.
        """
        pid = self.pid("glance-api")
        self.assertIn(f"pid: {pid}  signal: 1", self.succeed("api", "reload"))
        self.wait_until(lambda: "Reloaded." in self.log("glance-api"))
        self.assertEqual(self.pid("glance-api"), pid)

    def check_restart(self):
        """
        See that a daemon that is restarted is another process.
        """
        for conf in ([self.conf], []):
            pid = self.pid("glance-api")
            said = self.succeed("api", "restart", *conf)
            self.assertIn(f"Starting glance-api with {self.conf}", said)
            self.assertNotEqual(self.pid("glance-api"), pid)
        said = self.succeed("all", "restart", self.conf)
        lines = [" ".join(line.split()[:2]) for line in said.splitlines()]
        self.assertEqual(
            lines,
            [
                "Stopping glance-api",
                "Stopping glance-registry",
                "Starting glance-registry",
                "Starting glance-api",
            ],
        )

    def test_restart_with_mistake(self):
        """
        A daemon whose configuration has become one that cannot be goes on when
        it is told to restart.
        """
        self.succeed("registry", "start", self.conf)
        pid = self.pid("glance-registry")
        self.write(CONF.replace("timeout = 5", "timeout = five"))
        for conf in ([self.conf], []):
            line = self.refused("registry", "restart", *conf)
            self.assertIn("graceful_shutdown_timeout", line)
            self.assertIn(f"pid {pid}", self.succeed("registry", "status"))

    def test_first_start(self):
        """
        Whoever starts an API for the first time is told how to log in.
        """
        self.write(CONF.replace("auth_strategy = noauth\n", ""))
        said = self.succeed("all", "start", self.conf)
        clouds = f"OS_CLIENT_CONFIG_FILE={self.here}/clouds.yaml"
        self.assertIn(clouds, said)
        self.assertNotIn(clouds, self.succeed("all", "restart"))

    def test_start_twice(self):
        """
        A daemon that runs is left alone.
        """
        self.succeed("registry", "start", self.conf)
        pid = self.pid("glance-registry")
        said = self.succeed("registry", "start", self.conf)
        self.assertIn("glance-registry appears to already be running: ", said)
        self.assertEqual(self.pid("glance-registry"), pid)

    def test_port_in_use(self):
        """
        A daemon that cannot start says why, in one line, and the status says
        so, too.
        """
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.api_port))
            taken.listen()
            line = self.refused("api", "start", self.conf)
        self.assertIn(f"bind_port: cannot listen at 127.0.0.1:{self.api_port}", line)
        self.assertFalse(self.pid_file("glance-api").exists())

    def test_all_needs_each(self):
        """
        The API isn't started if its registry can't be.
        """
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.registry_port))
            taken.listen()
            line = self.refused("all", "start", self.conf)
        self.assertIn("glance-registry: ", line)
        self.refused("api", "status", status=3)

    def test_bad_configuration(self):
        """
        A configuration that cannot be is one line, before anything is started.
        """
        self.write("[DEFAULT]\nbind_port = many\n")
        line = self.refused("api", "start", self.conf)
        self.assertIn("bind_port", line)
        self.assertIn("nix.conf", self.refused("api", "start", self.here / "nix.conf"))

    def test_killed(self):
        """
        The pid file of a daemon that was killed doesn't matter.
        """
        self.succeed("registry", "start", self.conf)
        pid = self.pid("glance-registry")
        os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: self.control("registry", "status").returncode == 3)
        self.assertEqual(self.pid("glance-registry"), pid)
        self.assertIn("No glance-registry running", self.succeed("registry", "stop"))
        said = self.succeed("registry", "start", self.conf)
        self.assertIn("Removing stale pid file ", said)
        self.succeed("registry", "status")

    def test_others(self):
        """
        A process that isn't the daemon is never signalled, whatever the pid
        file says.
        """
        others = [
            subprocess.Popen(
                [sys.executable, "-c", "import time; time.sleep(600)", *words]
            )
            for words in (["glance-registry"], ["twistd", "another"])
        ]
        for other in others:
            self.addCleanup(other.wait)
            self.addCleanup(other.kill)
            self.pid_file("glance-registry").write_text(str(other.pid))
            self.refused("registry", "status", status=3)
            self.succeed("registry", "stop")
            self.refused("registry", "reload")
        said = self.succeed("registry", "start", self.conf)
        self.assertIn("Removing stale pid file ", said)
        self.assertEqual([other.poll() for other in others], [None, None])

    def test_other_instance(self):
        """
        A daemon of the same name that has another pid file is another one.
        """
        self.succeed("registry", "start", self.conf)
        other = self.here / "other.pid"
        other.write_text(str(self.pid("glance-registry")))
        done = run_program(
            "glance.tap.control", "registry", "stop", f"--pid-file={other}"
        )
        self.assertEqual(done.stdout, "No glance-registry running\n")
        self.succeed("registry", "status")

    def test_no_pid_file(self):
        """
        What isn't a pid file is neither believed nor removed.
        """
        path = self.pid_file("glance-registry")
        for text in ("root:x:0:0", "-1", "0", "é"):
            path.write_text(text)
            line = self.refused("registry", "start", self.conf)
            self.assertIn("does not hold the number of a process", line)
            self.assertTrue(path.exists())
        path.unlink()

    def test_hanging(self):
        """
        That a daemon doesn't end is said, and it isn't killed.
        """
        self.write(CONF.replace("timeout = 5", "timeout = 1"))
        self.succeed("registry", "start", self.conf)
        pid = self.pid("glance-registry")
        os.kill(pid, signal.SIGSTOP)
        try:
            line = self.refused("registry", "stop", before=IMPATIENT)
            self.assertIn("has not ended in 4 seconds", line)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.wait_until(lambda: not self.pid_file("glance-registry").exists())

    def test_usage(self):
        """
        One pid file doesn't do for two daemons.
        """
        done = run_program("glance.tap.control", "all", "stop", "--pid-file=a-file")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--pid-dir", done.stderr)
