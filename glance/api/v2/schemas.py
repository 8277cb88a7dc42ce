"""
The JSON schemas of version 2: what clients are told, and what requests are held
against.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import fastjsonschema
from attrs import field, frozen

from glance.errors import Forbidden, Invalid
from glance.limits import Limits
from glance.validation import INTERNAL

Schema = Mapping[str, Any]
"""
A JSON schema.
"""

UUID = (
    "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}"
    "-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"
)
"""
The regular expression of an image's id.
"""

STATUSES = (
    "queued",
    "saving",
    "active",
    "killed",
    "deleted",
    "uploading",
    "importing",
    "pending_delete",
    "deactivated",
)

VISIBILITIES = ("community", "public", "private", "shared")

CONSENTS = ("pending", "accepted", "rejected")

UNTOLD = frozenset({"deleted", "deleted_at", "location", "locations"})
"""
What is an attribute of an image in other views of it, and can be no property.
"""


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _optional(description: str, **more: Any) -> dict[str, Any]:
    return {"type": ["null", "string"], "description": description, **more}


def _measured(kind: str, description: str, **more: Any) -> dict[str, Any]:
    return {
        "type": ["null", kind],
        "readOnly": True,
        "description": description,
        **more,
    }


def _path(description: str) -> dict[str, Any]:
    return _text(description, readOnly=True)


def _count(description: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "description": description}


def _flag(description: str) -> dict[str, Any]:
    return {"type": "boolean", "description": description}


def base_properties(limits: Limits) -> dict[str, Any]:
    """
    Get the schemas of the attributes that each image has.
    """
    return {
        "id": _text("The image's UUID", pattern=UUID),
        "name": _optional("What people call the image", maxLength=255),
        "status": _text(
            "How far the image has come", readOnly=True, enum=list(STATUSES)
        ),
        "visibility": _text("Who may use the image", enum=list(VISIBILITIES)),
        "protected": _flag("Whether the image cannot be deleted"),
        "os_hidden": _flag("Whether lists leave the image out unless asked"),
        "checksum": _measured("string", "The MD5 of the data", maxLength=32),
        "os_hash_algo": _measured(
            "string", "The hash that os_hash_value is", maxLength=64
        ),
        "os_hash_value": _measured(
            "string", "The hash of the data, in hexadecimal", maxLength=128
        ),
        "owner": _optional("The project that the image belongs to", maxLength=255),
        "size": _measured("integer", "How many bytes of data there are"),
        "virtual_size": _measured(
            "integer", "How many bytes the disk has that a guest sees"
        ),
        "container_format": _optional(
            "What is around the disk", enum=[None, *limits.container_formats]
        ),
        "disk_format": _optional(
            "The format of the disk", enum=[None, *limits.disk_formats]
        ),
        "created_at": _path("When the image was made"),
        "updated_at": _path("When the image was last changed"),
        "tags": {
            "type": "array",
            "items": {"type": "string", "maxLength": 255},
            "description": "Words that the image is found by",
        },
        "direct_url": _path("Where the data is in its store"),
        "min_ram": _count("How many MiB of memory a machine needs for the image"),
        "min_disk": _count("How many GiB of disk a machine needs for the image"),
        "self": _path("The path of the image"),
        "file": _path("The path of the data"),
        "stores": _path("The stores that have the data, with commas between"),
        "schema": _path("The path of this schema"),
        "locations": {
            "type": "array",
            "readOnly": True,
            "items": {
                "type": "object",
                "properties": {
                    "url": {"type": "string"},
                    "metadata": {"type": "object"},
                },
                "required": ["url", "metadata"],
            },
            "description": "Where the data is",
        },
    }


KNOWN_PROPERTIES: Schema = {
    "kernel_id": _optional("The image that is this one's kernel", pattern=UUID),
    "ramdisk_id": _optional("The image that is this one's RAM disk", pattern=UUID),
    "instance_uuid": _text("The server that the image was made of"),
    "architecture": _text("The architecture of the processor that runs the image"),
    "os_distro": _text("The distribution of the operating system"),
    "os_version": _text("The version of the operating system"),
    "description": _text("What people should know of the image"),
    "cinder_encryption_key_id": _text("The id of the key of an encrypted volume"),
    "cinder_encryption_key_deletion_policy": _text(
        "What becomes of that key when the image is deleted",
        enum=["on_image_deletion", "do_not_delete"],
    ),
}
"""
The custom properties that are described where the operator describes none.
"""

WRITABLE = frozenset(
    {
        "id",
        "name",
        "visibility",
        "protected",
        "os_hidden",
        "owner",
        "container_format",
        "disk_format",
        "tags",
        "min_ram",
        "min_disk",
    }
)
"""
The attributes that are for clients to say; the id only of a new image.
"""

READ_ONLY = frozenset(base_properties(Limits())) - WRITABLE | UNTOLD
"""
What is not for clients to say.
"""

MEMBER: Schema = {
    "name": "member",
    "properties": {
        "member_id": _text("The project that the image is shared with"),
        "image_id": _text("The image", pattern=UUID),
        "created_at": _text("When the image was shared"),
        "updated_at": _text("When the member was last changed"),
        "status": _text("What the member thinks of it", enum=list(CONSENTS)),
        "schema": _path("The path of this schema"),
    },
}

_MEMBERS_LINKS = [{"rel": "describedby", "href": "{schema}"}]

MEMBERS: Schema = {
    "name": "members",
    "properties": {
        "members": {"type": "array", "items": MEMBER},
        "schema": {"type": "string"},
    },
    "links": _MEMBERS_LINKS,
}

NEW_MEMBER: Schema = {
    "type": "object",
    "properties": {"member": {"type": "string", "minLength": 1, "maxLength": 255}},
    "required": ["member"],
}
"""
What is said to share an image.
"""

CHANGED_MEMBER: Schema = {
    "type": "object",
    "properties": {"status": {"type": "string", "enum": list(CONSENTS)}},
    "required": ["status"],
}
"""
What a member says that consents, or does not.
"""


@frozen
class Described:
    """
    What an operator says of the custom properties of images.
    """

    properties: Mapping[str, Any] = field(factory=lambda: dict(KNOWN_PROPERTIES))
    """Their schemas, by name."""
    required: tuple[str, ...] = ()
    """Those that each new image has to have."""


def image_schema(limits: Limits, described: Described) -> dict[str, Any]:
    """
    Get the schema of an image, as clients are told it.
    """
    custom = {
        name: {**schema, "is_base": False}
        for name, schema in described.properties.items()
    }
    schema = {
        "name": "image",
        "properties": {**custom, **base_properties(limits)},
        "additionalProperties": {"type": "string"},
        "links": [
            {"rel": "self", "href": "{self}"},
            {"rel": "enclosure", "href": "{file}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }
    if described.required:
        schema["required"] = list(described.required)
    return schema


def images_schema(image: Schema) -> dict[str, Any]:
    """
    Get the schema of a list of images.
    """
    return {
        "name": "images",
        "properties": {
            "images": {"type": "array", "items": image},
            "first": {"type": "string"},
            "next": {"type": "string"},
            "schema": {"type": "string"},
        },
        "links": [
            {"rel": "first", "href": "{first}"},
            {"rel": "next", "href": "{next}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }


Check = Callable[[Any], None]
"""
Holds a value against a schema.

