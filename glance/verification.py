"""
Verification: whether stored data is what the registry says it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any

from attrs import frozen
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IConsumer, IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from glance.deferreds import InThread
from glance.errors import (
    DataDamaged,
    DataNotFound,
    ImageNotFound,
    StoreNotFound,
    StoreUnavailable,
)
from glance.image import GONE, WHOLE, Image, Location
from glance.interfaces import IRegistry
from glance.query import EVERYTHING, Condition, Operator, Order, Query
from glance.storage import Storage
from glance.streams.bodies import pump
from glance.streams.metering import Digest, MeteredBody
from glance.streams.strands import Window
from glance.validation import owner_of

PAGE = 100
"""How many images are asked for at once."""

SHORTEST = 0.05
"""How many seconds a pause has at least, to keep the rate."""


class Fault(Enum):
    """
    What can be wrong with data.
    """

    MISSING = "missing"
    """There is none."""
    SIZE = "size"
    """There is more or less of it."""
    WRONG = "wrong"
    """It is other than it was."""
    UNREADABLE = "unreadable"
    """The store does not give it."""
    ORPHANED = "orphaned"
    """It belongs to no image."""
    MISMATCH = "mismatch"
    """It is of another format than its image."""
    UNSAFE = "unsafe"
    """Whoever opened it as a disk could come to harm."""


@frozen(kw_only=True)
class Finding:
    """
    Something that is wrong.
    """

    fault: Fault
    image: str | None
    """The id of the image; L{None} if it can't be told whose data it is."""
    store: str
    key: str
    detail: str
    """What is wrong, in words."""


@frozen(kw_only=True)
class Verified:
    """
    How much was looked at.
    """

    images: int
    size: int
    """How many bytes were read."""


@frozen(kw_only=True)
class Stray:
    """
    What lies in stores that no image knows of.
    """

    findings: Sequence[Finding]
    doubtful: bool
    """
    Whether the registry has nothing at all to do with the stores: it is likely
    to be another one's.
    """


class Pace:
    """
    A rate that is not to be exceeded.
    """

    def __init__(self, clock: IReactorTime, rate: float | None) -> None:
        """
        @param rate: bytes per second; L{None} for any.
        """
        self.clock = clock
        self._rate = rate
        self._due = 0.0

    def take(self, size: int) -> float:
        """
        Account for C{size} bytes.

        @return: for how many seconds to take no more.
        """
        if self._rate is None:
            return 0.0
        self._due = max(self._due, self.clock.seconds()) + size / self._rate
        return self._left()

    async def wait(self) -> None:
        """
        Wait until more may be taken.
        """
        seconds = self._left()
        if seconds >= SHORTEST:
            await deferLater(self.clock, seconds)

    def _left(self) -> float:
        return self._due - self.clock.seconds()


