"""
L{Grouped}: transactions that wait for their turn together, and run as one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from glance.deferreds import InThread, unhurried
from glance.errors import RegistryUnavailable
from glance.registry.engine import transact

R = TypeVar("R")

Work = Callable[[Connection], Any]

MOST = 64
"""How many run as one."""

WAITING = 1000
"""How many may wait; more are told to come again."""


class Grouped:
    """
    Calls functions in transactions, one after the other in a thread.

    All that have come while one runs share the next transaction: it is begun, given
    to a thread and, where it changes something, synced to the disk for all of them
    at once.  None of them notices: each that fails is undone alone.
    """

    def __init__(self, engine: Engine, in_thread: InThread, *, changing: bool) -> None:
        """
        @param changing: whether they may change something.
        """
        self._engine = engine
        self._in_thread = in_thread
        self._changing = changing
        self._running = False
        self._waiting: list[tuple[Work, Deferred[Any]]] = []

    def __call__(self, work: Callable[[Connection], R]) -> Deferred[R]:
        """
        Call C{work} in a transaction; it may be called again where that failed.

        @return: a L{Deferred} of what it returns, once that is kept.

        @raise RegistryUnavailable: by the L{Deferred}; too many wait already, or
            the database does not work at present.
        """
        if len(self._waiting) >= WAITING:
            return fail(
                RegistryUnavailable("The registry has too much to do; try again later.")
            )
        done: Deferred[R] = Deferred()
        self._waiting.append((work, done))
        if not self._running:
            self._run()
        return unhurried(done)

    def _run(self) -> None:
        group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        self._running = True
        works = [work for work, _ in group]
        running = self._in_thread(together, self._engine, works, self._changing)
        running.addCallbacks(
            self._ran, self._hung, callbackArgs=(group,), errbackArgs=(group,)
        )

    def _ran(
        self, outcomes: Sequence[Any], group: Sequence[tuple[Work, Deferred[Any]]]
    ) -> None:
        # The next may begin before these are told, who may bring more.
        self._running = False
        if self._waiting:
            self._run()
        for (_, done), outcome in zip(group, outcomes, strict=True):
            done.callback(outcome)

    def _hung(
        self, failure: Failure, group: Sequence[tuple[Work, Deferred[Any]]]
    ) -> None:
        # Who waits behind what hangs would hang as long again.
        waiting, self._waiting = [*group, *self._waiting], []
        self._running = False
        for _, done in waiting:
            done.errback(failure)


def together(engine: Engine, works: Sequence[Work], changing: bool) -> list[Any]:
    """
    Call several functions in one transaction, each as if it were alone.

    @return: what each of them returned, or how it failed.
    """
    if len(works) > 1:
        try:
            with engine.begin() as db:
                return [_apart(db, work, changing) for work in works]
        except (DBAPIError, PoolTimeout):
            # It is not known whose fault that is.
            pass
    return [_alone(engine, work) for work in works]


def _apart(db: Connection, work: Work, changing: bool) -> Any:
    """
    Call a function within a transaction of several, which goes on if it fails.
    """
    if changing:
        db.exec_driver_sql("SAVEPOINT apart")
    try:
        outcome = work(db)
    except DBAPIError:
        raise
    except Exception:
        outcome = Failure()
        if changing:
            db.exec_driver_sql("ROLLBACK TO apart")
    if changing:
        db.exec_driver_sql("RELEASE apart")
    return outcome


def _alone(engine: Engine, work: Work) -> Any:
    try:
        return transact(engine, work)
    except Exception:
        return Failure()
