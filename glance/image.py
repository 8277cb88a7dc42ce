"""
L{Image}: what is known of an image, and the states that it goes through.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from attrs import evolve, field, frozen

from glance.errors import BadTransition


class Status(Enum):
    """
    How far an image has come.
    """

    QUEUED = "queued"
    """It waits for its data."""
    SAVING = "saving"
    """Its data is on the way into a store."""
    ACTIVE = "active"
    """Its data is whole."""
    DEACTIVATED = "deactivated"
    """Its data is whole, and only administrators may have it."""
    KILLED = "killed"
    """Its upload failed, and v1 began it."""
    PENDING_DELETE = "pending_delete"
    """It is deleted, its data not yet."""
    DELETED = "deleted"
    """It is deleted, and so is its data.  Its id stays taken."""


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset(
        {Status.SAVING, Status.ACTIVE, Status.KILLED, Status.PENDING_DELETE}
    ),
    Status.SAVING: frozenset(
        {Status.QUEUED, Status.ACTIVE, Status.KILLED, Status.PENDING_DELETE}
    ),
    Status.ACTIVE: frozenset({Status.DEACTIVATED, Status.PENDING_DELETE}),
    Status.DEACTIVATED: frozenset({Status.ACTIVE, Status.PENDING_DELETE}),
    Status.KILLED: frozenset({Status.PENDING_DELETE}),
    Status.PENDING_DELETE: frozenset({Status.DELETED}),
    Status.DELETED: frozenset(),
}
"""
Which status may follow which.
"""

WHOLE = frozenset({Status.ACTIVE, Status.DEACTIVATED})
"""
What an image may be that has all of its data.
"""

GONE = frozenset({Status.PENDING_DELETE, Status.DELETED})
"""
What an image that was deleted may be.
"""


class Visibility(Enum):
    """
    Who sees an image, beside its owner and administrators.
    """

    PUBLIC = "public"
    """Everybody, and in lists."""
    COMMUNITY = "community"
    """Everybody who knows the id."""
    SHARED = "shared"
    """Its members."""
    PRIVATE = "private"
    """Nobody."""


class Consent(Enum):
    """
    What a member thinks of an image being shared with it.
    """

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@frozen(kw_only=True)
class Member:
    """
    A project that an image is shared with.
    """

    id: str
    status: Consent = Consent.PENDING
    can_share: bool = False
    """Whether the member may share the image further; v1 only."""
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class Location:
    """
    Where data of an image rests.
    """

    store: str
    """The name of the store."""
    key: str
    """What the store knows the data by; opaque to everybody else."""
    metadata: Mapping[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Attempt:
    """
    One try to fill an image with data.
    """

    id: str
    """Unique to this try."""
    instance: str
    """The process that tries; while its lease lasts, so does the attempt."""
    location: Location
    """Where the data goes.  The key is this attempt's alone."""
    fallback: Status
    """What the image becomes if it fails: queued, or killed where v1 began it."""
    size: int | None = None
    """How many bytes its data is said to have; L{None} if nobody said."""


@frozen(kw_only=True)
class Image:
    """
    An image: a value.  A change is a new value.

    Times are in UTC, and aware of it.
    """

    id: str
    """A UUID, in lower case with dashes."""
    revision: int = 0
    """Counts the changes; the registry sets it."""
    name: str | None = None
    status: Status = Status.QUEUED
    visibility: Visibility = Visibility.SHARED
    owner: str | None = None
    """The project that owns it; L{None} where projects aren't known."""
    disk_format: str | None = None
    container_format: str | None = None
    size: int | None = None
    """Bytes of data; before it is active, what was announced, if anything."""
    virtual_size: int | None = None
    """Bytes of the disk that the data describes."""
    checksum: str | None = None
    """The MD5 of the data, in hexadecimal; before it is active, as announced."""
    os_hash_algo: str | None = None
    """The name of a better hash, as L{hashlib} has it."""
    os_hash_value: str | None = None
    min_disk: int = 0
    """Gibibytes of disk that a machine needs for it."""
    min_ram: int = 0
    """Mebibytes of memory that a machine needs for it."""
    protected: bool = False
    """Whether it cannot be deleted."""
    os_hidden: bool = False
    """Whether lists leave it out unless asked."""
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    properties: Mapping[str, str | None] = field(factory=dict)
    tags: frozenset[str] = frozenset()
    members: tuple[Member, ...] = ()
    locations: tuple[Location, ...] = ()
    """Where its data rests: each place has all of it."""
    attempt: Attempt | None = None
    """The upload that is under way, while it is saving."""
    doomed: tuple[Location, ...] = ()
    """Where data of failed attempts may still lie; the reaper empties this."""

    @property
    def version(self) -> tuple[str, int, datetime]:
        """
        What no other value of an image has: its id, revision and time of change.
        """
        return self.id, self.revision, self.updated_at

    @property
    def places(self) -> tuple[Location, ...]:
        """
        Where there may be data of it: what it has, what is on its way, and what
        attempts have left.
        """
        attempts = () if self.attempt is None else (self.attempt.location,)
        return (*self.locations, *self.doomed, *attempts)

    def becoming(self, status: Status, **changes: Any) -> Image:
        """
        Get the image as it is once it has another status.

        @param changes: other attributes that change with it.  Who ends an
            upload says so: C{attempt=None}.

        @raise BadTransition: that status cannot follow, or an upload is under
            way.
        """
        if status not in TRANSITIONS[self.status] or (
            self.attempt is not None and "attempt" not in changes
        ):
            raise BadTransition(
                f"Image {self.id} is {self.status.value}; "
                f"it cannot become {status.value}."
            )
        return evolve(self, status=status, **changes)

    def member(self, member_id: str) -> Member | None:
        """
        Find the member of that id; L{None} if there is none.
        """
        for member in self.members:
            if member.id == member_id:
                return member
        return None
