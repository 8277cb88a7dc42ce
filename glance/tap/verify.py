"""
The verification of stored data, as an operator has it done.
"""

from __future__ import annotations

import json
from typing import Any

import click
from attrs import asdict, frozen

from glance.config.settings import Settings
from glance.errors import Invalid
from glance.inspecting import Inspected
from glance.redaction import escape, redact
from glance.streams.strands import Window
from glance.tap.operating import opened_pools, opened_registry, opened_stores
from glance.tap.pools import cores
from glance.verification import Finding, Pace, Verified, Verifier

WINDOW = 16 << 20
"""How many bytes may wait to be hashed."""


@frozen(kw_only=True)
class Wish:
    """
    What is to be verified, and how.
    """

    rate: float | None
    """The most bytes to read in a second; L{None} for as many as can be."""
    image_ids: tuple[str, ...] | None
    """The images to look at; L{None} for all, and for what is no image's."""
    repair: bool
    """Whether to remove orphans."""
    sure: bool
    """Whether to do so though the database seems to be the wrong one."""
    output: str


class Shown:
    """
    What was found, as it is shown.
    """

    def __init__(self, output: str, deed: str = "removed") -> None:
        """
        @param output: C{table}, for lines as they come, or C{json}, for one
            object at the end.
        @param deed: what may be done with something that was found.
        """
        self._json = output == "json"
        self._deed = deed
        self._findings: list[dict[str, Any]] = []

    @property
    def nothing(self) -> bool:
        """
        Whether nothing was found.
        """
        return not self._findings

    def add(self, finding: Finding, *, done: bool = False) -> None:
        """
        Show that something was found.

        @param done: whether that was done which may be done with it.
        """
        row = {**asdict(finding), "fault": finding.fault.value, self._deed: done}
        # A key may be a URL with a password, or one that is signed.
        key = redact(finding.key)
        row["key"] = key.partition("?")[0] if "://" in key else key
        self._findings.append(row)
        if not self._json:
            detail = f"{row['detail']}: {self._deed}" if done else row["detail"]
            image = row["image"] or "-"
            where = escape(f"{row['store']} {row['key']}")
            click.echo(f"{row['fault']:<10} {image:<36} {where}  {escape(detail)}")

    def end(self, verified: Verified | Inspected) -> None:
        """
        Show how much was looked at, and recorded.
        """
        recorded = verified.recorded if isinstance(verified, Inspected) else None
        if self._json:
            whole = {
                "images": verified.images,
                "bytes": verified.size,
                **({} if recorded is None else {"recorded": recorded}),
                "findings": self._findings,
            }
            click.echo(json.dumps(whole, indent=2))
        else:
            click.echo(
                f"Looked at {verified.images} images ({verified.size} bytes): "
                f"{len(self._findings) or 'no'} findings."
            )
            if recorded is not None:
                click.echo(f"Recorded the size of {recorded} disks.")


async def verified(reactor: Any, settings: Settings, wish: Wish) -> bool:
    """
    Verify stored data, and show what is wrong.

    @return: whether all is right.

    @raise Invalid: orphans cannot be removed.
    @raise GlanceError: the registry or a store does not work.
    """
    window = Window(WINDOW)
    async with (
        opened_pools(reactor) as pools,
        opened_stores(reactor, settings, pools, window) as stores,
        opened_registry(reactor, settings) as registry,
    ):
        hashing = pools.add("hashes", cores())
        pools.start()
        for store in stores.stores.values():
            await store.check()
        pace = Pace(reactor, wish.rate)
        verifier = Verifier(registry, stores, pace, hashing, window)
        shown = Shown(wish.output)
        if wish.image_ids is None:
            await _orphans(verifier, wish, shown)
        shown.end(await verifier.verify(shown.add, wish.image_ids))
    return shown.nothing


async def _orphans(verifier: Verifier, wish: Wish, shown: Shown) -> None:
    stray = await verifier.stray()
    if wish.repair and stray.doubtful and not wish.sure:
        raise Invalid(
            f"Nothing is removed: the database knows of none of the "
            f"{len(stray.findings)} files that are stored, so it may be the wrong "
            "one. See to sql_connection; if it is right, add "
            "--yes-the-database-is-right."
        )
    for orphan in stray.findings:
        removed = wish.repair and await verifier.remove(orphan, sure=wish.sure)
        shown.add(orphan, done=removed)
