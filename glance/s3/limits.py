"""
How long a server is waited for, and how much memory is used.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen, validators

MOST_PARTS = 10_000
"""How many parts an object may have."""


@frozen(kw_only=True)
class Limits:
    """
    What a client keeps to.  Times are seconds.
    """

    connect: float = 10.0
    """For how long a server is waited for until it takes a connection."""
    idle: float = 60.0
    """For how long it may take nothing, or send nothing, when it is its turn.
    As long as something moves, there is no limit."""
    answer: float = 600.0
    """For how long it may be silent while it makes an object safe that is of any
    size, or puts parts together."""
    attempts: int = field(default=4, validator=validators.ge(1))
    """How often something is asked for in all, where that is safe."""
    attempts_silent: int = field(default=2, validator=validators.ge(1))
    """How often in all, where the server does nothing; that takes long enough."""
    first_pause: float = 0.25
    """How long the first wait before another attempt is; each is twice as long
    as that before it."""
    longest_pause: float = 10.0
    part_size: int = field(default=8 << 20, validator=validators.ge(1))
    """How many bytes a part has, where not more are needed."""
    in_flight: int = field(default=3, validator=validators.ge(1))
    """How many parts of an object are sent at once.  One more is in memory, so
    that this and C{part_size} say how much memory an upload takes at the most."""
    memory: int = field(default=64 << 20, validator=validators.ge(1))
    """How many bytes the parts of all uploads together take.  Where that is less
    than they ask for, each sends fewer parts at once, and waits for its turn."""
    patience: float = 5.0
    """In what time a part has to be full at the speed that its data comes at.  Where
    that is slower it doesn't count as a part of C{memory}, and others don't wait."""

    def pause(self, attempt: int, jitter: Callable[[], float]) -> float:
        """
        Get how long to wait after an attempt, counted from 1.

        @param jitter: gets a number from 0 to 1, so that clients that have
            failed together don't return together.
        """
        grown = self.first_pause * 2.0 ** (attempt - 1)
        longest = min(self.longest_pause, grown)
        return longest * (0.5 + jitter() / 2)

    def size_of_part(self, number: int, length: int | None) -> int:
        """
        Get how many bytes a part has, so that there are parts enough.

        @param number: counted from 1.
        @param length: how many bytes there are in all; L{None} if nobody knows,
            and then parts grow, so that there is room for fifty-five thousand
            times C{part_size}.
        """
        if length is not None:
            return max(self.part_size, -(-length // MOST_PARTS))
        return self.part_size * (1 + (number - 1) // 1000)
