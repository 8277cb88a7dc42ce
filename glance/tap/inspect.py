"""
The inspection of stored data, as an operator has it done.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from glance.config.settings import Settings
from glance.inspecting import Inspector
from glance.revisions import Revisions
from glance.streams.strands import Window
from glance.tap.operating import opened_pools, opened_registry, opened_stores
from glance.tap.pools import cores
from glance.tap.verify import WINDOW, Shown
from glance.verification import Fault, Finding, Pace


@frozen(kw_only=True)
class Wish:
    """
    What is to be looked into, and how.
    """

    rate: float | None
    """The most bytes to read in a second; L{None} for as many as can be."""
    image_ids: tuple[str, ...] | None
    """The images to look at; L{None} for all."""
    again: bool
    """Whether to look also where the size of the disk is known."""
    deactivate: bool
    """Whether to stop the downloads of what is not safe, or not as claimed."""
    output: str


async def inspected(reactor: Any, settings: Settings, wish: Wish) -> bool:
    """
    Look into stored data, record how large the disks are, and show what is
    wrong.

    @return: whether all is right.

    @raise GlanceError: the registry or a store does not work.
    """
    async with (
        opened_pools(reactor) as pools,
        opened_stores(reactor, settings, pools, Window(WINDOW)) as stores,
        opened_registry(reactor, settings) as registry,
    ):
        inspecting = pools.add("inspections", cores())
        pools.start()
        for store in stores.stores.values():
            await store.check()
        inspector = Inspector(
            Revisions(registry, reactor),
            stores,
            Pace(reactor, wish.rate),
            inspecting,
            settings.limits,
        )
        shown = Shown(wish.output, "deactivated")
        findings: list[Finding] = []
        found = findings.append if wish.deactivate else shown.add
        looked = await inspector.inspect(found, wish.image_ids, again=wish.again)
        for finding in findings:
            bad = finding.fault in (Fault.MISMATCH, Fault.UNSAFE)
            done = bad and await inspector.deactivate(finding)
            shown.add(finding, done=done)
        shown.end(looked)
    return shown.nothing
