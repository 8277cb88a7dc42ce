"""
What the command does with images.
"""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from glance.cli import statuses
from glance.cli.fields import FIXED, fields_of, filters_of, meta_of
from glance.cli.progress import bar
from glance.cli.session import Session, daemonic
from glance.cli.showing import block, heading, metadata, row
from glance.client import Error, NotFound
from glance.client.saving import Writer, write_all
from glance.client.sending import Data
from glance.streams.bodies import StreamBody
from glance.streams.strands import Window

PAGE = 10
"""How many images are shown at a time."""

MANY = 100
"""How many are fetched at a time where nobody looks at them page by page."""

BOTH = (
    "Either supply a location=LOCATION argument or supply image",
    "data via a redirect. You have supplied BOTH image data",
    "AND a location.",
)


async def add(session: Session, arguments: Sequence[str], file: str | None) -> None:
    """
    Make an image, of what comes from a file or the standard input.
    """
    fields = fields_of(arguments)
    if fields.pop("status", None) is not None:
        session.complain("Found non-settable field status. Removing.")
    features = _features(fields)
    meta = {"is_public": False, **meta_of(fields)}
    data = data_of(session, file, implied=True)
    elsewhere = "location" in fields or features
    if data is not None and elsewhere:
        raise session.fail(statuses.FAILURE, *BOTH)
    if session.settings.dry_run:
        _dry_run(session, "Add new image with metadata:", metadata(meta))
        return
    with _bar(session, "Uploading", data) as progress:
        image = await session.client.add_image(meta, data, features, progress)
    session.output.say(f"Added new image with ID: {image.get('id')}")
    session.aside(
        "Returned the following metadata for the new image:", *metadata(image)
    )
    session.output.data(image)


async def update(
    session: Session, image_id: str, arguments: Sequence[str], file: str | None
) -> None:
    """
    Change what describes an image, or give it data.
    """
    fields = fields_of(arguments)
    for name in FIXED:
        if fields.pop(name, None) is not None:
            session.complain(f"Found non-modifiable field {name}. Removing.")
    features = _features(fields)
    meta = meta_of(fields)
    data = data_of(session, file, implied=False)
    if session.settings.dry_run:
        title = f"Update existing image {image_id} with metadata:"
        _dry_run(session, title, metadata(meta))
        return
    with _bar(session, "Uploading", data) as progress, _known(session, image_id):
        image = await session.client.update_image(
            image_id, meta, data, features, progress=progress
        )
    session.output.say(f"Updated image {image_id}")
    session.aside(
        f"Updated image metadata for image {image_id}:",
        *block(image, session.client.url),
    )
    session.output.data(image)


async def delete(session: Session, image_id: str) -> None:
    """
    Delete an image.
    """
    if session.settings.dry_run:
        _dry_run(session, f"Delete image {image_id}", [])
        return
    if not session.sure(f"Delete image {image_id}?"):
        raise session.fail(statuses.FAILURE, f"Not deleting image {image_id}")
    with _known(session, image_id):
        await session.client.delete_image(image_id)
    session.output.say(f"Deleted image {image_id}")


async def show(session: Session, image_id: str) -> None:
    """
    Show all of an image.
    """
    with _known(session, image_id):
        image = await session.client.get_image_meta(image_id)
    if session.output.form == "table":
        session.output.lines(block(image, session.client.url))
    session.output.data(image)


async def index(session: Session, arguments: Sequence[str]) -> None:
    """
    List images, a line each.
    """
    found: list[dict[str, Any]] = []
    first = True
    async for images in _pages(session, session.client.get_images, arguments):
        if session.output.form == "table":
            session.output.lines([*(heading() if first else []), *map(row, images)])
        first = False
        found += images
    session.output.data(found)


async def details(session: Session, arguments: Sequence[str]) -> None:
    """
    List images, with all of each.
    """
    found: list[dict[str, Any]] = []
    fetch = session.client.get_images_detailed
    async for images in _pages(session, fetch, arguments):
        if session.output.form == "table":
            for image in images:
                session.output.lines(["=" * 80, *block(image, session.client.url)])
        found += images
    if found:
        session.output.say("=" * 80)
    session.output.data(found)


