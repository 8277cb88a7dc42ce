"""
What many clients that do next to nothing take.
"""

import subprocess
import sys
from contextlib import contextmanager

from attrs import frozen

from bench import processes
from bench.cache import Failed
from bench.servers import MIB, Glance, ask, data_of, request
from bench.table import OURS, Goal, Row
from tests.functional.daemons import environment

GROWTH = 96
"""How many MiB slow clients may take."""

EACH = 5
"""How many KiB an idle connection may take."""

NOISE = 1024
"""How many KiB the daemon may take besides, which counts where there are few."""

LATE = 20
"""How many milliseconds a small request may take meanwhile, but one in a hundred."""

SOON = 100
"""
How many milliseconds it may take, but one in a hundred, while others do all they
can by being slow.
"""

WARM_UP = 16 * MIB

SLOW = 32 * MIB
"""How many bytes each slow upload has: room for all of them is taken at once."""


@frozen
class Crowds:
    """
    How many there are.
    """

    idle: int
    senders: int
    readers: int
    slow: int
    """How many send or read a byte a second: a third headers, a third data."""
    image: int
    """The bytes of the image that is read."""
    seconds: float
    """How long small requests are sent meanwhile."""


@contextmanager
def holding(kind, port, number, paths, count):
    """
    Have connections for as long as this lasts.

    @raise Failed: they aren't all there.
    """
    client = subprocess.Popen(
        [sys.executable, "-m", "bench.holding", kind, str(port), str(number), *paths],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        client.stdout.readline()
        yield
        left = client.communicate("")[0].strip()
    finally:
        client.kill()
        client.wait()
        client.stdin.close()
        client.stdout.close()
    if left != str(count):
        raise Failed(f"Of {count} connections ({kind}) {left or 'none'} are left.")


class Room:
    """
    One daemon that is watched, and the rows of what it took.
    """

    def __init__(self, directory, crowds, say, *, transfers):
        """
        @param transfers: whether it warms up by transfers, too. What they leave
            free would be taken by connections, unseen.
        """
        self.glance = Glance(directory, ["glance"])
        self._crowds = crowds
        self._say = say
        self._pid = self.glance.daemons["glance"].process.pid
        if transfers:
            self.glance.prepare(WARM_UP)
            self.glance.forget()
        [self._shown] = self.glance.make(1)
        self._ask()
        self.rows = []
        self.held = True

    def _ask(self):
        show = [request("GET", f"/v2/images/{self._shown}")]
        return ask(self.glance.port, show, 1, self._crowds.seconds)

    def see(self, work, kind, number, paths, count, each=None, soon=None):
        """
        Have connections, and see what they take.

        @param each: whether what one takes counts, instead of all.
        @param soon: how many milliseconds the 99th percentile of small requests
            may take meanwhile; L{None} for any.
        """
        before = processes.resident(self._pid)
        processes.forget_peak(self._pid)
        with holding(kind, self.glance.port, number, paths, count):
            done = self._ask()
            growth = processes.peak(self._pid) - before
        if each:
            limit = max(EACH, NOISE / count)
            value, unit = growth / 1024 / count, "KiB each"
        else:
            value, unit, limit = growth / MIB, "MiB more", GROWTH
        well = value <= limit and (soon is None or done.late <= soon)
        self.held = self.held and well and not (soon and done.failures)
        grown = Row(work, unit, (Goal(limit),), {OURS: [value]})
        middle = Row("show meanwhile, median", "ms", (), {OURS: [done.middle]})
        late = Row("show meanwhile, 99th percentile", "ms", (), {OURS: [done.late]})
        if each or soon:
            late.goals = (Goal(soon or LATE),)
        self.rows += [grown, middle, late]
        verdict = "PASS" if well else "FAIL"
        self._say(
            f"{verdict}  {work}: {value:.1f} {unit} (limit {limit:g}); a small request "
            f"took {done.middle:.1f} ms, {done.late:.1f} at the 99th percentile"
            + (f"; {done.failures} failed: {done.problem}" if done.failures else "")
        )


def measure(directory, crowds, table, say):
    """
    Print what idle connections, slow uploads, slow readers and the slowest take.

    @return: whether all of it is within the limits.
    """
    held, rows = True, []
    for work in (_idle, _senders, _readers, _slow):
        place = directory / f"crowd{work.__name__}"
        room = Room(place, crowds, say, transfers=work is not _idle)
        try:
            work(room, crowds)
        except Failed as problem:
            say(f"FAIL  {problem}")
            held = False
        finally:
            room.glance.stop()
        held = held and room.held
        rows += room.rows
    table.rows(rows)
    return held


def _idle(room, crowds):
    paths, count = ["/healthcheck"], crowds.idle
    room.see(f"{count:,} idle connections", "idle", count, paths, count, each=True)


def _senders(room, crowds):
    images = room.glance.make(crowds.senders)
    paths = list(map(data_of, images))
    work = f"{crowds.senders} slow uploads at once"
    room.see(work, "send", SLOW, paths, len(paths))


def _readers(room, crowds):
    room.glance.prepare(crowds.image)
    count, paths = crowds.readers, [room.glance.path()]
    work = f"{count} slow readers of {crowds.image // MIB:,} MiB at once"
    room.see(work, "read", count, paths, count)


def _slow(room, crowds):
    room.glance.prepare(crowds.image)
    images = room.glance.make(crowds.slow // 3)
    count, paths = crowds.slow, [room.glance.path(), *map(data_of, images)]
    work = f"{count:,} clients of a byte a second"
    room.see(work, "slow", count, paths, count, soon=SOON)
