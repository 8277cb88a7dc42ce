"""
A store whose troubles are made known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from glance.deferreds import deferred
from glance.errors import (
    DataDamaged,
    DataExists,
    DataNotFound,
    GlanceError,
    StoreFull,
    StoreUnavailable,
)
from glance.interfaces import IStore
from glance.stores.wrapping import watched

R = TypeVar("R")

StoreFailed = Callable[[str, BaseException], None]
"""Takes note of an error of the store of that name."""

TROUBLES = (StoreUnavailable, StoreFull, DataExists, DataDamaged)
"""
What is a store's own trouble, whatever it was asked.
"""


@implementer(IStore)
class WatchedStore:
    """
    A store over another one, that tells somebody what goes wrong in that.

    What goes wrong with the body of an upload is not the store's, nor is that
    somebody gives up.
    """

    def __init__(self, store: IStore, name: str, failed: StoreFailed) -> None:
        """
        @param name: what C{failed} is told that the store is called.
        @param failed: is called with the name and each error.
        """
        self.kind: str = store.kind
        self._store = store
        self._name = name
        self._failed = failed

    @deferred
    async def add(self, key: str, body: IBodyProducer) -> int:
        own: list[BaseException] = []
        watching = watched(body, own.append)
        try:
            size: int = await self._store.add(key, watching)
        except Exception as error:
            if isinstance(error, TROUBLES) or error not in own:
                self._blame(error)
            raise
        return size

    @deferred
    async def get(
        self,
        key: str,
        offset: int = 0,
        length: int | None = None,
        size: int | None = None,
    ) -> IBodyProducer:
        getting = self._store.get(key, offset, length, size)
        body = await self._watch(getting, DataNotFound)
        return watched(body, self._blame_reading)

    def size(self, key: str) -> Deferred[int]:
        return self._watch(self._store.size(key))

    def delete(self, key: str) -> Deferred[None]:
        return self._watch(self._store.delete(key))

    def keys(self) -> Deferred[Sequence[str]]:
        return self._watch(self._store.keys())

    def sweep(self) -> Deferred[int]:
        return self._watch(self._store.sweep())

    def unfinished(self) -> Deferred[Sequence[str]]:
        return self._watch(self._store.unfinished())

    def adopt(self, uri: str) -> str | None:
        key: str | None = self._store.adopt(uri)
        return key

    def check(self) -> Deferred[None]:
        return self._watch(self._store.check())

    def _watch(self, asked: Deferred[R], *also: type[GlanceError]) -> Deferred[R]:
        """
        Tell of what goes wrong with what the store was asked.

        @param also: what is trouble here, though it isn't everywhere.
        """

        def blame(failure: Failure) -> Failure:
            assert failure.value is not None
            self._blame(failure.value, *also)
            return failure

        return asked.addErrback(blame)

    def _blame(self, error: BaseException, *also: type[GlanceError]) -> None:
        expected = isinstance(error, GlanceError | CancelledError)
        if not expected or isinstance(error, (*TROUBLES, *also)):
            self._failed(self._name, error)

    def _blame_reading(self, error: BaseException) -> None:
        # The rest is likely to come from who reads, such as a lost connection.
        lost = isinstance(error, ConnectionError)
        if isinstance(error, (*TROUBLES, OSError)) and not lost:
            self._failed(self._name, error)
