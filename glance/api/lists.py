"""
What lists of all versions have in common.
"""

from __future__ import annotations

from datetime import UTC, datetime

from glance.image import Status
from glance.query import Condition, Operator

SORT_KEYS = (
    "name",
    "status",
    "container_format",
    "disk_format",
    "size",
    "id",
    "created_at",
    "updated_at",
)
"""What lists can be sorted by, in the order in which it is said."""

MOST = 128
"""How many tags and properties can be asked for together."""

LIVING = Condition("status", Operator.NE, Status.KILLED)
"""What all lists hold: no image whose upload has failed."""


def read_moment(text: str) -> datetime:
    """
    Read a time, as a query string has it; without a zone it is in UTC.

    @raise ValueError: it is none.
    @raise OverflowError: it is none that there is.
    """
    # The plus of a zone that wasn't escaped has become a space; what stands between
    # date and time may be either.
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)
