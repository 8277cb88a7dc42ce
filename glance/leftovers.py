"""
L{Leftovers}: what uploads have left in stores that cannot tell the dead from the
living.
"""

from __future__ import annotations

from twisted.logger import Logger

from glance.errors import DataNotFound, ImageNotFound
from glance.image import Image
from glance.interfaces import IRegistry, IStore
from glance.storage import Storage
from glance.validation import owner_of


class Leftovers:
    """
    Removes from stores what was begun by attempts that are settled: of processes
    that were taken for dead, and then went on for a moment.

    Who asks the store first and the registry then finds each attempt that may
    still go on: it is in the registry before anything of it is in the store.
    """

    _log = Logger()

    def __init__(self, registry: IRegistry, storage: Storage) -> None:
        self._registry = registry
        self._storage = storage

    async def look(self, name: str) -> None:
        """
        Look into the store of that name.

        @raise StoreUnavailable: it does not work at present.
        @raise RegistryUnavailable: the registry cannot be asked.
        """
        store = self._storage.stores[name]
        unknown = removed = 0
        for key in await store.unfinished():
            image = await self._image(owner_of(key))
            if image is None:
                unknown += 1
            # Whatever their stores are called: one may have several names.
            elif key not in {place.key for place in image.places}:
                removed += await self._remove(store, key)
        if removed:
            self._log.info(
                "Removed {count} uploads from store {name} that were given up.",
                count=removed,
                name=name,
            )
        if unknown:
            self._log.info(
                "Store {name} has {count} unfinished uploads of images that are not "
                "known here.  They are left alone: others may store theirs there, too.",
                count=unknown,
                name=name,
            )

    async def _image(self, image_id: str | None) -> Image | None:
        if image_id is None:
            return None
        try:
            image: Image = await self._registry.get(image_id)
        except ImageNotFound:
            return None
        return image

    async def _remove(self, store: IStore, key: str) -> bool:
        try:
            await store.delete(key)
        except DataNotFound:
            return False
        return True
