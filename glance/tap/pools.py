"""
The threads of a daemon.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from functools import partial
from threading import Thread, get_native_id
from typing import Any

from twisted.python.threadpool import ThreadPool

from glance.deferreds import Threads

FILES = 8
"""How many threads read, write and sync files."""


BEHIND = 5
"""How much nicer (see nice(2)) threads are that compute for long at a time."""


class _Thread(Thread):
    """
    A thread of a pool.
    """

    def __init__(self, nice: int, **how: Any) -> None:
        # One that hangs does not keep the process.
        super().__init__(daemon=True, **how)
        self._nice = nice

    def run(self) -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), self._nice)
        super().run()


class Pools:
    """
    Pools of threads, each for one kind of work, so that no kind waits for
    another.

    The reactor's own pool is left to the resolution of names.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._pools: dict[str, ThreadPool] = {}
        self.threads: dict[str, Threads] = {}
        """By name."""

    def add(self, name: str, count: int, *, behind: bool = False) -> Threads:
        """
        Make a pool.

        @param count: how many threads it has.
        @param behind: whether the system lets others go first: the reactor, and
            those it waits for.
        """
        nice = os.getpriority(os.PRIO_PROCESS, 0) + (BEHIND if behind else 0)
        pool = ThreadPool(0, count, name)
        pool.threadFactory = partial(_Thread, nice)  # type: ignore[assignment]
        self._pools[name] = pool
        self.threads[name] = Threads(self._reactor, pool)
        return self.threads[name]

    def start(self) -> None:
        """
        Let the threads begin; not before the daemon has forked.
        """
        for pool in self._pools.values():
            pool.start()

    def stop(self) -> None:
        """
        Wait until the threads have done what they were given.
        """
        for pool in self._pools.values():
            pool.stop()

    def leave(self, seconds: float) -> list[str]:
        """
        Wait until the threads have done what they were given, but only so long.

        @return: the names of the pools in which something hangs.
        """
        deadline = time.monotonic() + seconds
        leaving = {
            name: Thread(target=pool.stop, daemon=True)
            for name, pool in self._pools.items()
        }
        for thread in leaving.values():
            thread.start()
        for thread in leaving.values():
            thread.join(max(0, deadline - time.monotonic()))
        return [name for name, thread in leaving.items() if thread.is_alive()]


def cores() -> int:
    """
    Tell how many processors this process may use.
    """
    return len(os.sched_getaffinity(0))