async def clear(session: Session) -> None:
    """
    Delete all images that are listed.
    """
    images: list[dict[str, Any]] = []
    async for page in _every_page(session.client.get_images, {}, MANY):
        images += page
    if session.settings.dry_run:
        lines = [f"  {image['id']}" for image in images]
        _dry_run(session, "Delete these images:", lines)
        return
    if not session.sure(f"Delete all {len(images)} images?"):
        raise session.fail(statuses.FAILURE, "Not deleting any images")
    failed = 0
    for image in images:
        title = f'Deleting image {image["id"]} "{image.get("name")}" ...'
        try:
            await session.client.delete_image(image["id"])
            session.aside(f"{title} done")
        except NotFound:
            session.aside(f"{title} gone already")
        except Error as error:
            failed += 1
            session.complain(f"{title} failed: {error}")
    if failed:
        raise session.fail(
            statuses.FAILURE, f"{failed} of {len(images)} images are still there."
        )


async def download(session: Session, image_id: str, file: str | None) -> None:
    """
    Fetch an image's data into a file, or to the standard output.
    """
    to_terminal = os.isatty(session.stdout)
    if file is None and to_terminal:
        raise session.fail(
            statuses.USAGE,
            "Image data would do no good on a terminal.",
            "Say --file FILE, or --file - if you mean it.",
        )
    client = session.client
    with _known(session, image_id):
        meta = await client.get_image_meta(image_id)
        silent = session.settings.silent_upload
        with bar("Downloading", meta.get("size"), silent) as progress:
            if file not in (None, "-"):
                await client.save(image_id, str(file), progress=progress)
                session.output.say(f"Saved image {image_id} in {file}")
                return
            _, body = await client.get_image(image_id)

            def write(pieces: Sequence[bytes]) -> None:
                write_all(session.stdout, pieces)

            in_thread = daemonic(session.reactor)
            await Writer([write], in_thread, Window(1 << 23), progress).take(body)


@contextmanager
def _known(session: Session, image_id: str) -> Iterator[None]:
    """
    Say of an image that isn't there that it isn't.
    """
    try:
        yield
    except NotFound:
        raise session.fail(
            statuses.NOT_FOUND, f"No image with ID {image_id} was found"
        ) from None


def data_of(session: Session, file: str | None, implied: bool) -> Data | None:
    """
    Find the data that a command is to send.

    @param file: what the user said: a path, C{-}, or L{None} for nothing.
    @param implied: whether nothing means what is redirected into the command.
    """
    if file is not None and file != "-":
        return Path(file)
    stdin = session.stdin
    if stdin is None or (file is None and not implied):
        return None
    try:
        fd = stdin.fileno()
    except OSError:
        return stdin
    mode = os.fstat(fd).st_mode
    if file is None and stat.S_ISCHR(mode):
        # A terminal, or /dev/null.
        return None
    if stat.S_ISREG(mode):
        return stdin
    return StreamBody(lambda size: os.read(fd, size), daemonic(session.reactor))


def _bar(session: Session, title: str, data: Data | None) -> Any:
    size = None
    if isinstance(data, Path) and data.exists():
        size = data.stat().st_size
    silent = session.settings.silent_upload or data is None
    return bar(title, size, silent)


def _features(fields: dict[str, str]) -> dict[str, str]:
    source = fields.pop("copy_from", None)
    return {} if source is None else {"x-glance-api-copy-from": source}


def _dry_run(session: Session, title: str, lines: Sequence[str]) -> None:
    session.output.lines(["Dry run. We would have done the following:", title, *lines])


Fetch = Callable[..., Deferred[list[dict[str, Any]]]]


async def _pages(
    session: Session, fetch: Fetch, arguments: Sequence[str]
) -> AsyncIterator[list[dict[str, Any]]]:
    """
    Fetch a list page by page, as long as whoever sits there wants more.
    """
    settings = session.settings
    asks = session.attended and session.output.form == "table" and not settings.force
    given = settings.limit is not None
    limit = settings.limit or (PAGE if asks else MANY)
    params = {
        "sort_key": settings.sort_key,
        "sort_dir": settings.sort_dir,
        "marker": settings.marker,
        "filters": filters_of(fields_of(arguments)),
    }
    async for images in _every_page(fetch, params, limit):
        yield images
        if given and not session.attended and not settings.force:
            return
        if asks and (len(images) < limit or not session.ask("Fetch next page?")):
            return


async def _every_page(
    fetch: Fetch, params: Mapping[str, Any], limit: int
) -> AsyncIterator[list[dict[str, Any]]]:
    params = dict(params)
    seen: set[object] = set()
    while images := await fetch(limit=limit, **params):
        if images[0]["id"] in seen:
            # The server knows no pages, and begins again.
            return
        seen.update(image["id"] for image in images)
        yield images
        params["marker"] = images[-1]["id"]
