"""
What data may be called in a store, and how much of it there has to be.
"""

from __future__ import annotations

import re

from glance.errors import DataDamaged, Invalid

_KEY = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,199}")


def is_key(key: str) -> bool:
    """
    Tell whether data may be called so.

    A key is a plain name: whatever joins it to a path stays where it is.
    """
    return _KEY.fullmatch(key) is not None and ".." not in key


def checked(key: str) -> str:
    """
    Get C{key}, which new data is to be called by.

    @raise Invalid: it may not be called so.
    """
    if not is_key(key):
        raise Invalid("That cannot be the key of an image's data.")
    return key


def demand_size(found: int, size: int | None) -> None:
    """
    Refuse to give a part of data that isn't whole any more.

    @param found: how many bytes there are.
    @param size: how many there have to be; L{None} where nobody knows.

    @raise DataDamaged: there are more or fewer.
    """
    if size is not None and found != size:
        raise DataDamaged(
            f"There are {found} bytes of data where there were {size}; tell the "
            "operator."
        )
