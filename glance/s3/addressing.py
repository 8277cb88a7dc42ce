"""
Where a bucket is.
"""

from __future__ import annotations

import re
from enum import Enum
from urllib.parse import urlsplit

from attrs import evolve, frozen

from glance.s3.signing import Query, encoded_path, encoded_query

_AMAZON = re.compile(r"s3(?:[.-](?P<region>[a-z0-9-]+))?\.amazonaws\.com(?P<cn>\.cn)?")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])")
_REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")


class Style(Enum):
    """
    How a URL names a bucket.
    """

    AUTO = "auto"
    """In the host with Amazon, where the bucket's name allows that; or else in
    the path."""
    PATH = "path"
    VIRTUAL = "virtual"
    """In the host."""


@frozen
class Target:
    """
    What a request is for.
    """

    url: str
    """As it is sent."""
    host: str
    """What the C{Host} header says."""
    path: str
    """As it is signed."""
    query: str
    """As it is signed."""


@frozen
class Endpoint:
    """
    A server of S3.
    """

    scheme: str
    netloc: str
    """The host, with the port where it isn't the scheme's own."""
    root: str = ""
    """The path that all paths begin with, without a slash at its end."""
    style: Style = Style.AUTO

    @classmethod
    def parse(cls, url: str, style: Style = Style.AUTO) -> Endpoint:
        """
        Read the URL of a server; without a scheme it is one of HTTPS.

        @raise ValueError: that is no such URL.
        """
        parts = urlsplit(url if "://" in url else f"https://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("The URL of an S3 server is http://HOST or https://HOST.")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError(
                "The URL of an S3 server has neither credentials nor a query."
            )
        host = parts.hostname
        netloc = f"[{host}]" if ":" in host else host
        if parts.port not in (None, 443 if parts.scheme == "https" else 80):
            netloc += f":{parts.port}"
        return cls(parts.scheme, netloc, parts.path.rstrip("/"), style)

    @property
    def secure(self) -> bool:
        """
        Whether it is spoken to by TLS.
        """
        return self.scheme == "https"

    @property
    def region(self) -> str | None:
        """
        The region that its name says; L{None} where it says none.
        """
        found = _AMAZON.fullmatch(self.netloc)
        return found["region"] if found else None

    def same_server(self, other: Endpoint) -> bool:
        """
        Tell whether another one has the same buckets, however it is spoken to.
        With Amazon all have, but for those in China.
        """
        ours, theirs = _AMAZON.fullmatch(self.netloc), _AMAZON.fullmatch(other.netloc)
        if ours and theirs:
            return ours["cn"] == theirs["cn"]
        return (self.netloc, self.root) == (other.netloc, other.root)

    def within(self, region: str) -> Endpoint:
        """
        Get the one to ask for what is in a region: with Amazon each has its
        own.
        """
        found = _AMAZON.fullmatch(self.netloc)
        if found is None or found["region"] in (region, "accelerate"):
            return self
        return evolve(self, netloc=f"s3.{region}.amazonaws.com{found['cn'] or ''}")

    def target(self, bucket: str | None, key: str | None, query: Query) -> Target:
        """
        Get the URL of an object, of a bucket where C{key} is L{None}, or of the
        server itself where C{bucket} is, too.

        @raise ValueError: nothing can be called so.  With an empty key, what is
            meant for an object would be done to its bucket.
        """
        netloc, path = self.netloc, self.root + "/"
        if key == "":
            raise ValueError("An object's key isn't empty.")
        if bucket is not None:
            if not _BUCKET.fullmatch(bucket):
                raise ValueError("No bucket can be called so.")
            if self._in_host(bucket):
                netloc = f"{bucket}.{netloc}"
                path += key or ""
            else:
                path += bucket if key is None else f"{bucket}/{key}"
        sent, asked = encoded_path(path), encoded_query(query)
        url = f"{self.scheme}://{netloc}{sent}" + (f"?{asked}" if asked else "")
        return Target(url, netloc, sent, asked)

    def _in_host(self, bucket: str) -> bool:
        if self.style is Style.AUTO:
            amazon = _AMAZON.fullmatch(self.netloc) is not None
            return amazon and _LABEL.fullmatch(bucket) is not None
        return self.style is Style.VIRTUAL


def region_named(text: str | None) -> str | None:
    """
    Get the name of a region, as a server says it; L{None} if it is none.

    It becomes a part of a host's name.
    """
    return text if text and _REGION.fullmatch(text) else None
