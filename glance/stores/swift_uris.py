"""
What older Glances called their data in Swift.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from attrs import frozen

from glance.stores.keys import is_key

_SCHEMES = ("swift", "swift+http", "swift+https")
_REFERRING = "swift+config"
_VERSION = re.compile(r"/v[0-9]+(\.[0-9]+)?$")
_CONTAINER = re.compile(r"[^/\x00-\x1f\x7f]{1,256}")


@frozen(kw_only=True)
class Origin:
    """
    The account that a store has its data in, as older Glances name it.
    """

    address: str
    """Where its tokens are had."""

    user: str
    """Who has them; with C{ACCOUNT:USER} other accounts are told apart."""

    references: frozenset[str] = frozenset()
    """The names that it has where accounts are called by their names."""

    def find(self, uri: str) -> tuple[str, str] | None:
        """
        Get the container and the object that a URI names; L{None} if they
        aren't in this account.

        @param uri: C{swift://USER:KEY@ADDRESS/CONTAINER/OBJECT}, where the key
            may have a slash or an at sign in it, or C{swift+config://REFERENCE/
            CONTAINER/OBJECT}.
        """
        scheme, _, rest = uri.partition("://")
        where, *names = rest.rsplit("/", 2)
        if len(names) != 2 or not self._is_here(scheme, where):
            return None
        container, name = names
        return (container, name) if is_place(container, name) else None

    def _is_here(self, scheme: str, where: str) -> bool:
        if scheme == _REFERRING:
            return where in self.references
        credentials, _, address = where.rpartition("@")
        return (
            scheme in _SCHEMES
            and _bare(address) == _bare(self.address)
            and (":" not in self.user or _account(credentials) == _account(self.user))
        )


def is_place(container: str, name: str) -> bool:
    """
    Tell whether an image's data may be in that object.
    """
    safe = _CONTAINER.fullmatch(container) and container not in (".", "..")
    return bool(safe) and is_key(name)


def _bare(address: str) -> str:
    """
    Get what stays of an address, whatever is spoken there.
    """
    address = address.rpartition("://")[2].strip("/")
    host, slash, path = _VERSION.sub("", address).partition("/")
    return host.lower() + slash + path


def _account(credentials: str) -> str:
    return unquote(credentials).partition(":")[0]