@raise Invalid: it does not fit.
"""


def compiled(schema: Schema) -> Check:
    """
    Get what holds values against a schema.

    @param schema: one of ours or the operator's, never a client's: it is made
        into a program.

    @raise Invalid: it is none.
    """
    try:
        validate = fastjsonschema.compile(dict(schema), use_default=False)
    except (fastjsonschema.JsonSchemaDefinitionException, re.error) as error:
        raise Invalid(f"That is no JSON schema: {error}") from None

    def check(value: Any) -> None:
        try:
            validate(value)
        except fastjsonschema.JsonSchemaValueException as error:
            raise Invalid(_complaint(error)) from None

    return check


def _complaint(error: fastjsonschema.JsonSchemaValueException) -> str:
    where = ".".join(str(piece) for piece in error.path[1:]) or "the body"
    what = error.message.partition(" must ")[2] or "be otherwise"
    return f"What is said of {where} must {what}."


@frozen
class ImageSchemas:
    """
    The schemas of images, with what is compiled of them.
    """

    image: Schema
    images: Schema
    new: Check
    """Of what is said of a new image."""
    changes: Check
    """Of what is said of one that is there."""

    def nullable(self, name: str) -> bool:
        """
        Tell whether a custom property may have no value.
        """
        kinds = self.image["properties"].get(name, {}).get("type", ())
        return "null" in kinds if isinstance(kinds, list) else False


class Schemas:
    """
    The schemas as they are at present: operators change the formats that there
    are while the daemon runs.
    """

    def __init__(
        self, limits: Callable[[], Limits], described: Described | None = None
    ) -> None:
        """
        @param described: what the operator says of custom properties; L{None}
            for what is usual.
        """
        self._limits = limits
        self._described = described or Described()
        self._made = lru_cache(maxsize=1)(self._make)

    def get(self) -> ImageSchemas:
        """
        Get the schemas of images.
        """
        limits = self._limits()
        return self._made(limits.disk_formats, limits.container_formats)

    def _make(self, *_: object) -> ImageSchemas:
        image = image_schema(self._limits(), self._described)
        shape = {"type": "object", **image}
        changes = {name: value for name, value in shape.items() if name != "required"}
        return ImageSchemas(
            image=image,
            images=images_schema(image),
            new=compiled(shape),
            changes=compiled(changes),
        )


def demand_sayable(name: str) -> None:
    """
    Refuse to be told what is not for clients to say.

    @raise Forbidden: it is such.
    """
    if name in READ_ONLY:
        raise Forbidden(f"Attribute '{name}' is read-only.")
    if name.startswith(INTERNAL):
        raise Forbidden(
            f"Attribute '{name}' is reserved: choose a name that does not begin "
            f"with {INTERNAL}."
        )


check_new_member = compiled(NEW_MEMBER)

check_changed_member = compiled(CHANGED_MEMBER)
