"""
An image's metadata as headers of a request or answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twisted.web.http_headers import Headers

from glance.client.errors import Invalid

FIELD = "x-image-meta-"
PROPERTY = "x-image-meta-property-"
INTEGERS = frozenset({"size", "min_disk", "min_ram", "virtual_size"})
BOOLEANS = frozenset({"is_public", "deleted", "protected"})

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def encoded(text: str) -> bytes:
    """
    Make what is sent of a text.

    @raise Invalid: it holds what is no character.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Invalid(f"{text!a} holds what is no character.") from error


def checked(name: str, value: object) -> tuple[bytes, bytes]:
    """
    Make a header of a name and a value; L{None} is an empty value.

    @raise Invalid: one of them cannot be in a header.
    """
    text = "" if value is None else str(value)
    if _TOKEN.fullmatch(name) is None:
        raise Invalid(f"{name!r} cannot be the name of a property or field.")
    if _CONTROLS.search(text):
        raise Invalid(f"The value of {name} holds a line break or the like.")
    return name.lower().encode("ascii"), encoded(text)


def headers_of(meta: Mapping[str, Any]) -> Headers:
    """
    Get the headers that describe an image.

    @param meta: its fields, with C{properties} a mapping of their own.

    @raise Invalid: something in it cannot be in a header.
    """
    headers = Headers()
    for name, value in meta.items():
        if name == "properties":
            for key, text in (value or {}).items():
                headers.addRawHeader(*checked(PROPERTY + key, text))
        else:
            headers.addRawHeader(*checked(FIELD + name, value))
    return headers


def meta_of(headers: Headers) -> dict[str, Any]:
    """
    Read what headers say of an image.

    @return: its fields, with C{properties} always there.  What is empty is
        L{None}.
    """
    meta: dict[str, Any] = {}
    properties: dict[str, str | None] = {}
    for raw_name, values in headers.getAllRawHeaders():
        name = raw_name.decode("latin-1").lower()
        value = _text(values[-1])
        if name.startswith(PROPERTY):
            properties[name.removeprefix(PROPERTY).replace("-", "_")] = value
        elif name.startswith(FIELD):
            field = name.removeprefix(FIELD).replace("-", "_")
            meta[field] = _typed(field, value)
    meta["properties"] = properties
    return meta


def _text(value: bytes) -> str | None:
    try:
        return value.decode("utf-8") or None
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _typed(field: str, value: str | None) -> Any:
    if value is None:
        return None
    if field in INTEGERS:
        return int(value) if value.isdecimal() else None
    if field in BOOLEANS:
        return value.lower() in ("true", "1", "on", "yes", "y", "t")
    return value
