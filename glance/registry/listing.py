"""
Makes a L{Query} a statement of SQL.

A list is put together from pieces, each ended by the limit: whoever sees little
among many images does not wait for the many.  A piece is a walk along an index,
or what a L{Lead} leads to, if that is little.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    exists,
    false,
    literal,
    not_,
    select,
    true,
    union,
)

from glance.image import Status
from glance.query import Query
from glance.registry.filters import demand_fit, filters
from glance.registry.keys import beyond, in_order, sort_keys
from glance.registry.leads import Lead
from glance.registry.pieces import Count, Piece, Pieces, within
from glance.registry.rows import WANTED
from glance.registry.schema import image_members, images, leases


def listing(query: Query, marker: RowMapping | None, count: Count) -> Select[Any]:
    """
    Get the statement that finds the rows of a list.

    @param marker: the row that L{marking} found; L{None} where the query has
        no marker.

    @raise Invalid: the query asks for what there cannot be.
    """
    demand_fit(images.c.owner, query.scope.owner)
    demand_fit(image_members.c.member, query.scope.member)
    keys = sort_keys(query.order)
    # They are made before anything is counted, for what makes no sense.
    unsighted = tuple(filters(query, None))
    pieces = list(Pieces(query, keys, count).all()) or [Piece(false())]
    after = true() if marker is None else beyond(keys, marker)

    def find(columns: Select[Any], piece: Piece) -> Select[Any]:
        if piece.lead is not None:
            found = _led(columns, piece.lead).where(*unsighted)
        else:
            found = _along(columns, piece.along).where(*filters(query, piece.by))
        return in_order(found.where(piece.where, after), keys, query.limit)

    if len(pieces) == 1:
        return find(select(*WANTED), pieces[0])
    ends = (find(select(images.c.id), piece).subquery() for piece in pieces)
    found = union(*(select(end.c.id) for end in ends)).subquery()
    # An outer join, because databases may not turn it round.
    joined = found.outerjoin(images, images.c.id == found.c.id)
    return in_order(select(*WANTED).select_from(joined), keys, query.limit)


def marking(query: Query) -> Select[Any]:
    """
    Get the statement that finds the row of a query's marker.
    """
    statement = select(images).where(images.c.id == query.marker, within(query.scope))
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


def _led(columns: Select[Any], lead: Lead) -> Select[Any]:
    found = lead.ids.subquery()
    (image_id,) = found.c
    return columns.select_from(found.join(images, images.c.id == image_id))


def _along(columns: Select[Any], index: str | None) -> Select[Any]:
    if index is None:
        return columns
    return columns.with_hint(images, f"FORCE INDEX ({index})", "mysql")
