"""
L{Copies}: the data of an image in several stores.
"""

from __future__ import annotations

from attrs import evolve

from glance.context import Context, Deed
from glance.errors import (
    DataNotFound,
    Forbidden,
    ImageNotActive,
    StoreNotFound,
)
from glance.image import Image, Status
from glance.images import Images
from glance.settling import Settler
from glance.storage import Storage


class Copies:
    """
    What can be done with the copies of an image's data, where there are several
    stores.
    """

    def __init__(self, images: Images, settler: Settler, storage: Storage) -> None:
        self._images = images
        self._settler = settler
        self._storage = storage

    async def remove(self, context: Context, image_id: str, store: str) -> Image:
        """
        Remove an image's data from one store.

        The image is changed first, so that nobody finds data there which is
        about to go.  Who reads it already goes on from another copy.  If it cannot
        be removed soon, the reaper does it later.

        @param store: the name of the store.

        @raise OnlyOneStore: there aren't several stores.
        @raise StoreNotFound: there is no such store.
        @raise ImageNotFound: there is no such image, or the caller may not know
            of it.
        @raise Forbidden: the caller may not do that, or there is no other copy.
        @raise ImageNotActive: the image has no data yet.
        @raise DataNotFound: its data isn't in that store.
        """
        self._storage.demand_several()
        if store not in self._storage.stores:
            raise StoreNotFound(
                f"Store {store} is not configured on this Glance server; there is "
                f"{', '.join(sorted(self._storage.stores))}."
            )
        image = await self._images.change(
            context,
            image_id,
            lambda image: self._without(image, store),
            Deed.REMOVE_COPY,
        )
        return await self._settler.settle_soon(image)

    def _without(self, image: Image, store: str) -> Image:
        """
        Get an image as it is once its data is in a store no more.
        """
        if image.status not in (Status.ACTIVE, Status.DEACTIVATED):
            raise ImageNotActive(f"Image {image.id} is not active: it has no data.")
        name_at = self._storage.name_at
        removed = tuple(at for at in image.locations if name_at(at) == store)
        kept = tuple(at for at in image.locations if name_at(at) != store)
        if not removed:
            raise DataNotFound(f"The data of image {image.id} is not in store {store}.")
        if not kept:
            raise Forbidden(
                f"Store {store} has the only copy of the data of image {image.id}; "
                "delete the image instead."
            )
        return evolve(image, locations=kept, doomed=(*image.doomed, *removed))
