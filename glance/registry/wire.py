"""
Images and queries as JSON, between an API and its registry.

What is read is checked whole: each field is there, is known, and is of its
type.  So two programs that don't mean the same by an image find out before
either loses part of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar

import attrs
import orjson

from glance.errors import Invalid, InvalidImage
from glance.image import Attempt, Consent, Image, Location, Member, Status, Visibility
from glance.limits import Quota, Usage
from glance.query import (
    COMPARABLE,
    SORTABLE,
    Condition,
    Operator,
    Order,
    Query,
    Scope,
)
from glance.validation import is_image_id

T = TypeVar("T")

Reader = Callable[[Any], T]
"""
Makes a value of what came as JSON, or raises L{Invalid}.
"""

LONGEST = 100 * 365 * 24 * 3600
"""
The most seconds that a span of time may have.
"""


def dump(value: Any) -> bytes:
    """
    Write JSON.

    @param value: what L{pack} gave, or a container of such.

    @raise InvalidImage: it cannot be written, as text that is no Unicode.
    """
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise InvalidImage("A text or a number is one that cannot be kept.") from error


def load(data: bytes) -> Any:
    """
    Read JSON.

    @raise Invalid: it is none.
    """
    try:
        return orjson.loads(data)
    except ValueError as error:
        raise Invalid("The body of the request is not JSON.") from error


_PLAIN = frozenset({str, int, float, bool, type(None)})
"""What JSON holds as it is."""

_FIELDS = {
    kind: tuple(field.name for field in attrs.fields(kind))
    for kind in (
        Image,
        Member,
        Location,
        Attempt,
        Query,
        Scope,
        Condition,
        Order,
        Quota,
        Usage,
    )
}


def pack(value: Any) -> Any:
    """
    Make what JSON can hold of an image, a query or a part of one.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in _FIELDS:
        return {name: pack(getattr(value, name)) for name in _FIELDS[kind]}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, frozenset):
        return sorted(pack(item) for item in value)
    if isinstance(value, tuple | list):
        return [pack(item) for item in value]
    if isinstance(value, Mapping):
        return {name: pack(item) for name, item in value.items()}
    return value


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid("A text was expected.")
    return value


def _read_id(value: Any) -> str:
    text = _read_text(value)
    if not is_image_id(text):
        raise Invalid("The id of an image is a UUID, in lower case.")
    return text


def read_whole(value: Any) -> int:
    """
    Read a number of things.
    """
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise Invalid("A whole number was expected, from 0.")
    return value


def _read_bound(value: Any) -> int:
    return value if value == -1 and type(value) is int else read_whole(value)


def _read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid("True or false was expected.")
    return value


def read_moment(value: Any) -> datetime:
    """
    Read a time.
    """
    try:
        moment = datetime.fromisoformat(_read_text(value))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Invalid("A time was expected, with its zone.")


def _read_anything(value: Any) -> Any:
    return value


def _optional(read: Reader[T]) -> Reader[T | None]:
    return lambda value: None if value is None else read(value)


def _one_of(kind: type[Enum]) -> Reader[Any]:
    def read(value: Any) -> Any:
        try:
            return kind(value)
        except ValueError as error:
            known = ", ".join(str(member.value) for member in kind)
            raise Invalid(f"One of these was expected: {known}.") from error

    return read


def _list_of(
    read: Reader[T], make: Callable[[Iterable[T]], Any] = tuple
) -> Reader[Any]:
    def read_list(value: Any) -> Any:
        if not isinstance(value, list):
            raise Invalid("A list was expected.")
        return make([read(item) for item in value])

    return read_list


def _map_of(read: Reader[T]) -> Reader[dict[str, T]]:
    def read_map(value: Any) -> dict[str, T]:
        if not isinstance(value, dict):
            raise Invalid("An object was expected.")
        return {name: read(item) for name, item in value.items()}

    return read_map


def _pair(value: Any) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2:
        raise Invalid("A name and a value were expected.")
    return _read_text(value[0]), _read_text(value[1])


def _record(make: Callable[..., T], readers: Mapping[str, Reader[Any]]) -> Reader[T]:
    def read(value: Any) -> T:
        return make(**read_fields(value, readers))

    return read


def read_fields(value: Any, readers: Mapping[str, Reader[Any]]) -> dict[str, Any]:
    """
    Read an object that has these fields, and no others.

    @raise Invalid: it doesn't; the text names the field.
    """
    if not isinstance(value, dict):
        raise Invalid("An object was expected.")
    for name in sorted(readers.keys() ^ value.keys()):
        state = "missing" if name in readers else "unknown"
        raise Invalid(
            f"{name}: This field is {state}; "
            "the API and its registry may be of different versions."
        )
    fields = {}
    for name, read in readers.items():
        try:
            fields[name] = read(value[name])
        except Invalid as error:
            raise Invalid(f"{name}: {error}") from error
    return fields


_MEMBER: dict[str, Reader[Any]] = {
    "id": _read_text,
    "status": _one_of(Consent),
    "can_share": _read_flag,
    "created_at": read_moment,
    "updated_at": read_moment,
}

