"""
Tokens that say who has them, signed so that nobody else can write one.
"""

from __future__ import annotations

import binascii
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from attrs import frozen

_PREFIX = "gat_"
_LONGEST = 4096


@frozen(kw_only=True)
class Claim:
    """
    What a token says.
    """

    id: str
    """Its own, by which it is revoked."""
    user: str
    revision: int
    """Of the user, when it logged in."""
    project: str | None
    """The id of what it is good for; L{None} if only to ask for another token."""
    methods: tuple[str, ...]
    """How the user logged in, in Keystone's words."""
    issued: float
    """In seconds since 1970."""
    expires: float
    """In seconds since 1970."""
    key: str | None = None
    """The id of the key that it was had for; it is good for as long as that."""


_NAMES: Mapping[str, str] = {
    "id": "i",
    "user": "u",
    "revision": "r",
    "project": "p",
    "methods": "m",
    "issued": "b",
    "expires": "e",
    "key": "k",
}


def sign(claim: Claim, secret: bytes) -> str:
    """
    Write a token.
    """
    said = {short: getattr(claim, name) for name, short in _NAMES.items()}
    text = _encoded(json.dumps(said, separators=(",", ":")).encode())
    return f"{_PREFIX}{text}.{_encoded(_mac(text, secret))}"


def read(token: str, secret: bytes) -> Claim | None:
    """
    Read a token; L{None} if it wasn't written with this secret.

    Whether it has expired, or was revoked, is not looked at.
    """
    if not token.startswith(_PREFIX) or len(token) > _LONGEST or not token.isascii():
        return None
    text, _, mac = token[len(_PREFIX) :].partition(".")
    if not hmac.compare_digest(_encoded(_mac(text, secret)), mac):
        return None
    # From here on it is our own text.
    try:
        said: Any = json.loads(_decoded(text))
        given = {name: said[short] for name, short in _NAMES.items()}
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
    return Claim(**{**given, "methods": tuple(given["methods"])})


def _mac(text: str, secret: bytes) -> bytes:
    return hmac.digest(secret, text.encode(), "sha256")


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
