"""
L{Together}: what several ask for at once, found out once.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Together(Generic[K, T]):
    """
    Has those who ask for the same, while it is being found out, wait for one result.
    """

    def __init__(self) -> None:
        self._flights: dict[K, _Flight[T]] = {}

    def find(
        self, key: K, find: Callable[[], Coroutine[Deferred[Any], Any, T]]
    ) -> Deferred[T]:
        """
        Get what is asked for.

        @param find: finds it out, unless somebody is at it.

        @return: a L{Deferred} that can be cancelled.  Once nobody waits any more,
            finding out is cancelled too.
        """
        flight = self._flights.get(key)
        if flight is not None:
            return flight.join()

        def over() -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]

        flight = self._flights[key] = _Flight(over)
        joined = flight.join()
        flight.begin(Deferred.fromCoroutine(find()))
        return joined


class _Flight(Generic[T]):
    """
    Those who wait for one result.
    """

    def __init__(self, over: Callable[[], None]) -> None:
        """
        @param over: called when nobody may join any more.
        """
        self._over = over
        self._waiting: list[Deferred[T]] = []
        self._finding: Deferred[None] | None = None

    def join(self) -> Deferred[T]:
        def cancelled(one: Deferred[T]) -> None:
            self._waiting.remove(one)
            if not self._waiting and self._finding is not None:
                self._over()
                self._finding.cancel()

        one: Deferred[T] = Deferred(cancelled)
        self._waiting.append(one)
        return one

    def begin(self, finding: Deferred[T]) -> None:
        self._finding = finding.addBoth(self._land)

    def _land(self, result: T | Failure) -> None:
        self._over()
        while self._waiting:
            self._waiting.pop(0).callback(result)  # type: ignore[arg-type]
