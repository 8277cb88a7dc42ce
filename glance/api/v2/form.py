"""
An image as version 2 has it in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import evolve

from glance.api.v2.schemas import WRITABLE, ImageSchemas
from glance.image import Image, Member, Status, Visibility

WHOLE = frozenset({Status.ACTIVE, Status.DEACTIVATED})
"""What images are that have data; of others nothing is known of theirs."""

MEASURED = ("size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value")
"""What is known of data."""

PLAIN = (
    "id",
    "name",
    "protected",
    "os_hidden",
    "owner",
    "disk_format",
    "container_format",
    "min_disk",
    "min_ram",
)
"""Attributes that are shown as they are."""

ATTRIBUTES = WRITABLE - {"id"}
"""What each image has that clients may change."""


def timestamp(moment: datetime) -> str:
    """
    Write a time: UTC, in whole seconds.
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def image_path(image: Image) -> str:
    """
    Get the path of an image.
    """
    return f"/v2/images/{image.id}"


def describe(image: Image, schemas: ImageSchemas) -> dict[str, Any]:
    """
    Describe an image.
    """
    whole = image.status in WHOLE
    path = image_path(image)
    described: dict[str, Any] = {
        # Old data may have a property without a value.
        name: "" if value is None and not schemas.nullable(name) else value
        for name, value in image.properties.items()
    }
    described |= {name: getattr(image, name) for name in PLAIN}
    described |= {name: getattr(image, name) if whole else None for name in MEASURED}
    described |= {
        "status": image.status.value,
        "visibility": image.visibility.value,
        "tags": sorted(image.tags),
        "created_at": timestamp(image.created_at),
        "updated_at": timestamp(image.updated_at),
        "self": path,
        "file": f"{path}/file",
        "schema": "/v2/schemas/image",
    }
    return described


def describe_member(image_id: str, member: Member) -> dict[str, Any]:
    """
    Describe a member of an image.
    """
    return {
        "member_id": member.id,
        "image_id": image_id,
        "status": member.status.value,
        "created_at": timestamp(member.created_at),
        "updated_at": timestamp(member.updated_at),
        "schema": "/v2/schemas/member",
    }


def attribute(name: str, value: Any) -> Any:
    """
    Get the value of an attribute of L{Image} that is said so in JSON.

    @param value: one that the schema lets pass.
    """
    if name == "visibility":
        return Visibility(value)
    if name == "tags":
        return frozenset(value)
    if name in ("min_disk", "min_ram"):
        # JSON Schema takes 5.0 for a whole number.
        return int(value)
    if name == "id":
        return value.lower()
    return value


def split(said: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str | None]]:
    """
    Get what is said of an image: its attributes, and its custom properties.

    @param said: what the schema lets pass.
    """
    attributes = {
        name: attribute(name, value) for name, value in said.items() if name in WRITABLE
    }
    properties = {name: value for name, value in said.items() if name not in WRITABLE}
    return attributes, properties


def with_property(image: Image, name: str, value: str | None) -> Image:
    """
    Get an image as it is once a custom property has a value.
    """
    return evolve(image, properties={**image.properties, name: value})
