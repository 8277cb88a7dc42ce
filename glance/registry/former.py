"""
Databases of Glances that came before this one, read and never changed.  All of
this blocks.

What is known of their tables: from 2011 to 2013 images were counted, and had one
C{location} in the table itself; later they have UUIDs, and locations of their own.
Columns came one by one, so those that aren't there have a usual value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from attrs import field, frozen
from sqlalchemy import Connection, MetaData, Table, inspect, select
from sqlalchemy.exc import DBAPIError

from glance.image import Consent, Image, Member, Status, Visibility
from glance.registry.engine import DatabaseUnusable, single_engine

PAGE = 200
"""How many images are read at once."""

REFERENCES = ("kernel_id", "ramdisk_id")
"""Properties that name other images."""

_STATUSES = {
    "active": Status.ACTIVE,
    "deactivated": Status.DEACTIVATED,
    "killed": Status.KILLED,
    "pending_delete": Status.PENDING_DELETE,
    "deleted": Status.DELETED,
}

_CHILDREN = ("image_properties", "image_tags", "image_members", "image_locations")


@frozen
class FormerLocation:
    """
    Where data is, as a Glance that came before has it.
    """

    uri: str = field(repr=False)
    """It may have credentials in it."""

    store: str | None
    """The name of the store, where there were several; L{None} if it isn't said."""


@frozen
class FormerImage:
    """
    An image of a Glance that came before.
    """

    image: Image
    """Without locations."""

    locations: tuple[FormerLocation, ...]


def new_id(old: object) -> str:
    """
    Get the UUID that an image has here: its own, or one whose last digits are
    the number that it had.
    """
    text = str(old)
    return str(UUID(int=int(text))) if text.isdigit() else text.lower()


class FormerDatabase:
    """
    Such a database.
    """

    def __init__(self, url: str) -> None:
        """
        @param url: as configuration has it, such as C{mysql://...}.

        @raise DatabaseUnusable: it cannot be used, or is no such database.
        """
        self._engine = single_engine(url)
        try:
            names = set(inspect(self._engine).get_table_names())
            self._tables = {
                name: Table(name, MetaData(), autoload_with=self._engine)
                for name in ("images", *_CHILDREN)
                if name in names
            }
        except DBAPIError as error:
            raise DatabaseUnusable(f"It cannot be read: {error.orig}") from None
        if "images" not in self._tables or "status" not in self._tables["images"].c:
            raise DatabaseUnusable("That is no database of a Glance.")
        if "revision" in self._tables["images"].c:
            raise DatabaseUnusable("That is a database of this very Glance.")

    def page(self, after: object = None) -> Sequence[tuple[object, FormerImage]]:
        """
        Read some images.

        @param after: the id, as the database has it, that theirs come after;
            L{None} for the first.

        @return: each with its id there.
        """
        table = self._tables["images"]
        query = select(table).order_by(table.c.id).limit(PAGE)
        if after is not None:
            query = query.where(table.c.id > after)
        with self._engine.connect() as db:
            rows = [dict(row._mapping) for row in db.execute(query)]
            ids = [row["id"] for row in rows]
            children = {name: self._children(db, name, ids) for name in _CHILDREN}
        return [
            (
                row["id"],
                _former(row, {n: c.get(row["id"], []) for n, c in children.items()}),
            )
            for row in rows
        ]

    def _children(
        self, db: Connection, name: str, ids: Sequence[object]
    ) -> dict[object, list[Mapping[str, Any]]]:
        table = self._tables.get(name)
        found: dict[object, list[Mapping[str, Any]]] = {}
        if table is not None and ids:
            query = select(table).where(table.c.image_id.in_(ids)).order_by(table.c.id)
            for row in db.execute(query):
                values = dict(row._mapping)
                if not values.get("deleted"):
                    found.setdefault(values["image_id"], []).append(values)
        return found


def _former(
    row: Mapping[str, Any], children: Mapping[str, Sequence[Mapping[str, Any]]]
) -> FormerImage:
    created = _time(row["created_at"]) or datetime.fromtimestamp(0, UTC)
    status = _STATUSES.get(row["status"], Status.QUEUED)
    if row.get("deleted") and status is not Status.PENDING_DELETE:
        status = Status.DELETED
    image = Image(
        id=new_id(row["id"]),
        name=row["name"],
        status=status,
        visibility=_visibility(row),
        owner=row.get("owner"),
        disk_format=row["disk_format"],
        container_format=row["container_format"],
        size=row["size"],
        virtual_size=row.get("virtual_size"),
        checksum=row.get("checksum"),
        os_hash_algo=row.get("os_hash_algo"),
        os_hash_value=row.get("os_hash_value"),
        min_disk=row.get("min_disk") or 0,
        min_ram=row.get("min_ram") or 0,
        protected=bool(row.get("protected")),
        os_hidden=bool(row.get("os_hidden")),
        created_at=created,
        updated_at=_time(row["updated_at"]) or created,
        deleted_at=_time(row["deleted_at"]),
        properties=dict(map(_property, children["image_properties"])),
        tags=frozenset(tag["value"] for tag in children["image_tags"]),
        members=tuple(_member(m, created) for m in children["image_members"]),
    )
    return FormerImage(image, tuple(_locations(row, children["image_locations"])))


def _visibility(row: Mapping[str, Any]) -> Visibility:
    if row.get("visibility"):
        return Visibility(row["visibility"])
    return Visibility.PUBLIC if row.get("is_public") else Visibility.SHARED


def _property(row: Mapping[str, Any]) -> tuple[str, str | None]:
    name = row["name"] if "name" in row else row["key"]
    value = row["value"]
    if name in REFERENCES and value and value.isdigit():
        value = new_id(value)
    return name, value


def _member(row: Mapping[str, Any], since: datetime) -> Member:
    created = _time(row["created_at"]) or since
    return Member(
        id=row["member"],
        # Before members could say what they think of it, all was shown to them.
        status=Consent(row.get("status") or "accepted"),
        can_share=bool(row["can_share"]),
        created_at=created,
        updated_at=_time(row["updated_at"]) or created,
    )


def _locations(
    row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> Iterator[FormerLocation]:
    if row.get("location"):
        yield FormerLocation(row["location"], None)
    for each in rows:
        if each.get("status") in (None, "active", "pending_delete"):
            yield FormerLocation(each["value"], _store(each.get("meta_data")))


def _store(metadata: Any) -> str | None:
    # Before it was JSON, it was pickled: nothing to be read.
    try:
        said = json.loads(metadata or "{}")
    except (TypeError, ValueError):
        return None
    name = said.get("store") or said.get("backend") if isinstance(said, dict) else None
    return name if isinstance(name, str) else None


def _time(value: datetime | str | None) -> datetime | None:
    """
    Read a time, which is in UTC and does not say so.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
