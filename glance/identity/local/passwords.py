"""
What is kept of passwords and keys: nothing that they can be had back from.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from hashlib import scrypt, sha256

COST, BLOCK, PARALLEL = 1 << 14, 8, 5
"""
The cost of scrypt: 16 MiB of memory, and about a fifth of a second.
"""

LONGEST = 1024
"""The most characters that a password may have."""

_MEMORY = 64 << 20
"""The most bytes that scrypt may take, whatever a hash asks for."""

_PREFIX = "gak_"


def hashed(password: str) -> str:
    """
    Get what to keep of a password.  This takes a while.
    """
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, COST, BLOCK, PARALLEL)
    return _written(salt, digest)


def of_nobody() -> str:
    """
    Get what no password matches, and takes as long to find that out.
    """
    return _written(secrets.token_bytes(16), secrets.token_bytes(32))


def matches(password: str, kept: str) -> bool:
    """
    Tell whether a password is the one that something was kept of.  This takes a
    while.
    """
    name, cost, block, parallel, salt, digest = kept.split("$")
    if name != "scrypt":
        return False
    tried = _scrypt(password, b64decode(salt), int(cost), int(block), int(parallel))
    # To scrypt a password is the same with NULs after it.
    return "\0" not in password and hmac.compare_digest(tried, b64decode(digest))


def _written(salt: bytes, digest: bytes) -> str:
    parts = (b64encode(part).decode() for part in (salt, digest))
    return "$".join(["scrypt", str(COST), str(BLOCK), str(PARALLEL), *parts])


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost,
        r=block,
        p=parallel,
        maxmem=_MEMORY,
        dklen=32,
    )


def new_password() -> str:
    """
    Make a password that nobody guesses.
    """
    return _secret(16)


def new_key() -> tuple[str, str]:
    """
    Make the id and the secret of a key.
    """
    return secrets.token_hex(8), _secret(32)


def _secret(size: int) -> str:
    # What begins with - is an option to command lines.
    return secrets.token_hex(size)


def key_token(key_id: str, secret: str) -> str:
    """
    Get the token that a key is shown as.
    """
    return f"{_PREFIX}{key_id}_{secret}"


def key_parts(token: str) -> tuple[str, str] | None:
    """
    Get the id and the secret of a key; L{None} if a token isn't one.
    """
    if not token.startswith(_PREFIX):
        return None
    key_id, _, secret = token[len(_PREFIX) :].partition("_")
    return key_id, secret


def key_digest(secret: str) -> str:
    """
    Get what to keep of a key's secret, which is too long to be guessed.
    """
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def key_matches(secret: str, digest: str) -> bool:
    """
    Tell whether a secret is the one that a digest was kept of.
    """
    return hmac.compare_digest(key_digest(secret), digest)
