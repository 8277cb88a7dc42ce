"""
An image as v1 has it in JSON; the API and the registry's old face share it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from glance.image import GONE, Image, Visibility


def timestamp(moment: datetime | None) -> str | None:
    """
    Write a time as v1 does: UTC, with microseconds and without a zone.
    """
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def is_public(image: Image) -> bool:
    """
    Tell whether an image is what v1 calls public.
    """
    return image.visibility is Visibility.PUBLIC


def visibility(public: bool, now: Visibility = Visibility.SHARED) -> Visibility:
    """
    Get the visibility that v1 means.

    @param public: v1's C{is_public}.
    @param now: what the image has; it stays unless it contradicts.
    """
    if public:
        return Visibility.PUBLIC
    return Visibility.SHARED if now is Visibility.PUBLIC else now


def brief(image: Image) -> dict[str, Any]:
    """
    Describe an image as lists do.
    """
    return {
        "id": image.id,
        "name": image.name,
        "disk_format": image.disk_format,
        "container_format": image.container_format,
        "size": image.size or 0,
        "checksum": image.checksum,
    }


def full(image: Image, cactus: bool = False) -> dict[str, Any]:
    """
    Describe an image whole.

    @param cactus: whether for a client of that time, which dies without a
        location.  A real one is never told.
    """
    described = {
        **brief(image),
        "status": image.status.value,
        "is_public": is_public(image),
        "created_at": timestamp(image.created_at),
        "updated_at": timestamp(image.updated_at),
        "deleted_at": timestamp(image.deleted_at),
        "deleted": image.status in GONE,
        "properties": dict(image.properties),
        "owner": image.owner,
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
        "protected": image.protected,
        "virtual_size": image.virtual_size,
    }
    if cactus:
        described["location"] = None
    return described


def members(image: Image) -> list[dict[str, Any]]:
    """
    Describe whom an image is shared with.
    """
    return [{"member_id": m.id, "can_share": m.can_share} for m in image.members]