_LOCATION: dict[str, Reader[Any]] = {
    "store": _read_text,
    "key": _read_text,
    "metadata": _map_of(_read_anything),
}

_read_location = _record(Location, _LOCATION)

_ATTEMPT: dict[str, Reader[Any]] = {
    "id": _read_text,
    "instance": _read_text,
    "location": _read_location,
    "fallback": _one_of(Status),
    "size": _optional(read_whole),
}

_IMAGE: dict[str, Reader[Any]] = {
    "id": _read_id,
    "revision": read_whole,
    "name": _optional(_read_text),
    "status": _one_of(Status),
    "visibility": _one_of(Visibility),
    "owner": _optional(_read_text),
    "disk_format": _optional(_read_text),
    "container_format": _optional(_read_text),
    "size": _optional(read_whole),
    "virtual_size": _optional(read_whole),
    "checksum": _optional(_read_text),
    "os_hash_algo": _optional(_read_text),
    "os_hash_value": _optional(_read_text),
    "min_disk": read_whole,
    "min_ram": read_whole,
    "protected": _read_flag,
    "os_hidden": _read_flag,
    "created_at": read_moment,
    "updated_at": read_moment,
    "deleted_at": _optional(read_moment),
    "properties": _map_of(_optional(_read_text)),
    "tags": _list_of(_read_text, frozenset),
    "members": _list_of(_record(Member, _MEMBER)),
    "locations": _list_of(_read_location),
    "attempt": _optional(_record(Attempt, _ATTEMPT)),
    "doomed": _list_of(_read_location),
}


def _read_condition(value: Any) -> Condition:
    fields = read_fields(
        value,
        {
            "attribute": _read_text,
            "operator": _one_of(Operator),
            "value": _read_anything,
        },
    )
    attribute = fields["attribute"]
    if attribute not in COMPARABLE:
        raise Invalid("Images cannot be compared by that.")
    # An id to compare with may be anything: then it is that of no image.
    read = _read_text if attribute in ("id", "location") else _IMAGE[attribute]
    if fields["operator"] is Operator.IN:
        read = _list_of(read)
    return Condition(attribute, fields["operator"], read(fields["value"]))


def _read_sortable(value: Any) -> str:
    text = _read_text(value)
    if text not in SORTABLE:
        raise Invalid("Images cannot be sorted by that.")
    return text


_SCOPE: dict[str, Reader[Any]] = {
    "everything": _read_flag,
    "visibilities": _list_of(_one_of(Visibility), frozenset),
    "owner": _optional(_read_text),
    "member": _optional(_read_text),
    "member_visibilities": _list_of(_one_of(Visibility), frozenset),
    "consents": _list_of(_one_of(Consent), frozenset),
}

_ORDER: dict[str, Reader[Any]] = {
    "attribute": _read_sortable,
    "descending": _read_flag,
}

_QUERY: dict[str, Reader[Any]] = {
    "scope": _record(Scope, _SCOPE),
    "conditions": _list_of(_read_condition),
    "properties": _list_of(_pair),
    "tags": _list_of(_read_text),
    "deleted": _optional(_read_flag),
    "hidden": _optional(_read_flag),
    "order": _list_of(_record(Order, _ORDER)),
    "limit": _optional(read_whole),
    "marker": _optional(_read_text),
}


def read_image(value: Any) -> Image:
    """
    Make an image of what L{pack} made of one.

    @raise InvalidImage: it is none.
    """
    try:
        return Image(**read_fields(value, _IMAGE))
    except Invalid as error:
        raise InvalidImage(str(error)) from error


_QUOTA = dict.fromkeys(_FIELDS[Quota], _read_bound)

_read_quota: Reader[Quota] = _record(Quota, _QUOTA)

read_usage: Reader[Usage] = _record(Usage, dict.fromkeys(_FIELDS[Usage], read_whole))
"""
Make an owner's usage of what L{pack} made of it.
"""


def read_bounded(value: Any) -> tuple[Image, Quota]:
    """
    Read an image, and what all images of its owner may be.
    """
    fields = read_fields(value, {"image": _read_anything, "quota": _read_quota})
    return read_image(fields["image"]), fields["quota"]


def read_booking(value: Any) -> dict[str, Any]:
    """
    Read for which attempt how much is to be booked, and what there may be.
    """
    readers = {"attempt": _read_text, "size": read_whole, "quota": _read_quota}
    return read_fields(value, readers)


def read_owner(value: Any) -> str | None:
    """
    Read whose usage is asked for.
    """
    owner: str | None = read_fields(value, {"owner": _optional(_read_text)})["owner"]
    return owner


read_query: Reader[Query] = _record(Query, _QUERY)
"""
Make a query of what L{pack} made of one.
"""

read_images: Reader[list[Image]] = _list_of(read_image, list)
"""
Make a list of images.
"""


def read_seconds(value: Any) -> float:
    """
    Read a span of time.
    """
    if type(value) not in (int, float) or not 0 <= value <= LONGEST:
        raise Invalid("A number of seconds was expected.")
    return float(value)
