"""
What the commands do with the stores of a server.
"""

from __future__ import annotations

from glance.cli import statuses
from glance.cli.session import Session
from glance.cli.showing import Columns, heading, plain, row
from glance.cli.v2.naming import named, title
from glance.client import ImageClient

BRIEF: Columns = (
    ("ID", "id", 20),
    ("Default", "default", 7),
    ("Read-only", "read-only", 9),
    ("Description", "description", 30),
)

FULL: Columns = (
    *BRIEF,
    ("Type", "type", 10),
    ("Weight", "weight", 6),
    ("Properties", "properties", 30),
)


async def info(session: Session[ImageClient], detail: bool) -> None:
    """
    List the stores.
    """
    stores = await session.client.stores(detail=detail)
    columns = FULL if detail else BRIEF
    if session.output.form == "table":
        session.output.lines(heading(columns))
        session.output.lines(row(store, columns) for store in stores)
    session.output.data(stores, [field for _, field, _ in columns])


async def delete(session: Session[ImageClient], image: str, store: str) -> None:
    """
    Remove the data of an image from a store.
    """
    found = await named(session, image)
    what = f"the data of image {title(found)} from store {plain(store)}"
    if session.dry(f"Delete {what}"):
        return
    if not session.sure(f"Delete {what}?"):
        raise session.fail(statuses.FAILURE, f"Not deleting {what}")
    await session.client.delete_from_store(store, found["id"])
    session.output.say(f"Deleted {what}")
