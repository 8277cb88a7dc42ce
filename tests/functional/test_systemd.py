"""
Tests of what systemd and the daemons say to each other.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.tap.systemd import Notifier, handed_over, notifier
from tests.functional.daemons import environment, get
from tests.functional.test_daemons import DaemonCase

HAND_OVER = """\
import os, sys
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = sys.argv[1]
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
"""
A program that becomes another, as systemd starts one that it has sockets for.
"""


class Listener:
    """
    A socket that a daemon tells how it is.
    """

    def __init__(self, case, abstract=False):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        case.addCleanup(self._socket.close)
        if abstract:
            self.path = f"@glance-{os.getpid()}-{time.monotonic_ns()}"
            self._socket.bind(f"\0{self.path[1:]}")
        else:
            self.path = str(Path(tempfile.mkdtemp()) / "notify")
            self._socket.bind(self.path)
        self._socket.settimeout(60)

    def next(self):
        """
        Wait for what is told next.
        """
        return self._socket.recv(4096).decode()

    def next_but_living(self):
        """
        Wait for what is told next, beside that the daemon lives.
        """
        while (told := self.next()) == "WATCHDOG=1":
            pass
        return told


class NotifierTests(SynchronousTestCase):
    """
    L{Notifier} tells how the daemon is.
    """

    def test_told(self):
        """
        What is told is what C{sd_notify(3)} says, at paths of both kinds.
        """
        for abstract in (False, True):
            listener = Listener(self, abstract)
            telling = Notifier(Clock(), listener.path)
            telling.ready()
            telling.reloading()
            telling.stopping()
            self.assertEqual(listener.next(), "READY=1")
            first, second = listener.next().split("\n")
            self.assertEqual(first, "RELOADING=1")
            name, microseconds = second.split("=")
            self.assertEqual(name, "MONOTONIC_USEC")
            self.assertLess(abs(int(microseconds) / 1e6 - time.monotonic()), 9)
            self.assertEqual(listener.next(), "STOPPING=1")

    def test_watchdog(self):
        """
        It tells that it lives twice as often as it has to.
        """
        listener, clock = Listener(self), Clock()
        telling = Notifier(clock, listener.path, 10)
        telling.ready()
        self.assertEqual(listener.next(), "READY=1")
        self.assertEqual(listener.next(), "WATCHDOG=1")
        clock.advance(5)
        self.assertEqual(listener.next(), "WATCHDOG=1")
        telling.ready()
        self.assertEqual(listener.next(), "READY=1")
        clock.advance(4)
        clock.advance(1)
        self.assertEqual(listener.next(), "WATCHDOG=1")

    def test_nobody(self):
        """
        Nobody has to listen.
        """
        Notifier(Clock(), None).ready()
        Notifier(Clock(), "/nonexistent/socket").ready()

    def test_environment(self):
        """
        What was said to this process is not said to its children.
        """
        listener = Listener(self)
        said = {"NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": "4000000"}
        for pid, watched in ((None, True), (os.getpid(), True), (1, False)):
            clock, given = Clock(), dict(said)
            if pid is not None:
                given["WATCHDOG_PID"] = str(pid)
            notifier(clock, given).ready()
            self.assertEqual(given, {})
            self.assertEqual(listener.next(), "READY=1")
            self.assertEqual(len(clock.getDelayedCalls()), int(watched))
            if watched:
                self.assertEqual(listener.next(), "WATCHDOG=1")

    def test_handed_over(self):
        """
        Sockets for another process are not ours.
        """
        for pid, taken in ((os.getpid(), (3, 4)), (1, ())):
            given = {"LISTEN_PID": str(pid), "LISTEN_FDS": "2"}
            self.assertEqual(handed_over(given), taken)
        self.assertEqual(handed_over({}), ())


class NotifyTests(DaemonCase):
    """
    Daemons tell how they are, with one process and several.
    """

    def test_life(self):
        """
        A daemon is ready when it answers, then reloads, lives, and ends.
        """
        for workers in (1, 2):
            listener = Listener(self)
            self.place.configure(workers=workers)
            running = self.start_notifying(listener)
            self.assertEqual(listener.next_but_living(), "READY=1")
            self.assertEqual(get(f"{self.place.api}/healthcheck")[0], 200)
            self.assertEqual(listener.next(), "WATCHDOG=1")
            self.assertEqual(listener.next(), "WATCHDOG=1")
            running.signal(signal.SIGHUP)
            self.assertIn("RELOADING=1\n", listener.next_but_living())
            self.assertEqual(listener.next_but_living(), "READY=1")
            running.signal(signal.SIGTERM)
            self.assertEqual(listener.next_but_living(), "STOPPING=1")
            running.wait()

    def start_notifying(self, listener):
        """
        Run a daemon that tells how it is.
        """
        said = {"NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": "1000000"}
        program = "import os, sys; os.execvpe(sys.argv[1], sys.argv[1:], "
        program += f"dict(os.environ, **{said!r}))"
        return self.start(
            "glance",
            wait=False,
            command=[sys.executable, "-c", program, *self.place.twistd("glance")],
        )


