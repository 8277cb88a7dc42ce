"""
What the commands do with what is known of images.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from glance.cli import statuses
from glance.cli.data import some_data, upload_bar
from glance.cli.session import BadField, Session
from glance.cli.showing import FIRST, Columns, cell, heading, plain, record, row
from glance.cli.v2.naming import all_named, named, title
from glance.client import ImageClient, exactly

COLUMNS: Columns = (
    ("ID", "id", 36),
    ("Name", "name", 30),
    ("Status", "status", 11),
    ("Visibility", "visibility", 10),
    ("Size", "size", 14),
)
"""What lists show of each image."""

LATER = "  If it comes later, say --no-data."

WIDTH = 20
"""The width of a column that isn't one of those."""


async def show_list(
    session: Session[ImageClient],
    name: str | None,
    tags: Sequence[str],
    properties: Sequence[str],
    sort: str | None,
    columns: Sequence[str],
    **filters: Any,
) -> None:
    """
    List images, a line each.
    """
    query = {**filters, **pairs_of(properties), "tag": list(tags), "sort": sort}
    if name is not None:
        query["name"] = exactly(name)
    shown = _columns(columns)
    found: list[dict[str, Any]] = []
    first = True
    settings = session.settings
    async for images in session.client.pages(
        limit=settings.limit, marker=settings.marker, filters=query
    ):
        if session.output.form == "table":
            above = heading(shown) if first and images else []
            session.output.lines([*above, *(row(image, shown) for image in images)])
        else:
            found += images
        first = False
    if session.output.form == "value" or columns:
        found = [{key: image.get(key) for _, key, _ in shown} for image in found]
    session.output.data(found)


def _columns(names: Sequence[str]) -> Columns:
    known = {column[1]: column for column in COLUMNS}
    return [known.get(name, (name, name, WIDTH)) for name in names] or COLUMNS


async def show(
    session: Session[ImageClient], image: str, columns: Sequence[str]
) -> None:
    """
    Show all of an image, or some.
    """
    found = await named(session, image)
    if columns:
        found = {name: found.get(name) for name in columns}
    if session.output.form == "table":
        session.output.lines(record(found))
    session.output.data(found, columns or FIRST)


async def create(
    session: Session[ImageClient],
    file: str | None,
    empty: bool,
    no_data: bool,
    store: str | None = None,
    **fields: Any,
) -> None:
    """
    Make an image, of what comes from a file or the standard input.
    """
    known = fields_of(**fields)
    data = None
    if not no_data:
        data = await some_data(session, file, empty, LATER)
    if session.dry("Create an image:", *_lines(known)):
        return
    with upload_bar(session, data) as progress:
        image = await session.client.create(known, data, store=store, progress=progress)
    session.output.say(f"Created image {title(image)}")
    if data is None:
        session.aside("It has no data yet: glance upload gives it some.")
    session.aside(*record(image))
    session.output.data(image, FIRST)


async def change(
    session: Session[ImageClient], image: str, tags: Sequence[str], **fields: Any
) -> None:
    """
    Change what describes an image.
    """
    known = fields_of(tags=(), **fields)
    if not known and not tags:
        raise session.fail(statuses.USAGE, "Say what is to be changed.")
    found = await named(session, image)
    added = [f"tag  {plain(tag)}" for tag in tags]
    if session.dry(f"Change image {title(found)}:", *_lines(known), *added):
        return
    if known:
        await session.client.update(found["id"], known)
    for tag in tags:
        await session.client.add_tag(found["id"], tag)
    await _changed(session, "Changed", found["id"])


