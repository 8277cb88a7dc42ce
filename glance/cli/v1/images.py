"""
What the command does with images.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.iweb import IBodyProducer

from glance.cli import statuses
from glance.cli.data import data_of, fetch, spare_terminal, upload_bar
from glance.cli.session import Session
from glance.cli.showing import BRIEF, FULL, block, heading, metadata, plain, row
from glance.cli.v1.fields import FIXED, fields_of, filters_of, meta_of
from glance.client import Client, Error, NotFound

PAGE = 10
"""How many images are shown at a time."""

MANY = 100
"""How many are fetched at a time where nobody looks at them page by page."""

BOTH = (
    "Either supply a location=LOCATION argument or supply image",
    "data via a redirect. You have supplied BOTH image data",
    "AND a location.",
)


async def add(
    session: Session[Client], arguments: Sequence[str], file: str | None
) -> None:
    """
    Make an image, of what comes from a file or the standard input.
    """
    fields = fields_of(arguments)
    for name in ("size", "status"):
        if fields.pop(name, None) is not None:
            session.complain(f"Found non-settable field {name}. Removing.")
    features = _features(fields)
    meta = {"is_public": False, **meta_of(fields)}
    data = data_of(session, file, implied=True)
    elsewhere = "location" in fields or features
    if data is not None and elsewhere:
        raise session.fail(statuses.FAILURE, *BOTH)
    if session.dry("Add new image with metadata:", *metadata(meta)):
        return
    with upload_bar(session, data) as progress:
        image = await session.client.add_image(meta, data, features, progress)
    session.output.say(f"Added new image with ID: {image.get('id')}")
    session.aside(
        "Returned the following metadata for the new image:", *metadata(image)
    )
    session.output.data(image, FULL)


async def update(
    session: Session[Client], image_id: str, arguments: Sequence[str], file: str | None
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
    title = f"Update existing image {image_id} with metadata:"
    if session.dry(title, *metadata(meta)):
        return
    with upload_bar(session, data) as progress, _known(session, image_id):
        image = await session.client.update_image(
            image_id, meta, data, features, progress=progress
        )
    session.output.say(f"Updated image {image_id}")
    session.aside(
        f"Updated image metadata for image {image_id}:",
        *block(image, session.client.url),
    )
    session.output.data(image, FULL)


async def delete(session: Session[Client], images: Sequence[str]) -> None:
    """
    Delete images.
    """
    for image_id in images:
        await _delete(session, image_id)


async def _delete(session: Session[Client], image_id: str) -> None:
    if session.dry(f"Delete image {image_id}"):
        return
    if not session.sure(f"Delete image {image_id}?"):
        raise session.fail(statuses.FAILURE, f"Not deleting image {image_id}")
    with _known(session, image_id):
        await session.client.delete_image(image_id)
    session.output.say(f"Deleted image {image_id}")


async def show(
    session: Session[Client], image: str, columns: Sequence[str] = ()
) -> None:
    """
    Show all of an image, or some.
    """
    with _known(session, image):
        meta = await session.client.get_image_meta(image)
    lines = block(meta, session.client.url)
    if columns:
        meta = {name: meta.get(name) for name in columns}
        lines = [f"{plain(name)}: {plain(value)}" for name, value in meta.items()]
    if session.output.form == "table":
        session.output.lines(lines)
    session.output.data(meta, columns or FULL)


async def index(session: Session[Client], arguments: Sequence[str]) -> None:
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
    session.output.data(found, BRIEF)


async def details(session: Session[Client], arguments: Sequence[str]) -> None:
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
    session.output.data(found, FULL)


async def clear(session: Session[Client]) -> None:
    """
    Delete all images that are listed.
    """
    images: list[dict[str, Any]] = []
    async for page in _every_page(session.client.get_images, {}, MANY):
        images += page
    lines = [f"  {image['id']}" for image in images]
    if session.dry("Delete these images:", *lines):
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


async def download(session: Session[Client], image: str, file: str | None) -> None:
    """
    Fetch an image's data into a file, or to the standard output.
    """
    spare_terminal(session, file)

    async def body() -> IBodyProducer:
        _, body = await session.client.get_image(image)
        return body

    with _known(session, image):
        meta = await session.client.get_image_meta(image)
        await fetch(session, {**meta, "id": image}, file, body)


@contextmanager
def _known(session: Session[Client], image_id: str) -> Iterator[None]:
    """
    Say of an image that isn't there that it isn't.
    """
    try:
        yield
    except NotFound:
        raise session.fail(
            statuses.NOT_FOUND, f"No image with ID {image_id} was found"
        ) from None


def _features(fields: dict[str, str]) -> dict[str, str]:
    source = fields.pop("copy_from", None)
    return {} if source is None else {"x-glance-api-copy-from": source}


Fetch = Callable[..., Deferred[list[dict[str, Any]]]]


async def _pages(
    session: Session[Client], fetch: Fetch, arguments: Sequence[str]
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
