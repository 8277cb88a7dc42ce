"""
Signatures of version 4 (SigV4), as pure functions.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import reduce
from urllib.parse import quote

from glance.s3.credentials import Credentials

UNSIGNED = "UNSIGNED-PAYLOAD"
"""In place of the hash of a body that isn't known beforehand."""

EMPTY = hashlib.sha256(b"").hexdigest()
"""The hash of no body."""

_ALGORITHM = "AWS4-HMAC-SHA256"

Query = Iterable[tuple[str, str]]


def encoded_path(path: str) -> str:
    """
    Encode a path, as it is both signed and sent.

    Nothing in it is taken for anything else: C{..} and empty pieces stay.
    """
    return quote(path, safe="/-._~")


def encoded_query(query: Query) -> str:
    """
    Encode a query, as it is both signed and sent.
    """
    pairs = sorted((quote(k, safe="-._~"), quote(v, safe="-._~")) for k, v in query)
    return "&".join(f"{key}={value}" for key, value in pairs)


def canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, str], payload: str
) -> str:
    """
    Get the one form that all spellings of a request have.

    @param path: as L{encoded_path} has it.
    @param query: as L{encoded_query} has it.
    @param headers: all that are signed, by their names in lower case.
    @param payload: the SHA-256 of the body in hexadecimal, or L{UNSIGNED}.
    """
    lines = [f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers)]
    return "\n".join(
        [method, path, query, "".join(lines), ";".join(sorted(headers)), payload]
    )


def signing_key(secret_key: str, day: str, region: str, service: str = "s3") -> bytes:
    """
    Get the key that signs a day's requests in a region.

    @param day: as C{20261126}.
    """

    def step(key: bytes, text: str) -> bytes:
        return hmac.digest(key, text.encode(), "sha256")

    pieces = [day, region, service, "aws4_request"]
    return reduce(step, pieces, f"AWS4{secret_key}".encode())


def signed(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    *,
    payload: str,
    credentials: Credentials,
    region: str,
    now: float,
) -> dict[str, str]:
    """
    Sign a request.

    @param path: as L{encoded_path} has it.
    @param query: as L{encoded_query} has it.
    @param headers: all that are sent and none may change, by their names in
        lower case; C{host} among them.
    @param payload: the SHA-256 of the body in hexadecimal, or L{UNSIGNED}.
    @param now: seconds since 1970.

    @return: the headers to send.
    """
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {**headers, "x-amz-date": stamp, "x-amz-content-sha256": payload}
    if credentials.session_token is not None:
        headers["x-amz-security-token"] = credentials.session_token
    canonical = canonical_request(method, path, query, headers, payload)
    day = stamp[:8]
    scope = f"{day}/{region}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join([_ALGORITHM, stamp, scope, digest])
    key = signing_key(credentials.secret_key, day, region)
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    names = ";".join(sorted(headers))
    return {
        **headers,
        "authorization": f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}",
    }