async def unset(
    session: Session[ImageClient],
    image: str,
    properties: Sequence[str],
    tags: Sequence[str],
) -> None:
    """
    Remove custom properties and tags of an image.
    """
    if not properties and not tags:
        raise session.fail(statuses.USAGE, "Say what is to be removed.")
    found = await named(session, image)
    _there(session, found, properties, tags)
    said = [f"property  {plain(name)}" for name in properties]
    said += [f"tag  {plain(tag)}" for tag in tags]
    if session.dry(f"Remove of image {title(found)}:", *said):
        return
    if properties:
        await session.client.update(found["id"], dict.fromkeys(properties))
    for tag in tags:
        await session.client.remove_tag(found["id"], tag)
    await _changed(session, "Changed", found["id"])


async def tag(
    session: Session[ImageClient], image: str, tags: Sequence[str], remove: bool
) -> None:
    """
    Tag an image, or remove tags of it.
    """
    found = await named(session, image)
    if remove:
        _there(session, found, (), tags)
    deed = "Remove tags of" if remove else "Tag"
    if session.dry(f"{deed} image {title(found)}:", *map(plain, tags)):
        return
    client = session.client
    for one in tags:
        await (client.remove_tag if remove else client.add_tag)(found["id"], one)
    await _changed(session, "Untagged" if remove else "Tagged", found["id"])


def _there(
    session: Session[ImageClient],
    image: Mapping[str, Any],
    properties: Iterable[str],
    tags: Iterable[str],
) -> None:
    missing = [f"property {name!r}" for name in properties if name not in image]
    missing += [f"tag {tag!r}" for tag in tags if tag not in (image.get("tags") or ())]
    if missing:
        raise session.fail(
            statuses.NOT_FOUND,
            f"Image {title(image)} has no {' and no '.join(missing)}.",
        )


async def _changed(session: Session[ImageClient], done: str, image_id: str) -> None:
    image = await session.client.show(image_id)
    session.output.say(f"{done} image {title(image)}")
    session.aside(*record(image))
    session.output.data(image, FIRST)


async def delete(session: Session[ImageClient], images: Sequence[str]) -> None:
    """
    Delete images.
    """
    found = await all_named(session, images)
    titles = ", ".join(map(title, found))
    kind = "image" if len(found) == 1 else f"{len(found)} images"
    if session.dry(f"Delete {kind} {titles}"):
        return
    if not session.sure(f"Delete {kind} {titles}?"):
        raise session.fail(statuses.FAILURE, f"Not deleting {kind} {titles}")
    for image in found:
        await session.client.delete(image["id"])
        session.output.say(f"Deleted image {title(image)}")


async def deactivate(session: Session[ImageClient], images: Sequence[str]) -> None:
    """
    Have the data of images given to administrators only.
    """
    await _each(session, images, session.client.deactivate, "Deactivate")


async def reactivate(session: Session[ImageClient], images: Sequence[str]) -> None:
    """
    Have the data of deactivated images given out again.
    """
    await _each(session, images, session.client.reactivate, "Reactivate")


async def _each(
    session: Session[ImageClient],
    images: Sequence[str],
    act: Callable[[str], Awaitable[None]],
    deed: str,
) -> None:
    for image in await all_named(session, images):
        if not session.dry(f"{deed} image {title(image)}"):
            await act(image["id"])
            session.output.say(f"{deed}d image {title(image)}")


def fields_of(
    properties: Iterable[str], tags: Sequence[str], **fields: Any
) -> dict[str, Any]:
    """
    Get what describes an image from what the options say.

    @raise BadField: a property cannot be read.
    """
    known = {name: value for name, value in fields.items() if value is not None}
    known.update(pairs_of(properties))
    if tags:
        known["tags"] = list(tags)
    return known


def pairs_of(arguments: Iterable[str]) -> dict[str, str]:
    """
    Read arguments of the form C{NAME=VALUE}.

    @raise BadField: one of them has another.
    """
    pairs = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise BadField(f"A property is NAME=VALUE, not {argument!r}.")
        pairs[name] = value
    return pairs


def _lines(fields: Mapping[str, Any]) -> list[str]:
    return [f"{plain(name)}  {cell(value)}" for name, value in fields.items()]
