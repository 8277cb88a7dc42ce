"""
L{Query}: which images a list is to hold.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from attrs import frozen

from glance.context import Context
from glance.image import Consent, Visibility


class Operator(Enum):
    """
    How an attribute is compared.
    """

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"


@frozen
class Condition:
    """
    What an attribute of L{glance.image.Image} has to be.
    """

    attribute: str
    """
    One of L{COMPARABLE}.  Of location only EQ can be asked, with a key that one of
    the image's locations has.
    """
    operator: Operator
    value: Any
    """Of the attribute's type; for IN a tuple of such."""


@frozen(kw_only=True)
class Scope:
    """
    The images that a list may show: those that any of these names.
    """

    everything: bool = False
    """All of them; the rest does not count then."""
    visibilities: frozenset[Visibility] = frozenset()
    """All of these."""
    owner: str | None = None
    """All that this one owns; L{None} for no more."""
    member: str | None = None
    """Those shared with this one; L{None} for no more."""
    member_visibilities: frozenset[Visibility] = frozenset({Visibility.SHARED})
    """What those may be to count as shared."""
    consents: frozenset[Consent] = frozenset({Consent.ACCEPTED})
    """What the member has to think of them."""


EVERYTHING = Scope(everything=True)


def seen_by(context: Context) -> Scope:
    """
    Get what a list shows a caller that doesn't ask for more: what is public,
    its own, and what it has accepted.
    """
    return Scope(
        visibilities=frozenset({Visibility.PUBLIC}),
        owner=context.owner,
        member=context.tenant,
    )


SORTABLE = frozenset(
    {
        "id",
        "name",
        "status",
        "disk_format",
        "container_format",
        "size",
        "created_at",
        "updated_at",
        "owner",
        "visibility",
        "min_disk",
        "min_ram",
        "virtual_size",
    }
)
"""
What lists can be sorted by.
"""

COMPARABLE = SORTABLE | {
    "checksum",
    "location",
    "os_hash_algo",
    "os_hash_value",
    "protected",
}
"""
What L{Condition}s may be about.
"""


@frozen
class Order:
    """
    One of the attributes that a list is sorted by.
    """

    attribute: str
    """One of L{SORTABLE}.  No value sorts as an empty string, or as zero."""
    descending: bool = True


NEWEST_FIRST = (Order("created_at"), Order("id"))


@frozen(kw_only=True)
class Query:
    """
    Which images a list is to hold, and in which order.
    """

    scope: Scope
    conditions: tuple[Condition, ...] = ()
    """All of these hold."""
    properties: tuple[tuple[str, str], ...] = ()
    """Custom properties, each a name and the value that it has."""
    tags: tuple[str, ...] = ()
    """Each of these is there."""
    deleted: bool | None = False
    """Whether deleted ones are meant; L{None} for both kinds."""
    hidden: bool | None = False
    """Whether hidden ones are meant; L{None} for both kinds."""
    order: tuple[Order, ...] = NEWEST_FIRST
    """
    Ties are broken by created_at and id, in the direction of the first of
    these, where they aren't among them.
    """
    limit: int | None = None
    """How many at the most; L{None} for all."""
    marker: str | None = None
    """The id of the image that the list begins after; L{None} for the start."""
