"""
The threads of a daemon.
"""

from __future__ import annotations

import os
import time
from threading import Thread
from typing import Any

from twisted.python.threadpool import ThreadPool

from glance.deferreds import Threads

FILES = 8
"""How many threads read, write and sync files."""


def _thread(**how: Any) -> Thread:
    # One that hangs does not keep the process.
    return Thread(daemon=True, **how)


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
        pool.threadFactory = _thread  # type: ignore[assignment]
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
