"""
Measure: C{python -m bench}.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from bench import client, lists, memory, reloads, speed, starting
from bench.memory import Sizes
from bench.servers import GIB, MIB

FULL = Sizes(stream=4 * GIB, clients=64, each=128 * MIB)
QUICK = Sizes(stream=16 * MIB, clients=4, each=4 * MIB)


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
    return parser.parse_args()


def main():
    """
    Measure, and get the exit status: 1 where memory is beyond its limit, or
    requests fail.
    """
    asked = options()
    everything = not (asked.soak or asked.speed or asked.lists)
    held = True
    with tempfile.TemporaryDirectory(dir=asked.directory, prefix="bench-") as name:
        directory = Path(name)
        unit, rounds = (8, 1) if asked.quick else (asked.size, asked.rounds)
        if everything or asked.speed:
            starting.measure(directory, rounds, say)
            install = not asked.quick
            speed.measure(directory, unit * MIB, rounds, say, install=install)
            client.measure(directory, unit * MIB, rounds, say, install=install)
        if everything or asked.lists:
            measure_lists(directory, asked)
        if everything or asked.soak:
            held = memory.measure(directory, QUICK if asked.quick else FULL, say)
            held = reloads.measure(directory, 1 if asked.quick else 20, say) and held
    return 0 if held else 1


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


if __name__ == "__main__":
    sys.exit(main())
