"""
L{SplitRegistry}: a registry that is read here, and changed by another process.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from twisted.internet.defer import Deferred
from zope.interface import implementer

from glance.deferreds import deferred
from glance.errors import RegistryUnavailable
from glance.image import Image
from glance.interfaces import IRegistry
from glance.limits import UNBOUNDED, Quota, Usage
from glance.query import Query


@implementer(IRegistry)
class SplitRegistry:
    """
    Finds images in a database itself, and has another process change it.

    What that process has said to be kept, is found: it is in the database by then.
    """

    def __init__(self, reading: IRegistry, changing: IRegistry) -> None:
        """
        @param reading: sees what C{changing} has kept, and changes nothing.
        """
        self._reading = reading
        self._changing = changing

    def create(self, image: Image, quota: Quota = UNBOUNDED) -> Deferred[Image]:
        return self._changing.create(image, quota)

    @deferred
    async def get(self, image_id: str) -> Image:
        try:
            return await self._reading.get(image_id)
        except RegistryUnavailable:
            return await self._changing.get(image_id)

    @deferred
    async def find(self, query: Query) -> Sequence[Image]:
        try:
            return await self._reading.find(query)
        except RegistryUnavailable:
            return await self._changing.find(query)

    def replace(
        self, old: Image, new: Image, quota: Quota = UNBOUNDED
    ) -> Deferred[Image]:
        return self._changing.replace(old, new, quota)

    def book(
        self, image_id: str, attempt_id: str, size: int, quota: Quota = UNBOUNDED
    ) -> Deferred[int]:
        return self._changing.book(image_id, attempt_id, size, quota)

    @deferred
    async def usage(self, owner: str | None) -> Usage:
        try:
            return await self._reading.usage(owner)
        except RegistryUnavailable:
            return await self._changing.usage(owner)

    def renew(self, instance: str, seconds: float) -> Deferred[None]:
        return self._changing.renew(instance, seconds)

    def unsettled(
        self, limit: int, after: str | None = None
    ) -> Deferred[Sequence[Image]]:
        return self._changing.unsettled(limit, after)

    def purge(self, before: datetime, limit: int) -> Deferred[int]:
        return self._changing.purge(before, limit)

    @deferred
    async def check(self) -> None:
        await self._reading.check()
        await self._changing.check()
