"""
Several things at the same time, but not too many.
"""

from __future__ import annotations

from collections.abc import Coroutine
from types import TracebackType
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure


class Several:
    """
    Runs coroutines, within an C{async with}, whose end waits for all of them.

    When one of them fails, or the body does, the others are cancelled; and it
    ends with the first failure.
    """

    def __init__(self, most: int) -> None:
        """
        @param most: how many run at the same time.
        """
        self._most = most
        self._running: set[Deferred[None]] = set()
        self._failure: Failure | None = None
        self._room: Deferred[None] | None = None

    async def __aenter__(self) -> Several:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is not None:
                self._cancel()
            await self._until(0)
        except Exception:
            self._cancel()
            await DeferredList([*self._running])
            raise
        if error is None and self._failure is not None:
            self._failure.raiseException()

    async def start(self, work: Coroutine[Deferred[Any], Any, None]) -> None:
        """
        Run something, when there is room for it.

        Whatever happens, C{work} is run or closed.
        """
        try:
            await self._until(self._most - 1)
            if self._failure is not None:
                self._failure.raiseException()
        except BaseException:
            work.close()
            raise
        running = Deferred.fromCoroutine(work)
        self._running.add(running)
        running.addErrback(self._failed)
        running.addBoth(lambda _: self._done(running))

    async def _until(self, most: int) -> None:
        while len(self._running) > most:
            self._room = Deferred()
            await self._room

    def _failed(self, failure: Failure) -> None:
        if self._failure is None:
            self._failure = failure
            self._cancel()

    def _done(self, running: Deferred[None]) -> None:
        self._running.discard(running)
        room, self._room = self._room, None
        if room is not None and not room.called:
            room.callback(None)

    def _cancel(self) -> None:
        for one in list(self._running):
            one.cancel()
