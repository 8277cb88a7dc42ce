"""
Taking over the images of a Glance that came before, as an operator has it done.
"""

from __future__ import annotations

from typing import Any

import click

from glance.adopting import Adopter
from glance.config.settings import Settings
from glance.deferreds import Threads
from glance.errors import GlanceError, ImageExists, Invalid
from glance.image import Status
from glance.redaction import escape
from glance.registry.engine import DatabaseUnusable
from glance.registry.former import FormerDatabase, FormerImage
from glance.streams.strands import Window
from glance.tap.operating import opened_pools, opened_registry, opened_stores

WINDOW = 1 << 20
"""How many bytes may be in memory; none are read."""


async def adopted(reactor: Any, settings: Settings, url: str) -> bool:
    """
    Take over all images of another database, and say which cannot be.

    @param url: the URL of that database.

    @return: whether all were taken over.

    @raise Invalid: that database cannot be read.
    @raise GlanceError: the registry does not work.
    """
    async with (
        opened_pools(reactor) as pools,
        opened_stores(reactor, settings, pools, Window(WINDOW)) as stores,
        opened_registry(reactor, settings) as registry,
    ):
        in_thread = pools.add("former", 1)
        pools.start()
        try:
            former = await in_thread(FormerDatabase, url)
        except DatabaseUnusable as error:
            raise Invalid(f"The older database: {error}") from None
        taking = _Taking(Adopter(registry, stores), former, in_thread)
        await taking.all()
    taken, there, left = taking.taken, taking.there, taking.left
    click.echo(f"Took over {taken} images; {there} were there, {left} were not taken.")
    return left == 0


class _Taking:
    def __init__(
        self, adopter: Adopter, former: FormerDatabase, in_thread: Threads
    ) -> None:
        self.taken = self.there = self.left = 0
        self._adopter = adopter
        self._former = former
        self._in_thread = in_thread

    async def all(self) -> None:
        """
        Take over what there is.
        """
        after: object = None
        deleted: list[FormerImage] = []
        while page := await self._in_thread(self._former.page, after):
            for _, each in page:
                if each.image.status is Status.PENDING_DELETE:
                    deleted.append(each)
                else:
                    await self._one(each)
            after = page[-1][0]
        # Now it is known whose data has to stay.
        for each in deleted:
            await self._one(each)

    async def _one(self, former: FormerImage) -> None:
        locations = [(at.uri, at.store) for at in former.locations]
        try:
            await self._adopter.adopt(former.image, locations)
        except ImageExists:
            self.there += 1
        except GlanceError as error:
            self.left += 1
            click.echo(f"{former.image.id}: {escape(str(error))}")
        else:
            self.taken += 1
