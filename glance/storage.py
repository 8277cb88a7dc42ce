"""
The stores by their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen
from twisted.logger import Logger

from glance.errors import DataNotFound, OnlyOneStore, StoreNotFound, StoreReadOnly
from glance.image import Image, Location
from glance.interfaces import IStore

ALIASES: Mapping[str, str] = {"filesystem": "file"}
"""Names that mean another: 2011's first page and later Glances differ here."""


@frozen(kw_only=True)
class StoreInfo:
    """
    What the operator says of a store.
    """

    description: str = ""
    weight: int = 0
    """Data is read from the heaviest store first."""
    read_only: bool = False
    """Whether it takes no data."""
    properties: Mapping[str, Any] = field(factory=dict)
    """What administrators are told of it: nothing secret."""


class Storage:
    """
    The stores that there are.
    """

    _log = Logger()

    def __init__(
        self,
        stores: Mapping[str, IStore],
        default: str | None,
        infos: Mapping[str, StoreInfo] | None = None,
        *,
        several: bool = False,
        former: Mapping[str, str] | None = None,
    ) -> None:
        """
        @param default: the name of the store that data goes to where nobody
            says; L{None} where no data comes.
        @param infos: what the operator says of stores; L{None} for nothing.
        @param several: whether clients are told of the stores, and choose
            among them.
        @param former: the names of stores by those that they had before; L{None}
            where they had no other.

        @raise StoreNotFound: there is no store of that name.
        """
        self.stores = stores
        self.several = several
        self._infos = infos or {}
        self._former = former or {}
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

    def writable(self, asked: str | None) -> str:
        """
        Get the name of a store that somebody wants to give data to.

        @param asked: L{None} for the default one.

        @raise StoreNotFound: there is none.
        @raise StoreReadOnly: it takes no data.
        """
        name = self.name(asked)
        if self.info(name).read_only:
            raise StoreReadOnly(f"Store {name} takes no data; choose another one.")
        return name

    def info(self, name: str) -> StoreInfo:
        """
        Get what the operator says of a store.
        """
        return self._infos.get(name, StoreInfo())

    def name_at(self, location: Location) -> str:
        """
        Get what the store of a location is called now.
        """
        if location.store in self.stores:
            return location.store
        return self._former.get(location.store, location.store)

    def may_be(self, location: Location, store: str) -> bool:
        """
        Tell whether a location may be in the store of that name: it is in that
        one, or nobody knows for sure by what name its store goes now.
        """
        return location.store not in self.stores or location.store == store

    def at(self, location: Location) -> IStore:
        """
        Get the store of a location.

        @raise StoreNotFound: it isn't configured here.
        """
        name = self.name_at(location)
        if name not in self.stores:
            raise StoreNotFound(
                "The data is in a store that this server does not know; "
                "tell its operator."
            )
        return self.stores[name]

    def keeps(self, location: Location) -> bool:
        """
        Tell whether data is an image's own, and goes with it: what is in a store
        that takes no data is others'.

        @raise StoreNotFound: its store isn't configured here.
        """
        self.at(location)
        return not self.info(self.name_at(location)).read_only

    def adopt(self, uri: str, store: str | None = None) -> Location | None:
        """
        Find data by what a Glance of old called it.

        @param uri: a location as such a Glance wrote it.
        @param store: the name of its store, if that is known.

        @return: where it is; L{None} if it is in none of the stores.
        """
        for name in sorted(self.stores, key=lambda name: name != store):
            key = self.stores[name].adopt(uri)
            if key is not None:
                return Location(store=name, key=key)
        return None

    def ordered(self, image: Image) -> Sequence[Location]:
        """
        Get the locations of an image in the order in which they are tried: those
        in heavy stores first, and those in stores that aren't known here last.
        """
        if len(image.locations) < 2:
            return image.locations

        def rank(location: Location) -> tuple[bool, int]:
            name = self.name_at(location)
            return name not in self.stores, -self.info(name).weight

        return sorted(image.locations, key=rank)

    def names(self, image: Image) -> Sequence[str]:
        """
        Get the names of the stores that have an image's data, in the order in
        which they are tried.
        """
        return list(dict.fromkeys(self.name_at(place) for place in self.ordered(image)))

    def demand_several(self) -> None:
        """
        Refuse to speak of stores where clients know of none.

        @raise OnlyOneStore: they don't.
        """
        if not self.several:
            raise OnlyOneStore("There is but one store here: leave stores out.")

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
