"""
What lists are sorted by, as SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, or_

from glance.errors import Invalid
from glance.query import SORTABLE, Order
from glance.registry.schema import images

ABSENT: dict[str, Any] = {
    "name": "",
    "owner": "",
    "disk_format": "",
    "container_format": "",
    "checksum": "",
    "os_hash_algo": "",
    "os_hash_value": "",
    "size": 0,
    "virtual_size": 0,
}
"""
What no value counts as, where one is less or more than another.
"""

KEPT = frozenset({"name", "size"})
"""
Attributes whose ranks are columns of their own.
"""

ALONG = {
    "id": "PRIMARY",
    "created_at": "ix_images_created",
    "name": "ix_images_name",
    "size": "ix_images_size",
    "updated_at": "ix_images_updated",
}
"""
The indexes of all images that begin, or go on after C{deleted}, with an
attribute; then come C{created_at} and C{id}.
"""


def ranked(attribute: str) -> ColumnElement[Any]:
    """
    Get the expression that an attribute is compared and sorted by.
    """
    if attribute in KEPT:
        return images.c[f"ranked_{attribute}"]
    column = images.c[attribute]
    if attribute in ABSENT:
        return func.coalesce(column, ABSENT[attribute], type_=column.type)
    return column


@frozen
class Key:
    """
    A part of what a list is sorted by.
    """

    attribute: str
    descending: bool

    @property
    def expression(self) -> ColumnElement[Any]:
        """
        What databases sort by.
        """
        return ranked(self.attribute)


def sort_keys(order: Sequence[Order]) -> list[Key]:
    """
    Get all that a list is sorted by, ties included.

    @raise Invalid: lists cannot be sorted by that.
    """
    keys = [Key(by.attribute, by.descending) for by in order]
    down = keys[0].descending if keys else True
    for attribute in ("created_at", "id"):
        if all(key.attribute != attribute for key in keys):
            keys.append(Key(attribute, down))
    for key in keys:
        if key.attribute not in SORTABLE:
            raise Invalid(f"Images cannot be sorted by {key.attribute}.")
    # No two images have the same id.
    last = [key.attribute for key in keys].index("id")
    return keys[: last + 1]


def straight(keys: Sequence[Key]) -> bool:
    """
    Tell whether one of the indexes C{ALONG} the first key is in this order,
    one way or the other.
    """
    first, *ties = [key.attribute for key in keys]
    usual = [each for each in ("created_at", "id") if each != first]
    one_way = len({key.descending for key in keys}) == 1
    return first in ALONG and one_way and (first == "id" or ties == usual)


def beyond(keys: Sequence[Key], marker: RowMapping) -> ColumnElement[bool]:
    """
    Say that an image comes after the marker.

    Each key bounds the rows that the next need look at: only in this form do
    all databases see a range of an index in it.
    """
    key, *rest = keys
    value = marker[key.attribute]
    if value is None:
        value = ABSENT[key.attribute]
    past: ColumnElement[bool] = (
        key.expression < value if key.descending else key.expression > value
    )
    if not rest:
        return past
    reached = key.expression <= value if key.descending else key.expression >= value
    return and_(reached, or_(past, beyond(rest, marker)))


def in_order(
    statement: Select[Any], keys: Sequence[Key], limit: int | None
) -> Select[Any]:
    """
    Have a statement sort what it finds, and end at the limit.
    """
    return statement.order_by(
        *(
            key.expression.desc() if key.descending else key.expression.asc()
            for key in keys
        )
    ).limit(limit)
