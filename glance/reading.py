"""
L{Reading}: data of an image, from wherever it can be had.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from twisted.web.iweb import IBodyProducer

from glance.errors import DataDamaged, DataNotFound
from glance.image import Image, Location
from glance.storage import Storage
from glance.streams.continuing import ContinuingBody


class Reading:
    """
    One download of an image's data, or of a part of it.

    Each of its locations is tried once.  When one fails amid its data, the next
    goes on there, if a hash of the data is recorded: without one nobody has ever
    seen that both have the same.
    """

    _log = Logger()

    def __init__(
        self, storage: Storage, image: Image, offset: int, length: int | None
    ) -> None:
        """
        @param offset: the first byte wanted; not beyond the image's size.
        @param length: how many bytes are wanted; L{None} for all that follow.
        """
        self._storage = storage
        self._image = image
        self._offset = offset
        self._length = length
        self._places = list(storage.ordered(image))
        self._store = ""
        self._known = bool(image.os_hash_value or image.checksum)

    async def open(self) -> IBodyProducer:
        """
        Get the data, as L{Transfers.open <glance.transfers.Transfers.open>} does.
        """
        body = await self._next(0)
        return ContinuingBody(body, self._go_on) if self._places else body

    async def _go_on(self, count: int, error: Exception) -> IBodyProducer:
        self._log.error(
            "Image {image} cannot be read further from store {store}, after {count} "
            "bytes: {error}",
            image=self._image.id,
            store=self._store,
            count=count,
            error=error,
        )
        if not self._places or (count and not self._known):
            raise error
        return await self._next(count)

    async def _next(self, count: int) -> IBodyProducer:
        """
        Get what follows so many bytes, from the next location that works.
        """
        problem: Exception = DataNotFound(
            f"The data of image {self._image.id} is missing; tell the operator."
        )
        while self._places:
            place = self._places.pop(0)
            self._store = place.store
            try:
                return await self._at(place, count)
            except CancelledError:
                raise
            except Exception as error:
                self._log.error(
                    "Image {image} cannot be read from store {store}: {error}",
                    image=self._image.id,
                    store=place.store,
                    error=error,
                )
                problem = error
        raise problem

    async def _at(self, place: Location, count: int) -> IBodyProducer:
        wanted = self._length
        if wanted is None:
            wanted = (self._image.size or 0) - self._offset
        length = None if self._length is None else wanted - count
        body: IBodyProducer = await self._storage.at(place).get(
            place.key, self._offset + count, length, self._image.size
        )
        if body.length != wanted - count:
            body.stopProducing()
            raise DataDamaged(
                f"The data of image {self._image.id} is not as long as it was; "
                "tell the operator."
            )
        return body
