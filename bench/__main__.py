"""
Measure: C{python -m bench}.
"""

import argparse
import os
import resource
import sys
import tempfile
from pathlib import Path

from bench import (
    backends,
    client,
    crowds,
    lists,
    memory,
    policies,
    reloads,
    small,
    speed,
    starting,
)
from bench.crowds import Crowds
from bench.memory import Sizes
from bench.servers import GIB, MIB
from bench.table import Table

FULL = Sizes(stream=4 * GIB, clients=64, each=128 * MIB)
QUICK = Sizes(stream=16 * MIB, clients=4, each=4 * MIB)

CROWDS = Crowds(
    idle=10_000, senders=500, readers=200, slow=2_000, image=4 * GIB, seconds=10
)
FEW = Crowds(idle=20, senders=4, readers=4, slow=9, image=16 * MIB, seconds=0.2)

BIG = Sizes(stream=2 * GIB, clients=64, each=64 * MIB)

SOAK = ("memory", "reloads", "crowds", "stores")
SPEED = ("transfers", "requests", "start", "client", "backends")
PARTS = (*SPEED, "lists", "policies", *SOAK)


def say(line):
    """
    Print a line at once.
    """
    print(line, flush=True)


def options():
    """
    Get what is asked for.
    """
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure how fast the daemons are, and how much memory they take.",
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"only some of: {', '.join(PARTS)}"
    )
    parser.add_argument(
        "--soak", action="store_true", help="only the memory, and reloads"
    )
    parser.add_argument("--speed", action="store_true", help="only the speed")
    parser.add_argument("--lists", action="store_true", help="only the lists")
    parser.add_argument(
        "--mariadb", action="store_true", help="lists on MariaDB as well"
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    parser.add_argument("--size", type=int, default=512, help="MiB of an upload (512)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each case (3)")
    parser.add_argument(
        "--directory", help="where the data goes (a temporary directory)"
    )
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}")
    for wanted, parts in (
        (asked.soak, SOAK),
        (asked.speed, SPEED),
        (asked.lists, ["lists"]),
    ):
        asked.parts += parts if wanted else ()
    asked.parts = asked.parts or PARTS
    return asked


def main():
    """
    Measure, and get the exit status: 1 where memory is beyond its limit, or
    requests fail.
    """
    asked = options()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    say(f"The load average is {os.getloadavg()[0]:.1f} before anything runs.")
    with tempfile.TemporaryDirectory(dir=asked.directory, prefix="bench-") as name:
        directory = Path(name)
        measure_speed(directory, asked)
        if "lists" in asked.parts:
            measure_lists(directory, asked)
        if "policies" in asked.parts:
            some = (20, 1, 0.2) if asked.quick else (1_000, 3 * asked.rounds, 3)
            policies.measure(directory, *some, say)
        return 0 if soak(directory, asked) else 1


def measure_speed(directory, asked):
    """
    Measure all that a peer does as well.
    """
    table, install = Table(say), not asked.quick
    unit, rounds, seconds = (asked.size * MIB, asked.rounds, 3)
    images = 1000
    if asked.quick:
        unit, rounds, seconds, images = 8 * MIB, 1, 0.2, 20
    if "transfers" in asked.parts:
        speed.measure(directory, unit, rounds, seconds, table, say, install=install)
    if "requests" in asked.parts:
        small.measure(directory, images, rounds, seconds, table, say, install=install)
    if "start" in asked.parts:
        starting.measure(directory, rounds, table, say, install=install)
    if "client" in asked.parts:
        client.measure(directory, unit, rounds, say, install=install)
    if "backends" in asked.parts:
        backends.measure(directory, unit, rounds, say, install=install)


def measure_lists(directory, asked):
    """
    Measure lists.
    """
    if asked.quick:
        lists.measure(directory, (100, 300), 1, say, servers=())
        return
    servers = ["PostgreSQL", *["MariaDB"] * asked.mariadb]
    runs = 3 * asked.rounds
    lists.measure(directory, (1_000, 100_000), runs, say, servers=servers)


def soak(directory, asked):
    """
    Measure memory, and reloads.

    @return: whether all is as it has to be.
    """
    sizes, times, some = (QUICK, 1, FEW) if asked.quick else (FULL, 20, CROWDS)
    kinds = {
        "memory": lambda: memory.measure(directory, sizes, say),
        "reloads": lambda: reloads.measure(directory, times, say),
        "crowds": lambda: crowds.measure(directory, some, Table(say), say),
        "stores": lambda: backends.soak(directory, BIG, say, install=not asked.quick),
    }
    held = [run() for part, run in kinds.items() if part in asked.parts]
    return all(held)


if __name__ == "__main__":
    sys.exit(main())
