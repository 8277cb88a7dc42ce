"""
How long programs take to start.
"""

import subprocess
import sys
import time
from statistics import median

from bench.servers import Glance
from tests.functional.daemons import environment

HELP = "from glance.cli.main import main; main()"
"""What C{glance} does."""


def measure(directory, rounds, say):
    """
    Print how long C{glance --help}, and the two daemons until they answer,
    take.
    """
    helped = [_seconds(_help) for _ in range(rounds)]
    say(f"glance --help takes {tell(helped)}.")
    started = []
    for number in range(rounds):
        began = time.monotonic()
        glance = Glance(directory / f"starting-{number}")
        started.append(time.monotonic() - began)
        glance.stop()
    say(f"Both daemons, one after the other, answer after {tell(started)}.")
    say("")


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
    Write the median of some seconds, and their range.
    """
    return f"{median(values):.2f} s ({min(values):.2f} to {max(values):.2f})"
