"""
Settling: what becomes of attempts that died, and of data that is to go.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from glance.deferreds import within
from glance.errors import GlanceError, ImageNotFound, StoreLate, StoreNotFound
from glance.image import Attempt, Image, Location, Status
from glance.interfaces import IStore
from glance.leases import Lease
from glance.leftovers import Leftovers
from glance.query import EVERYTHING, Condition, Operator, Query
from glance.revisions import Revisions
from glance.storage import Storage
from glance.validation import owner_of

R = TypeVar("R")

BATCH = 100
"""How many images are settled between two looks at the registry."""

PATIENCE = 30.0
"""
Seconds after which a store that is at something is not waited for any longer: others
have their turn, and it is asked again at the next look.
"""

LEFTOVERS = 3600.0
"""
Seconds between two looks at what stores have that is unfinished: they may have to
list much.
"""


def failed(image: Image, attempt: Attempt) -> Image:
    """
    Get an image as it is once an attempt to fill it has failed.

    If that attempt isn't the image's, or isn't any more, nothing changes.
    """
    if image.attempt is None or image.attempt.id != attempt.id:
        return image
    if image.status is not Status.SAVING:
        # Whoever took it out of saving should have ended the attempt as well.
        return evolve(image, attempt=None, doomed=(*image.doomed, attempt.location))
    return image.becoming(
        attempt.fallback, attempt=None, doomed=(*image.doomed, attempt.location)
    )


class Settler:
    """
    Removes the data of deleted images and failed attempts.

    The image is always changed first: once it names the data no more, nobody
    else does.
    """

    _log = Logger()

    def __init__(
        self, revisions: Revisions, storage: Storage, *, scrub_seconds: float = 0
    ) -> None:
        """
        @param scrub_seconds: how long data of deleted images is left alone.
        """
        self._revisions = revisions
        self._storage = storage
        self._scrub = timedelta(seconds=scrub_seconds)

    async def settle(self, image: Image) -> Image:
        """
        Bring an image to rest.

        @param image: one that is deleted, has doomed data, or is saving
            though nobody is about it.

        @raise StoreUnavailable: its data could not be removed now.
        @raise StoreNotFound: its data is in a store that isn't known here.
        @raise RegistryUnavailable: the registry cannot be asked.
        """
        # One that is to be settled for old data may be saved by who lives: once that
        # data is gone, it is only if nobody is about it.
        if image.status is Status.SAVING and image.attempt and not image.doomed:
            attempt = image.attempt
            image = await self._revisions.change(
                image.id, lambda current: failed(current, attempt)
            )
        if image.status is Status.PENDING_DELETE:
            return await self._delete(image)
        if image.doomed:
            return await self._remove_doomed(image)
        return image

    async def settle_soon(self, image: Image) -> Image:
        """
        Bring an image to rest, if that can be done soon; else the reaper does it
        later.

        @param image: as for L{settle}.

        @return: the image as it is by then.
        """
        settling = Deferred.fromCoroutine(self.settle(image))
        try:
            return await within(PATIENCE, settling, self._revisions.clock, _late())
        except GlanceError as error:
            self._log.warn(
                "Data of image {image} is removed later: {error}",
                image=image.id,
                error=error,
            )
            return image

    async def give_up(self, image_id: str, attempt: Attempt) -> None:
        """
        End an attempt of this process that has failed, and remove its data.

        If the image turns out to have the data after all, it keeps it.
        """
        try:
            image = await self._revisions.change(
                image_id, lambda current: failed(current, attempt)
            )
        except ImageNotFound:
            await self._storage.remove(attempt.location)
            return
        if attempt.location in image.locations:
            return
        await self._storage.remove(attempt.location)
        if attempt.location in image.doomed:
            await self._forget(image_id, (attempt.location,))

    async def _remove_doomed(self, image: Image) -> Image:
        named = {(place.store, place.key) for place in image.locations}
        for location in image.doomed:
            if (location.store, location.key) not in named:
                await self._remove(image, location)
        return await self._forget(image.id, image.doomed)

    async def _forget(self, image_id: str, removed: tuple[Location, ...]) -> Image:
        def forget(image: Image) -> Image:
            left = tuple(place for place in image.doomed if place not in removed)
            return evolve(image, doomed=left)

        return await self._revisions.change(image_id, forget, touch=False)

    async def _delete(self, image: Image) -> Image:
        if not self._due(image):
            return image
        for location in (*image.locations, *image.doomed):
            await self._remove(image, location)

        def deleted(current: Image) -> Image:
            if current.status is not Status.PENDING_DELETE:
                return current
            return current.becoming(Status.DELETED, locations=(), doomed=())

        return await self._revisions.change(image.id, deleted, touch=False)

    async def _remove(self, image: Image, location: Location) -> None:
        """
        Remove data of an image, unless it is another one's, too: nobody notices where
        two are told of the same data at the same moment.
        """
        if owner_of(location.key) != image.id and self._storage.keeps(location):
            query = Query(
                scope=EVERYTHING,
                conditions=(Condition("location", Operator.EQ, location.key),),
                hidden=None,
            )
            others = await self._revisions.registry.find(query)
            if any(other.id != image.id for other in others):
                self._log.warn(
                    "Data of image {image} stays: it is another image's, too.",
                    image=image.id,
                )
                return
        await self._storage.remove(location)

    def _due(self, image: Image) -> bool:
        since = image.deleted_at or image.updated_at
        return since + self._scrub <= self._revisions.now()


def _late() -> StoreLate:
    return StoreLate("The store takes long; it is not waited for.")


async def _awaited(asked: Deferred[R]) -> R:
    return await asked


class Reaper:
    """
    Settles, now and then, what dead processes have left.
    """

    _log = Logger()

    def __init__(
        self,
        settler: Settler,
        revisions: Revisions,
        storage: Storage,
        lease: Lease,
        clock: IReactorTime,
        seconds: float,
    ) -> None:
        """
        @param lease: that of this process.
        @param seconds: the time between two looks.
        """
        self._settler = settler
        self._revisions = revisions
        self._storage = storage
        self._lease = lease
        self._clock = clock
        self._seconds = seconds
        self._leftovers = Leftovers(revisions.registry, storage)
        self._leftovers_due = clock.seconds()
        self._failed: dict[str, tuple[str, Attempt]] = {}
        self._running: set[str] = set()
        self._looking = LoopingCall(self.look)
        self._looking.clock = clock
        self._stopped: Deferred[LoopingCall] | None = None

    def start(self) -> None:
        """
        Look at once, and then again and again.
        """
        self._stopped = self._looking.start(self._seconds)

    async def stop(self) -> None:
        """
        Look no more; wait for the look that is under way.
        """
        if self._looking.running:
            self._looking.stop()
        if self._stopped is not None:
            await self._stopped

    async def give_up(self, image_id: str, attempt: Attempt) -> None:
        """
        End an attempt of this process that has failed; if that cannot be done
        now, do it later.
        """
        giving_up = partial(self._settler.give_up, image_id, attempt)
        try:
            await self._in_time(f"attempt {attempt.id}", giving_up)
        except GlanceError as error:
            self._log.warn(
                "The failed upload of image {image} is settled later: {error}",
                image=image_id,
                error=error,
            )
            self._failed[attempt.id] = (image_id, attempt)
        else:
            self._failed.pop(attempt.id, None)

    def doubt(self, image_id: str, attempt: Attempt) -> None:
        """
        End an attempt of this process at the next look, in case the registry
        has it: it didn't say.
        """
        self._failed[attempt.id] = (image_id, attempt)

    async def look(self) -> None:
        """
        Settle what there is to settle.
        """
        try:
            for image_id, attempt in list(self._failed.values()):
                await self.give_up(image_id, attempt)
            await self._settle_all()
            for name, store in self._storage.stores.items():
                await self._sweep(name, store)
            if self._clock.seconds() >= self._leftovers_due:
                self._leftovers_due = self._clock.seconds() + LEFTOVERS
                for name in self._storage.stores:
                    await self._look_for_leftovers(name)
        except Exception:
            self._log.failure("What dead processes left was not settled")

    async def _in_time(
        self, name: str, work: Callable[[], Coroutine[Any, Any, R]]
    ) -> R:
        """
        Do something, but go on with something else where it takes too long.  What
        is late is not begun again before it is over.

        @param name: what it is; unique to it.

        @raise StoreLate: it isn't done yet.
        """
        if name in self._running:
            raise _late()
        self._running.add(name)

        def over(result: Any) -> Any:
            self._running.discard(name)
            return result

        running = Deferred.fromCoroutine(work()).addBoth(over)
        done: R = await within(PATIENCE, running, self._clock, _late())
        return done

    async def _settle_all(self) -> None:
        after = None
        late: set[str] = set()
        try:
            while True:
                images = await self._revisions.registry.unsettled(BATCH, after)
                for image in images:
                    if self._abandoned(image):
                        await self._settle(image, late)
                if len(images) < BATCH:
                    return
                after = images[-1].id
        except GlanceError as error:
            self._log.warn("Not all was settled: {error}", error=error)

    def _abandoned(self, image: Image) -> bool:
        """
        Tell whether nobody is about an image that needs settling.
        """
        if image.status is not Status.SAVING or image.attempt is None or image.doomed:
            return True
        return self._lease.proves_dead(image.attempt.instance)

    async def _sweep(self, name: str, store: IStore) -> None:
        try:
            swept = await self._in_time(
                f"sweep {name}", lambda: _awaited(store.sweep())
            )
        except GlanceError as error:
            self._log.warn(
                "Store {name} was not swept: {error}", name=name, error=error
            )
        else:
            if swept:
                self._log.info(
                    "Removed {count} unfinished uploads from store {name}.",
                    count=swept,
                    name=name,
                )

    async def _look_for_leftovers(self, name: str) -> None:
        try:
            await self._in_time(f"look {name}", partial(self._leftovers.look, name))
        except GlanceError as error:
            self._log.warn(
                "What is unfinished in store {name} was not all looked at: {error}",
                name=name,
                error=error,
            )

    async def _settle(self, image: Image, late: set[str]) -> None:
        """
        Settle an image, unless that is known to take too long.

        @param late: the stores that take too long.
        """
        stores = {place.store for place in image.places}
        if stores & late:
            return
        try:
            settling = partial(self._settler.settle, image)
            settled = await self._in_time(f"image {image.id}", settling)
        except StoreLate:
            late |= stores
            self._log.warn(
                "Image {image} is not settled yet: its store takes long.",
                image=image.id,
            )
        except StoreNotFound:
            self._log.debug("Image {image} is for another daemon.", image=image.id)
        except GlanceError as error:
            self._log.warn(
                "Image {image} is settled later: {error}", image=image.id, error=error
            )
        else:
            if settled.status is not image.status:
                self._log.info(
                    "Image {image} was {old}, and is {new} now.",
                    image=image.id,
                    old=image.status.value,
                    new=settled.status.value,
                )
