"""
L{DatabaseRegistry}: keeps what is known of images in a database.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, TypeVar

from attrs import evolve
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    and_,
    bindparam,
    literal,
    or_,
    select,
)
from sqlalchemy.exc import IntegrityError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from glance.deferreds import InThread, deferred
from glance.errors import (
    ImageChanged,
    ImageExists,
    ImageNotFound,
    ImagesWaiting,
    MarkerNotFound,
    RegistryUnavailable,
)
from glance.image import Image, Status
from glance.interfaces import IRegistry
from glance.limits import UNBOUNDED, Quota, Usage
from glance.query import Query
from glance.registry import booking
from glance.registry.engine import Engines, transact
from glance.registry.grouped import Grouped
from glance.registry.known import KnownImages
from glance.registry.leads import Lead, counting
from glance.registry.listing import listing, marking, unsettled
from glance.registry.rows import (
    WANTED,
    Rows,
    children_of,
    image_of,
    row_of,
    unfit,
)
from glance.registry.schema import images, leases, metadata, try_writing, used_ids

R = TypeVar("R")

Transact = Callable[[Callable[[Connection], Any]], Deferred[Any]]
"""
Calls a function in a transaction.
"""

STATEMENTS = 256
"""
How many statements of lists are kept.
"""

FORGOTTEN = 86_400_000_000
"""
How many microseconds after its end a lease is removed.
"""

# Statements that are made once: to make one takes longer than to run it.
_BY_ID = select(*WANTED).where(images.c.id == bindparam("wanted"))
_INSERT = {table: table.insert() for table in metadata.sorted_tables}


@implementer(IRegistry)
class DatabaseRegistry:
    """
    Keeps what is known of images in a database.

    Each call is one transaction.  One that is cancelled goes on to its end.
    """

    def __init__(
        self,
        engines: Engines,
        in_read_thread: InThread,
        in_write_thread: InThread,
        clock: IReactorTime,
    ) -> None:
        self._engines = engines
        self._clock = clock
        self._read: Transact = partial(in_read_thread, transact, engines.reader)
        self._look_up: Transact = self._read
        self._change: Transact = partial(in_write_thread, transact, engines.writer)
        if engines.writers == 1:
            # With SQLite.  Servers serve several threads, and group by themselves.
            self._look_up = Grouped(engines.reader, in_read_thread, changing=False)
            self._change = Grouped(engines.writer, in_write_thread, changing=True)
        self._unchanging = lru_cache(maxsize=STATEMENTS)(_unchanging)
        self._known = KnownImages()
        self._writable = True
        """Whether what was last written could be."""

    def create(self, image: Image, quota: Quota = UNBOUNDED) -> Deferred[Image]:
        def insert(db: Connection) -> Image:
            kept = evolve(image, revision=0)
            row = row_of(kept)
            more = booking.grown(None, kept, quota)
            if more:
                booking.await_turn(db, kept.owner)
            try:
                db.execute(_INSERT[images], row)
            except IntegrityError:
                raise _taken(image.id) from None
            # Only now: a purge that was under way has made its mark.
            used, was_used = booking.looked_up(db, kept.owner, more, kept.id)
            if was_used:
                raise _taken(image.id)
            booking.demand_room(used, more, quota)
            for table, rows in children_of(image):
                _rewrite(db, table, {}, rows)
            return kept

        return self._write(insert)

    def get(self, image_id: str) -> Deferred[Image]:
        def find(db: Connection) -> Image:
            if unfit(images.c.id, image_id) is not None:
                raise ImageNotFound.of(image_id)
            row = db.execute(_BY_ID, {"wanted": image_id}).first()
            if row is None:
                raise ImageNotFound.of(image_id)
            return image_of(row)

        return self._look_up(find)

    def find(self, query: Query) -> Deferred[Sequence[Image]]:
        def find(db: Connection) -> Sequence[Image]:
            def count(leads: Sequence[Lead], most: int) -> Sequence[int]:
                if not leads:
                    return ()
                return tuple(db.execute(counting(leads, most)).one())

            statement = self._unchanging(query)
            if statement is None:
                statement = listing(query, _marker(db, query), count)
            return self._known.read(db, statement)

        return self._read(find)

    def replace(
        self, old: Image, new: Image, quota: Quota = UNBOUNDED
    ) -> Deferred[Image]:
        return self._write(lambda db: _replace(db, old, new, quota))

    @deferred
    async def book(
        self, image_id: str, attempt_id: str, size: int, quota: Quota = UNBOUNDED
    ) -> int:
        booked: int | None = await self._write(
            lambda db: booking.book(db, image_id, attempt_id, size, quota)
        )
        if booked is None:
            raise booking.too_large(quota)
        return booked

    def usage(self, owner: str | None) -> Deferred[Usage]:
        return self._read(lambda db: booking.usage(db, owner))

    def renew(self, instance: str, seconds: float) -> Deferred[None]:
        def renew(db: Connection) -> None:
            now = self._engines.now(self._clock)
            db.execute(leases.delete().where(leases.c.expires < now - FORGOTTEN))
            if seconds:
                _lease(db, instance, now + int(seconds * 1_000_000))
            else:
                db.execute(leases.delete().where(leases.c.instance == instance))

        return self._write(renew)

    def unsettled(
        self, limit: int, after: str | None = None
    ) -> Deferred[Sequence[Image]]:
        def find(db: Connection) -> Sequence[Image]:
            now = self._engines.now(self._clock)
            rows = db.execute(unsettled(now, limit, after))
            return [image_of(row) for row in rows]

        return self._read(find)

    def purge(self, before: datetime, limit: int) -> Deferred[int]:
        return self._write(lambda db: _purge(db, before, limit))

    @deferred
    async def check(self) -> None:
        def ask(db: Connection) -> None:
            db.execute(select(images.c.id).limit(1)).first()

        await self._read(ask)
        # Leases are written all the time: what failed last tells.
        if not self._writable:
            await self._write(try_writing)

    def _write(self, work: Callable[[Connection], R]) -> Deferred[R]:
        def note(result: R | Failure) -> R | Failure:
            failed = isinstance(result, Failure) and result.check(RegistryUnavailable)
            self._writable = not failed
            return result

        return self._change(work).addBoth(note)


def _replace(db: Connection, old: Image, new: Image, quota: Quota) -> Image:
    if new.id != old.id:
        raise ValueError("the id of an image cannot be changed")
    kept = evolve(new, revision=old.revision + 1)
    more = booking.grown(old, kept, quota)
    if more:
        booking.await_turn(db, kept.owner)
    before, after = row_of(old), row_of(kept)
    changes = {name: value for name, value in after.items() if value != before[name]}
    same = and_(images.c.id == old.id, images.c.revision == old.revision)
    if db.execute(images.update().where(same), changes).rowcount == 0:
        there = select(images.c.id).where(images.c.id == old.id)
        if db.execute(there).first() is None:
            raise ImageNotFound.of(old.id)
        raise ImageChanged(f"Image {old.id} was changed by somebody else; try again.")
    for (table, rows), (_, past) in zip(
        children_of(kept), children_of(old), strict=True
    ):
        _rewrite(db, table, past, rows)
    booking.keep_books(db, old, kept)
    if more:
        booking.demand_room(booking.usage(db, kept.owner, more), more, quota)
    return kept


def _rewrite(db: Connection, table: Table, old: Rows, new: Rows) -> None:
    """
    Have a table hold the rows C{new} where it held C{old}.
    """
    gone = [key for key in old if old[key] != new.get(key)]
    fresh = [dict(row) for key, row in new.items() if row != old.get(key)]
    if gone:
        names = [column.name for column in table.primary_key]
        these = [table.c[name] == bindparam(f"old_{name}") for name in names]
        keys = [
            dict(zip((f"old_{n}" for n in names), key, strict=True)) for key in gone
        ]
        db.execute(table.delete().where(*these), keys)
    if fresh:
        db.execute(_INSERT[table], fresh)


def _lease(db: Connection, instance: str, expires: ColumnElement[int]) -> None:
    longer = leases.update().where(leases.c.instance == instance)
    longer = longer.values(expires=expires)
    if db.execute(longer).rowcount:
        return
    try:
        with db.begin_nested():
            db.execute(leases.insert().values(instance=instance, expires=expires))
    except IntegrityError:
        db.execute(longer)


def _purge(db: Connection, before: datetime, limit: int) -> int:
    then = images.c.deleted_at < before
    waiting = or_(
        images.c.status == Status.PENDING_DELETE.value,
        and_(images.c.deleted == literal(True), images.c.has_doomed == literal(True)),
    )
    late = select(images.c.id).where(then, waiting)
    if db.execute(late.limit(1)).first() is not None:
        raise ImagesWaiting(
            "Some of these images still have data in a store; "
            "purge again when the API service has deleted it."
        )
    gone = or_(
        and_(then, images.c.status == Status.DELETED.value),
        and_(
            images.c.status == Status.KILLED.value,
            images.c.has_doomed == literal(False),
            images.c.updated_at < before,
        ),
    )
    first = select(images.c.id).where(gone).order_by(images.c.updated_at)
    found = first.limit(limit).with_for_update()
    ids = [{"purged": row.id} for row in db.execute(found)]
    if ids:
        db.execute(used_ids.insert(), [{"id": row["purged"]} for row in ids])
        # What hangs on them goes with them, by the foreign keys.
        db.execute(images.delete().where(images.c.id == bindparam("purged")), ids)
    return len(ids)


class _Depends(Exception):
    """
    A statement depends on what there is.
    """


def _unchanging(query: Query) -> Select[Any] | None:
    """
    Get the statement that finds a list, where it is the same whatever images
    there are; L{None} where it isn't.

    To make one takes longer than to find a page with it, and the same lists are
    asked for again and again.
    """

    def count(leads: Sequence[Lead], most: int) -> Sequence[int]:
        if leads:
            raise _Depends
        return ()

    try:
        return listing(query, None, count) if query.marker is None else None
    except _Depends:
        return None


def _marker(db: Connection, query: Query) -> RowMapping | None:
    if query.marker is None:
        return None
    row = None
    if unfit(images.c.id, query.marker) is None:
        row = db.execute(marking(query)).mappings().first()
    if row is None:
        raise MarkerNotFound("There is no image with the marker's ID in this list.")
    return row


def _taken(image_id: str) -> ImageExists:
    return ImageExists(f"An image with ID {image_id} already exists, or once did.")
