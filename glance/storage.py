"""
The stores by their names.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted.logger import Logger

from glance.errors import DataNotFound, StoreNotFound
from glance.image import Location
from glance.interfaces import IStore

ALIASES: Mapping[str, str] = {"filesystem": "file"}
"""Names that mean another: 2011's first page and later Glances differ here."""


class Storage:
    """
    The stores that there are.
    """

    _log = Logger()

    def __init__(self, stores: Mapping[str, IStore], default: str | None) -> None:
        """
        @param default: the name of the store that data goes to where nobody
            says; L{None} where no data comes.

        @raise StoreNotFound: there is no store of that name.
        """
        self.stores = stores
        self.default = None if default is None else self.name(default)

    def name(self, asked: str | None) -> str:
        """
        Get the name of a store that somebody asks for.

        @param asked: L{None} for the default one.

        @raise StoreNotFound: there is none.
        """
        if asked is None:
            asked = self.default or "file"
        for name in (asked, ALIASES.get(asked, asked)):
            if name in self.stores:
                return name
        raise StoreNotFound(
            f"Requested store {asked} not available on this Glance server; "
            f"there is {', '.join(sorted(self.stores))}."
        )

    def at(self, location: Location) -> IStore:
        """
        Get the store of a location.

        @raise StoreNotFound: it isn't configured here.
        """
        if location.store not in self.stores:
            raise StoreNotFound(
                "The data is in a store that this server does not know; "
                "tell its operator."
            )
        return self.stores[location.store]

    async def remove(self, location: Location) -> None:
        """
        See to it that there is no data at a location.

        @raise StoreNotFound: the store isn't configured here.
        @raise StoreUnavailable: the store does not work at present.
        """
        try:
            await self.at(location).delete(location.key)
        except DataNotFound:
            self._log.debug("Nothing to remove: {key}", key=location.key)
