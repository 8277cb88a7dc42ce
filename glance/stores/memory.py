"""
A store that keeps image data in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from glance.deferreds import deferred
from glance.interfaces import IStore
from glance.stores.keys import checked, demand_size
from glance.stores.refusals import full, missing, taken
from glance.streams.bodies import BytesBody, read_all

_PIECE = 1 << 16


@implementer(IStore)
class MemoryStore:
    """
    Keeps image data in a dictionary, for as long as the process lives.
    """

    kind = "memory"

    def __init__(self, room: int = 1 << 30) -> None:
        """
        @param room: how many bytes it takes in all.
        """
        self._room = room
        self._data: dict[str, bytes] = {}

    @deferred
    async def add(self, key: str, body: IBodyProducer) -> int:
        try:
            self._refuse_taken(checked(key))
        except Exception:
            body.stopProducing()
            raise
        data = await read_all(body, self._room - self._used(), full())
        self._refuse_taken(key)
        if len(data) > self._room - self._used():
            raise full()
        self._data[key] = data
        return len(data)

    def _used(self) -> int:
        return sum(map(len, self._data.values()))

    def _refuse_taken(self, key: str) -> None:
        if key in self._data:
            raise taken()

    @deferred
    async def get(
        self,
        key: str,
        offset: int = 0,
        length: int | None = None,
        size: int | None = None,
    ) -> IBodyProducer:
        data = self._find(key)
        demand_size(len(data), size)
        end = len(data) if length is None else min(len(data), offset + length)
        return BytesBody(
            [data[at : min(end, at + _PIECE)] for at in range(offset, end, _PIECE)]
        )

    def _find(self, key: str) -> bytes:
        try:
            return self._data[key]
        except KeyError:
            raise missing() from None

    @deferred
    async def size(self, key: str) -> int:
        return len(self._find(key))

    @deferred
    async def delete(self, key: str) -> None:
        self._find(key)
        del self._data[key]

    @deferred
    async def keys(self) -> Sequence[str]:
        return list(self._data)

    @deferred
    async def sweep(self) -> int:
        return 0

    @deferred
    async def unfinished(self) -> Sequence[str]:
        return []

    def adopt(self, uri: str) -> str | None:
        return None

    @deferred
    async def check(self) -> None:
        pass
