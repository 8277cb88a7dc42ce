"""
What an image can be like, whoever made it so.
"""

from __future__ import annotations

import re
from uuid import UUID

from glance.errors import InvalidImage, TooMany
from glance.image import Image
from glance.limits import Limits

AMAZON = frozenset({"aki", "ari", "ami"})
"""Formats that are disk and container format at once."""

NAME_LENGTH = 255
"""The most characters in names of images, properties, tags, members, owners."""

VALUE_LENGTH = 65535
"""The most bytes in the value of a property."""

PROPERTIES_LENGTH = 1 << 16
"""The most bytes of all properties of an image, names and values: lists and headers
have to hold them."""

INTEGER_MAX = 2**31 - 1
"""The most that min_disk and min_ram can be."""

NUMBERS = {"size": 2**63 - 1, "min_disk": INTEGER_MAX, "min_ram": INTEGER_MAX}
"""The most that each number can be; the least is zero."""

RESERVED = frozenset(
    {
        "checksum",
        "container_format",
        "created_at",
        "deleted",
        "deleted_at",
        "direct_url",
        "disk_format",
        "file",
        "id",
        "location",
        "locations",
        "min_disk",
        "min_ram",
        "name",
        "os_hash_algo",
        "os_hash_value",
        "os_hidden",
        "owner",
        "protected",
        "schema",
        "self",
        "size",
        "status",
        "stores",
        "tags",
        "updated_at",
        "virtual_size",
        "visibility",
    }
)
"""
What no custom property can be called: version 2 shows them at one level with
these.
"""

INTERNAL = "os_glance"
"""
What properties begin with that only the service sets.
"""

_MD5 = re.compile(r"[0-9a-fA-F]{32}")

_KEY = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[0-9A-Za-z]+")


def owner_of(key: str) -> str | None:
    """
    Get the id of the image that an attempt was to fill; L{None} for what isn't
    called as data of attempts is.

    @param key: the key that the data has in its store.
    """
    found = _KEY.fullmatch(key)
    return None if found is None else found[1]


def is_image_id(text: str) -> bool:
    """
    Tell whether C{text} is an id as images have them: a UUID, in lower case,
    with dashes.
    """
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def demand_no_mix(disk: str | None, container: str | None) -> None:
    """
    Refuse formats that v1 does not let go together.

    @raise InvalidImage: one is Amazon's, and the other isn't the same.
    """
    if (disk in AMAZON or container in AMAZON) and disk != container:
        raise InvalidImage(
            "Invalid mix of disk and container formats. Where one is aki, ari or "
            "ami, the other has to be the same."
        )


def validate(image: Image, limits: Limits, old: Image | None = None) -> None:
    """
    Refuse an image that cannot be.

    @param old: the image as it was, whose attributes are let pass: limits may
        have become narrower since; L{None} for a new image.

    @raise InvalidImage: an attribute is wrong; the text says which.
    @raise TooMany: there are too many of something.
    """

    def changed(*attributes: str) -> bool:
        return old is None or any(
            getattr(old, name) != getattr(image, name) for name in attributes
        )

    if changed("id") and not is_image_id(image.id):
        raise InvalidImage("Invalid image id format: give a UUID.")
    if changed("name"):
        _text("name", image.name)
    if changed("owner"):
        _text("owner", image.owner)
    if changed("disk_format", "container_format"):
        _formats(image, limits)
    for name, most in NUMBERS.items():
        if changed(name):
            _number(name, getattr(image, name), most)
    if changed("checksum"):
        _checksum(image.checksum)
    if changed("properties"):
        _properties(image, limits)
    if changed("tags"):
        for tag in image.tags:
            _text("tag", tag)
        _count("tags", len(image.tags), limits.tags)
    if changed("members"):
        _members(image, limits)
    if changed("locations"):
        _count("locations", len(image.locations), limits.locations)


def _members(image: Image, limits: Limits) -> None:
    for member in image.members:
        _text("member", member.id)
        if not member.id:
            raise InvalidImage("A member has to have a name.")
        if "/" in member.id:
            raise InvalidImage("The name of a member cannot hold a slash.")
    _count("members", len(image.members), limits.members)


def _properties(image: Image, limits: Limits) -> None:
    length = 0
    for name, value in image.properties.items():
        _property(name, value)
        length += len(name.encode()) + len((value or "").encode())
    if length > PROPERTIES_LENGTH:
        raise TooMany(
            f"All properties of an image together can have {PROPERTIES_LENGTH} bytes; "
            f"these have {length}."
        )
    _count("properties", len(image.properties), limits.properties)


def _checksum(checksum: str | None) -> None:
    if checksum is not None and not _MD5.fullmatch(checksum):
        raise InvalidImage("Invalid checksum: give the MD5 as 32 hexadecimal digits.")


def _text(what: str, value: str | None, length: int = NAME_LENGTH) -> None:
    if value is None:
        return
    if len(value) > length:
        raise InvalidImage(
            f"Image {what} too long: {len(value)} characters; "
            f"at most {length} are possible."
        )
    if "\0" in value:
        raise InvalidImage(f"Image {what} cannot hold a NUL character.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidImage(f"Image {what} is not valid Unicode.")


def _formats(image: Image, limits: Limits) -> None:
    disk, container = image.disk_format, image.container_format
    if disk is not None and disk not in limits.disk_formats:
        raise InvalidImage(f"Invalid disk format '{disk}' for image.")
    if container is not None and container not in limits.container_formats:
        raise InvalidImage(f"Invalid container format '{container}' for image.")


def _number(what: str, value: int | None, most: int) -> None:
    if value is not None and not 0 <= value <= most:
        raise InvalidImage(f"'{what}' value out of range")


def _property(name: str, value: str | None) -> None:
    if not name:
        raise InvalidImage("A property has to have a name.")
    if name in RESERVED:
        raise InvalidImage(
            f"A property cannot be called '{name}': images have an attribute "
            "of that name."
        )
    if name.startswith(INTERNAL):
        raise InvalidImage(
            f"A property cannot be called '{name}': what begins with {INTERNAL} is "
            "for the service itself."
        )
    _text("property name", name)
    _text("property", value, VALUE_LENGTH)
    if value is not None and len(value.encode()) > VALUE_LENGTH:
        raise InvalidImage(f"Property '{name}' is longer than {VALUE_LENGTH} bytes.")


def _count(what: str, count: int, limit: int) -> None:
    if 0 <= limit < count:
        raise TooMany(f"An image can have at most {limit} {what}; these are {count}.")
