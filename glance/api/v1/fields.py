"""
Images in headers.

Each attribute is a header C{X-Image-Meta-} and its name, each custom property
one C{X-Image-Meta-Property-} and its name.  What headers cannot hold is
percent-encoded: control characters of values, and whatever of names is not
part of a token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes

from attrs import evolve, frozen
from twisted.web.http_headers import Headers

from glance import v1form
from glance.api.v1.dialect import Dialect
from glance.api.v1.filters import TRUE
from glance.context import Context
from glance.errors import Forbidden, Invalid
from glance.image import WHOLE, Image
from glance.validation import AMAZON, demand_no_mix, is_image_id

PREFIX = "x-image-meta-"
PROPERTY = "property_"
PURGE = b"x-glance-registry-purge-props"

COPY_FROM = frozenset({b"x-glance-api-copy-from", b"x-image-meta-copy-from"})
"""
The headers that name data to be copied; underscores are as good.
"""

MANY = "It's invalid to provide multiple image sources."

FORMATS = ("disk_format", "container_format")
TEXTS = frozenset({"name", "disk_format", "container_format", "owner"})
TRUTHS = frozenset({"is_public", "protected"})
NUMBERS = frozenset({"size", "min_disk", "min_ram"})
SERVERS = frozenset(
    {
        "created_at",
        "deleted",
        "deleted_at",
        "updated_at",
        "virtual_size",
    }
)
"""What clients send back though it isn't theirs to say: it means nothing."""

QUOTING_CLIENT = b"python-glanceclient"
"""A client that percent-encodes whatever it sends in headers."""

_TOKEN = "!#$&'*+-.^_`|~"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@frozen(kw_only=True)
class Metadata:
    """
    What the headers of a request say of an image.
    """

    attributes: Mapping[str, Any]
    """Attributes of L{Image}, as they are to be."""
    properties: Mapping[str, str | None]
    is_public: bool | None = None
    id: str | None = None
    status: str | None = None
    store: str | None = None
    """The store that the data is to go to."""
    location: str | None = None
    """Where the data is, and stays."""
    copy_from: str | None = None
    """Where the data is to be copied from."""
    purge: bool | None = None
    """Whether the custom properties that aren't named are to go."""

    @property
    def size(self) -> int | None:
        """
        How many bytes of data there are said to be.
        """
        size: int | None = self.attributes.get("size")
        return size

    @property
    def source(self) -> str | None:
        """
        Where there is data, that is to be copied or not; L{None} for nowhere.
        """
        return self.location or self.copy_from

    @property
    def checksum(self) -> str | None:
        """
        What the MD5 of the data is said to be, in small letters.
        """
        checksum: str | None = self.attributes.get("checksum")
        return checksum

    def draft(self, context: Context) -> dict[str, Any]:
        """
        Get the attributes of a new image that is so, as far as it is told.

        @raise InvalidImage: its formats don't go together.
        """
        attributes = {**self.attributes, "properties": dict(self.properties)}
        if attributes.get("owner") is None or not context.is_admin:
            attributes.pop("owner", None)
        if self.id is not None:
            attributes["id"] = self.id
        attributes["visibility"] = v1form.visibility(bool(self.is_public))
        attributes = _with_one_format(attributes)
        demand_no_mix(*map(attributes.get, FORMATS))
        return attributes

    def onto(self, image: Image, context: Context, *, purge: bool) -> Image:
        """
        Get an image as it is once it is made so.

        @param purge: whether properties that aren't named go.

        @raise Forbidden: it is not for clients to change that.
        @raise InvalidImage: its formats don't go together.
        """
        if self.id not in (None, image.id):
            raise Forbidden("Forbidden to modify 'id' of image.")
        if self.status not in (None, image.status.value):
            raise Forbidden("Forbidden to modify 'status' of image.")
        attributes = self._of_data(image)
        if not context.is_admin:
            attributes.pop("owner", None)
        if self.is_public is not None:
            attributes["visibility"] = v1form.visibility(
                self.is_public, image.visibility
            )
        # Here, names have but one case and no dashes; elsewhere they do.
        spelled = {_folded(name): name for name in image.properties}
        properties = {} if purge else dict(image.properties)
        for name, value in self.properties.items():
            properties[spelled.get(name, name)] = value
        new = evolve(image, **_with_one_format(attributes), properties=properties)
        if any(name in attributes for name in FORMATS):
            demand_no_mix(new.disk_format, new.container_format)
        return new

    def _of_data(self, image: Image) -> dict[str, Any]:
        """
        Get the attributes, without what is said of data that is there.

        @raise Forbidden: it isn't so.
        """
        attributes = dict(self.attributes)
        if image.status in WHOLE:
            for name in ("size", "checksum"):
                if attributes.pop(name, None) not in (None, getattr(image, name)):
                    raise Forbidden(f"Forbidden to modify '{name}' of active image.")
        elif self.size == 0 and image.size is None:
            # That is how an unknown size is shown.
            del attributes["size"]
        return attributes


