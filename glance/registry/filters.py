"""
Makes what a L{Query} filters by conditions of SQL.
"""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Any

from sqlalchemy import Column, ColumnElement, exists, func, literal, or_

from glance.errors import Invalid
from glance.query import SORTABLE, Condition, Operator, Query
from glance.registry.rows import digest, unfit
from glance.registry.schema import image_properties, image_tags, images

ABSENT: dict[str, Any] = {
    "name": "",
    "owner": "",
    "disk_format": "",
    "container_format": "",
    "checksum": "",
    "os_hash_value": "",
    "size": 0,
    "virtual_size": 0,
}
"""
What no value counts as, where one is less or more than another.
"""

COMPARABLE = SORTABLE | {"checksum", "os_hash_algo", "os_hash_value", "protected"}
"""
What L{Condition}s may be about.
"""

COMPARISONS: dict[Operator, Callable[[Any, Any], Any]] = {
    Operator.LT: operators.lt,
    Operator.LE: operators.le,
    Operator.GT: operators.gt,
    Operator.GE: operators.ge,
}


def ranked(attribute: str) -> ColumnElement[Any]:
    """
    Get the expression that an attribute is compared and sorted by.
    """
    column = images.c[attribute]
    if attribute in ABSENT:
        return func.coalesce(column, ABSENT[attribute], type_=column.type)
    return column


def filters(query: Query, by_status: bool) -> Iterator[ColumnElement[bool]]:
    """
    Get what has to hold for an image, apart from the scope.

    @param by_status: whether the index of statuses may be of help.

    @raise Invalid: the query asks for what there cannot be.
    """
    if query.hidden is not None:
        yield images.c.os_hidden == literal(query.hidden)
    for condition in query.conditions:
        yield _condition(condition, by_status)
    for name, value in query.properties:
        demand_fit(image_properties.c.name, name)
        demand_fit(image_properties.c.value, value)
        yield exists().where(
            image_properties.c.image_id == images.c.id,
            image_properties.c.name == name,
            image_properties.c.digest == digest(value),
            image_properties.c.value == value,
        )
    for tag in query.tags:
        demand_fit(image_tags.c.tag, tag)
        yield exists().where(
            image_tags.c.image_id == images.c.id, image_tags.c.tag == tag
        )


def _condition(condition: Condition, by_status: bool) -> ColumnElement[bool]:
    attribute, operator = condition.attribute, condition.operator
    if attribute not in COMPARABLE:
        raise Invalid(f"Images cannot be filtered by {attribute}.")
    column: Any = images.c[attribute]
    if attribute == "status" and not by_status:
        column = func.coalesce(column, "", type_=column.type)
    if operator is Operator.IN:
        values = [_plain(attribute, each) for each in condition.value]
        return _one_of(column, values)
    value = _plain(attribute, condition.value)
    if operator is Operator.EQ:
        return _one_of(column, [value])
    if operator is Operator.NE and value is None:
        there: ColumnElement[bool] = column.is_not(None)
        return there
    if operator is Operator.NE:
        return or_(column != literal(value, column.type), column.is_(None))
    if value is None:
        raise Invalid(f"Nothing is more or less than no {attribute}.")
    compared: ColumnElement[bool] = COMPARISONS[operator](
        ranked(attribute), literal(value, column.type)
    )
    return compared


def _one_of(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    there = [value for value in values if value is not None]
    if len(there) == 1:
        equal: ColumnElement[bool] = column == literal(there[0], column.type)
    else:
        equal = column.in_(there)
    return equal if len(there) == len(values) else or_(equal, column.is_(None))


def _plain(attribute: str, value: Any) -> Any:
    if isinstance(value, Enum):
        value = value.value
    demand_fit(images.c[attribute], value)
    return value


def demand_fit(column: Column[Any], value: Any) -> None:
    """
    Refuse to look for what a column cannot hold.

    @raise Invalid: C{value} is such.
    """
    complaint = unfit(column, value)
    if complaint is not None:
        raise Invalid(f"A value to look for in {column.name} {complaint}.")
