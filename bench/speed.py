"""
How fast transfers are.
"""

import random
import threading
from contextlib import ExitStack, suppress

from attrs import frozen

from bench import processes
from bench.cache import Failed
from bench.openstack import OpenStack
from bench.servers import GIB, MIB, Glance, Nginx, ask, data_of, request, transfer
from bench.table import NGINX, OPENSTACK, OURS, Goal, Row

WORKERS = 4
"""How many processes OpenStack's Glance has; ours has one."""

ATTEMPTS = 4
"""How often a peer may try a run."""

RANGE = 4096
"""How many bytes a small range has."""

UPLOAD = Goal(2.4, OPENSTACK)
UPLOADS = (UPLOAD, Goal(4.4, cost=True))
CHUNKS = (UPLOAD, Goal(4.84, cost=True))
DOWNLOADS = (Goal(0.95, NGINX), Goal(0.17, cost=True))


@frozen
class Case:
    """
    One row of the table.
    """

    name: str
    size: int
    """The bytes that each client transfers."""
    clients: int
    goals: tuple
    upload: bool = False
    chunk: int = 0

    def row(self):
        """
        Get the row, without figures.
        """
        size = f"{self.size // MIB} MiB"
        clients = "1 client" if self.clients == 1 else f"{self.clients} clients"
        return Row(f"{self.name}, {size}, {clients}", "MiB/s", self.goals)

    def run(self, server, row):
        """
        Run it once.
        """
        if self.upload and not getattr(server, "can_upload", True):
            return
        for _ in range(ATTEMPTS):
            try:
                rate = self._rate(server)
            except Failed:
                if server.name == OURS:
                    raise
                times = int(row.failures.get(server.name, "0").split()[0]) + 1
                row.failures[server.name] = f"{times} runs"
            else:
                row.add(server.name, rate.speed, rate.cost)
                return

    def _rate(self, server):
        if self.upload:
            return server.upload(self.size, self.clients, self.chunk)
        return server.download(self.size, self.clients)


@frozen
class Ranges:
    """
    The row of small ranges.
    """

    size: int
    clients: int
    seconds: float

    def row(self):
        """
        Get the row, without figures.
        """
        work = f"download of random 4 KiB, {self.clients} clients"
        return Row(work, "requests/s")

    def run(self, server, row):
        """
        Run it once.
        """
        chance = random.Random(0)
        starts = [chance.randrange(self.size - RANGE) for _ in range(1000)]
        requests = [
            request("GET", server.path(), Range=f"bytes={n}-{n + RANGE - 1}")
            for n in starts
        ]
        measure_requests(server, requests, self.clients, self.seconds, row)


def measure_requests(server, requests, clients, seconds, row):
    """
    Ask a server for a while, and add what it took to a row.

    @raise Failed: a request to us did not go well.
    """
    before = processes.cpu_seconds(server.pids())
    done = ask(server.port, requests, clients, seconds)
    used = processes.cpu_seconds(server.pids()) - before
    if done.failures:
        what = (
            f"{done.failures} of {done.failures + done.count}: {done.problem.strip()}"
        )
        if server.name == OURS or not done.count:
            raise Failed(f"{row.work}, {server.name}: {what}")
        row.failures[server.name] = what
    row.add(server.name, done.count / done.seconds, used / done.count * 1000)


def cases(unit, seconds):
    """
    Get the rows.

    @param unit: the bytes that a client alone sends.
    """
    few = unit // 2
    framings = [
        ("Content-Length", 0, UPLOADS),
        ("chunks of 64 KiB", 1 << 16, CHUNKS),
        ("chunks of 1 MiB", 1 << 20, CHUNKS),
    ]
    for name, chunk, goals in framings:
        yield Case(f"upload, {name}", unit, 1, goals, True, chunk)
        yield Case(f"upload, {name}", few, 4, goals, True, chunk)
    yield Case("download", unit, 1, DOWNLOADS)
    yield Case("download", unit, 16, DOWNLOADS)
    yield Ranges(unit, 16, seconds)


def peers(kinds, say, stack):
    """
    Start those servers that can be run.

    @param kinds: how to start each, by its name.
    """
    for name, start in kinds.items():
        try:
            server = start()
        except Failed as problem:
            say(f"Without {name}: {problem}")
            continue
        stack.callback(server.stop)
        yield server


def measure(directory, unit, rounds, seconds, table, say, *, install):
    """
    Run each case some times, the servers in turn, and print rows.

    @param seconds: how long small requests are sent in one run.
    @param install: whether peers may be installed.
    """
    with ExitStack() as stack:
        ours = Glance(directory / "glance", ["glance"])
        stack.callback(ours.stop)
        kinds = {
            OPENSTACK: lambda: OpenStack(
                directory / "openstack", WORKERS, install=install
            ),
            NGINX: lambda: Nginx(directory / "nginx", install=install),
        }
        servers = [ours, *peers(kinds, say, stack)]
        for server in servers:
            server.prepare(unit)
            server.upload(unit // 8, 1, 0)
        rows = [(case, case.row()) for case in cases(unit, seconds)]
        for number in range(rounds):
            say(f"Transfers, round {number + 1} of {rounds}.")
            for case, row in rows:
                for server in servers:
                    case.run(server, row)
        table.rows([row for _, row in rows])
        table.rows(_beside(servers, unit, rounds))


def _beside(servers, unit, rounds):
    """
    Ask for one image again and again while data goes both ways.
    """
    alone = Row("show, nothing else, median", "ms")
    middle = Row("show, beside 2 uploads and 2 downloads, median", "ms", (Goal(5),))
    late = Row("show, beside them, 99th percentile", "ms")
    for _ in range(rounds):
        for server in servers:
            if server.name == NGINX:
                continue
            [image] = server.make(1)
            show = [request("GET", f"/v2/images/{image}")]
            alone.add(server.name, ask(server.port, show, 1, 1).middle)
            done = _while_busy(server, show, unit)
            middle.add(server.name, done.middle)
            late.add(server.name, done.late)
            server.remove([image])
    return [alone, middle, late]


def _while_busy(server, show, unit):
    over = threading.Event()
    images = server.make(2)
    paths = [*map(data_of, images)]

    def send():
        with suppress(Failed):
            transfer("put", server.port, 2 * unit, paths, pause=server.pause)

    def fetch():
        while not over.is_set():
            transfer("get", server.port, unit, [server.path()])

    threads = [threading.Thread(target=f) for f in (send, fetch, fetch)]
    for thread in threads:
        thread.start()
    done = ask(server.port, show, 1, max(0.2, unit / GIB * 4))
    over.set()
    for thread in threads:
        thread.join()
    server.remove(images)
    return done
