"""
How much an owner has, and whether there is room for more.

Nothing is counted up and down: what an owner has is summed up from its images, along
an index, in the transaction that would make it more.  So there is nothing that could
be wrong after a crash.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.exc import IntegrityError

from glance.errors import ImageNotFound, QuotaExceeded, UploadSuperseded
from glance.image import GONE, Image, Status
from glance.limits import Quota, Usage
from glance.registry.filters import opaque
from glance.registry.rows import WANTED, image_of, stored
from glance.registry.schema import bookings, images, owners, used_ids

AHEAD = 64 << 20
"""
The most bytes that are booked beyond what was asked for.
"""

PLENTY = 64
"""
So many times what is booked ahead has to be left for others.
"""

LEAST_AHEAD = 1 << 20
"""
Fewer bytes are not booked ahead: where there is little, exactly what fits gets in.
"""

UNCOUNTED = GONE | {Status.KILLED}
"""
What isn't one of its owner's images: no list shows what was killed, so that nobody
could delete it to have room for others.
"""

SIZE, IMAGES, UPLOADS = range(3)

ALL = frozenset({SIZE, IMAGES, UPLOADS})

_BY_ID = select(*WANTED).where(images.c.id == bindparam("wanted"))


def part(image: Image) -> Usage:
    """
    Get how much of what its owner has an image is.
    """
    announced = 0 if image.attempt is None else image.attempt.size or 0
    return Usage(
        size=stored(image) + announced,
        images=int(image.status not in UNCOUNTED),
        uploads=int(image.status is Status.SAVING),
    )


def grown(old: Image | None, new: Image, quota: Quota) -> frozenset[int]:
    """
    Tell of what its owner would have more, where that is bounded.
    """
    before = Usage() if old is None or old.owner != new.owner else part(old)
    after = part(new)
    kinds = (
        (SIZE, quota.size, before.size < after.size),
        (IMAGES, quota.images, before.images < after.images),
        (UPLOADS, quota.uploads, before.uploads < after.uploads),
    )
    return frozenset(kind for kind, bound, more in kinds if more and bound >= 0)


def await_turn(db: Connection, owner: str | None) -> None:
    """
    Have nobody else ask for room for this owner before this transaction ends.  It
    comes before all that is read, and before images are locked.
    """
    if db.dialect.name == "sqlite":
        # Only one changes anything at a time.
        return
    this = owners.c.owner == (owner or "")
    turn = select(owners.c.owner).where(this).with_for_update()
    if db.execute(turn).first() is not None:
        return
    try:
        with db.begin_nested():
            db.execute(owners.insert().values(owner=owner or ""))
    except IntegrityError:
        db.execute(turn).first()


def demand_room(used: Usage, kinds: frozenset[int], quota: Quota) -> None:
    """
    Refuse what has been written, if its owner has more now than it may.

    @param used: what the owner has, with what has been written.
    @param kinds: of what it has got more.

    @raise QuotaExceeded: that is so.
    """
    if IMAGES in kinds and used.images > quota.images:
        raise QuotaExceeded(
            f"Quota exceeded: this project may have {quota.images} images, and has "
            f"{used.images - 1}. Delete images, or ask an administrator for more."
        )
    if UPLOADS in kinds and used.uploads > quota.uploads:
        raise QuotaExceeded(
            f"Quota exceeded: this project may have {quota.uploads} uploads at a time, "
            f"and has {used.uploads - 1}. Try again when one of them is over."
        )
    if SIZE in kinds and used.size > quota.size:
        raise too_large(quota)


def usage(db: Connection, owner: str | None, kinds: frozenset[int] = ALL) -> Usage:
    """
    Sum up what an owner has.

    @param kinds: of what; the rest is 0.
    """
    return looked_up(db, owner, kinds)[0]


def looked_up(
    db: Connection, owner: str | None, kinds: frozenset[int], image_id: str = ""
) -> tuple[Usage, bool]:
    """
    Sum up what an owner has, and see whether an id was that of an image which has
    been purged: in one statement, because each takes its time.

    @param kinds: of what; the rest is 0.
    """
    asked = {"owned_by": owner, "wanted": image_id}
    was_used, *summed = db.execute(_summing(kinds, owner is None), asked).one()
    named = dict(zip(sorted(kinds), summed, strict=True))
    used = Usage(
        size=int(named.get(SIZE, 0)),
        images=named.get(IMAGES, 0),
        uploads=named.get(UPLOADS, 0),
    )
    return used, bool(was_used)


@lru_cache(maxsize=16)
def _summing(kinds: frozenset[int], nobodys: bool) -> Select[Any]:
    """
    Make the statement that sums up: to make it takes longer than to run it.
    """

    def own(table: Table) -> ColumnElement[bool]:
        owner = table.c.owner
        return owner.is_(None) if nobodys else owner == bindparam("owned_by")

    def total(column: ColumnElement[int], *where: ColumnElement[bool]) -> Any:
        whole = func.coalesce(func.sum(column), 0)
        return select(whole).where(own(column.table), *where).scalar_subquery()

    def number(*where: ColumnElement[bool]) -> Any:
        found = select(func.count()).select_from(images).where(*where)
        return found.scalar_subquery()

    # Data of deleted images counts until it is removed.
    some = images.c.stored > 0
    alive = and_(images.c.deleted == literal(False), some)
    gone = and_(images.c.deleted == literal(True), some)
    sums = {
        SIZE: total(images.c.stored, alive)
        + total(images.c.stored, gone)
        + total(bookings.c.size),
        IMAGES: number(
            own(images),
            images.c.deleted == literal(False),
            opaque(images.c.status != Status.KILLED.value),
        ),
        UPLOADS: number(images.c.status == Status.SAVING.value, opaque(own(images))),
    }
    was_used = exists().where(used_ids.c.id == bindparam("wanted"))
    return select(was_used, *(sums[kind] for kind in sorted(kinds)))


def keep_books(db: Connection, old: Image, new: Image) -> None:
    """
    Book what an image's attempt is said to bring; let go of what was booked for data
    that is the image's own now, or removed.
    """
    before, after = _awaited(old), _awaited(new)
    if before - after:
        db.execute(
            bookings.delete().where(
                bookings.c.image_id == new.id, bookings.c.key.in_(before - after)
            )
        )
    if before & after and old.owner != new.owner:
        these = bookings.update().where(bookings.c.image_id == new.id)
        db.execute(these.values(owner=new.owner))
    attempt = new.attempt
    if attempt is not None and attempt.size and attempt.location.key not in before:
        _insert(db, new, attempt.location.key, attempt.size)


def _awaited(image: Image) -> frozenset[str]:
    """
    Get the keys of data that an image gets, or that is still to be removed.
    """
    doomed = {place.key for place in image.doomed}
    if image.attempt is not None:
        doomed.add(image.attempt.location.key)
    return frozenset(doomed)


def _insert(db: Connection, image: Image, key: str, size: int) -> None:
    row = {"image_id": image.id, "key": key, "owner": image.owner, "size": size}
    db.execute(bookings.insert(), row)


def book(
    db: Connection, image_id: str, attempt_id: str, size: int, quota: Quota
) -> int | None:
    """
    Book room for an attempt, as L{glance.interfaces.IRegistry.book} says.

    @return: L{None} where there isn't so much: what was booked is let go of then,
        which is to be kept.
    """
    image = _saving(db, image_id, attempt_id, lock=False)
    if quota.size >= 0:
        await_turn(db, image.owner)
        image = _saving(db, image_id, attempt_id, lock=True)
    assert image.attempt is not None
    key = image.attempt.location.key
    this = and_(bookings.c.image_id == image.id, bookings.c.key == key)
    booked = db.execute(select(bookings.c.size).where(this)).scalar() or 0
    if booked >= size:
        return booked
    room = size + PLENTY * AHEAD
    if quota.size >= 0:
        used = usage(db, image.owner, frozenset({SIZE})).size
        room = quota.size - used + booked
    if room < size:
        db.execute(bookings.delete().where(this))
        return None
    ahead = min(AHEAD, (room - size) // PLENTY)
    total = size + (ahead if ahead >= LEAST_AHEAD else 0)
    if not db.execute(bookings.update().where(this).values(size=total)).rowcount:
        _insert(db, image, key, total)
    return total


def _saving(db: Connection, image_id: str, attempt_id: str, *, lock: bool) -> Image:
    """
    Get an image that an attempt is filling.

    @param lock: whether nobody may change it for a while.
    """
    statement = _BY_ID
    if lock:
        statement = statement.with_for_update()
    row = db.execute(statement, {"wanted": image_id}).first()
    if row is None:
        raise ImageNotFound.of(image_id)
    image = image_of(row)
    if image.attempt is None or image.attempt.id != attempt_id:
        raise UploadSuperseded(f"The upload of image {image_id} has ended already.")
    return image


def too_large(quota: Quota) -> QuotaExceeded:
    """
    Get what is said where there is no room for more data.
    """
    return QuotaExceeded(
        f"Quota exceeded: the images of this project may have {quota.size} bytes in "
        "all, and these would be more. Delete images, or ask an administrator for more."
    )
