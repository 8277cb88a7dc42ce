"""
Data that is elsewhere already: images that refer to it, or are filled with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger
from twisted.web.iweb import IBodyProducer

from glance.context import Context, Deed
from glance.errors import (
    DataDamaged,
    GlanceError,
    ImageNotFound,
    Invalid,
    SourceOfOtherSize,
    SourceUnusable,
    StoreUnavailable,
    TooBusy,
)
from glance.image import Image, Location, Status
from glance.images import Images
from glance.query import EVERYTHING, Condition, Operator, Query
from glance.storage import Storage
from glance.transfers import Transfers
from glance.turns import Turns
from glance.validation import is_image_id, owner_of

WEB = frozenset({"http", "https"})
"""The schemes of URIs that anybody may say."""

OWN = frozenset({"s3", "s3+http", "s3+https", "swift", "swift+http", "swift+https"})
"""
Those that administrators may say: what they name is in a store of ours, and becomes
the image's own.
"""

WAITING = 100
"""How many may wait for their turn."""


@frozen(kw_only=True)
class Source:
    """
    Data that is elsewhere.
    """

    location: Location
    size: int | None
    """How many bytes there are; L{None} if nobody knows."""


class Sources:
    """
    Finds data by the URIs that callers say, and lets images refer to it.
    """

    def __init__(self, images: Images, storage: Storage) -> None:
        self._images = images
        self._storage = storage

    def locate(self, context: Context, uri: str) -> Location:
        """
        Find the store that has the data of a URI.

        @raise Invalid: there is none, or it isn't for the caller to say.
        """
        scheme = uri.partition(":")[0].lower()
        location = None
        if scheme in WEB or (scheme in OWN and context.is_admin):
            location = self._storage.adopt(uri)
        if location is None:
            raise Invalid(
                "External sources are not supported, but for those that the operator "
                "allows: say the URL of a web server, if that is allowed here, or send "
                "the data."
            )
        return location

    async def find(
        self,
        location: Location,
        size: int | None,
        *,
        stays: bool,
        image_id: str | None = None,
    ) -> Source:
        """
        Find data that is elsewhere.

        @param size: how many bytes the caller says there are, if it does.
        @param stays: whether an image is to refer to it, which has to know its size.
        @param image_id: the id of that image; L{None} if it isn't made yet.

        @raise Invalid: there are too many, or they are another image's.
        @raise SourceUnusable: it cannot be had at present.
        @raise SourceOfOtherSize: there are more or fewer bytes than was said.
        @raise DataNotFound: there is none.
        """
        if stays and self._storage.keeps(location):
            await self._demand_nobodys(location, image_id)
        try:
            found: int = await self._storage.at(location).size(location.key)
        except DataDamaged:
            if stays:
                raise SourceUnusable(
                    "The web server doesn't say how long the data is: have it copied "
                    "instead."
                ) from None
            return Source(location=location, size=None)
        except StoreUnavailable as error:
            raise SourceUnusable(str(error)) from error
        _compare_sizes(size, found)
        most = self._images.limits().image_size_cap
        if found > most:
            raise Invalid(f"The image is larger than the {most} bytes allowed.")
        return Source(location=location, size=found)

    async def _demand_nobodys(self, location: Location, image_id: str | None) -> None:
        """
        Refuse data that is another image's, or is called as if it were: it would go
        with whichever of both is deleted first.

        @param image_id: the image whose data it may be.
        """
        name = location.key.rpartition("/")[2]
        owner = name[:36]
        if (
            owner_of(name) is not None
            or (owner != image_id and await self._is_known(owner))
            or await self._images.revisions.registry.find(
                Query(
                    scope=EVERYTHING,
                    conditions=(Condition("location", Operator.EQ, location.key),),
                    deleted=None,
                    hidden=None,
                    limit=1,
                )
            )
        ):
            raise Invalid(
                "That data is another image's, and would go with it. Have it copied "
                "instead, with x-glance-api-copy-from."
            )

    async def _is_known(self, image_id: str) -> bool:
        if not is_image_id(image_id):
            return False
        try:
            await self._images.revisions.registry.get(image_id)
        except ImageNotFound:
            return False
        return True

    async def refer(
        self,
        context: Context,
        image_id: str,
        source: Source,
        change: Callable[[Image], Image] = lambda image: image,
    ) -> Image:
        """
        Make a queued image active, with data that is elsewhere and stays there.

        @param source: its size is known.
        @param change: what else is changed.  It is pure, and may raise.

        @raise BadTransition: the image isn't queued.
        @raise SourceOfOtherSize: it was said to have more or fewer bytes.
        """
        size = source.size
        assert size is not None

        def active(image: Image) -> Image:
            new = change(image)
            _compare_sizes(new.size, size)
            return new.becoming(Status.ACTIVE, size=size, locations=(source.location,))

        return await self._images.change(context, image_id, active, Deed.UPLOAD)


def unfilled(image: Image) -> Image:
    """
    Get an image as it is once it is clear that it won't get its data: killed, unless
    somebody else has begun to fill it.
    """
    waits = image.status is Status.QUEUED
    return image.becoming(Status.KILLED) if waits else image


def _compare_sizes(said: int | None, found: int) -> None:
    if said not in (None, found):
        raise SourceOfOtherSize("Provided image size must match the stored image size.")


def _on_behalf_of(context: Context) -> str | None:
    """
    Get who has a share of what is fetched; L{None} where all of it may be used.
    """
    return None if context.is_admin else context.owner


class Fetches:
    """
    Fills images with data from elsewhere, while nobody waits for it.
    """

    _log = Logger()

    def __init__(
        self, images: Images, transfers: Transfers, storage: Storage, at_once: int
    ) -> None:
        """
        @param at_once: how many images are filled at a time; the others wait.
        """
        self._images = images
        self._transfers = transfers
        self._storage = storage
        self._most = at_once + WAITING
        self._turns = Turns(at_once)
        self._count: Counter[str | None] = Counter()
        self._fetching: set[Deferred[None]] = set()
        self._waiting: list[Deferred[None]] = []
        self._draining = False

    @property
    def in_flight(self) -> int:
        """
        How many images are being filled, or wait for their turn.
        """
        return len(self._fetching)

    def demand_room(self, context: Context) -> None:
        """
        Refuse one more when there are too many, or the half of them is the caller's.

        @raise TooBusy: that is so.
        """
        who = _on_behalf_of(context)
        full = self.in_flight >= self._most
        if who is not None:
            full = full or self._count[who] >= self._most // 2
        if self._draining or full:
            raise TooBusy("Too many images are being fetched at present; try again.")

    def begin(
        self,
        context: Context,
        image_id: str,
        source: Source,
        *,
        store: str | None = None,
        size: int | None = None,
        checksum: str | None = None,
    ) -> None:
        """
        Begin to fill a queued image.  If that fails, it becomes killed.

        @param store: the name of the store; L{None} for the default.
        @param size: how many bytes the caller says there are, if it does.
        @param checksum: the MD5 that the caller says they have, if it does.
        """

        who = _on_behalf_of(context)

        async def fetch() -> None:
            await self._turns.acquire(who)
            try:
                location = source.location
                body: IBodyProducer = await self._storage.at(location).get(
                    location.key, size=size
                )
                try:
                    await self._transfers.upload(
                        context,
                        image_id,
                        body,
                        store=store,
                        size=size,
                        checksum=checksum,
                        fallback=Status.KILLED,
                    )
                finally:
                    body.stopProducing()
            finally:
                self._turns.release(who)

        fetching = Deferred.fromCoroutine(self._fetch_or_kill(image_id, fetch))
        self._fetching.add(fetching)
        self._count[who] += 1
        fetching.addBoth(self._ended, fetching, who)

    async def _fetch_or_kill(
        self, image_id: str, fetch: Callable[[], Coroutine[Deferred[Any], Any, None]]
    ) -> None:
        try:
            await fetch()
        except (GlanceError, CancelledError) as error:
            self._log.warn(
                "Image {image} was not fetched: {error}", image=image_id, error=error
            )
        except Exception:
            self._log.failure("Image {image} was not fetched", image=image_id)
        else:
            return

        try:
            await self._images.revisions.change(image_id, unfilled)
        except GlanceError as error:
            self._log.warn(
                "Image {image} may stay queued: {error}", image=image_id, error=error
            )

    def _ended(
        self, result: object, fetching: Deferred[None], who: str | None
    ) -> object:
        self._fetching.discard(fetching)
        self._count[who] -= 1
        if not self._count[who]:
            del self._count[who]
        if not self._fetching:
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                one.callback(None)
        return result

    # What the end of a daemon asks for, as of its sites

    def drain(self) -> None:
        """
        Begin no more.
        """
        self._draining = True

    def drained(self) -> Deferred[None]:
        """
        Wait until no image is being filled.
        """
        if not self._fetching:
            return succeed(None)
        waiting: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def abort(self) -> None:
        """
        Break all off; their images become killed.
        """
        for fetching in list(self._fetching):
            fetching.cancel()
