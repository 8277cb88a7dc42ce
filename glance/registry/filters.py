"""
Makes what a L{Query} filters by conditions of SQL.
"""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    exists,
    false,
    func,
    literal,
    or_,
    select,
)

from glance.errors import Invalid
from glance.query import COMPARABLE, Condition, Operator, Query
from glance.registry.keys import ABSENT, KEPT, ranked
from glance.registry.rows import digest, unfit
from glance.registry.schema import (
    image_locations,
    image_properties,
    image_tags,
    images,
)

COMPARISONS: dict[Operator, Callable[[Any, Any], Any]] = {
    Operator.LT: operators.lt,
    Operator.LE: operators.le,
    Operator.GT: operators.gt,
    Operator.GE: operators.ge,
}


ALIVE = frozenset(
    {
        "name",
        "owner",
        "size",
        "created_at",
        "updated_at",
        "os_hash_algo",
        "disk_format",
    }
)
"""
Attributes with an index of which the first column tells whether the image is
deleted.
"""

ANY = frozenset({"id", "status", "checksum", "os_hash_value"})
"""
Attributes with an index that does not tell.
"""

RANGED = frozenset({"id", "name", "size", "created_at", "updated_at"})
"""
Those of both that tell which images have more or less.
"""


def opaque(clause: ColumnElement[bool]) -> ColumnElement[bool]:
    """
    Say the same in a way that no database looks up in an index.

    Which index a statement uses is decided here, and not by what a database
    believes of the images at the time: so all but what that index is for is
    hidden from it.
    """
    return func.coalesce(clause, false(), type_=Boolean())


def filters(query: Query, along: str | None) -> Iterator[ColumnElement[bool]]:
    """
    Get what has to hold for an image, apart from the scope and from whether it
    is deleted.

    @param along: the attribute whose index the statement uses; L{None} where
        no index may be used.

    @raise Invalid: the query asks for what there cannot be.
    """
    if query.hidden is not None:
        yield opaque(images.c.os_hidden == literal(query.hidden))
    for condition in query.conditions:
        yield opaque(_condition(condition))
        if condition.attribute == along:
            yield from _reach(condition)
    for name, value in query.properties:
        demand_fit(image_properties.c.name, name)
        demand_fit(image_properties.c.value, value)
        yield there_is(
            image_properties.c.image_id,
            image_properties.c.name == name,
            image_properties.c.digest == digest(value),
            image_properties.c.value == value,
        )
    for tag in query.tags:
        demand_fit(image_tags.c.tag, tag)
        yield there_is(image_tags.c.image_id, image_tags.c.tag == tag)


def there_is(
    image_id: Column[str], *clauses: ColumnElement[bool]
) -> ColumnElement[bool]:
    """
    Say that an image has a row in another table, which is looked up for each
    image: an offset keeps databases from making a join of it.
    """
    rows = select(image_id).where(image_id == images.c.id, *clauses)
    return opaque(exists(rows.offset(0).correlate(images)))


def bounds(condition: Condition) -> Iterator[ColumnElement[bool]]:
    """
    Get what an index has to hold where a condition does.
    """
    attribute, operator = condition.attribute, condition.operator
    if attribute not in ALIVE | ANY or operator is Operator.NE:
        return
    if operator in COMPARISONS:
        if attribute in RANGED:
            yield _compared(condition)
        return
    wanted = _named(condition)
    column = ranked(attribute) if attribute in KEPT else images.c[attribute]
    if len(wanted) == 1:
        (value,) = wanted
        yield column.is_(None) if value is None else column == value
    elif None not in wanted:
        yield column.in_(wanted)


def _reach(condition: Condition) -> Iterator[ColumnElement[bool]]:
    """
    Get from where to where a condition reaches on an index that is walked along
    in the order of its attribute: of several values, from the least to the
    greatest.
    """
    exact = condition.operator in (Operator.EQ, Operator.IN)
    if not (exact and condition.attribute in KEPT):
        yield from bounds(condition)
    elif wanted := _named(condition):
        # Of one value as well: MariaDB would sort what it finds by that.
        column = ranked(condition.attribute)
        yield column >= min(wanted)
        yield column <= max(wanted)


def _named(condition: Condition) -> list[Any]:
    """
    Get the values that an attribute may have, each as an index has it.
    """
    attribute, several = condition.attribute, condition.operator is Operator.IN
    given = condition.value if several else [condition.value]
    wanted = [plain(attribute, each) for each in given]
    if attribute in KEPT:
        wanted = [ABSENT[attribute] if each is None else each for each in wanted]
    return list(dict.fromkeys(wanted))


def _condition(condition: Condition) -> ColumnElement[bool]:
    attribute, operator = condition.attribute, condition.operator
    if attribute not in COMPARABLE:
        raise Invalid(f"Images cannot be filtered by {attribute}.")
    if attribute == "location":
        return _located(condition)
    column: Any = images.c[attribute]
    if operator is Operator.IN:
        return _one_of(column, [plain(attribute, each) for each in condition.value])
    value = plain(attribute, condition.value)
    if operator is Operator.EQ:
        return _one_of(column, [value])
    if operator is Operator.NE and value is None:
        there: ColumnElement[bool] = column.is_not(None)
        return there
    if operator is Operator.NE:
        return or_(column != literal(value, column.type), column.is_(None))
    if value is None:
        raise Invalid(f"Nothing is more or less than no {attribute}.")
    return _compared(condition)


def _located(condition: Condition) -> ColumnElement[bool]:
    if condition.operator is not Operator.EQ:
        raise Invalid("Images can only be filtered by the very key of a location.")
    demand_fit(image_locations.c.key, condition.value)
    there = select(image_locations.c.image_id).where(
        image_locations.c.key == condition.value
    )
    return images.c.id.in_(there)


def _compared(condition: Condition) -> ColumnElement[bool]:
    column = ranked(condition.attribute)
    value = plain(condition.attribute, condition.value)
    compared: ColumnElement[bool] = COMPARISONS[condition.operator](
        column, literal(value, column.type)
    )
    return compared


def _one_of(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    there = [value for value in values if value is not None]
    if len(there) == 1:
        equal: ColumnElement[bool] = column == literal(there[0], column.type)
    else:
        equal = column.in_(there)
    return equal if len(there) == len(values) else or_(equal, column.is_(None))


def plain(attribute: str, value: Any) -> Any:
    """
    Get what a database has for a value of an attribute.

    @raise Invalid: it can hold no such value.
    """
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
