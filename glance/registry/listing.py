"""
Makes a L{Query} a statement of SQL.

A list that has one scope is a walk along one index.  One that has more is the
union of such walks, each ended by the limit: whoever sees little among many
images does not wait for the many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union,
)

from glance.errors import Invalid
from glance.image import Status
from glance.query import SORTABLE, Order, Query, Scope
from glance.registry.filters import ABSENT, demand_fit, filters, ranked
from glance.registry.rows import WANTED
from glance.registry.schema import (
    image_members,
    images,
    leases,
)


@frozen
class _Key:
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


@frozen
class _Walk:
    """
    One walk along an index.
    """

    where: ColumnElement[bool]
    along: str | None
    """The index that suits the usual order; L{None} for no advice."""
    by_membership: bool = False
    """Whether it starts at the memberships of a project."""


def listing(query: Query, marker: RowMapping | None) -> Select[Any]:
    """
    Get the statement that finds the rows of a list.

    @param marker: the row that L{marking} found; L{None} where the query has
        no marker.

    @raise Invalid: the query asks for what there cannot be.
    """
    demand_fit(images.c.owner, query.scope.owner)
    demand_fit(image_members.c.member, query.scope.member)
    keys = _keys(query.order)
    beyond = true() if marker is None else _beyond(keys, marker)
    walks = list(_walks(query)) or [_Walk(false(), None)]
    if len(walks) == 1 and not walks[0].by_membership:
        return _walking(select(*WANTED), walks[0], beyond, keys, query)
    ends = (_walking(select(images.c.id), walk, beyond, keys, query) for walk in walks)
    found = union(*(select(end.subquery().c.id) for end in ends)).subquery()
    # An outer join, because databases may not turn it round.
    joined = found.outerjoin(images, images.c.id == found.c.id)
    return _sorted(select(*WANTED).select_from(joined), keys, query)


def marking(query: Query) -> Select[Any]:
    """
    Get the statement that finds the row of a query's marker.
    """
    statement = select(images).where(images.c.id == query.marker, _within(query.scope))
    if query.deleted is None:
        return statement
    return statement.where(images.c.deleted == literal(query.deleted))


def unsettled(now: ColumnElement[int], limit: int, after: str | None) -> Select[Any]:
    """
    Get the statement that finds the rows of images that need settling.

    @param now: the time, as leases have it.
    """
    lives = exists().where(
        leases.c.instance == images.c.attempt_instance, leases.c.expires > now
    )
    reasons = (
        and_(images.c.status == Status.SAVING.value, not_(lives)),
        images.c.status == Status.PENDING_DELETE.value,
        images.c.has_doomed == literal(True),
    )
    beyond = true() if after is None else images.c.id > after
    ends = (
        select(images.c.id)
        .where(reason, beyond)
        .order_by(images.c.id)
        .limit(limit)
        .subquery()
        for reason in reasons
    )
    found = union(*(select(end.c.id) for end in ends)).subquery()
    joined = found.outerjoin(images, images.c.id == found.c.id)
    return select(*WANTED).select_from(joined).order_by(found.c.id).limit(limit)


def _keys(order: Sequence[Order]) -> list[_Key]:
    keys = [_Key(by.attribute, by.descending) for by in order]
    down = keys[0].descending if keys else True
    for attribute in ("created_at", "id"):
        if all(key.attribute != attribute for key in keys):
            keys.append(_Key(attribute, down))
    for key in keys:
        if key.attribute not in SORTABLE:
            raise Invalid(f"Images cannot be sorted by {key.attribute}.")
    return keys


def _beyond(keys: Sequence[_Key], marker: RowMapping) -> ColumnElement[bool]:
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
    return and_(reached, or_(past, _beyond(rest, marker)))


def _walks(query: Query) -> Iterator[_Walk]:
    scope = query.scope
    for deleted in (False, True) if query.deleted is None else (query.deleted,):
        there = images.c.deleted == literal(deleted)
        if scope.everything:
            yield _Walk(there, "ix_images_created")
            continue
        for visibility in _values(scope.visibilities):
            seen = images.c.visibility == visibility
            yield _Walk(and_(there, seen), "ix_images_visibility")
        if scope.owner is not None:
            owned = images.c.owner == scope.owner
            yield _Walk(and_(there, owned), "ix_images_owner")
        if scope.member is not None:
            # SQLite would look for the few among all shared images, were there
            # an index for this or the status.
            there = func.coalesce(images.c.deleted, literal(True)) == literal(deleted)
            shared = and_(there, _shared_with(scope))
            yield _Walk(shared, None, by_membership=True)


def _shared_with(scope: Scope) -> ColumnElement[bool]:
    return and_(
        images.c.visibility.in_(_values(scope.member_visibilities)),
        image_members.c.member == scope.member,
        image_members.c.status.in_(_values(scope.consents)),
    )


def _walking(
    statement: Select[Any],
    walk: _Walk,
    beyond: ColumnElement[bool],
    keys: Sequence[_Key],
    query: Query,
) -> Select[Any]:
    wanted = filters(query, by_status=not walk.by_membership)
    statement = statement.where(walk.where, beyond, *wanted)
    if walk.by_membership:
        statement = statement.select_from(
            image_members.join(images, image_members.c.image_id == images.c.id)
        )
    elif walk.along is not None and _by_age(keys):
        hint = f"FORCE INDEX ({walk.along})"
        statement = statement.with_hint(images, hint, "mysql")
    return _sorted(statement, keys, query)


def _by_age(keys: Sequence[_Key]) -> bool:
    directions = {key.descending for key in keys}
    return keys[0].attribute == "created_at" and len(keys) == 2 == 1 + len(directions)


def _sorted(statement: Select[Any], keys: Sequence[_Key], query: Query) -> Select[Any]:
    return statement.order_by(
        *(
            key.expression.desc() if key.descending else key.expression.asc()
            for key in keys
        )
    ).limit(query.limit)


def _within(scope: Scope) -> ColumnElement[bool]:
    if scope.everything:
        return true()
    seen: list[ColumnElement[bool]] = [
        images.c.visibility.in_(_values(scope.visibilities))
    ]
    if scope.owner is not None:
        seen.append(images.c.owner == scope.owner)
    if scope.member is not None:
        shared = exists().where(
            image_members.c.image_id == images.c.id, _shared_with(scope)
        )
        seen.append(shared.correlate(images))
    return or_(*seen)


def _values(members: Iterable[Enum]) -> list[str]:
    return sorted(member.value for member in members)
