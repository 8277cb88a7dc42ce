"""
A store of what others have, on their web servers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from twisted.logger import Logger
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from glance.deferreds import deferred
from glance.errors import (
    DataDamaged,
    DataNotFound,
    GlanceError,
    StoreReadOnly,
    StoreUnavailable,
)
from glance.interfaces import IStore
from glance.outbound.errors import BadURL, Cut, NotThere, OutboundError
from glance.outbound.fetching import Fetcher
from glance.outbound.rules import parse
from glance.stores.keys import demand_size
from glance.stores.wrapping import translating
from glance.streams.bodies import BytesBody

LONGEST = 4096
"""How many characters a URL may have."""

_log = Logger()


def _translated(error: OutboundError) -> GlanceError:
    """
    Get what to tell users of an error: the same whether a host may not be asked,
    isn't there, or doesn't answer as it should, or they could look around inside
    with it.  Operators have the log.
    """
    _log.warn("Data is not fetched from a web server: {error}.", error=error)
    if isinstance(error, NotThere):
        return DataNotFound("The web server has nothing at the URL of the data.")
    if isinstance(error, Cut):
        return DataDamaged("The web server sent more or less data than it said.")
    return StoreUnavailable(
        "The data cannot be fetched from its URL.  Check that the host has a public "
        "address, that the port is a usual one, and that the data comes from there; "
        "or ask the operator what is allowed."
    )


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OutboundError as error:
        raise _translated(error) from error


def _translated_reading(error: BaseException) -> BaseException:
    return _translated(error) if isinstance(error, OutboundError) else error


@implementer(IStore)
class HTTPStore:
    """
    Gives what web servers have, by its URL, which is the key.

    Nothing of it is ours: nothing is added, and what is deleted stays.
    """

    kind = "http"

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    @deferred
    async def add(self, key: str, body: IBodyProducer) -> int:
        body.stopProducing()
        raise StoreReadOnly(
            "What is on web servers can only be read: choose another store."
        )

    @deferred
    async def get(
        self,
        key: str,
        offset: int = 0,
        length: int | None = None,
        size: int | None = None,
    ) -> IBodyProducer:
        """
        Find data.

        A server that knows no ranges sends all, and what is before the part is
        thrown away.  Where it doesn't say how long the data is, and C{size} doesn't
        either, the length of the body is unknown.
        """
        if length == 0:
            demand_size(await self.size(key), size)
            return BytesBody(b"")
        with _told():
            found = await self._fetcher.fetch(key, offset, length, size)
        try:
            if found.size is not None:
                demand_size(found.size, size)
        except GlanceError:
            found.body.stopProducing()
            raise
        return translating(found.body, _translated_reading)

    @deferred
    async def size(self, key: str) -> int:
        with _told():
            size = await self._fetcher.size(key)
        if size is None:
            raise DataDamaged(
                "The web server doesn't say how long the data is; tell its operator."
            )
        return size

    @deferred
    async def delete(self, key: str) -> None:
        pass

    @deferred
    async def keys(self) -> Sequence[str]:
        return []

    @deferred
    async def sweep(self) -> int:
        return 0

    @deferred
    async def unfinished(self) -> Sequence[str]:
        return []

    def adopt(self, uri: str) -> str | None:
        try:
            parse(uri)
        except BadURL:
            return None
        return uri if len(uri) <= LONGEST else None

    @deferred
    async def check(self) -> None:
        pass
