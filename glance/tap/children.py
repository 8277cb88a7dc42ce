"""
L{Child}: a process that serves, seen from the one that has started it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from glance.tap.jobs import LEAVING, ORDERS, READY, REPLACED, REPORTS, Job, pack
from glance.tap.processes import environment

_CODE = "from glance.tap.worker import main; main()"


class Child(ProcessProtocol):
    """
    A process that serves.
    """

    transport: Any = None
    """L{None} if it could not be started."""

    def __init__(
        self,
        clock: Any,
        job: Job,
        leaves: Callable[[Child], None],
        ended: Callable[[Child], None],
    ) -> None:
        """
        @param leaves: is called when it begins to end.
        @param ended: is called once it is gone.
        """
        self._leaves = leaves
        self._clock = clock
        self._job = job
        self._ended = ended
        self._said = b""
        self._waiting: list[Deferred[bool]] = []
        self.number = job.number
        self.began = clock.seconds()
        self.ready = False
        """Whether it has said that it serves."""
        self.alive = True
        """Whether it is there."""
        self.silent = 0
        """How often it was asked for since it was last heard of."""
        self.status = ""
        """How it has ended, once it has."""

    @property
    def pid(self) -> int | None:
        """
        The number of its process; L{None} where there is none any more.
        """
        pid: int | None = None if self.transport is None else self.transport.pid
        return pid

    @property
    def reason(self) -> str:
        """
        Why it has not begun to serve, as far as it is known.
        """
        said = self._said.decode(errors="replace").strip()
        return self.status if self.ready else said or self.status

    def spawn(self, reactor: Any, descriptors: Mapping[int, int]) -> None:
        """
        Start it.  Where that cannot be, it ends at once.

        @param descriptors: those of ours that it gets, by the numbers it has
            them by.
        """
        try:
            reactor.spawnProcess(
                self,
                sys.executable,
                [sys.executable, "-P", "-c", _CODE],
                env=environment(),
                childFDs={ORDERS: "w", 1: 1, 2: 2, REPORTS: "r", **descriptors},
            )
        except OSError as error:
            self.status = str(error)
            self.alive = False
            reactor.callLater(0, self._ended, self)

    def serving(self) -> Deferred[bool]:
        """
        Wait until it serves.

        @return: whether it does; it may have ended instead.
        """
        waiting: Deferred[bool] = Deferred()
        self._waiting.append(waiting)
        if self.ready or not self.alive:
            self._tell()
        return waiting

    def replace(self) -> None:
        """
        Have it end, since another goes on in its place.
        """
        self.transport.writeToChild(ORDERS, REPLACED)

    def forsake(self) -> None:
        """
        Let it know that it is told nothing any more.
        """
        if self.transport is not None:
            self.transport.closeChildFD(ORDERS)

    def signal(self, number: int) -> None:
        """
        Send it a signal, if it is there.
        """
        if self.transport is not None:
            with suppress(ProcessExitedAlready):
                self.transport.signalProcess(number)

    # What the process does

    def connectionMade(self) -> None:
        self.transport.writeToChild(ORDERS, pack(self._job))

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: N802, N803
        self.silent = 0
        if self.ready:
            if LEAVING in data:
                self._leaves(self)
            return
        self._said += data
        if self._said.startswith(READY):
            self.ready = True
            self._tell()

    def processEnded(self, reason: Failure) -> None:  # noqa: N802
        status: Any = reason.value
        number = status.signal
        self.status = f"signal {number}" if number else f"exit status {status.exitCode}"
        self.alive = False
        self._tell()
        self._ended(self)

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(self.ready and self.alive)
