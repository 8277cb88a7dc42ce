"""
L{Copies}: the data of an image in several stores.
"""

from __future__ import annotations

from typing import NoReturn

from attrs import evolve

from glance.context import Context, Deed, may, refuse
from glance.errors import (
    DataDamaged,
    DataNotFound,
    Forbidden,
    ImageNotActive,
    StoreNotFound,
    StoreUnavailable,
)
from glance.image import WHOLE, Image, Location
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

    def demand_details(self, context: Context) -> None:
        """
        Refuse who may not know all of the stores.

        @raise OnlyOneStore: there aren't several stores.
        @raise Unauthenticated: it hasn't said who it is.
        @raise Forbidden: the caller may not.
        """
        self._storage.demand_several()
        if not may(context, Deed.SEE_STORES):
            refuse(context, "Only administrators are told more of stores.")

    async def remove(self, context: Context, image_id: str, store: str) -> Image:
        """
        Remove an image's data from one store.

        The image is changed first, so that nobody finds data there which is
        about to go.  Who reads it already goes on from another copy.  If it cannot
        be removed soon, the reaper does it later.  Another copy has been seen to be
        there by then: an image may name data that somebody has removed.

        @param store: the name of the store.

        @raise OnlyOneStore: there aren't several stores.
        @raise StoreNotFound: there is no such store.
        @raise ImageNotFound: there is no such image, or the caller may not know
            of it.
        @raise Forbidden: the caller may not do that, or there is no other copy.
        @raise ImageNotActive: the image has no data yet.
        @raise DataNotFound: its data isn't in that store.
        @raise StoreUnavailable: whether there is another copy can't be seen at
            present.
        """
        self._storage.demand_several()
        if store not in self._storage.stores:
            raise StoreNotFound(
                f"Store {store} is not configured on this Glance server; there is "
                f"{', '.join(sorted(self._storage.stores))}."
            )
        image = await self._images.get(context, image_id, Deed.REMOVE_COPY)
        good = await self._another(self._without(image, store), store)

        def removed(image: Image) -> Image:
            left = self._without(image, store)
            return left if good in left.locations else _refuse(image, store)

        image = await self._images.change(context, image_id, removed, Deed.REMOVE_COPY)
        return await self._settler.settle_soon(image)

    async def _another(self, left: Image, store: str) -> Location:
        """
        Find a copy that is there, all of it.

        @param left: the image without what is in the store of that name.
        """
        problem: StoreUnavailable | None = None
        for place in self._storage.ordered(left):
            try:
                size: int = await self._storage.at(place).size(place.key)
            except StoreUnavailable as error:
                problem = error
            except (DataNotFound, DataDamaged, StoreNotFound):
                continue
            else:
                if left.size in (None, size):
                    return place
        if problem is not None:
            raise problem
        return _refuse(left, store)

    def _without(self, image: Image, store: str) -> Image:
        """
        Get an image as it is once its data is in a store no more.
        """
        if image.status not in WHOLE:
            raise ImageNotActive(f"Image {image.id} is not active: it has no data.")
        name_at = self._storage.name_at
        removed = tuple(at for at in image.locations if name_at(at) == store)
        kept = tuple(at for at in image.locations if name_at(at) != store)
        if not removed:
            raise DataNotFound(f"The data of image {image.id} is not in store {store}.")
        if not kept:
            return _refuse(image, store)
        return evolve(image, locations=kept, doomed=(*image.doomed, *removed))


def _refuse(image: Image, store: str) -> NoReturn:
    raise Forbidden(
        f"Store {store} has the only copy of the data of image {image.id} that is "
        "there and whole; delete the image instead."
    )
