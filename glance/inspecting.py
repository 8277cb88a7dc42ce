"""
Inspection of what was stored before anybody looked into it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import evolve, frozen
from twisted.internet.defer import CancelledError

from glance.deferreds import InThread
from glance.errors import ContentRefused, FormatMismatch, ImageNotFound
from glance.image import WHOLE, Image, Location, Status
from glance.limits import Limits
from glance.revisions import Revisions
from glance.storage import Storage
from glance.streams.bodies import read_all
from glance.streams.inspection import TAIL, Inspection
from glance.transfers import inspection_of
from glance.verification import (
    Fault,
    Finding,
    Pace,
    fault_of,
    has,
    images_of,
    still_has,
)

STEP = 1 << 18
"""How many bytes are read at once."""


@frozen(kw_only=True)
class Inspected:
    """
    How much was looked at.
    """

    images: int
    size: int
    """How many bytes were read."""
    recorded: int
    """Of how many images the registry now knows how large the disk is."""


class _Flawed(Exception):
    """
    The data has a fault.
    """

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


class Inspector:
    """
    Looks into stored data, and records how large the disks are.

    It reads the beginning of the data, as far as is needed, and the end.  It
    may run while others use the same stores and the same registry.
    """

    def __init__(
        self,
        revisions: Revisions,
        storage: Storage,
        pace: Pace,
        in_thread: InThread,
        limits: Limits,
    ) -> None:
        """
        @param pace: how fast data is read.
        @param limits: which data is right.
        """
        self._revisions = revisions
        self._storage = storage
        self._pace = pace
        self._in_thread = in_thread
        self._limits = limits
        self._read = 0

    async def inspect(
        self,
        found: Callable[[Finding], None],
        image_ids: Sequence[str] | None = None,
        *,
        again: bool = False,
    ) -> Inspected:
        """
        Look into data, and record what is found.

        @param found: is called with all that is wrong, as it is found.
        @param image_ids: the images whose data is looked into; L{None} for all.
        @param again: whether to look also where the size of the disk is known.

        @raise ImageNotFound: one of those that are named isn't there.
        @raise RegistryUnavailable: the registry cannot be asked.
        """
        count = recorded = self._read = 0
        async for image in images_of(self._revisions.registry, image_ids):
            if image.status not in WHOLE:
                continue
            if image.virtual_size is not None and not again:
                continue
            if inspection_of(image, self._limits) is None:
                continue
            count += 1
            for location in image.locations:
                recorded += await self._look(image, location, found)
        return Inspected(images=count, size=self._read, recorded=recorded)

    async def _look(
        self, image: Image, location: Location, found: Callable[[Finding], None]
    ) -> bool:
        """
        Look at one place where data of an image is.

        @return: whether something was recorded.
        """
        try:
            virtual_size = await self._virtual_size(image, location)
        except CancelledError:
            raise
        except Exception as error:
            fault, detail = _flaw_of(error)
            if await still_has(self._revisions.registry, image.id, location):
                found(
                    Finding(
                        fault=fault,
                        image=image.id,
                        store=location.store,
                        key=location.key,
                        detail=detail,
                    )
                )
            return False
        if virtual_size in (None, image.virtual_size):
            return False
        return await self._record(image.id, location, virtual_size)

    async def _virtual_size(self, image: Image, location: Location) -> int | None:
        inspection = inspection_of(image, self._limits)
        assert inspection is not None
        size: int = await self._storage.at(location).size(location.key)
        if size != image.size:
            raise _Flawed(
                Fault.SIZE, f"{size} bytes, rather than the {image.size} it should be"
            )
        await self._begin(inspection, location, size)
        end = await self._part(location, max(0, size - TAIL), TAIL)
        await self._in_thread(inspection.finish, size, end)
        return inspection.virtual_size

    async def _begin(
        self, inspection: Inspection, location: Location, size: int
    ) -> None:
        at, enough = 0, False
        while at < size and not enough:
            data = await self._part(location, at, STEP)
            if not data:
                raise _Flawed(Fault.SIZE, "it became shorter while it was read")
            at += len(data)
            enough = await self._in_thread(inspection.update, [data])

    async def _part(self, location: Location, offset: int, length: int) -> bytes:
        await self._pace.wait()
        body = await self._storage.at(location).get(location.key, offset, length)
        data = await read_all(body, length)
        self._read += len(data)
        self._pace.take(len(data))
        return data

    async def _record(
        self, image_id: str, location: Location, virtual_size: int | None
    ) -> bool:
        def sized(image: Image) -> Image:
            if not has(image, location):
                return image
            return evolve(image, virtual_size=virtual_size)

        try:
            now = await self._revisions.change(image_id, sized, touch=False)
        except ImageNotFound:
            return False
        return has(now, location)

    async def deactivate(self, finding: Finding) -> bool:
        """
        Stop the downloads of an image, but for those of administrators.

        @return: whether that was done: if the image is still active, with the
            data that was found wrong.

        @raise RegistryUnavailable: the registry cannot be asked.
        """
        assert finding.image is not None
        done = False

        def stopped(image: Image) -> Image:
            nonlocal done
            keys = {(at.store, at.key) for at in image.locations}
            done = (
                image.status is Status.ACTIVE and (finding.store, finding.key) in keys
            )
            return image.becoming(Status.DEACTIVATED) if done else image

        try:
            await self._revisions.change(finding.image, stopped)
        except ImageNotFound:
            return False
        return done


def _flaw_of(error: Exception) -> tuple[Fault, str]:
    if isinstance(error, _Flawed):
        return error.fault, str(error)
    if isinstance(error, FormatMismatch):
        return Fault.MISMATCH, str(error)
    if isinstance(error, ContentRefused):
        return Fault.UNSAFE, str(error)
    return fault_of(error)
