"""
Changes of an image, as a JSON patch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PATCH = "application/openstack-images-v2.1-json-patch"
"""The media type of a patch."""

FIELDS = frozenset(
    {
        "name",
        "visibility",
        "protected",
        "os_hidden",
        "owner",
        "disk_format",
        "container_format",
        "min_disk",
        "min_ram",
        "tags",
        "locations",
    }
)
"""What each image has, and can be changed; the rest are custom properties."""


def patch_of(changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    Make a patch that does C{changes}.

    @param changes: values by name.  L{None} removes a custom property.
    """
    return [_operation(name, value) for name, value in changes.items()]


def _operation(name: str, value: Any) -> dict[str, Any]:
    path = "/" + name.replace("~", "~0").replace("/", "~1")
    if name in FIELDS:
        return {"op": "replace", "path": path, "value": value}
    if value is None:
        return {"op": "remove", "path": path}
    # It may be there or not.
    return {"op": "add", "path": path, "value": value}
