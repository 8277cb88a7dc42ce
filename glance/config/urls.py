"""
URLs in options.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_BARE = re.compile(r"[\x21-\x7e]+")


def is_url(text: str) -> bool:
    """
    Tell whether something is the URL of a server, with nothing in it that is secret.
    """
    try:
        parts = urlsplit(text)
        # Getting the port sees whether it can be one.
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    known = parts.scheme in ("http", "https") and "://" not in parts.path
    plain = parts.username is None and not (parts.query or parts.fragment)
    return named and known and plain and _BARE.fullmatch(text) is not None
