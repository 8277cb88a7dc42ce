"""
Real daemons, in processes of their own.
"""

import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

PATIENCE = 60
"""How many seconds a daemon may take to start or end, on a busy machine."""

PORTS = 500
"""How many TCP ports a run of tests has."""

TWISTD = [
    sys.executable,
    "-c",
    "import sys; from twisted.scripts.twistd import run; run()",
]


@cache
def _ports():
    """
    Claim some TCP ports until this process ends: tests that run beside these get
    others.

    @return: what claims them, and the ports, again and again.
    """
    # From here on outgoing connections get theirs.
    firsts = range(10000, 32768 - PORTS, PORTS)
    for first in random.sample(firsts, len(firsts)):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0glance-tests-{first}")
        except OSError:
            claim.close()
            continue
        return claim, itertools.cycle(range(first, first + PORTS))
    raise AssertionError("Other tests have all the ports.")


def free_port():
    """
    Find a TCP port that nobody uses, nor gets before the daemon is there.
    """
    _, ports = _ports()
    while True:
        port = next(ports)
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def environment():
    """
    Get the environment of a process that finds this project.
    """
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def get(url, method="GET", **headers):
    """
    Fetch a URL.

    @return: the status, the headers, and the body.
    """
    request = urllib.request.Request(url, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def is_read(client):
    """
    Tell whether the other end of a connection, on this machine, has read all that it
    was sent.
    """
    ends = []
    for host, port in (client.getpeername(), client.getsockname()):
        address = int.from_bytes(socket.inet_aton(host), sys.byteorder)
        ends.append(f"{address:08X}:{port:04X}")
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    queues = {(row[1], row[2]): row[4].split(":") for row in rows}
    # The list lacks some while others come and go.
    there, here = (queues.get(key) for key in (tuple(ends), tuple(ends[::-1])))
    return bool(here and there) and int(there[1], 16) == int(here[0], 16) == 0


class Place:
    """
    A directory for daemons: their configuration and data.
    """

    def __init__(self, directory):
        self.path = Path(directory).absolute()
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "cwd").mkdir(exist_ok=True)
        self.api_port = free_port()
        self.registry_port = free_port()
        self.data = self.path / "images"

    @property
    def api(self):
        """
        The URL of the API.
        """
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def registry(self):
        """
        The URL of the registry.
        """
        return f"http://127.0.0.1:{self.registry_port}"

    def configure(self, **options):
        """
        Write a configuration file that suits all daemons; get its path.
        """
        # Most of what is tried has nothing to do with who asks.
        options = {
            "auth_strategy": "noauth",
            "sql_connection": f"sqlite:///{self.path}/glance.sqlite",
            "filesystem_store_datadir": self.data,
            "registry_host": "127.0.0.1",
            "registry_port": self.registry_port,
            **options,
        }
        lines = ["[DEFAULT]", *(f"{n} = {v}" for n, v in options.items())]
        lines += ["[app:glance-api]", "bind_host = 127.0.0.1"]
        lines += [f"bind_port = {self.api_port}"]
        lines += ["[app:glance-registry]", "bind_host = 127.0.0.1"]
        lines += [f"bind_port = {self.registry_port}"]
        path = self.path / "glance.conf"
        path.write_text("\n".join(lines) + "\n")
        return path

    def twistd(self, name, *arguments, twistd=("-n", "--pidfile=")):
        """
        Get the command that runs a daemon.
        """
        config = ["--config-file", str(self.path / "glance.conf")]
        return [*TWISTD, *twistd, name, *config, *arguments]

    def start(self, name, *arguments, wait=True, command=None):
        """
        Run a daemon in the foreground.

        @param name: C{glance-api}, C{glance-registry} or C{glance}.
        @param wait: whether to wait until it answers.
        @param command: what to run; L{None} for twistd.
        """
        log = self.path / f"{name}.log"
        url = self.registry if name == "glance-registry" else self.api
        process = subprocess.Popen(
            # Whoever runs the tests in the background has SIGINT ignored.
            [
                "env",
                "--default-signal=INT",
                *(command or self.twistd(name, *arguments)),
            ],
            cwd=self.path / "cwd",
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
        )
        running = Running(process, url, log)
        if wait:
            running.wait_until_up()
        return running

    def run(self, command, **how):
        """
        Run a command to its end.
        """
        how = {"timeout": PATIENCE, "capture_output": True, "text": True, **how}
        return subprocess.run(
            command, cwd=self.path / "cwd", env=environment(), **how, check=False
        )

    def litter(self):
        """
        List what was written into the working directory of the daemons.
        """
        return sorted(path.name for path in (self.path / "cwd").iterdir())

    def files(self):
        """
        List the files of the store, temporary ones too.
        """
        return sorted(
            str(path.relative_to(self.data))
            for path in self.data.rglob("*")
            if path.is_file()
        )


class Running:
    """
    A daemon that runs.
    """

    def __init__(self, process, url, log):
        self.process = process
        self.url = url
        self._log = log

    @property
    def log(self):
        """
        What it has said.
        """
        return self._log.read_text(errors="replace")

    def wait_until_up(self):
        """
        Wait until it answers, whether or not it is well.
        """
        self.wait_for(self._answers)

    def _answers(self):
        assert self.process.poll() is None, self.log
        try:
            get(f"{self.url}/healthcheck")
        except OSError:
            return False
        return True

    def wait_for(self, f):
        """
        Wait until something is so.
        """
        deadline = time.monotonic() + PATIENCE
        while not f():
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def wait_for_log(self, text):
        """
        Wait until it says something.
        """
        self.wait_for(lambda: text in self.log)

    def signal(self, number):
        """
        Send it a signal.
        """
        self.process.send_signal(number)

    def wait(self):
        """
        Wait until it ends, and get its exit status.
        """
        return self.process.wait(PATIENCE)

    def stop(self):
        """
        Have it end, if it hasn't, and get its exit status.
        """
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """
        End it without a chance to do anything.
        """
        self.process.kill()
        return self.wait()

    def memory(self):
        """
        Get its resident memory, in bytes.
        """
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise LookupError("VmRSS")

    def cpu_seconds(self):
        """
        Get how many seconds of processor time it has used.
        """
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
