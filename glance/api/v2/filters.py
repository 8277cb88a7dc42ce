"""
What lists of version 2 are asked for: query strings as L{Query}s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, TypeVar

from attrs import field, frozen

from glance.api.lists import LIVING, MOST, SORT_KEYS, read_moment
from glance.api.v2.schemas import CONSENTS, VISIBILITIES
from glance.context import Context
from glance.errors import Invalid
from glance.image import Consent, Status, Visibility
from glance.limits import Limits
from glance.query import Condition, Operator, Order, Query, Scope
from glance.validation import is_image_id

E = TypeVar("E", bound=Enum)

Arguments = Sequence[tuple[str, str]]
"""
The arguments of a request, in their order; a name may come again.
"""

PAGING = frozenset({"limit", "marker", "sort", "sort_key", "sort_dir"})
"""What says how a list is shown, rather than what is in it."""

APART = frozenset({"tag", "deleted", "os_hidden", "visibility", "member_status"})
"""What is not a condition on an attribute, or means nothing."""

CHOICES = frozenset({"name", "id", "status", "container_format", "disk_format"})
"""Attributes that are one of several values, where more than one is given."""

MOMENTS = frozenset({"created_at", "updated_at"})

EXACT = frozenset({"owner", "checksum", "os_hash_algo", "os_hash_value"})
"""Attributes that are what is given."""

NUMBERS = frozenset({"size", "min_ram", "min_disk", "virtual_size"})

BOUNDS = {"_min": Operator.GE, "_max": Operator.LE}
"""What follows the name of a number, and how it then is compared."""

OPERATORS = {
    "gt": Operator.GT,
    "gte": Operator.GE,
    "lt": Operator.LT,
    "lte": Operator.LE,
    "eq": Operator.EQ,
    "neq": Operator.NE,
}
"""How moments are compared."""

LATEST = datetime.max.replace(tzinfo=UTC)
"""The last moment that there is."""

MEASURED = frozenset({"size", "virtual_size", "checksum", "os_hash_value"})
"""What is known of data; before there is any, what was announced is no matter."""

_WHOLE = Condition("status", Operator.IN, (Status.ACTIVE, Status.DEACTIVATED))

# It does not go back to try again: strangers choose how often.
_ITEM = re.compile(r'\s*+(?:"((?:[^"\\]|\\.)*+)"\s*+|([^",]*+))(,|\Z)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)")
_NUMBER = re.compile(r"[0-9]{1,18}")
_LIMIT = re.compile(r"[0-9]{1,1000}")
_OPERATED = re.compile(r"([^:\"]*):(.*)", re.DOTALL)


def query(given: Arguments, context: Context, limits: Limits) -> Query:
    """
    Get the query that is asked for.

    @raise Invalid: an argument makes no sense.
    """
    last = dict(given)
    if "changes-since" in last:
        raise Invalid("changes-since is of version 1: use updated_at=gte:TIME.")
    wanted = _Wanted()
    for name, value in last.items():
        if name not in PAGING | APART:
            _add(wanted, name, value)
    tags = tuple(dict.fromkeys(value for name, value in given if name == "tag"))
    if len(tags) + len(wanted.properties) > MOST:
        raise Invalid(f"Ask for at most {MOST} tags and properties at once.")
    if any(condition.attribute in MEASURED for condition in wanted.conditions):
        wanted.conditions.append(_WHOLE)
    scope, conditions = _scope(last, context)
    return Query(
        scope=scope,
        conditions=(LIVING, *conditions, *wanted.conditions),
        properties=tuple(wanted.properties),
        tags=tags,
        hidden=_flag("os_hidden", last.get("os_hidden", "false")),
        order=tuple(_order(given)),
        limit=_limit(last, limits),
        marker=_marker(last),
    )


@frozen
class _Wanted:
    """
    What a list is to hold, as it is read.
    """

    conditions: list[Condition] = field(factory=list)
    properties: list[tuple[str, str]] = field(factory=list)


def _add(wanted: _Wanted, name: str, value: str) -> None:
    number, bound = name[:-4], BOUNDS.get(name[-4:])
    if name == "protected":
        condition = Condition(name, Operator.EQ, _flag(name, value))
        wanted.conditions.append(condition)
    elif name in CHOICES:
        wanted.conditions.append(_choice(name, value))
    elif name in MOMENTS:
        wanted.conditions.extend(_moment(name, value))
    elif name in EXACT:
        wanted.conditions.append(Condition(name, Operator.EQ, value))
    elif name in NUMBERS:
        condition = Condition(name, Operator.EQ, _number(name, value))
        wanted.conditions.append(condition)
    elif bound is not None:
        if number not in NUMBERS:
            raise Invalid(f"Images have no number '{number}' to filter by.")
        condition = Condition(number, bound, _number(name, value))
        wanted.conditions.append(condition)
    else:
        wanted.properties.append((name, value))


def _scope(last: Mapping[str, str], context: Context) -> tuple[Scope, list[Condition]]:
    """
    Get what the list may show, and what is asked for within that.
    """
    asked = last.get("visibility")
    consents = _consents(last.get("member_status", "accepted"))
    conditions = []
    visibilities = {Visibility.PUBLIC}
    if context.is_admin:
        visibilities |= {Visibility.SHARED, Visibility.PRIVATE}
    if asked == "all":
        visibilities.add(Visibility.COMMUNITY)
    elif asked is not None:
        visibility = _one_of("visibility", asked, Visibility, (*VISIBILITIES, "all"))
        conditions.append(Condition("visibility", Operator.EQ, visibility))
        if visibility is Visibility.COMMUNITY:
            visibilities = {Visibility.COMMUNITY}
    everything = context.is_admin and (
        Visibility.COMMUNITY in visibilities or context.owner is None
    )
    return Scope(
        everything=everything,
        visibilities=frozenset(visibilities),
        owner=context.owner,
        member=context.tenant,
        consents=consents,
    ), conditions


def _consents(asked: str) -> frozenset[Consent]:
    if asked == "all":
        return frozenset(Consent)
    known = (*CONSENTS, "all")
    return frozenset({_one_of("member_status", asked, Consent, known)})


def _one_of(name: str, value: str, kind: type[E], known: Sequence[str]) -> E:
    try:
        return kind(value)
    except ValueError:
        raise Invalid(f"{name} must be one of {', '.join(known)}.") from None


def _flag(name: str, value: str) -> bool:
    flags = {"true": True, "false": False}
    if value.lower() not in flags:
        raise Invalid(f"{name} must be true or false.")
    return flags[value.lower()]


def _number(name: str, value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise Invalid(f"{name} must be a whole number, from 0 up.")
    return int(value)


def _choice(name: str, value: str) -> Condition:
    """
    Read one value, or several after C{in:}.
    """
    word, rest = _operated(name, value)
    if word == "eq":
        values = [rest]
    elif word == "in":
        values = list(_items(name, rest))
    else:
        raise Invalid(
            f"{name} cannot be compared by '{word}': write {name}=VALUE, "
            f"{name}=eq:VALUE or {name}=in:VALUE,VALUE.  A value with a colon goes "
            f'into quotes: {name}=in:"a:b".'
        )
    return Condition(name, Operator.IN, tuple(_plain(name, values)))


def _operated(name: str, value: str) -> tuple[str, str]:
    """
    Get how to compare, and with what.
    """
    operated = _OPERATED.fullmatch(value)
    if operated is None:
        return "eq", value
    # Clients that look for an image called debian:12 send just that.
    if name == "name" and operated[1] not in ("in", *OPERATORS):
        return "eq", value
    return operated[1], operated[2]


def _plain(name: str, values: Sequence[str]) -> Iterator[Any]:
    for value in values:
        if name == "status":
            yield from (status for status in Status if status.value == value)
        else:
            yield value.lower() if name == "id" else value


def _items(name: str, text: str) -> Iterator[str]:
    """
    Split a list at its commas, but for those within quotes.
    """
    at, more = 0, True
    while more:
        found = _ITEM.match(text, at)
        if found is None:
            raise Invalid(f"The quotes in {name} don't match.")
        if found[1] is None:
            yield found[2].strip()
        else:
            yield _ESCAPE.sub(r"\1", found[1])
        at, more = found.end(), found[3] == ","


def _moment(name: str, value: str) -> list[Condition]:
    """
    Read a time, with how to compare with it before a colon.

    A time in whole seconds, as images are shown with, means all of its second.
    """
    word, colon, rest = value.partition(":")
    said = bool(colon) and word.isalpha()
    if said and word not in OPERATORS:
        known = ", ".join(OPERATORS)
        raise Invalid(f"{name} can be compared by {known}, not by '{word}'.")
    text = rest if said else value
    try:
        moment = read_moment(text)
    except (ValueError, OverflowError):
        raise Invalid(
            f"{name} must be a time such as 2026-11-25T12:00:00Z, not '{text}'."
        ) from None
    operator = OPERATORS[word if said else "eq"]
    if moment.microsecond:
        return [Condition(name, operator, moment)]
    after = moment + min(timedelta(seconds=1), LATEST - moment)
    return {
        Operator.EQ: [
            Condition(name, Operator.GE, moment),
            Condition(name, Operator.LT, after),
        ],
        Operator.GT: [Condition(name, Operator.GE, after)],
        Operator.LE: [Condition(name, Operator.LT, after)],
    }.get(operator, [Condition(name, operator, moment)])


def _marker(last: Mapping[str, str]) -> str | None:
    marker = last.get("marker")
    if marker is None:
        return None
    if not is_image_id(marker.lower()):
        raise Invalid("The marker must be the id of an image in the list.")
    return marker.lower()


def _limit(last: Mapping[str, str], limits: Limits) -> int:
    value = last.get("limit")
    if value is None:
        return min(limits.page_default, limits.page_max)
    if not _LIMIT.fullmatch(value):
        raise Invalid("limit must be a whole number, from 0 up.")
    return min(int(value), limits.page_max)


def _order(given: Arguments) -> Iterator[Order]:
    sorts = [value for name, value in given if name == "sort"]
    keys = [value for name, value in given if name == "sort_key"]
    directions = [value for name, value in given if name == "sort_dir"]
    if sorts and (keys or directions):
        raise Invalid("sort says all; leave sort_key and sort_dir out.")
    if sorts:
        pairs = [_pair(item) for item in sorts[-1].split(",")]
    else:
        keys = keys or ["created_at"]
        directions = directions or ["desc"]
        if len(directions) == 1:
            directions *= len(keys)
        if len(keys) != len(directions):
            raise Invalid("Give one sort_dir for all, or one for each sort_key.")
        pairs = list(zip(keys, directions, strict=True))
    # A key that comes twice sorts by its first mention.
    order = [_sorted_by(*pair) for pair in dict(reversed(pairs)).items()][::-1]
    named = {by.attribute for by in order}
    down = True
    if len(order) == 1 or order[0].attribute == "created_at":
        down = order[0].descending
    yield from order
    yield from (Order(k, down) for k in ("created_at", "id") if k not in named)


def _pair(item: str) -> tuple[str, str]:
    key, colon, direction = item.strip().partition(":")
    return key.strip(), direction.strip() if colon else "desc"


def _sorted_by(key: str, direction: str) -> Order:
    if key not in SORT_KEYS:
        raise Invalid(f"Lists can be sorted by {', '.join(SORT_KEYS)}.")
    if direction not in ("asc", "desc"):
        raise Invalid("Lists are sorted asc or desc.")
    return Order(key, direction == "desc")
