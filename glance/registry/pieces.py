"""
Which pieces a list is put together from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import evolve, frozen
from sqlalchemy import ColumnElement, and_, literal, or_, true

from glance.image import Visibility
from glance.query import Operator, Query, Scope
from glance.registry.filters import opaque, plain, there_is
from glance.registry.keys import ALONG, Key, straight
from glance.registry.leads import (
    Lead,
    deleted_states,
    enough,
    leads,
    of_member,
    of_owner,
    of_visibility,
    values,
)
from glance.registry.schema import image_members, images

Count = Callable[[Sequence[Lead], int], Sequence[int]]
"""
Tells how long leads are, none of them more than a number.
"""


@frozen
class Piece:
    """
    A part of a list: a walk along an index, or what a lead leads to.
    """

    where: ColumnElement[bool]
    lead: Lead | None = None
    """What it is looked up by; L{None} where it is a walk."""
    along: str | None = None
    """The index that the walk needs; L{None} to leave it to the database."""
    by: str | None = None
    """The attribute that is in order along it; L{None} if none is."""


@frozen
class _Part:
    """
    A part of a scope.
    """

    where: ColumnElement[bool]
    lead: Lead
    along: str
    """The index that has it by age."""


class Pieces:
    """
    Finds the pieces of a list.
    """

    def __init__(self, query: Query, keys: Sequence[Key], count: Count) -> None:
        self._query = narrowed(query)
        self._scope = self._query.scope
        self._count = count
        self._by = keys[0].attribute
        self._straight = straight(keys)
        self._few = enough(query.limit)
        # More than were counted: others may add some in between.
        self._most = 2 * self._few

    def all(self) -> Iterator[Piece]:
        """
        Get them.
        """
        ways = list(leads(self._query))
        sizes = self._count(ways, self._few + 1)
        if sizes and min(sizes) <= self._few:
            shortest = evolve(ways[sizes.index(min(sizes))], most=self._most)
            yield Piece(and_(self._alive(), self._seen()), shortest)
            return
        owner = self._owner_asked()
        if owner is not None and self._aged:
            asked = and_(images.c.owner == owner, self._seen())
            yield from self._walks(asked, "ix_images_owner")
            return
        if self._scope.everything:
            yield from self._walks(true(), ALONG.get(self._by))
        elif self._by not in ALONG or (self._aged and not ways):
            for part in self._parts():
                yield from self._walks(part.where, part.along if self._aged else None)
        else:
            yield from self._together()
        if self._scope.member is not None and not self._scope.everything:
            seen = images.c.visibility.in_(values(self._scope.member_visibilities))
            yield Piece(and_(self._alive(), opaque(seen)), of_member(self._scope))

    @property
    def _aged(self) -> bool:
        """
        Whether the list goes by age, in either direction.
        """
        return self._straight and self._by == "created_at"

    def _together(self) -> Iterator[Piece]:
        """
        Get the pieces of a list of which the great parts are one walk, among
        all images: there is no index of less in its order, or one part may have
        little of what is common in another.
        """
        parts = list(self._parts())
        sizes = self._count([part.lead for part in parts], self._few + 1)
        many = []
        for part, size in zip(parts, sizes, strict=True):
            if size > self._few:
                many.append(part)
            else:
                yield Piece(true(), evolve(part.lead, most=self._most))
        if len(many) == 1 and self._aged:
            yield from self._walks(many[0].where, many[0].along)
        elif many:
            seen = opaque(or_(*(part.where for part in many)))
            yield from self._walks(seen, ALONG[self._by])

    def _parts(self) -> Iterator[_Part]:
        """
        Get what the scope is made of, but for what was shared with a member.
        """
        for each in values(self._scope.visibilities):
            seen = images.c.visibility == each
            yield _Part(seen, of_visibility(self._query, each), "ix_images_visibility")
        owner = self._scope.owner
        if owner is not None:
            owned = images.c.owner == owner
            yield _Part(owned, of_owner(self._query, owner), "ix_images_owner")

    def _walks(self, where: ColumnElement[bool], along: str | None) -> Iterator[Piece]:
        # An index that is only nearly in order is of no use to MySQL.
        along = along if self._straight else None
        by = self._by if self._by in ALONG else None
        if by == "id":
            yield Piece(and_(self._alive(), where), along=along, by=by)
            return
        for state in deleted_states(self._query):
            there = images.c.deleted == literal(state)
            yield Piece(and_(there, where), along=along, by=by)

    def _alive(self) -> ColumnElement[bool]:
        if self._query.deleted is None:
            return true()
        return opaque(images.c.deleted == literal(self._query.deleted))

    def _seen(self) -> ColumnElement[bool]:
        scope = self._scope
        return true() if scope.everything else opaque(within(scope))

    def _owner_asked(self) -> str | None:
        for each in self._query.conditions:
            if each.attribute == "owner" and each.operator is Operator.EQ:
                owner: str | None = each.value
                return owner
        return None


def narrowed(query: Query) -> Query:
    """
    Have the scope name no visibility that the conditions rule out.
    """
    meant = set(values(Visibility))
    for each in query.conditions:
        if each.attribute != "visibility":
            continue
        if each.operator is Operator.EQ:
            meant &= {plain("visibility", each.value)}
        elif each.operator is Operator.NE:
            meant -= {plain("visibility", each.value)}
        elif each.operator is Operator.IN:
            meant &= {plain("visibility", value) for value in each.value}
    if len(meant) == len(Visibility):
        return query
    kept = frozenset(each for each in Visibility if each.value in meant)
    if query.scope.everything:
        return evolve(query, scope=Scope(visibilities=kept))
    seen = query.scope.visibilities & kept
    return evolve(query, scope=evolve(query.scope, visibilities=seen))


def within(scope: Scope) -> ColumnElement[bool]:
    """
    Say that an image is within a scope.
    """
    if scope.everything:
        return true()
    seen: list[ColumnElement[bool]] = [
        images.c.visibility.in_(values(scope.visibilities))
    ]
    if scope.owner is not None:
        seen.append(images.c.owner == scope.owner)
    if scope.member is not None:
        shared = there_is(
            image_members.c.image_id,
            image_members.c.member == scope.member,
            image_members.c.status.in_(values(scope.consents)),
        )
        visible = images.c.visibility.in_(values(scope.member_visibilities))
        seen.append(and_(visible, shared))
    return or_(*seen)
