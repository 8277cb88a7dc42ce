"""
L{Transfers}: image data on its way in and out.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from attrs import evolve, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer

from glance.context import Context, Deed, demand
from glance.deferreds import InThread
from glance.errors import (
    BodyStopped,
    ChecksumMismatch,
    FormatsMissing,
    GlanceError,
    ImageDeactivated,
    ImageGone,
    ImageNotActive,
    ImageNotFound,
    ImageTooLarge,
    RegistryRefused,
    RegistryUnavailable,
    SizeMismatch,
    StoreUnavailable,
    UploadSuperseded,
)
from glance.image import GONE, WHOLE, Attempt, Image, Location, Status
from glance.images import Images
from glance.leases import Lease
from glance.limits import Limits, Quota
from glance.protecting import readable
from glance.reading import Reading
from glance.settling import Reaper
from glance.storage import Storage
from glance.streams.inspection import Inspection
from glance.streams.metering import Digest, MeteredBody
from glance.streams.rationing import RationedBody
from glance.streams.strands import Window

R = TypeVar("R")

LOOK = 5.0
"""Seconds between two looks whether an image still waits for the data that comes."""

RETRY_PAUSE = 0.5
"""Seconds between two tries to tell the registry that data is whole."""

STEP = 64 << 20
"""
How many bytes pass, where there is a quota, before it is seen again that the image
still waits for them.
"""


@frozen(kw_only=True)
class Announced:
    """
    What was said of data before it came; L{None} for what wasn't.
    """

    size: int | None = None
    """Bytes."""
    checksum: str | None = None
    """MD5, in hexadecimal."""


def _unchanged(image: Image) -> Image:
    return image


def inspection_of(image: Image, limits: Limits) -> Inspection | None:
    """
    Get what is to look into data of an image; L{None} if nothing can: there is
    something around the disk.
    """
    if image.container_format not in (None, "bare"):
        return None
    return Inspection(image.disk_format, limits)


class Transfers:
    """
    Fills images with data, and gives it back.
    """

    _log = Logger()

    def __init__(
        self,
        images: Images,
        storage: Storage,
        reaper: Reaper,
        lease: Lease,
        clock: IReactorTime,
        hash_in_thread: InThread,
        windows: Mapping[str, Window],
        *,
        hash_algorithm: str,
        retry_seconds: float,
    ) -> None:
        """
        @param hash_in_thread: where data is hashed.
        @param windows: how much data on its way may be in memory, for each store
            by its name: one that hangs keeps none from the others.
        @param hash_algorithm: the hash beside MD5, as L{hashlib} calls it.
        @param retry_seconds: how long the registry is asked again when it
            can't be told that data is whole.
        """
        self._images = images
        self._storage = storage
        self._reaper = reaper
        self._lease = lease
        self._clock = clock
        self._in_thread = hash_in_thread
        self._windows = windows
        self._hash_algorithm = hash_algorithm
        self._retry_seconds = retry_seconds
        self.in_flight = 0
        """How many uploads are under way."""
        self.downloads = 0
        """How many bodies are being sent; those who send them count."""

    def demand_store(self, asked: str | None, *, data: bool) -> None:
        """
        Refuse a store that cannot be had.

        @param asked: the name that somebody asks for; L{None} for the default.
        @param data: whether there is data for it.

        @raise StoreNotFound: there is no such store.
        @raise StoreReadOnly: it takes no data.
        """
        if data:
            self._storage.writable(asked)
        else:
            self._storage.name(asked)

    async def upload(
        self,
        context: Context,
        image_id: str,
        body: IBodyProducer,
        *,
        store: str | None = None,
        size: int | None = None,
        checksum: str | None = None,
        fallback: Status = Status.QUEUED,
        needs_formats: bool = False,
        change: Callable[[Image], Image] = _unchanged,
        heeds_known: bool = True,
    ) -> Image:
        """
        Fill a queued image with data.

        When this fails, nothing is left of the data.  C{body} is then either
        started, or not touched.

        @param store: the name of the store; L{None} for the default.
        @param size: how many bytes the caller says there are, if it does.
        @param checksum: the MD5 that the caller says they have, if it does.
        @param fallback: what the image becomes when this fails.
        @param needs_formats: whether the image needs its formats by now.
        @param change: what else is changed, together with the status: who
            comes second changes nothing.  It is pure, and may raise.
        @param heeds_known: whether the data has to be what was said of it when
            the image was made.

        @return: the image, active.

        @raise BadTransition: the image isn't queued.
        @raise FormatsMissing: it has no formats.
        @raise StoreNotFound: there is no such store.
        @raise StoreReadOnly: it takes no data.
        @raise SizeMismatch: there are more or fewer bytes than was said.
        @raise ChecksumMismatch: they are others than was said.
        @raise ImageTooLarge: there are more than allowed.
        @raise QuotaExceeded: they are more than its owner has room for, or too many
            uploads of its are under way.
        @raise FormatMismatch: they are not what the image's format says.
        @raise UnsafeContent: whoever used them could come to harm.
        @raise ImageGone: the image was deleted meanwhile.
        @raise UploadSuperseded: others took this process for dead.
        """
        name = self._storage.writable(store)
        await self._lease.hold()
        number = secrets.token_hex(8)
        attempt = Attempt(
            id=number,
            instance=self._lease.instance,
            location=Location(store=name, key=f"{image_id}.{number}"),
            fallback=fallback,
        )

        def begun(image: Image) -> Image:
            changed = change(image)
            said = size if body.length is UNKNOWN_LENGTH else body.length
            if said is None and heeds_known:
                said = changed.size
            return _saving(changed, evolve(attempt, size=said), needs_formats)

        saving = await self._begin(context, image_id, attempt, begun)
        self.in_flight += 1
        try:
            announced = [Announced(size=size, checksum=checksum)]
            if heeds_known:
                known = Announced(size=saving.size, checksum=saving.checksum)
                announced.append(known)
            filled = await self._fill(saving, attempt, body, announced)
            return readable(context, filled)
        except Exception as error:
            await self._reaper.give_up(image_id, attempt)
            if isinstance(error, UploadSuperseded | BodyStopped):
                with suppress(RegistryUnavailable, RegistryRefused):
                    await self._demand_waiting(image_id, None)
            raise
        finally:
            self.in_flight -= 1

    async def _demand_waiting(self, image_id: str, attempt: Attempt | None) -> None:
        """
        See whether an image still waits for data.

        @param attempt: by which attempt; L{None} for any.

        @raise ImageGone: it is deleted.
        @raise UploadSuperseded: it waits for that attempt's no more.
        """
        image: Image = await self._images.revisions.registry.get(image_id)
        _demand_not_gone(image)
        if attempt is not None:
            _demand_attempt(image, attempt)

    async def _begin(
        self,
        context: Context,
        image_id: str,
        attempt: Attempt,
        begun: Callable[[Image], Image],
    ) -> Image:
        def fitting(image: Image) -> Image:
            saving = begun(image)
            assert saving.attempt is not None
            _demand_small(saving.attempt.size or 0, self._images.limits())
            return saving

        try:
            return await self._images.change(context, image_id, fitting, Deed.UPLOAD)
        except (RegistryUnavailable, CancelledError):
            self._reaper.doubt(image_id, attempt)
            raise

    async def _fill(
        self,
        image: Image,
        attempt: Attempt,
        body: IBodyProducer,
        announced: list[Announced],
    ) -> Image:
        limits = self._images.limits()
        if body.length is not UNKNOWN_LENGTH:
            _compare_sizes(announced, body.length)
        assert image.attempt is not None
        said = image.attempt.size
        md5, better = Digest("md5"), Digest(self._hash_algorithm)
        inspection = inspection_of(image, limits)
        window = self._windows[attempt.location.store]
        metered = MeteredBody(
            self._rationed(image.id, image.attempt, body, limits.quota),
            limits.image_size_cap if said is None else said,
            [md5, better],
            self._in_thread,
            window,
            inspection,
        )
        store = self._storage.at(attempt.location)
        try:
            async with self._watching(image.id, attempt, metered):
                size: int = await store.add(attempt.location.key, metered)
        except ImageTooLarge:
            if said is not None:
                raise _longer(said, metered.count) from None
            raise
        if size != metered.count:
            raise StoreUnavailable("The store did not keep all of the data; try again.")
        _compare_sizes(announced, size)
        _compare_checksums(announced, md5.value())
        return await self._register(
            image.id,
            _filled(
                attempt,
                size=size,
                virtual_size=inspection and inspection.virtual_size,
                checksum=md5.value(),
                os_hash_algo=self._hash_algorithm,
                os_hash_value=better.value(),
            ),
        )

    @asynccontextmanager
    async def _watching(
        self, image_id: str, attempt: Attempt, body: IBodyProducer
    ) -> AsyncIterator[None]:
        """
        Stop data that nobody waits for any more, such as that of an image that
        is deleted: it may go on for long.
        """
        ended: list[GlanceError] = []

        async def look() -> None:
            try:
                await self._demand_waiting(image_id, attempt)
            except (ImageGone, ImageNotFound, UploadSuperseded) as error:
                if not ended:
                    ended.append(error)
                    body.stopProducing()
            except Exception as error:
                # Nothing is known then; the end will tell.
                self._log.warn(
                    "Whether image {image} still waits for its data is not known: "
                    "{error}",
                    image=image_id,
                    error=error,
                )

        looking = LoopingCall(lambda: Deferred.fromCoroutine(look()))
        looking.clock = self._clock
        looking.start(LOOK, now=False)
        try:
            yield
        except BodyStopped:
            if ended:
                raise ended[0] from None
            raise
        except StoreUnavailable:
            # Others may have removed what a store got so far.
            with suppress(RegistryUnavailable, RegistryRefused):
                await self._demand_waiting(image_id, attempt)
            raise
        finally:
            looking.stop()

    def _rationed(
        self, image_id: str, attempt: Attempt, body: IBodyProducer, quota: Quota
    ) -> IBodyProducer:
        """
        Have data pass only as far as its image's owner has room for it, and the
        image still waits for it.
        """
        if quota.size < 0:
            return body
        registry = self._images.revisions.registry

        async def more(needed: int) -> int:
            if attempt.size is not None and needed > attempt.size:
                raise _longer(attempt.size, needed)
            booked: int = await self._patiently(
                lambda: registry.book(image_id, attempt.id, needed, quota)
            )
            return min(booked, needed + STEP)

        return RationedBody(
            body,
            min(attempt.size or 0, STEP),
            lambda needed: Deferred.fromCoroutine(more(needed)),
        )

    async def _register(self, image_id: str, f: Callable[[Image], Image]) -> Image:
        quota = self._images.limits().quota
        return await self._patiently(
            lambda: self._images.revisions.change(image_id, f, quota=quota)
        )

    async def _patiently(self, ask: Callable[[], Awaitable[R]]) -> R:
        """
        Ask the registry, again for a while where it can't be asked.
        """
        deadline = self._clock.seconds() + self._retry_seconds
        while True:
            try:
                return await ask()
            except RegistryUnavailable:
                if self._clock.seconds() >= deadline:
                    raise
            await deferLater(self._clock, RETRY_PAUSE)

    async def downloadable(self, context: Context, image_id: str) -> Image:
        """
        Find an image whose data the caller may have.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise ImageNotActive: there is no data.
        @raise ImageDeactivated: an administrator has stopped its downloads.
        @raise Forbidden: the caller may not have the data.
        """
        image = await self._images.get(context, image_id)
        demand(context, Deed.DOWNLOAD, image)
        if image.status is Status.DEACTIVATED and not context.is_admin:
            raise ImageDeactivated(
                f"Image {image_id} is deactivated; ask an administrator."
            )
        if image.status not in WHOLE:
            raise ImageNotActive(f"Image {image_id} is not active: it has no data.")
        return image

    async def open(
        self, image: Image, offset: int = 0, length: int | None = None
    ) -> IBodyProducer:
        """
        Get data of an image, from the first of its stores that works, and when
        that fails amid it from the next.

        @param offset: the first byte wanted; not beyond the image's size.
        @param length: how many bytes are wanted; L{None} for all that follow.

        @return: a body of just that length; it is started, or told to stop.

        @raise DataNotFound: the data is nowhere.
        @raise DataDamaged: there is more or less data than there was.
        @raise StoreUnavailable: the store does not work at present.
        """
        return await Reading(self._storage, image, offset, length).open()


def _saving(image: Image, attempt: Attempt, needs_formats: bool) -> Image:
    """
    Get an image as it is while an attempt fills it.
    """
    saving = image.becoming(Status.SAVING, attempt=attempt)
    if needs_formats and None in (saving.disk_format, saving.container_format):
        raise FormatsMissing(
            f"Image {image.id} has no disk_format or no container_format: "
            "set both before its data is sent."
        )
    return saving


def _demand_small(size: int, limits: Limits) -> None:
    if size > limits.image_size_cap:
        raise ImageTooLarge(
            f"The image has {size} bytes; {limits.image_size_cap} are allowed."
        )


def _longer(said: int, size: int) -> SizeMismatch:
    return SizeMismatch(
        f"Supplied size ({said}) and size generated from uploaded image (at least "
        f"{size}) did not match."
    )


def _demand_not_gone(image: Image) -> None:
    if image.status in GONE:
        raise ImageGone(f"Image {image.id} was deleted during its upload.")


def _demand_attempt(image: Image, attempt: Attempt) -> None:
    if image.attempt is None or image.attempt.id != attempt.id:
        raise UploadSuperseded(
            f"The upload of image {image.id} took a break for so long that it "
            "was given up; start it again."
        )


def _filled(attempt: Attempt, **known: Any) -> Callable[[Image], Image]:
    """
    Get the change that makes an image active with an attempt's data.
    """

    def filled(image: Image) -> Image:
        if attempt.location in image.locations:
            return image
        _demand_not_gone(image)
        _demand_attempt(image, attempt)
        return image.becoming(
            Status.ACTIVE, attempt=None, locations=(attempt.location,), **known
        )

    return filled


def _compare_sizes(announced: list[Announced], size: int) -> None:
    for said in announced:
        if said.size is not None and said.size != size:
            raise SizeMismatch(
                f"Supplied size ({said.size}) and size generated from uploaded "
                f"image ({size}) did not match."
            )


def _compare_checksums(announced: list[Announced], checksum: str) -> None:
    for said in announced:
        if said.checksum is not None and said.checksum.lower() != checksum:
            raise ChecksumMismatch(
                f"Supplied checksum ({said.checksum}) and checksum generated from "
                f"uploaded image ({checksum}) did not match."
            )
