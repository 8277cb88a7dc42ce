"""
Arguments like C{field=value}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from glance.cli.session import BadField

FIELDS = frozenset(
    {
        "name",
        "disk_format",
        "container_format",
        "location",
        "is_public",
        "protected",
        "owner",
        "min_disk",
        "min_ram",
    }
)
"""What an image has of its own; the rest are custom properties."""

URLS = ("location", "copy_from")
"""Whose values may have an equals sign."""

FIXED = ("created_on", "deleted_on", "deleted", "updated_on", "size", "status")
"""What only the server changes."""

FILTERS = frozenset(
    {
        "name",
        "disk_format",
        "container_format",
        "status",
        "min_ram",
        "min_disk",
        "size_min",
        "size_max",
        "changes_since",
        "is_public",
        "protected",
    }
)
"""What lists can be filtered by, beside custom properties."""


def fields_of(arguments: Iterable[str]) -> dict[str, str]:
    """
    Read arguments.

    @return: values by names; the names in lower case, with underscores.

    @raise BadField: one of them cannot be read.
    """
    fields = {}
    for argument in arguments:
        name, equals, value = argument.removesuffix(",").partition("=")
        name = name.lower().replace("-", "_")
        if not (name and equals) or ("=" in value and name not in URLS):
            raise BadField(
                "Arguments should be in the form of field=value. "
                f"You specified {argument}."
            )
        fields[name] = value
    return fields


def is_true(text: str) -> bool:
    """
    Tell whether a value means yes.
    """
    return text.strip().lower() in ("true", "on", "1", "yes", "y", "t")


def meta_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """
    Get what describes an image from fields of the command line.
    """
    meta: dict[str, Any] = {"properties": {}}
    for name, value in fields.items():
        if name in ("is_public", "protected"):
            meta[name] = is_true(value)
        elif name in FIELDS or name == "id":
            meta[name] = value
        else:
            meta["properties"][name] = value
    return meta


def filters_of(fields: Mapping[str, str]) -> dict[str, str]:
    """
    Get the filters of a list from fields of the command line.
    """
    filters = {}
    for name, value in fields.items():
        if name == "changes_since":
            filters["changes-since"] = value
        elif name in FILTERS:
            filters[name] = value
        else:
            filters["property-" + name.removeprefix("property_")] = value
    return filters
