"""
The threads of a daemon.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.python.threadpool import ThreadPool

from glance.deferreds import Threads

FILES = 8
"""How many threads read, write and sync files."""


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

    def add(self, name: str, count: int) -> Threads:
        """
        Make a pool.

        @param count: how many threads it has.
        """
        pool = ThreadPool(0, count, name)
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


def cores() -> int:
    """
    Tell how many processors this process may use.
    """
    return len(os.sched_getaffinity(0))
