"""
Real servers, started by the scripts in C{tests/servers}.
"""

import atexit
import os
import socket
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SkipTest

SCRIPTS = Path(__file__).parent.parent / "servers"


@cache
def _started(kind):
    server = S3() if kind == "S3" else Database(kind)
    atexit.register(server.remove)
    try:
        server.start()
    except subprocess.CalledProcessError as error:
        return None, error.stderr
    return server, None


def _needed(kind):
    server, problem = _started(kind)
    if server is not None:
        return server
    if os.environ.get("CI"):
        raise AssertionError(f"{kind} is needed: {problem}")
    raise SkipTest(f"no {kind} here: {problem}")


def database(kind):
    """
    Get a server of that kind, which runs until the tests end.

    @raise SkipTest: it cannot be started here; where C{CI} is set in the
        environment, that is a failure.
    """
    return _needed(kind)


def s3_server():
    """
    Get a server of S3, which runs until the tests end.

    @raise SkipTest: as C{database} does.
    """
    return _needed("S3")


def free_port():
    """
    Get a port that is free at present.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class S3:
    """
    A private server of S3, whose keys are C{glance-access} and C{glance-secret}.
    """

    def __init__(self):
        self.base = Path(tempfile.mkdtemp(prefix="glance-s3-"))
        self.port = free_port()
        self.url = None

    def start(self):
        """
        Start it.
        """
        self.url = self._run("start", str(self.port)).strip()

    def remove(self):
        """
        Stop it, and remove all that it has left.
        """
        self._run("wipe")
        self.base.rmdir()

    def _run(self, deed, *arguments):
        done = subprocess.run(
            [SCRIPTS / "s3.sh", deed, str(self.base), *arguments],
            check=True,
            text=True,
            capture_output=True,
        )
        return done.stdout


class Database:
    """
    A private PostgreSQL or MariaDB.
    """

    def __init__(self, kind):
        self.kind = kind
        self.base = Path(tempfile.mkdtemp(prefix=f"glance-{kind}-"))
        self.port = free_port()
        self.url = None

    def start(self):
        """
        Start it, also again after it was killed.
        """
        self.url = self._run("start", str(self.port), self.kind).strip()

    def kill(self):
        """
        Kill it, as a crash would.
        """
        self._run("kill9")

    def remove(self):
        """
        Stop it, and remove all that it has left.
        """
        self._run("wipe")
        for path in self.base.iterdir():
            path.unlink()
        self.base.rmdir()

    def _run(self, deed, *arguments):
        done = subprocess.run(
            [SCRIPTS / "db.sh", deed, str(self.base), *arguments],
            check=True,
            text=True,
            capture_output=True,
        )
        return done.stdout
