"""
How an image is changed when others change it too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import random

from attrs import evolve
from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from glance.errors import ImageChanged, TooBusy
from glance.image import Image
from glance.interfaces import IRegistry
from glance.limits import UNBOUNDED, Quota

TRIES = 20
"""
How often a change is applied because somebody else was faster each time.
"""

PAUSE = 0.01
"""
How many seconds at most to wait after the second time; then twice as long each time.
"""

LONGEST_PAUSE = 0.5
"""
How many seconds at most to wait.

Processes that try again at once keep step with each other: of two, the one that is
faster once is so for as long as it has changes to make.
"""


class Revisions:
    """
    Changes images: reads one, applies a pure function, and puts the result in
    its place, unless somebody else did so first; then it does so again.

    Those who change one image through this object take turns, so that they
    don't make each other start over.
    """

    def __init__(self, registry: IRegistry, clock: IReactorTime) -> None:
        self.registry = registry
        self.clock = clock
        self._turns: dict[str, DeferredLock] = {}

    def now(self) -> datetime:
        """
        Get the time, in UTC.
        """
        return datetime.fromtimestamp(self.clock.seconds(), UTC)

    async def change(
        self,
        image_id: str,
        f: Callable[[Image], Image],
        *,
        revision: int | None = None,
        touch: bool = True,
        quota: Quota = UNBOUNDED,
    ) -> Image:
        """
        Apply C{f} to an image.

        @param f: gets the image as it is, and returns it as it is to be; may
            raise what makes the change impossible, and may be called anew.
        @param revision: the only revision to be changed; L{None} for whichever
            there is.
        @param touch: whether this counts as an update of the image.
        @param quota: what all images of its owner may be.

        @raise ImageNotFound: there is none of that id.
        @raise ImageChanged: it is at another C{revision}.
        @raise QuotaExceeded: its owner's images would be more than they may.
        @raise TooBusy: others were faster, again and again.
        """
        async with self._turn(image_id):
            for lost in range(TRIES):
                if lost > 1:
                    pause = min(LONGEST_PAUSE, PAUSE * 2 ** (lost - 2))
                    await deferLater(self.clock, pause * random())
                old: Image = await self.registry.get(image_id)
                if revision is not None and old.revision != revision:
                    raise ImageChanged(
                        f"Image {image_id} has changed; read it again, and decide anew."
                    )
                new = f(old)
                if new == old:
                    return old
                if touch:
                    new = evolve(new, updated_at=self.now())
                try:
                    replaced: Image = await self.registry.replace(old, new, quota)
                except ImageChanged:
                    continue
                return replaced
        raise TooBusy(f"Too many change image {image_id} at once; try again.")

    @asynccontextmanager
    async def _turn(self, image_id: str) -> AsyncIterator[None]:
        lock = self._turns.setdefault(image_id, DeferredLock())
        await lock.acquire()
        try:
            yield
        finally:
            lock.release()
            if not lock.locked and not lock.waiting:
                self._turns.pop(image_id, None)
