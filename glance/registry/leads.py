"""
What leads to the images of a list by a shorter way than the list itself.

A list is a walk along an index, in its order, past all that is not wanted.
That is quick where much is wanted, and slow where little is: what is rare has
to be looked up by an index of its own, and be sorted.  Which of both it is,
the database tells from the first thousand entries of that index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    Select,
    and_,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

from glance.query import Query, Scope
from glance.registry.filters import ALIVE, bounds
from glance.registry.rows import digest
from glance.registry.schema import image_members, image_properties, image_tags, images

FEW = 1000
"""
How many images are always few enough to be looked up and sorted.
"""

FEW_OF_PAGE = 10
"""
So are as many as fill this many pages.
"""

FEW_OF_ALL = 10_000
"""
How many are few where the list has no limit.
"""


@frozen
class Lead:
    """
    What leads to images: to all that have something in common, which an index
    tells, and perhaps to others too.
    """

    finding: tuple[Select[Any], ...]
    """Find their ids, each once in all of these."""
    most: int | None = None
    """
    How many to find at the most; L{None} for all.  A limit keeps databases from
    mixing this up with what it is a part of.
    """

    @property
    def ids(self) -> Select[Any] | CompoundSelect[Any]:
        """
        Get the statement that finds the ids.
        """
        return _all_of(self.finding).limit(self.most)

    def length(self, most: int) -> ScalarSelect[int]:
        """
        Get the expression of how many there are, C{most} being enough to know.
        """
        # An index that has no ids is enough for this.
        ones: list[Select[Any]] = [
            each.with_only_columns(literal_column("1").label("one"))
            for each in self.finding
        ]
        counted = _all_of(ones).limit(most).subquery()
        return select(func.count()).select_from(counted).scalar_subquery()


def _all_of(statements: Sequence[Select[Any]]) -> Select[Any] | CompoundSelect[Any]:
    return statements[0] if len(statements) == 1 else union_all(*statements)


def enough(limit: int | None) -> int:
    """
    Get how many images are few.

    @param limit: that of the list; L{None} if it has none.
    """
    return FEW_OF_ALL if limit is None else max(FEW, FEW_OF_PAGE * limit)


def counting(leads: Sequence[Lead], most: int) -> Select[Any]:
    """
    Get the statement that tells how long some leads are: as columns of one
    row, none of them more than C{most}.
    """
    lengths: list[Any] = [lead.length(most) for lead in leads]
    return select(*lengths)


def leads(query: Query) -> Iterator[Lead]:
    """
    Get the leads that a query's filters are: each leads to all of the list.
    """
    states = deleted_states(query)
    attributes = dict.fromkeys(each.attribute for each in query.conditions)
    for attribute in attributes:
        bound = [
            clause
            for each in query.conditions
            if each.attribute == attribute
            for clause in bounds(each)
        ]
        if bound:
            yield _lead(states if attribute in ALIVE else None, and_(*bound))
    for tag in query.tags:
        yield Lead((select(image_tags.c.image_id).where(image_tags.c.tag == tag),))
    for name, value in query.properties:
        found = select(image_properties.c.image_id).where(
            image_properties.c.name == name,
            image_properties.c.digest == digest(value),
        )
        yield Lead((found,))
    if query.hidden:
        yield _lead(states, images.c.os_hidden == literal(True))


def of_visibility(query: Query, visibility: str) -> Lead:
    """
    Get the lead to all images of a visibility.
    """
    return _lead(deleted_states(query), images.c.visibility == visibility)


def of_owner(query: Query, owner: str) -> Lead:
    """
    Get the lead to all images of an owner.
    """
    return _lead(deleted_states(query), images.c.owner == owner)


def of_member(scope: Scope) -> Lead:
    """
    Get the lead to all images that a member may have been shown.
    """
    found = select(image_members.c.image_id).where(
        image_members.c.member == scope.member,
        image_members.c.status.in_(values(scope.consents)),
    )
    return Lead((found,))


def deleted_states(query: Query) -> tuple[bool, ...]:
    """
    Get what C{deleted} may be.
    """
    return (False, True) if query.deleted is None else (query.deleted,)


def values(members: Iterable[Enum]) -> list[str]:
    """
    Get what databases call the members of an enumeration.
    """
    return sorted(member.value for member in members)


def _lead(states: Sequence[bool] | None, bound: ColumnElement[bool]) -> Lead:
    found = select(images.c.id).where(bound)
    if states is None:
        return Lead((found,))
    alive = (images.c.deleted == literal(state) for state in states)
    return Lead(tuple(found.where(each) for each in alive))
