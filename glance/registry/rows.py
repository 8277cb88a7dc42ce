"""
Between images and the rows of the tables that they are kept in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, Integer, Row, String, Table, Text

from glance.errors import InvalidImage
from glance.image import (
    GONE,
    Attempt,
    Consent,
    Image,
    Location,
    Member,
    Status,
    Visibility,
)
from glance.registry.schema import (
    image_locations,
    image_members,
    image_properties,
    image_tags,
    images,
)

LONGEST_TEXT = 65_535
"""
How many bytes a long string may have: as many as MySQL's TEXT holds.
"""

LARGEST = 1 << 53
"""
More bytes than an image really has: with more, their sums could be too large for a
database.
"""

PLAIN = (
    "id",
    "revision",
    "name",
    "owner",
    "disk_format",
    "container_format",
    "size",
    "virtual_size",
    "checksum",
    "os_hash_algo",
    "os_hash_value",
    "min_disk",
    "min_ram",
    "protected",
    "os_hidden",
    "created_at",
    "updated_at",
    "deleted_at",
)
"""
The attributes of an image that are kept as they are.
"""

WANTED = [images.c[name] for name in (*PLAIN, "status", "visibility", "details")]
"""
The columns that L{image_of} needs.
"""

# To look them up takes a fifth of the time that to call the enumeration does.
_STATUSES = {each.value: each for each in Status}
_VISIBILITIES = {each.value: each for each in Visibility}

Rows = Mapping[tuple[Any, ...], Mapping[str, Any]]


def unfit(column: Column[Any], value: Any) -> str | None:
    """
    Tell what is wrong with a value for a column; L{None} if nothing is.
    """
    if isinstance(value, str):
        return _unfit_text(column, value)
    if isinstance(value, int) and isinstance(column.type, Integer):
        most = (1 << (63 if isinstance(column.type, BigInteger) else 31)) - 1
        if not 0 <= value <= most:
            return f"is not between 0 and {most}"
    return None


def _unfit_text(column: Column[Any], value: str) -> str | None:
    if "\0" in value:
        return "contains a NUL character"
    try:
        encoded = value.encode("utf-8")
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if not isinstance(column.type, String):
        return None
    length = column.type.length
    if length is not None and len(value) > length:
        return f"is longer than {length} characters"
    if isinstance(column.type, Text) and len(encoded) > LONGEST_TEXT:
        return f"is longer than {LONGEST_TEXT} bytes"
    return None


def digest(value: str | None) -> str | None:
    """
    Get what stands for a property's value in the index.
    """
    if value is None:
        return None
    return sha256(value.encode("utf-8")).hexdigest()[:16]


def row_of(image: Image) -> dict[str, Any]:
    """
    Get the row that an image is kept in.

    @raise InvalidImage: it does not fit in.
    """
    row = {name: getattr(image, name) for name in PLAIN}
    row["status"] = image.status.value
    row["visibility"] = image.visibility.value
    row["deleted"] = image.status in GONE
    row["attempt_instance"] = image.attempt and image.attempt.instance
    row["has_doomed"] = bool(image.doomed)
    row["ranked_name"] = image.name or ""
    row["ranked_size"] = image.size or 0
    row["stored"] = stored(image)
    _demand_fit(images, row)
    row["details"] = _json(_details(image))
    return row


def stored(image: Image) -> int:
    """
    Get how many bytes of data an image has, in all places where it rests.
    """
    return min((image.size or 0) * len(image.locations), LARGEST)


def image_of(row: Row[Any]) -> Image:
    """
    Get the image that was kept in a row of the columns L{WANTED}.
    """
    *plain, status, visibility, text = tuple(row)
    details = orjson.loads(text)
    return Image(
        **dict(zip(PLAIN, plain, strict=True)),
        status=_STATUSES[status],
        visibility=_VISIBILITIES[visibility],
        properties=details["properties"],
        tags=frozenset(details["tags"]),
        members=tuple(map(_member, details["members"])),
        locations=_locations(details["locations"]),
        attempt=_attempt(details["attempt"]),
        doomed=_locations(details["doomed"]),
    )


def children_of(image: Image) -> Iterator[tuple[Table, Rows]]:
    """
    Get what of an image is kept in other tables, by their primary keys.

    @raise InvalidImage: it does not fit in.
    """
    for table, rows in (
        (image_properties, _property_rows(image)),
        (image_tags, [{"tag": tag} for tag in sorted(image.tags)]),
        (image_members, _member_rows(image)),
        (image_locations, _location_rows(image)),
    ):
        keyed: dict[tuple[Any, ...], Mapping[str, Any]] = {}
        for row in rows:
            _demand_fit(table, row)
            whole = {"image_id": image.id, **row}
            keyed[tuple(whole[column.name] for column in table.primary_key)] = whole
        if len(keyed) != len(rows):
            raise InvalidImage("An image has each member only once.")
        yield table, keyed


def _property_rows(image: Image) -> list[dict[str, Any]]:
    for value in image.properties.values():
        _demand_fit(image_properties, {"value": value})
    return [
        {"name": name, "value": value, "digest": digest(value)}
        for name, value in image.properties.items()
    ]


def _member_rows(image: Image) -> list[dict[str, Any]]:
    return [
        {
            "member": member.id,
            "status": member.status.value,
            "can_share": member.can_share,
            "created_at": member.created_at,
            "updated_at": member.updated_at,
        }
        for member in image.members
    ]


def _location_rows(image: Image) -> list[dict[str, Any]]:
    return [
        {
            "position": position,
            "store": location.store,
            "key": location.key,
            "metadata": _json(dict(location.metadata)),
        }
        for position, location in enumerate(image.locations)
    ]


def _demand_fit(table: Table, row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        complaint = unfit(table.c[name], value)
        if complaint is not None:
            label = name if table is images else f"{table.name[6:]} {name}"
            raise InvalidImage(f"The {label} of the image {complaint}.")


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode("utf-8")
    except TypeError as error:
        raise InvalidImage(
            "A part of the image cannot be written as JSON: use text, "
            "lists, objects and numbers of at most 64 bits."
        ) from error


def _details(image: Image) -> dict[str, Any]:
    attempt = image.attempt
    return {
        "properties": dict(image.properties),
        "tags": sorted(image.tags),
        "members": [
            {
                "id": member.id,
                "status": member.status.value,
                "can_share": member.can_share,
                "created_at": member.created_at.astimezone(UTC).isoformat(),
                "updated_at": member.updated_at.astimezone(UTC).isoformat(),
            }
            for member in image.members
        ],
        "locations": list(map(_location_json, image.locations)),
        "attempt": attempt
        and {
            "id": attempt.id,
            "instance": attempt.instance,
            "location": _location_json(attempt.location),
            "fallback": attempt.fallback.value,
            "size": attempt.size,
        },
        "doomed": list(map(_location_json, image.doomed)),
    }


def _location_json(location: Location) -> dict[str, Any]:
    return {
        "store": location.store,
        "key": location.key,
        "metadata": dict(location.metadata),
    }


def _member(member: Mapping[str, Any]) -> Member:
    return Member(
        id=member["id"],
        status=Consent(member["status"]),
        can_share=member["can_share"],
        created_at=datetime.fromisoformat(member["created_at"]),
        updated_at=datetime.fromisoformat(member["updated_at"]),
    )


def _locations(found: list[Mapping[str, Any]]) -> tuple[Location, ...]:
    return tuple(Location(**location) for location in found)


def _attempt(attempt: Mapping[str, Any] | None) -> Attempt | None:
    if attempt is None:
        return None
    return Attempt(
        id=attempt["id"],
        instance=attempt["instance"],
        location=Location(**attempt["location"]),
        fallback=Status(attempt["fallback"]),
        # What was under way before there were quotas doesn't say.
        size=attempt.get("size"),
    )