@implementer(IConsumer)
class Reader:
    """
    A consumer that takes data at a pace, and forgets it.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._producer: Any = None
        self._resuming: IDelayedCall | None = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None
        if self._resuming is not None:
            self._resuming.cancel()
            self._resuming = None

    def write(self, data: bytes) -> None:
        seconds = self._pace.take(len(data))
        if seconds >= SHORTEST and self._resuming is None:
            self._resuming = self._pace.clock.callLater(seconds, self._resume)
            self._producer.pauseProducing()

    def _resume(self) -> None:
        self._resuming = None
        self._producer.resumeProducing()


class Verifier:
    """
    Compares what is in the stores with what the registry says.

    It may run while others use the same stores and the same registry.
    """

    def __init__(
        self,
        registry: IRegistry,
        storage: Storage,
        pace: Pace,
        hash_in_thread: InThread,
        window: Window,
    ) -> None:
        """
        @param pace: how fast data is read.
        @param window: how much data may wait to be hashed.
        """
        self._registry = registry
        self._storage = storage
        self._pace = pace
        self._in_thread = hash_in_thread
        self._window = window

    async def verify(
        self,
        found: Callable[[Finding], None],
        image_ids: Sequence[str] | None = None,
    ) -> Verified:
        """
        Read data and compare it.

        @param found: is called with all that is wrong, as it is found.
        @param image_ids: the images whose data is read; L{None} for all.

        @raise ImageNotFound: one of those that are named isn't there.
        @raise RegistryUnavailable: the registry cannot be asked.
        """
        count = size = 0
        # What others have comes last: they may take as long as they like.
        lent: list[tuple[Image, Location]] = []
        async for image in images_of(self._registry, image_ids):
            if image.status not in WHOLE:
                continue
            count += 1
            for location in image.locations:
                store = self._storage.name_at(location)
                if self._storage.info(store).read_only:
                    lent.append((image, location))
                else:
                    size += await self._look(image, location, found)
        for image, location in lent:
            size += await self._look(image, location, found)
        return Verified(images=count, size=size)

    async def _look(
        self, image: Image, location: Location, found: Callable[[Finding], None]
    ) -> int:
        """
        Look at one place where data of an image is.

        @return: how many bytes were read.
        """
        metered: MeteredBody | None = None
        fault: tuple[Fault, str] | None
        await self._pace.wait()
        try:
            body = await self._storage.at(location).get(location.key)
            fault = _compare_sizes(image, body)
            if fault is not None:
                body.stopProducing()
            else:
                digests = _digests(image)
                metered = MeteredBody(
                    body,
                    body.length,
                    [digest for digest, _ in digests],
                    self._in_thread,
                    self._window,
                )
                await pump(metered, Reader(self._pace))
                fault = _compare(digests)
        except CancelledError:
            raise
        except Exception as error:
            fault = fault_of(error)
        if fault is not None and await still_has(self._registry, image.id, location):
            kind, detail = fault
            found(
                Finding(
                    fault=kind,
                    image=image.id,
                    store=location.store,
                    key=location.key,
                    detail=detail,
                )
            )
        return 0 if metered is None else metered.count

    async def stray(self) -> Stray:
        """
        Find data that belongs to no image.

        @raise RegistryUnavailable: the registry cannot be asked.
        @raise StoreUnavailable: a store does not work at present.
        """
        # The stores first: what is in them then was named before it came.
        lying = {
            name: set(await store.keys())
            for name, store in self._storage.stores.items()
        }
        there = any(lying.values())
        owners = {owner_of(key) for keys in lying.values() for key in keys}
        related = 0
        async for image in images_of(self._registry):
            related += image.id in owners
            for location in image.places:
                for store, keys in lying.items():
                    if location.key in keys and self._storage.may_be(location, store):
                        related += 1
                        keys.remove(location.key)
        findings = [
            await self._orphan(store, key)
            for store, keys in sorted(lying.items())
            for key in sorted(keys)
        ]
        return Stray(
            findings=[finding for finding in findings if finding is not None],
            doubtful=there and not related,
        )

    async def _orphan(self, store: str, key: str) -> Finding | None:
        """
        Look again whether data is an orphan; L{None} if it isn't, or is gone.
        """
        if not await self._unnamed(store, key):
            return None
        try:
            size = await self._storage.stores[store].size(key)
        except DataNotFound:
            return None
        owner = owner_of(key)
        detail = f"{size} bytes that belong to no image"
        if owner is None:
            detail += ", and are not called as an image's data is"
        elif (image := await self._known(owner)) is None:
            detail += "; the database does not know that one"
        elif _names(image, key):
            detail += " in this store; needed, if another store is the same place"
        return Finding(
            fault=Fault.ORPHANED, image=owner, store=store, key=key, detail=detail
        )

    async def _unnamed(self, store: str, key: str) -> bool:
        owner = owner_of(key)
        if owner is None:
            return True
        image = await self._known(owner)
        return image is None or not any(
            at.key == key and self._storage.may_be(at, store) for at in image.places
        )

    async def _known(self, image_id: str) -> Image | None:
        try:
            image: Image = await self._registry.get(image_id)
        except ImageNotFound:
            return None
        return image

    async def remove(self, orphan: Finding, *, sure: bool = False) -> bool:
        """
        Remove data that belongs to no image, having asked once more whether
        that is so.

        What isn't called as an image's data is stays: somebody else put it
        there.  So does what is called as data in another store, which may be the
        same place.

        @param sure: whether that of images that the registry doesn't know is
            nobody else's either: others may keep theirs in the same store.

        @return: whether it is removed.

        @raise RegistryUnavailable: the registry cannot be asked.
        @raise StoreUnavailable: the store does not work at present.
        """
        if orphan.image is None or not await self._unnamed(orphan.store, orphan.key):
            return False
        image = await self._known(orphan.image)
        if _names(image, orphan.key) if image is not None else not sure:
            return False
        try:
            await self._storage.stores[orphan.store].delete(orphan.key)
        except DataNotFound:
            return False
        return True


async def images_of(
    registry: IRegistry, ids: Sequence[str] | None = None
) -> AsyncIterator[Image]:
    """
    Get images.

    @param ids: which; L{None} for all, also those that are deleted.

    @raise ImageNotFound: one of those that are named isn't there.
    @raise RegistryUnavailable: the registry cannot be asked.
    """
    if ids is not None:
        for image_id in ids:
            yield await registry.get(image_id)
        return
    # Pages begin after an id rather than a marker, as that may be purged.
    after: tuple[Condition, ...] = ()
    while True:
        page = await registry.find(
            Query(
                scope=EVERYTHING,
                conditions=after,
                deleted=None,
                hidden=None,
                order=(Order("id", descending=False),),
                limit=PAGE,
            )
        )
        for image in page:
            yield image
        if not page:
            return
        after = (Condition("id", Operator.GT, page[-1].id),)


def has(image: Image, location: Location) -> bool:
    """
    Tell whether data of an image is meant to be at a place.
    """
    return image.status not in GONE and location in image.locations


async def still_has(registry: IRegistry, image_id: str, location: Location) -> bool:
    """
    Tell whether data of an image is meant to be at a place, as it is known now.
    """
    try:
        return has(await registry.get(image_id), location)
    except ImageNotFound:
        return False


def _names(image: Image, key: str) -> bool:
    return any(place.key == key for place in image.places)


def _digests(image: Image) -> list[tuple[Digest, str]]:
    """
    Get the hashes to compute, each with what it should come to.
    """
    digests = []
    for name, value in (
        ("md5", image.checksum),
        (image.os_hash_algo, image.os_hash_value),
    ):
        # Another Glance may have known a hash that this machine doesn't.
        if name is not None and value is not None:
            with suppress(ValueError):
                digests.append((Digest(name), value))
    return digests


def _compare_sizes(image: Image, body: IBodyProducer) -> tuple[Fault, str] | None:
    if image.size is None or body.length == image.size:
        return None
    less = body.length < image.size
    return Fault.SIZE, (
        f"{body.length} bytes, {'shorter' if less else 'longer'} than the "
        f"{image.size} that it should be"
    )


def _compare(digests: Sequence[tuple[Digest, str]]) -> tuple[Fault, str] | None:
    wrong = [
        digest.name for digest, value in digests if digest.value() != value.lower()
    ]
    if not wrong:
        return None
    return Fault.WRONG, f"other data: {' and '.join(wrong)} are not the registry's"


def fault_of(error: Exception) -> tuple[Fault, str]:
    """
    Say what is wrong with data that could not be read.

    @raise Exception: that error, if it has another cause.
    """
    if isinstance(error, DataNotFound):
        return Fault.MISSING, "it is not in the store"
    if isinstance(error, DataDamaged):
        return Fault.SIZE, "it became shorter while it was read"
    if isinstance(error, OSError):
        return Fault.UNREADABLE, error.strerror or "it cannot be read"
    if isinstance(error, StoreNotFound):
        return Fault.UNREADABLE, "its store is not configured here"
    if isinstance(error, StoreUnavailable):
        return Fault.UNREADABLE, str(error)
    raise error
