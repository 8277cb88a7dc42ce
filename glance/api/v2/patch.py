"""
Changes of an image as JSON patches (RFC 6902), in the two dialects of Glance.

Both are narrower than the RFC: what is changed is one attribute or property of
an image, or one of its tags.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from glance.api.v2.form import ATTRIBUTES, attribute, with_property
from glance.api.v2.schemas import ImageSchemas, demand_sayable
from glance.errors import (
    Forbidden,
    Invalid,
    NoSuchProperty,
    PropertyExists,
    TooMany,
    UnsupportedMediaType,
)
from glance.image import Image

OPERATIONS = ("add", "replace", "remove")

MOST = 1000
"""How many operations a patch may have."""

_BAD_ESCAPE = re.compile("~(?![01])")
_POSITION = re.compile("-|0|[1-9][0-9]{0,8}")

NAMING = "application/openstack-images-v2.1-json-patch"
"""Each operation names itself: C{{"op": "add", "path": "/name", ...}}."""

KEYED = "application/openstack-images-v2.0-json-patch"
"""Each operation is a key: C{{"add": "/name", ...}}."""

ACCEPTED = (KEYED, NAMING)
"""The types of patches that are understood."""


@frozen
class Operation:
    """
    One change of a patch.
    """

    op: str
    """One of L{OPERATIONS}."""
    name: str
    """What is changed."""
    position: str | None
    """Where in a list; L{None} for all of what is changed."""
    value: Any
    """What it becomes; L{None} where it is removed."""
    strict: bool
    """Whether C{add} is refused where there is a value already."""


def parse(media_type: str, patch: Any) -> list[Operation]:
    """
    Read a patch.

    @param media_type: which dialect it is in.

    @raise UnsupportedMediaType: it is in none.
    @raise Invalid: it makes no sense.
    """
    if media_type not in ACCEPTED:
        raise UnsupportedMediaType(
            f"A change of an image must be of the type {NAMING} or {KEYED}."
        )
    if not isinstance(patch, list):
        raise Invalid("A patch must be a list of operations.")
    if len(patch) > MOST:
        raise TooMany(f"A patch has at most {MOST} operations; send several.")
    keyed = media_type == KEYED
    return [_operation(each, keyed) for each in patch]


def _operation(said: Any, keyed: bool) -> Operation:
    if not isinstance(said, dict):
        raise Invalid("Each operation of a patch must be an object.")
    op, path = _keyed(said) if keyed else _named(said)
    if op != "remove" and "value" not in said:
        raise Invalid(f"Operation {op} needs a value.")
    name, *rest = _pieces(path)
    if rest and not (len(rest) == 1 and name == "tags" and op == "add"):
        if name == "locations":
            demand_sayable(name)
        raise Invalid(f"'{path}' is not the path of something that can be changed.")
    if rest and not _POSITION.fullmatch(rest[0]):
        raise Invalid(f"'{rest[0]}' is no position in a list.")
    value = None if op == "remove" else said["value"]
    return Operation(op, name, rest[0] if rest else None, value, keyed)


def _named(said: Mapping[str, Any]) -> tuple[str, str]:
    op, path = said.get("op"), said.get("path")
    if op not in OPERATIONS:
        raise Invalid(f"Each operation must be one of {', '.join(OPERATIONS)}.")
    if not isinstance(path, str):
        raise Invalid("Each operation needs a path.")
    return op, path


def _keyed(said: Mapping[str, Any]) -> tuple[str, str]:
    ops = [op for op in OPERATIONS if op in said]
    if len(ops) != 1:
        raise Invalid(f"Each operation must have one of {', '.join(OPERATIONS)}.")
    path = said[ops[0]]
    if not isinstance(path, str):
        raise Invalid("Each operation needs a path.")
    return ops[0], path


def _pieces(path: str) -> list[str]:
    """
    Split a JSON pointer (RFC 6901).
    """
    if not path.startswith("/"):
        raise Invalid(f"Path '{path}' must begin with a slash.")
    # No more than two make sense, however many there are.
    pieces = path[1:].split("/", 2)
    if not all(pieces):
        raise Invalid(f"Path '{path}' has an empty piece.")
    if _BAD_ESCAPE.search(path):
        raise Invalid(f"Path '{path}' has a ~ that is followed by neither 0 nor 1.")
    return [piece.replace("~1", "/").replace("~0", "~") for piece in pieces]


def apply(image: Image, patch: list[Operation], schemas: ImageSchemas) -> Image:
    """
    Get an image as it is once all of a patch is done to it.

    @raise Invalid: it cannot be so.
    @raise Forbidden: something is not to be changed.
    @raise NoSuchProperty: there is nothing to be replaced or removed.
    @raise PropertyExists: there is something where something is to be added.
    """
    for operation in patch:
        image = _changed(image, operation, schemas)
    return image


def _changed(image: Image, operation: Operation, schemas: ImageSchemas) -> Image:
    name, value = operation.name, operation.value
    demand_sayable(name)
    if name == "id":
        raise Forbidden("Attribute 'id' is read-only.")
    if operation.op == "remove":
        return _without(image, name)
    if operation.position is not None:
        schemas.changes({name: [value]})
        return evolve(image, tags=image.tags | {value})
    if operation.op == "add" and operation.strict:
        _demand_new(image, name)
    schemas.changes({name: value})
    if name in ATTRIBUTES:
        return evolve(image, **{name: attribute(name, value)})
    if operation.op == "replace" and name not in image.properties:
        raise _missing(name)
    return with_property(image, name, value)


def _without(image: Image, name: str) -> Image:
    if name in ATTRIBUTES:
        raise Forbidden(f"Attribute '{name}' cannot be removed.")
    if name not in image.properties:
        raise _missing(name)
    left = {key: value for key, value in image.properties.items() if key != name}
    return evolve(image, properties=left)


def _missing(name: str) -> NoSuchProperty:
    return NoSuchProperty(f"There is no property '{name}'.")


def _demand_new(image: Image, name: str) -> None:
    if name in ATTRIBUTES or name in image.properties:
        raise PropertyExists(f"There is a '{name}' already: replace it.")
