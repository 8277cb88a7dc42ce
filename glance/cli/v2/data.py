"""
What the commands do with the data of images.
"""

from __future__ import annotations

from glance.cli import statuses
from glance.cli.data import fetch, some_data, spare_terminal, upload_bar
from glance.cli.session import Session
from glance.cli.showing import FIRST
from glance.cli.v2.naming import named, title
from glance.client import ImageClient


async def upload(
    session: Session[ImageClient],
    image: str,
    file: str | None,
    empty: bool,
    store: str | None = None,
) -> None:
    """
    Fill an image with data.
    """
    data = await some_data(session, file, empty)
    if data is None:
        raise session.fail(
            statuses.USAGE, "Name the file with the data; - is the standard input."
        )
    found = await named(session, image)
    if session.dry(f"Give image {title(found)} its data"):
        return
    with upload_bar(session, data) as progress:
        await session.client.upload(found["id"], data, store=store, progress=progress)
    session.output.say(f"Filled image {title(found)}")
    if session.output.form != "table":
        session.output.data(await session.client.show(found["id"]), FIRST)


async def download(session: Session[ImageClient], image: str, file: str | None) -> None:
    """
    Fetch an image's data into a file, or to the standard output.
    """
    spare_terminal(session, file)
    found = await named(session, image)
    client = session.client
    await fetch(session, found, file, lambda: client.download(found["id"]))
