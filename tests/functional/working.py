"""
Daemons whose API several processes serve.
"""

import os
import socket
import uuid
from contextlib import suppress
from pathlib import Path

from tests.functional.crashing import wire
from tests.functional.daemons import get
from tests.functional.test_daemons import DaemonCase

WORKER = "glance.tap.worker"


def arguments(pid):
    """
    Get the command line of a process; nothing if it is over.
    """
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def children(pid):
    """
    List the processes that a process has started and not buried.
    """
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()]


def sockets(pid, port, state):
    """
    Count the sockets at a port that a process has.

    @param state: which ones, as the system writes it.
    """
    mine = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            mine.add(str(path.readlink()))
    local = f"0100007F:{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return sum(
        row[1] == local and row[3] == state and f"socket:[{row[9]}]" in mine
        for row in rows
    )


def connections(pid, port):
    """
    Count the connections to a port that a process has.
    """
    return sockets(pid, port, "01")


class HalfUpload:
    """
    An upload that has not sent all it has to.
    """

    REST = 1000

    def __init__(self, case):
        self.id = str(uuid.uuid4())
        self.data = os.urandom(100_000)
        whole = wire(self.id, self.data)
        self._rest = whole[-self.REST :]
        self._sock = case.connect()
        self._sock.sendall(whole[: -self.REST])

    def finish(self):
        """
        Send the rest.

        @return: the status of the answer; L{None} if there is none.
        """
        try:
            self._sock.sendall(self._rest)
            answer = self._sock.recv(65536)
        except OSError:
            return None
        return int(answer.split()[1]) if answer else None


class WorkersCase(DaemonCase):
    """
    A place for a daemon of two processes, with one for the registry.
    """

    def setUp(self):
        super().setUp()
        self.place.configure(workers=2)

    def start_all(self, **how):
        """
        Start the daemon, and wait until all of it is there.
        """
        running = self.start("glance", **how)
        running.wait_for_log("2 processes serve.")
        return running

    def workers(self, running):
        """
        List the processes that serve the API.
        """
        return [pid for pid in children(running.process.pid) if self.serves(pid)]

    def replaced(self, running, *gone):
        """
        Wait until two processes serve the API that are none of those C{gone}: they
        may seem to serve for a moment after they were told to end.
        """
        running.wait_for(lambda: len(set(self.workers(running)) - {*gone}) == 2)

    def serves(self, pid):
        """
        Tell whether a process accepts connections at the port of the API.
        """
        try:
            return sockets(pid, self.place.api_port, "0A") > 0
        except OSError:
            return False

    def connect(self):
        """
        Make a connection to the API, until the end of the test.
        """
        sock = socket.create_connection(("127.0.0.1", self.place.api_port), 60)
        self.addCleanup(sock.close)
        return sock

    def figures(self):
        """
        Get the metrics: the figure of each line.
        """
        text = get(f"{self.place.api}/metrics")[2].decode()
        pairs = [line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#"]
        self.assertEqual(len(dict(pairs)), len(pairs))
        return {name: float(figure) for name, figure in pairs}
