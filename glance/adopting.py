"""
Taking over the images of a Glance that came before.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from glance.errors import DataDamaged, DataExists, DataNotFound
from glance.image import WHOLE, Image, Location, Status
from glance.interfaces import IRegistry
from glance.storage import Storage
from glance.validation import owner_of
from glance.verification import images_of

_WITH_DATA = WHOLE | {Status.PENDING_DELETE}


class Adopter:
    """
    Gives the registry images whose data is in the stores already.

    Nothing is copied, and nothing is removed.
    """

    def __init__(self, registry: IRegistry, storage: Storage) -> None:
        self._registry = registry
        self._storage = storage
        self._owners: dict[str, str] | None = None

    async def adopt(
        self, image: Image, locations: Sequence[tuple[str, str | None]]
    ) -> Image:
        """
        Take over an image.

        @param image: as it is known, but for its locations.
        @param locations: the URIs of its data, each with the name of its store if
            that is known.

        @raise ImageExists: the id is taken.
        @raise DataExists: its data is another image's, too.
        @raise DataNotFound: its data is in no store that is configured here, or
            not in that.
        @raise DataDamaged: there is more or less data than there has to be.
        @raise StoreUnavailable: a store does not work at present.
        """
        places: list[Location] = []
        if image.status in _WITH_DATA:
            places = self._places(locations)
            others = [at for at in places if await self._is_others(image, at)]
            if others and image.status is not Status.PENDING_DELETE:
                raise DataExists(
                    "its data is another image's, too, and would go with that; copy "
                    "it, and make an image of the copy"
                )
            places = [at for at in places if at not in others]
        if image.status in WHOLE:
            if not places:
                raise DataNotFound(
                    "its data is in no store that is configured here; configure that"
                )
            image = evolve(image, size=await self._size(image, places))
        return await self._registry.create(evolve(image, locations=tuple(places)))

    def _places(self, locations: Sequence[tuple[str, str | None]]) -> list[Location]:
        """
        Find the places that URIs name, each once.
        """
        places: list[Location] = []
        for uri, store in locations:
            place = self._storage.adopt(uri, store)
            known = any(self._storage.at(at).adopt(uri) == at.key for at in places)
            if place is not None and not known:
                places.append(place)
        return places

    async def _is_others(self, image: Image, place: Location) -> bool:
        """
        Tell whether data is another image's; if not, it is this one's from now on.
        """
        if not self._storage.keeps(place):
            return False
        if self._owners is None:
            self._owners = {
                at.key: each.id
                async for each in images_of(self._registry)
                for at in each.places
            }
        name = place.key.rpartition("/")[2]
        owner = owner_of(name) or self._owners.setdefault(place.key, image.id)
        return owner != image.id

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
