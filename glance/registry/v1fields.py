"""
What callers of old say of an image in JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from glance.errors import InvalidImage
from glance.image import GONE, Status
from glance.validation import is_image_id

SOURCES = ("location", "locations", "location_data")
"""
Fields that name data elsewhere.
"""


def read_attributes(given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Get the attributes that an image is to have, among them C{is_public} in
    place of a visibility.  What isn't for callers to say means nothing.

    @raise InvalidImage: an attribute makes no sense, or names data elsewhere.
    """
    if any(given.get(source) for source in SOURCES):
        raise InvalidImage("External sources are not supported")
    return {
        name: read(name, given[name])
        for name, read in _READERS.items()
        if name in given
    }


def read_id(value: Any) -> str:
    """
    Get the id that an image is to have.

    @raise InvalidImage: it is none.
    """
    if isinstance(value, str) and is_image_id(value):
        return value
    raise InvalidImage("Invalid image id format: give a UUID.")


def read_status(value: Any) -> Status:
    """
    Get the status that is meant.

    @raise InvalidImage: there is none of that name.
    """
    if value is None:
        raise InvalidImage("Image status is required.")
    known = {status.value: status for status in Status if status not in GONE}
    if not isinstance(value, str):
        raise InvalidImage("Invalid image status: it has to be a text.")
    if value not in known:
        raise InvalidImage(f"Invalid image status '{value}' for image.")
    return known[value]


def _text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise InvalidImage(f"{name} has to be a text.")


def _text_or_nothing(name: str, value: Any) -> str | None:
    return _text(name, value) or None


def _number(name: str, value: Any) -> int:
    """
    Read a number, which may be written as a text; none is zero.
    """
    if value is None:
        return 0
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if type(value) is not int:
        raise InvalidImage(f"{name} has to be a whole number.")
    return value


def _truth(name: str, value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise InvalidImage(f"{name} has to be true or false.")


def _properties(name: str, value: Any) -> dict[str, str | None]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidImage(f"{name} has to be an object.")
    return {key: _property(key, item) for key, item in value.items()}


def _property(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    raise InvalidImage(f"Property '{name}' has to be a text.")


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "name": _text,
    "disk_format": _text_or_nothing,
    "container_format": _text_or_nothing,
    "size": _number,
    "checksum": _text_or_nothing,
    "owner": _text_or_nothing,
    "min_disk": _number,
    "min_ram": _number,
    "is_public": _truth,
    "protected": _truth,
    "properties": _properties,
}
