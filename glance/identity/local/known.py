"""
L{Known}: what a file says of users, at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from glance.deferreds import InThread, deferred
from glance.errors import AccountsUnusable
from glance.identity.local.accounts import Accounts
from glance.identity.local.file import AccountsFile

FRESH = 1.0
"""
After how many seconds the file is looked at again: within these, what another
process takes away is gone here too.
"""

NEW = 0.1
"""
After how many seconds it is looked at again before anybody is sent away: within
these, what another process adds is there.
"""


class Known:
    """
    Knows what a file of users says, as it was a second ago at the most.
    """

    _log = Logger()

    def __init__(
        self, file: AccountsFile, in_thread: InThread, clock: IReactorTime
    ) -> None:
        """
        @param in_thread: calls what reads and writes the file.
        """
        self._file = file
        self._in_thread = in_thread
        self._clock = clock
        self._accounts: Accounts | None = None
        self._read_at = float("-inf")
        self._reading = False
        self._waiting: list[Deferred[None]] = []
        self._changes = 0

    @deferred
    async def get(self, age: float = FRESH) -> Accounts:
        """
        Get what the file says.

        @param age: how many seconds ago it may have said so.

        @raise AccountsUnusable: nobody knows.
        """
        asked = self._clock.seconds()
        while self._accounts is None or not self._fresh(asked - age):
            await self._read()
            # Where the clock was set back, nothing would be fresh for long.
            asked = min(asked, self._clock.seconds())
        return self._accounts

    @deferred
    async def change(self, change: Callable[..., Any], *arguments: Any) -> None:
        """
        Call a method of the file, and have what it changes hold here at once.

        @raise AccountsUnusable: it cannot be changed.
        """
        try:
            await self._in_thread(change, *arguments)
        except AccountsUnusable as error:
            raise self._told(error) from error
        finally:
            self._changes += 1
            self._read_at = float("-inf")

    def _fresh(self, after: float) -> bool:
        # The clock may have been set back.
        return after < self._read_at <= self._clock.seconds()

    def _read(self) -> Deferred[None]:
        """
        Wait until the file has been read, by whoever began.
        """

        def cancelled(waiting: Deferred[None]) -> None:
            self._waiting.remove(waiting)

        waiting: Deferred[None] = Deferred(cancelled)
        self._waiting.append(waiting)
        if not self._reading:
            self._reading = True
            reading = self._in_thread(self._file.read, self._accounts)
            reading.addBoth(self._done, self._changes, self._clock.seconds())
        return waiting

    def _done(self, result: Accounts | Failure, changes: int, began: float) -> None:
        self._reading = False
        waiting, self._waiting = self._waiting, []
        if isinstance(result, Failure):
            if isinstance(result.value, AccountsUnusable):
                result = Failure(self._told(result.value))
            for each in waiting:
                each.errback(result)
            return
        self._accounts = result
        if changes == self._changes:
            self._read_at = began
        for each in waiting:
            each.callback(None)

    def _told(self, error: AccountsUnusable) -> AccountsUnusable:
        """
        Tell the operator what is wrong, and get what users are told.
        """
        self._log.error("{error}", error=str(error))
        return AccountsUnusable("Nobody can log in at present: try again later.")
