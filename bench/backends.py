"""
Stores that keep their data on servers, beside the clients of those who made the
servers' protocols.

A line of L{BACKENDS} is all that another kind of store needs.
"""

import json
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from uuid import uuid4

from attrs import Factory, define, frozen

from bench.cache import HERE, Failed, environment_of
from bench.memory import FRAMINGS, WARM_UP, Watch
from bench.servers import GIB, MIB, Glance
from bench.table import spread
from tests.integration.servers import S3, Swift

RATIO = 0.8
"""How fast ours has to be, beside the other."""

STREAM_LIMIT = 64 * MIB
"""How many bytes one big transfer may take of the daemon."""

CROWD_LIMIT = 160 * MIB
"""How many bytes many uploads at once may take of it."""


@frozen(kw_only=True)
class Backend:
    """
    A kind of store, and who else speaks with its server.
    """

    name: str
    start: Callable
    """
    Gets a server that is made, not started; it has C{start} and C{remove}.
    """
    options: Callable
    """Gets the options of a daemon for the server."""
    peer: str
    """What the other client is called."""
    requirements: tuple
    """What has to be installed for it."""
    script: Path
    """
    A program that sends a file and fetches it, and prints in JSON what both took:
    for C{put} and C{get} the seconds, and those of processor time.
    """
    arguments: Callable
    """Gets the program's arguments for the server; the file is the last."""


def _s3_options(server):
    return {
        "default_store": "s3",
        "s3_store_host": server.url,
        "s3_store_access_key": server.ACCESS,
        "s3_store_secret_key": server.SECRET,
        "s3_store_bucket": f"ours-{uuid4()}",
        "s3_store_create_bucket_on_put": "true",
    }


def _swift_options(server):
    return {
        "default_store": "swift",
        "swift_store_auth_address": server.auth_url,
        "swift_store_user": server.USER,
        "swift_store_key": server.KEY,
        "swift_store_container": f"ours-{uuid4()}",
        "swift_store_create_container_on_put": "true",
    }


BACKENDS = (
    Backend(
        name="S3",
        start=S3,
        options=_s3_options,
        peer="boto3",
        requirements=("boto3==1.44.8",),
        script=HERE / "with_boto3.py",
        arguments=lambda server: [server.url, server.ACCESS, server.SECRET],
    ),
    Backend(
        name="Swift",
        start=Swift,
        options=_swift_options,
        peer="python-swiftclient",
        requirements=("python-swiftclient==4.11.0",),
        script=HERE / "with_swiftclient.py",
        arguments=lambda server: [server.auth_url, server.USER, server.KEY],
    ),
)


@define
class Row:
    """
    What one kind of work took on both sides.
    """

    work: str
    ours: list = Factory(list)
    """MiB a second of each run, and seconds of processor time for a GiB."""
    theirs: list = Factory(list)

    def line(self, peer):
        """
        Get what is printed.
        """
        (speed, cost), (other, their_cost) = (
            zip(*side, strict=True) for side in (self.ours, self.theirs)
        )
        ratio = median(speed) / median(other)
        reached = "reached" if ratio >= RATIO else "**missed**"
        cells = [self.work, peer, spread(speed), spread(other), f"{ratio:.2f}"]
        cells += [spread(cost), spread(their_cost), f"{RATIO} x {peer} {reached}"]
        return f"| {' | '.join(cells)} |"


HEAD = """\
| MiB/s of the daemon, and of a client without it | client | ours | client's | ratio \
| CPU-s/GiB of the daemon | of the client | to reach |
|---|---|---|---|---|---|---|---|"""


def _started(stack, directory, backend):
    server = backend.start()
    stack.callback(server.remove)
    try:
        server.start()
    except subprocess.CalledProcessError as error:
        raise Failed(error.stderr) from error
    glance = Glance(directory, ["glance"], **backend.options(server))
    stack.callback(glance.stop)
    return server, glance


def measure(directory, size, rounds, say, *, install):
    """
    Print how fast transfers are, beside the other clients.

    @param size: the bytes of an image.
    @param install: whether servers and clients may be installed.
    """
    for backend in BACKENDS:
        if not install:
            say(f"Without {backend.name}: nothing may be installed.")
            continue
        with ExitStack() as stack:
            try:
                path = Path(directory, f"speed-{backend.name}")
                server, glance = _started(stack, path, backend)
                peer = _peer(backend, server, size, directory)
                rows = _rows(glance, peer, backend, size, rounds)
                say("\n".join([HEAD, *(row.line(backend.peer) for row in rows)]))
            except Failed as problem:
                say(f"Without {backend.name}: {problem}")


def _peer(backend, server, size, directory):
    name = backend.requirements[0].replace("==", "-")
    venv = environment_of(name, backend.requirements, True)
    file = Path(directory, "data")
    with file.open("wb") as data:
        data.truncate(size)
    command = [venv / "bin" / "python", backend.script, *backend.arguments(server)]

    def run():
        done = subprocess.run([*command, file], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(done.stderr)
        took = json.loads(done.stdout)
        return {
            kind: (size / MIB / seconds, cpu / (size / GIB))
            for kind, (seconds, cpu) in took.items()
        }

    return run


def _rows(glance, peer, backend, size, rounds):
    what = f"{size // MIB} MiB, {backend.name}"
    uploads = [(Row(f"upload of {what}, {kind}"), chunk) for kind, chunk in FRAMINGS]
    download = Row(f"download of {what}")
    glance.prepare(size)
    for _ in range(rounds):
        theirs = peer()
        for row, chunk in uploads:
            rate = glance.upload(size, 1, chunk)
            row.ours.append((rate.speed, rate.cost))
            row.theirs.append(theirs["put"])
        rate = glance.download(size, 1)
        download.ours.append((rate.speed, rate.cost))
        download.theirs.append(theirs["get"])
    return [*(row for row, _ in uploads), download]


def soak(directory, sizes, say, *, install):
    """
    Print how far the daemon's memory grows.

    @return: whether all of it is within the limits.
    """
    held = True
    for backend in BACKENDS if install else ():
        with ExitStack() as stack:
            try:
                path = Path(directory, f"memory-{backend.name}")
                _, glance = _started(stack, path, backend)
            except Failed as problem:
                say(f"Without {backend.name}: {problem}")
                continue
            glance.prepare(WARM_UP)
            glance.forget()
            watch = Watch(glance.daemons, say)
            _see(glance, backend.name, sizes, watch)
            held = held and not watch.exceeded
    return held


def _see(glance, name, sizes, watch):
    size = sizes.stream
    for kind, chunk in FRAMINGS:
        watch.see(
            f"{name}, upload of {size // MIB} MiB, {kind}",
            STREAM_LIMIT,
            lambda chunk=chunk: glance.upload(size, 1, chunk),
        )
    glance.prepare(size)
    watch.see(
        f"{name}, download of {size // MIB} MiB",
        STREAM_LIMIT,
        lambda: glance.download(size, 1),
    )
    glance.forget()
    watch.see(
        f"{name}, {sizes.clients} uploads of {sizes.each // MIB} MiB at once",
        CROWD_LIMIT,
        lambda: glance.upload(sizes.each, sizes.clients, 0),
    )
