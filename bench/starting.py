"""
How long programs take to start, and how much memory they take then.
"""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from statistics import median

from bench import processes
from bench.cache import Failed
from bench.openstack import OpenStack
from bench.servers import MIB, PATIENCE, Glance
from bench.table import OPENSTACK, OURS, Goal, Row
from tests.functional.daemons import environment

HELP = "from glance.cli.main import main; main()"
"""What C{glance} does."""

WORKERS = 4
"""How many processes OpenStack's Glance has where it rests."""


def measure(directory, rounds, table, say, *, install):
    """
    Print rows of how long the servers take until they answer, and how much
    memory they take then; and how long C{glance --help} takes.
    """
    start = Row("start to first answer, 1 process", "s", (Goal(0.8),))
    rest = Row("memory when idle, OpenStack's with 4", "MiB", (Goal(80),))
    ours = Glance(directory / "starting", ["glance"])
    # With what is shared: it is one process, and may be the only one.
    pid = ours.daemons["glance"].process.pid
    rest.add(OURS, processes.resident(pid) / MIB)
    ours.stop()
    try:
        kept = OpenStack(directory / "starting-kept", WORKERS, install=install)
        rest.add(OPENSTACK, processes.proportional(kept.pids()) / MIB)
        kept.stop()
        theirs = OpenStack(directory / "starting-openstack", 1, install=install)
        theirs.stop()
    except Failed as problem:
        say(f"Without {OPENSTACK}: {problem}")
        theirs = None
    for _ in range(rounds):
        start.add(OURS, *_again(ours, lambda: _restart(ours)))
        if theirs:
            start.add(OPENSTACK, *_again(theirs, theirs.start))
    table.rows([start, rest])
    helped = [_seconds(_help) for _ in range(rounds)]
    say("")
    say(f"glance --help takes {tell(helped)}.")
    say("")


def _restart(ours):
    ours.daemons["glance"] = ours.place.start("glance", wait=False)


def _again(server, start):
    """
    Start a server that has been there before; get the seconds until it answers,
    and those of processor time.
    """
    began = time.monotonic()
    start()
    while time.monotonic() < began + PATIENCE:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/v2/images").close()
            break
        except urllib.error.HTTPError as problem:
            problem.close()
        except OSError:
            pass
        time.sleep(0.005)
    seconds = time.monotonic() - began
    used = processes.cpu_seconds(server.pids())
    server.stop()
    return seconds, used


def _help():
    subprocess.run(
        [sys.executable, "-c", HELP, "--help"],
        env=environment(),
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _seconds(f):
    began = time.monotonic()
    f()
    return time.monotonic() - began


def tell(values):
    """
    Get the median, the least and the most, in seconds.
    """
    return f"{median(values):.2f} s ({min(values):.2f} to {max(values):.2f})"
