"""
What data may be called in a store.
"""

from __future__ import annotations

import re

from glance.errors import Invalid

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
