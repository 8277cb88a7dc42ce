"""
An image as version 2 has it in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from glance.api.v2.schemas import WRITABLE, ImageSchemas
from glance.image import WHOLE, Image, Member, Visibility
from glance.storage import Storage

MEASURED = ("size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value")
"""What is known of data."""

ATTRIBUTES = WRITABLE - {"id"}
"""What each image has that clients may change."""


def image_path(image: Image) -> str:
    """
    Get the path of an image.
    """
    return f"/v2/images/{image.id}"


def describe(image: Image, schemas: ImageSchemas, storage: Storage) -> dict[str, Any]:
    """
    Describe an image, for L{answer_json<glance.api.answers.answer_json>}.
    """
    if storage.several and image.locations:
        stores = {"stores": ",".join(storage.names(image))}
    else:
        stores = {}
    whole = image.status in WHOLE
    path = image_path(image)
    # It is written out because lists do this a thousand times.
    return {
        **{
            # Old data may have a property without a value.
            name: "" if value is None and not schemas.nullable(name) else value
            for name, value in image.properties.items()
        },
        "id": image.id,
        "name": image.name,
        "protected": image.protected,
        "os_hidden": image.os_hidden,
        "owner": image.owner,
        "disk_format": image.disk_format,
        "container_format": image.container_format,
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
        "size": image.size if whole else None,
        "virtual_size": image.virtual_size if whole else None,
        "checksum": image.checksum if whole else None,
        "os_hash_algo": image.os_hash_algo if whole else None,
        "os_hash_value": image.os_hash_value if whole else None,
        "status": image.status.value,
        "visibility": image.visibility.value,
        "tags": sorted(image.tags),
        "created_at": image.created_at,
        "updated_at": image.updated_at,
        "self": path,
        "file": f"{path}/file",
        "schema": "/v2/schemas/image",
        **stores,
    }


def describe_member(image_id: str, member: Member) -> dict[str, Any]:
    """
    Describe a member of an image, for L{answer_json<glance.api.answers.answer_json>}.
    """
    return {
        "member_id": member.id,
        "image_id": image_id,
        "status": member.status.value,
        "created_at": member.created_at,
        "updated_at": member.updated_at,
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
