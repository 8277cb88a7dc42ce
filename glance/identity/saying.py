"""
What the headers of a request say of who sent it.
"""

from __future__ import annotations

from glance.errors import Unauthenticated
from glance.interfaces import Caller


def header(caller: Caller, name: str) -> str | None:
    """
    Get what a header says; L{None} for nothing.

    @raise Unauthenticated: it is there twice: a client may have brought the
        one, and its proxy added the other.
    """
    values = caller.headers.getRawHeaders(name.encode(), ())
    if len(values) > 1:
        raise Unauthenticated(f"There are several {name} headers.")
    try:
        return values[0].decode().strip() or None if values else None
    except UnicodeDecodeError as error:
        raise Unauthenticated(f"The {name} header is not in UTF-8.") from error
