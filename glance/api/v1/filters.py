"""
What lists are asked for: query strings as L{Query}s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from attrs import evolve

from glance.api.lists import LIVING, MOST, SORT_KEYS, read_moment
from glance.context import Context
from glance.errors import Invalid
from glance.image import Consent, Status, Visibility
from glance.limits import Limits
from glance.query import (
    EVERYTHING,
    Condition,
    Operator,
    Order,
    Query,
    Scope,
    seen_by,
)
from glance.validation import is_image_id

QueryOf = Callable[[Mapping[str, str], Context, Limits], Query]
"""
Makes the arguments of a request a query.
"""

TEXTS = ("name", "container_format", "disk_format")
"""Attributes that are asked for as they are."""

NUMBERS = {
    "min_ram": ("min_ram", Operator.EQ),
    "min_disk": ("min_disk", Operator.EQ),
    "size_min": ("size", Operator.GE),
    "size_max": ("size", Operator.LE),
}
"""Filters that are numbers: what of an image they are about, and how."""

PROPERTY = "property-"
"""What filters by custom properties begin with."""

TRUE = frozenset({"true", "t", "on", "yes", "y", "1"})
"""What means yes."""

FALSE = frozenset({"false", "f", "off", "no", "n", "0"})
"""What means no."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_INTEGER = re.compile(r"-?[0-9]{1,1000}")

_NOT_REJECTED = frozenset({Consent.PENDING, Consent.ACCEPTED})


def arguments(uri: bytes) -> dict[str, str]:
    """
    Get the arguments of a request: the last of each name.
    """
    query = uri.partition(b"?")[2].decode(errors="replace")
    return dict(parse_qsl(query, keep_blank_values=True, errors="replace"))


def query(given: Mapping[str, str], context: Context, limits: Limits) -> Query:
    """
    Get the query that the last v1 made of arguments; those that it does not
    know mean nothing.

    @raise Invalid: an argument makes no sense.
    """
    scope, conditions = _scope(given, context)
    marker = given.get("marker")
    if marker is not None and not is_image_id(marker.lower()):
        raise Invalid("Invalid marker format")
    properties = tuple(
        (name.removeprefix(PROPERTY), value)
        for name, value in given.items()
        if name.startswith(PROPERTY)
    )
    if len(properties) > MOST:
        raise Invalid(f"Ask for at most {MOST} properties at once.")
    since = _changes_since(given)
    if since is not None:
        conditions.append(Condition("updated_at", Operator.GT, since))
    return Query(
        scope=scope,
        conditions=(LIVING, *conditions, *_conditions(given)),
        properties=properties,
        deleted=False if since is None else None,
        order=(_order(given),),
        limit=_limit(given, limits),
        marker=None if marker is None else marker.lower(),
    )


def all_public(_: Mapping[str, str], context: Context, limits: Limits) -> Query:
    """
    Get the query that Cactus made of any arguments: whatever is public, in the
    order in which it came.
    """
    return Query(
        scope=Scope(visibilities=frozenset({Visibility.PUBLIC})),
        order=(Order("created_at", descending=False),),
    )


def _scope(given: Mapping[str, str], context: Context) -> tuple[Scope, list[Condition]]:
    """
    Get what the list may show, and what is asked for within that.
    """
    asked = given.get("is_public")
    # This version knows of no consent: what is shared with one is there.
    usual = evolve(seen_by(context), consents=_NOT_REJECTED)
    if asked is None or not context.is_admin:
        return usual, []
    if asked.lower() == "none":
        return EVERYTHING, []
    if _truth("is_public", asked, "none, true or false"):
        return usual, []
    private = Condition("visibility", Operator.NE, Visibility.PUBLIC)
    return EVERYTHING, [private]


def _conditions(given: Mapping[str, str]) -> list[Condition]:
    conditions = [
        Condition(name, Operator.EQ, given[name]) for name in TEXTS if name in given
    ]
    if "status" in given:
        meant = tuple(status for status in Status if status.value == given["status"])
        conditions.append(Condition("status", Operator.IN, meant))
    if "protected" in given:
        protected = _truth("protected", given["protected"], "true or false")
        conditions.append(Condition("protected", Operator.EQ, protected))
    for name, (attribute, operator) in NUMBERS.items():
        if name in given:
            value = _number(name, given[name])
            conditions.append(Condition(attribute, operator, value))
    return conditions


def _number(name: str, value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise Invalid(f"Bad value passed to filter {name} got {value}")
    return int(value)


def _truth(name: str, value: str, possible: str) -> bool:
    word = value.strip().lower()
    if word not in TRUE | FALSE:
        raise Invalid(
            f"Bad value passed to filter {name} got {value}: {name} is {possible}."
        )
    return word in TRUE


def _changes_since(given: Mapping[str, str]) -> datetime | None:
    value = given.get("changes-since")
    if value is None:
        return None
    try:
        return read_moment(value)
    except (ValueError, OverflowError):
        raise Invalid("Unrecognized changes-since value") from None


def _order(given: Mapping[str, str]) -> Order:
    key = given.get("sort_key") or "created_at"
    direction = given.get("sort_dir") or "desc"
    if key not in SORT_KEYS:
        known = ", ".join(SORT_KEYS)
        raise Invalid(f"Unsupported sort_key. Acceptable values: {known}")
    if direction not in ("asc", "desc"):
        raise Invalid("Unsupported sort_dir. Acceptable values: asc, desc")
    return Order(key, direction == "desc")


def _limit(given: Mapping[str, str], limits: Limits) -> int:
    value: Any = given.get("limit")
    if value is None:
        return min(limits.page_default, limits.page_max)
    if not _INTEGER.fullmatch(value):
        raise Invalid("limit param must be an integer")
    limit = int(value)
    if limit < 0:
        raise Invalid("limit param must be positive")
    return min(limit, limits.page_max)
