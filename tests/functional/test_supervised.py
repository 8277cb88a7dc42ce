"""
Tests of what surrounds the processes that serve the API.
"""

import os
import shutil
import socket
import tempfile
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.tap.meeting import PREFIX, MeetingPlace
from glance.tap.supervisor import shared_out
from tests.config.files import FilesMixin
from tests.functional.daemons import get
from tests.functional.operating import run_program
from tests.functional.working import HalfUpload, WorkersCase, arguments, children


class SharingTests(FilesMixin, SynchronousTestCase):
    """
    L{shared_out} gives each process its part.
    """

    def test_memory(self):
        """
        All uploads of all processes share C{upload_memory}; warnings are one's.
        """
        settings = self.load("[DEFAULT]\nworkers = 3\nupload_memory = 48\noops = 1\n")
        part = shared_out(settings)
        self.assertEqual(part.upload.memory, 16 << 20)
        self.assertEqual((len(settings.warnings), part.warnings), (1, ()))


class PrivateTests(WorkersCase):
    """
    What the processes say to each other is their own.
    """

    def setUp(self):
        super().setUp()
        # The path of a socket is short.
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        os.environ["RUNTIME_DIRECTORY"] = str(self.directory)
        self.addCleanup(os.environ.pop, "RUNTIME_DIRECTORY")

    def test_directory(self):
        """
        Nobody else can look into their directory, or ask the registry without
        its key; and nothing is left of it.
        """
        running = self.start_all()
        [private] = self.directory.iterdir()
        self.assertEqual(private.stat().st_mode & 0o777, 0o700)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(60)
            sock.connect(str(private / "registry" / "socket"))
            sock.sendall(b"GET /registry/1/health HTTP/1.0\r\n\r\n")
            self.assertIn(b" 401 ", sock.recv(65536).partition(b"\r\n")[0])
        running.stop()
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_swept(self):
        """
        What one that was killed has left is gone once another has started, but
        not while a process of it ends.
        """
        running = self.start_all()
        [first] = self.directory.iterdir()
        pids = children(running.process.pid)
        upload = HalfUpload(self)
        running.wait_for(lambda: len(self.place.files()) == 1)
        running.kill()
        running.wait_for(lambda: len([p for p in pids if arguments(p)]) == 2)
        again = self.start_all()
        self.assertTrue(first.exists())
        self.assertEqual(upload.finish(), 201)
        again.wait_for(lambda: not any(arguments(pid) for pid in pids))
        self.assertTrue(first.exists())
        again.stop()
        self.start_all().stop()
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_others(self):
        """
        What is another program's is left alone.
        """
        other = self.directory / f"{PREFIX}other"
        other.mkdir(mode=0o700)
        (other / "file").touch()
        open_to_all = self.directory / f"{PREFIX}open"
        open_to_all.mkdir()
        link = self.directory / f"{PREFIX}link"
        link.symlink_to(open_to_all)
        left = self.directory / f"{PREFIX}left"
        left.mkdir(mode=0o700)
        place = MeetingPlace.make(os.environ)
        there = {other, open_to_all, link, place.path}
        self.assertEqual(set(self.directory.iterdir()), there)
        place.remove()
        self.assertEqual(set(self.directory.iterdir()), there - {place.path})


class ControlTests(WorkersCase):
    """
    C{glance-control} controls the process that looks after the others.
    """

    def control(self, *arguments):
        """
        Run the command, and see that it succeeds.
        """
        done = run_program(
            "glance.tap.control",
            *arguments,
            f"--pid-dir={self.place.path / 'run'}",
            cwd=self.place.path / "cwd",
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_life(self):
        """
        They are started in the background, replaced, and ended, with nothing
        left.
        """
        log = self.place.path / "log"
        config = self.place.configure(workers=2, log_file=log)
        self.addCleanup(self.control, "all", "stop")
        self.control("all", "start", str(config))
        pid = int((self.place.path / "run" / "glance-api.pid").read_text())
        self.wait_for(lambda: "2 processes serve." in log.read_text())
        self.assertEqual(self.post(b"data")["size"], 4)
        old = set(children(pid))
        self.control("api", "reload")
        self.wait_for(lambda: "Supervisor] Reloaded." in log.read_text())
        # The last of the old ones may be about to close its port.
        self.wait_for(lambda: not old & set(self.serving(pid)))
        self.assertIn(str(pid), self.control("api", "status"))
        self.control("api", "stop")
        self.assertEqual(arguments(pid), "")
        with self.assertRaises(OSError):
            get(f"{self.place.api}/healthcheck")
        self.assertEqual(self.place.litter(), [])

    def serving(self, pid):
        """
        List the processes that serve.
        """
        return [child for child in children(pid) if self.serves(child)]

    def wait_for(self, f):
        """
        Wait until something is so.
        """
        deadline = time.monotonic() + 60
        while not f():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