class ActivationTests(DaemonCase):
    """
    Daemons serve at sockets that they are handed instead of their own.
    """

    def hand_over(self, name, *socks):
        """
        Get the command of a daemon that is handed sockets, as C{subprocess} wants
        it.
        """
        shuffle = "; ".join(
            f"exec {3 + n}<&{sock.fileno()}" for n, sock in enumerate(socks)
        )
        inner = [sys.executable, "-c", HAND_OVER, str(len(socks))]
        twistd = self.place.twistd(name)[1:]
        return {
            "args": ["bash", "-c", f'{shuffle}; exec "$@"', "-", *inner, *twistd],
            "pass_fds": [sock.fileno() for sock in socks],
            "cwd": self.place.path / "cwd",
            "env": environment(),
        }

    def setUp(self):
        super().setUp()
        self.process = None
        self.addCleanup(self.end)

    def end(self):
        """
        End the daemon that runs, if any.
        """
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)

    def listen(self, host="127.0.0.1"):
        """
        Listen at a port that is not configured.
        """
        sock = socket.create_server((host, 0))
        self.addCleanup(sock.close)
        # Away from those that are handed over.
        high = socket.socket(fileno=os.dup2(sock.fileno(), sock.fileno() + 40))
        self.addCleanup(high.close)
        return high

    def start_with(self, name, *socks):
        """
        Run a daemon with sockets in place of one that runs, and wait until it
        answers.
        """
        self.end()
        log = (self.place.path / "activated.log").open("ab")
        how = self.hand_over(name, *socks)
        self.process = subprocess.Popen(**how, stdout=log, stderr=log)
        url = f"http://127.0.0.1:{socks[0].getsockname()[1]}"
        # Clients wait from the beginning.
        self.assertEqual(get(f"{url}/healthcheck")[0], 200)
        return url

    def refusal(self, name, *socks):
        """
        See that a daemon doesn't want sockets.

        @return: what it says.
        """
        how = self.hand_over(name, *socks)
        done = subprocess.run(
            **how, capture_output=True, text=True, timeout=60, check=False
        )
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done)
        return done.stderr

    def test_api(self):
        """
        The API is served at the socket, by one process and by several, and not
        at the port that is configured.
        """
        for workers in (1, 2):
            self.place.configure(workers=workers)
            url = self.start_with("glance", self.listen())
            for _ in range(8):
                self.assertEqual(get(f"{url}/v1/images")[0], 200)
            with self.assertRaises(OSError):
                get(f"{self.place.api}/v1/images")

    def test_registry(self):
        """
        The second socket is the registry's.
        """
        for workers in (1, 2):
            self.place.configure(workers=workers)
            second = self.listen()
            self.start_with("glance", self.listen(), second)
            port = second.getsockname()[1]
            listed = get(f"http://127.0.0.1:{port}/images")[2]
            self.assertEqual(json.loads(listed)["images"], [])

    def test_registry_daemon(self):
        """
        A registry daemon has one.
        """
        url = self.start_with("glance-registry", self.listen())
        self.assertEqual(get(f"{url}/images")[0], 200)

    def test_too_many(self):
        """
        More than can be used are refused.
        """
        said = self.refusal("glance-registry", self.listen(), self.listen())
        self.assertIn("LISTEN_FDS: 2 sockets", said)

    def test_exposed(self):
        """
        One that lets strangers in is refused, as an address is.
        """
        said = self.refusal("glance", self.listen("0.0.0.0"))
        self.assertIn("noauth_anywhere", said)
        self.place.configure(auth_strategy="trusted_headers")
        self.assertIn(
            "registry_secret",
            self.refusal("glance", self.listen("0.0.0.0"), self.listen("0.0.0.0")),
        )

    def test_no_listener(self):
        """
        One that nobody can connect to is refused.
        """
        with socket.socket() as idle:
            high = socket.socket(fileno=os.dup2(idle.fileno(), idle.fileno() + 40))
        self.addCleanup(high.close)
        self.assertIn("ListenStream", self.refusal("glance", high))
