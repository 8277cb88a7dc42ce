"""
Taking over the images of a Glance that came before.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from glance.errors import DataDamaged, DataNotFound
from glance.image import Image, Location, Status
from glance.interfaces import IRegistry
from glance.storage import Storage

_WITH_DATA = (Status.ACTIVE, Status.DEACTIVATED, Status.PENDING_DELETE)


class Adopter:
    """
    Gives the registry images whose data is in the stores already.

    Nothing is copied, and nothing is removed.
    """

    def __init__(self, registry: IRegistry, storage: Storage) -> None:
        self._registry = registry
        self._storage = storage

    async def adopt(
        self, image: Image, locations: Sequence[tuple[str, str | None]]
    ) -> Image:
        """
        Take over an image.

        @param image: as it is known, but for its locations.
        @param locations: the URIs of its data, each with the name of its store if
            that is known.

        @raise ImageExists: the id is taken.
        @raise DataNotFound: its data is in no store that is configured here, or
            not in that.
        @raise DataDamaged: there is more or less data than there has to be.
        @raise StoreUnavailable: a store does not work at present.
        """
        places: list[Location] = []
        if image.status in _WITH_DATA:
            found = [self._storage.adopt(uri, store) for uri, store in locations]
            places = [place for place in found if place is not None]
        if image.status in (Status.ACTIVE, Status.DEACTIVATED):
            if not places:
                raise DataNotFound(
                    "its data is in no store that is configured here; configure that"
                )
            image = evolve(image, size=await self._size(image, places))
        return await self._registry.create(evolve(image, locations=tuple(places)))

    async def _size(self, image: Image, places: Sequence[Location]) -> int:
        """
        See that the data is there, all of it, and get its size.
        """
        sizes = [await self._storage.at(at).size(at.key) for at in places]
        wanted = sizes[0] if image.size is None else image.size
        for size in sizes:
            if size != wanted:
                raise DataDamaged(f"it has {size} bytes of data, not {wanted}")
        return wanted
