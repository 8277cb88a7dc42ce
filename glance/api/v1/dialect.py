"""
How the two views of version 1 differ.
"""

from __future__ import annotations

import sys

from attrs import frozen

from glance.api.v1 import filters


@frozen(kw_only=True)
class Dialect:
    """
    What one view does unlike the other.
    """

    prefix: str
    """What stands before C{/images}."""
    true: frozenset[str]
    """What means yes in a header; anything else means no."""
    ignores_unknown: bool
    """Whether attributes that don't exist are let pass, rather than refused."""
    sends_null: bool
    """Whether what has no value is sent as an empty header, rather than none,
    and so is a location: clients of 2011 die without it."""
    needs_formats: bool
    """Whether an image needs its formats before its data."""
    zero_is_a_size: bool
    """Whether a size of zero says that there is no data, rather than that
    nobody knows."""
    purges_on_upload: bool
    """Whether a PUT that brings data removes the properties that it doesn't
    name, as one without data does."""
    shows_deleted: bool
    """Whether administrators are told of deleted images."""
    locates: frozenset[bytes]
    """The methods whose answers say where the image is."""
    query: filters.QueryOf
    """What a list is asked for."""
    page: int
    """About how many bytes a list has at most."""


CACTUS = Dialect(
    prefix="",
    true=frozenset({"true"}),
    ignores_unknown=True,
    sends_null=True,
    needs_formats=False,
    zero_is_a_size=False,
    purges_on_upload=True,
    shows_deleted=False,
    locates=frozenset({b"HEAD", b"GET", b"POST", b"PUT"}),
    query=filters.all_public,
    page=sys.maxsize,
)
"""
The un-versioned API of 2011.2.
"""

LAST = Dialect(
    prefix="/v1",
    true=filters.TRUE,
    ignores_unknown=False,
    sends_null=False,
    needs_formats=True,
    zero_is_a_size=True,
    purges_on_upload=False,
    shows_deleted=True,
    locates=frozenset({b"POST"}),
    query=filters.query,
    # Some clients take a short page for the last; what they ask for has room here,
    # however large images are.
    page=1 << 24,
)
"""
Version 1 as 16.0.1 had it last.
"""
