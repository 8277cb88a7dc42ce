"""
How much memory big transfers, and many at once, take.
"""

from attrs import frozen

from bench import processes
from bench.servers import MIB, Glance

WARM_UP = 16 * MIB
"""How many bytes are sent and fetched before anything counts."""

STREAM_LIMIT = 32 * MIB
"""How many bytes one big transfer may take of each daemon."""

CROWD_LIMIT = 96 * MIB
"""How many bytes many uploads at once may take of each daemon."""

FRAMINGS = (("Content-Length", 0), ("chunked", 1 << 16))


@frozen
class Sizes:
    """
    How big it all is.
    """

    stream: int
    """The bytes of the big transfers."""
    clients: int
    """How many uploads there are at once."""
    each: int
    """The bytes of each of them."""


class Watch:
    """
    Sees how much more memory daemons take than after their warm-up.
    """

    def __init__(self, daemons, say):
        """
        @param daemons: by name.
        @param say: is called with each line.
        """
        self._pids = {name: d.process.pid for name, d in daemons.items()}
        self._idle = {name: processes.resident(p) for name, p in self._pids.items()}
        self._say = say
        self.exceeded = False
        """Whether any growth was too much."""
        for name, size in self._idle.items():
            say(f"{name} takes {size / MIB:.1f} MiB when idle after a warm-up.")

    def see(self, name, limit, work):
        """
        Do something, and tell how far the memory grew at the most.

        @return: what came of it.
        """
        for pid in self._pids.values():
            processes.forget_peak(pid)
        rate = work()
        for daemon, pid in self._pids.items():
            growth = processes.peak(pid) - self._idle[daemon]
            left = processes.resident(pid) - self._idle[daemon]
            held = growth <= limit
            self.exceeded = self.exceeded or not held
            self._say(
                f"{'PASS' if held else 'FAIL'}  {name}: {daemon} grew by "
                f"{growth / MIB:.1f} MiB (limit {limit / MIB:g}; "
                f"{left / MIB:+.1f} afterwards)"
            )
        self._say(f"      {rate.speed:.0f} MiB/s, {rate.cost:.2f} CPU-s/GiB")


def measure(directory, sizes, say):
    """
    Print the growth of each daemon.

    @return: whether all of it is within the limits.
    """
    held = True
    for number, work in enumerate((_stream, _crowd)):
        glance = Glance(directory / f"memory-{number}")
        try:
            glance.prepare(WARM_UP)
            glance.forget()
            watch = Watch(glance.daemons, say)
            work(glance, sizes, watch)
            held = held and not watch.exceeded
        finally:
            glance.stop()
    return held


def _stream(glance, sizes, watch):
    size = sizes.stream
    for kind, chunk in FRAMINGS:
        watch.see(
            f"upload of {size // MIB} MiB, {kind}",
            STREAM_LIMIT,
            lambda chunk=chunk: glance.upload(size, 1, chunk),
        )
    glance.prepare(size)
    watch.see(
        f"download of {size // MIB} MiB",
        STREAM_LIMIT,
        lambda: glance.download(size, 1),
    )
    glance.forget()


def _crowd(glance, sizes, watch):
    for kind, chunk in FRAMINGS:
        watch.see(
            f"{sizes.clients} uploads of {sizes.each // MIB} MiB at once, {kind}",
            CROWD_LIMIT,
            lambda chunk=chunk: glance.upload(sizes.each, sizes.clients, chunk),
        )