def read(headers: Headers, dialect: Dialect) -> Metadata:
    """
    Get what the headers of a request say of an image.

    @raise Invalid: they make no sense.
    """
    quoting = QUOTING_CLIENT in (_last(headers, b"user-agent") or b"")
    given = dict(_named(headers, quoting))
    properties = {
        name.removeprefix(PROPERTY): value
        for name, value in given.items()
        if name.startswith(PROPERTY) and name != PROPERTY
    }
    fields = {k: v for k, v in given.items() if not k.startswith(PROPERTY)}
    if "name" in properties:
        fields.setdefault("name", properties.pop("name"))
    fields["copy_from"] = _copy_from(headers, quoting)
    return _metadata(fields, properties, _purge(headers), dialect)


def write(image: Image, dialect: Dialect) -> list[tuple[bytes, bytes]]:
    """
    Get the headers that describe an image.
    """
    described = v1form.full(image, cactus=dialect.sends_null)
    properties = described.pop("properties")
    pairs = [(name, described[name]) for name in described]
    pairs += [
        (f"property-{quote(name.lower(), safe=_TOKEN)}", properties[name])
        for name in sorted(properties)
    ]
    return [
        (f"{PREFIX}{name}".encode(), _written(value))
        for name, value in pairs
        if value is not None or dialect.sends_null
    ]


def _written(value: object) -> bytes:
    text = "" if value is None else str(value)
    return _CONTROL.sub(lambda found: quote(found[0]), text).encode(errors="replace")


def _last(headers: Headers, name: bytes) -> bytes | None:
    values = headers.getRawHeaders(name)
    return None if values is None else values[-1].strip()


def _copy_from(headers: Headers, quoting: bool) -> str | None:
    for raw, values in headers.getAllRawHeaders():
        if raw.lower().replace(b"_", b"-") in COPY_FROM and values[-1]:
            return _text(unquote_to_bytes(values[-1]) if quoting else values[-1])
    return None


def _named(headers: Headers, quoting: bool) -> Iterator[tuple[str, str | None]]:
    """
    Get the values of all headers that are about an image, by what follows the
    prefix; an empty one is none.
    """
    for raw, values in headers.getAllRawHeaders():
        name = unquote(raw.decode("latin-1")).lower()
        if name.startswith(PREFIX):
            value = unquote_to_bytes(values[-1]) if quoting else values[-1]
            yield _folded(name.removeprefix(PREFIX)), _text(value) or None


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Invalid("A header is not in UTF-8.") from None


def _purge(headers: Headers) -> bool | None:
    value = _last(headers, PURGE)
    return None if value is None else value.decode("latin-1").lower() in TRUE


def _metadata(
    fields: Mapping[str, str | None],
    properties: Mapping[str, str | None],
    purge: bool | None,
    dialect: Dialect,
) -> Metadata:
    attributes: dict[str, Any] = {}
    meant: dict[str, Any] = {}
    for name, value in fields.items():
        if name in TEXTS:
            attributes[name] = value
        elif name in NUMBERS:
            attributes[name] = _number(name, value)
        elif name in TRUTHS:
            truth = value is not None and value.strip().lower() in dialect.true
            (meant if name == "is_public" else attributes)[name] = truth
        elif name == "checksum":
            attributes[name] = None if value is None else _checksum(value)
        elif name == "id":
            meant[name] = None if value is None else _id(value)
        elif name in ("status", "store", "location", "copy_from"):
            meant[name] = value
        elif name not in SERVERS and not dialect.ignores_unknown:
            raise Invalid(f"Bad header: {PREFIX}{name}")
    said = Metadata(attributes=attributes, properties=properties, purge=purge, **meant)
    if said.location is not None and said.copy_from is not None:
        raise Invalid(MANY)
    if said.size == 0 and (said.source is not None or not dialect.zero_is_a_size):
        # Nobody knows it.
        del attributes["size"]
    return said


def _number(name: str, value: str | None) -> int | None:
    if value is None:
        return None if name == "size" else 0
    if not (value.isascii() and value.isdigit()):
        raise Invalid(f"'{name}' must be a whole number from 0 up, not '{value}'.")
    if len(value) > 19:
        raise Invalid(f"'{name}' value out of range")
    return int(value)


def _checksum(value: str) -> str:
    if len(value) > 32:
        raise Invalid("Invalid checksum: give the MD5 as 32 hexadecimal digits.")
    return value.lower()


def _id(value: str) -> str:
    if not is_image_id(value.lower()):
        raise Invalid("Invalid image id format: give a UUID.")
    return value.lower()


def _with_one_format(attributes: dict[str, Any]) -> dict[str, Any]:
    """
    Where only one of the formats is given, and it is Amazon's, make the other
    the same.
    """
    disk, container = attributes.get("disk_format"), attributes.get("container_format")
    if disk in AMAZON and container is None:
        return {**attributes, "container_format": disk}
    if container in AMAZON and disk is None:
        return {**attributes, "disk_format": container}
    return attributes
