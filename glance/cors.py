"""
What scripts of other sites may do (CORS).

A browser asks first whether a script may send what it wants to, and hides answers
from scripts that the server doesn't name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from twisted.web.http import Request

ALWAYS = frozenset(
    {
        "accept",
        "accept-language",
        "cache-control",
        "content-language",
        "content-type",
        "expires",
        "last-modified",
        "pragma",
    }
)
"""The headers that any script that may ask may send."""


@frozen(kw_only=True)
class CORS:
    """
    The sites whose scripts may ask, and what.
    """

    origins: frozenset[str]
    """Such as C{https://images.example.com}; C{*} is any."""

    credentials: bool
    """Whether browsers send their users' cookies and passwords along; never where
    any site may ask."""

    exposed: Sequence[str]
    """The headers of answers that scripts may see."""

    max_age: int
    """For how many seconds a browser remembers what it was told; 0 for not."""

    methods: frozenset[str]
    headers: frozenset[str]
    """The headers that scripts may send, in small letters, beside L{ALWAYS}."""

    def begin(self, request: Request) -> None:
        """
        Say in the answer to a request, whatever it becomes, what the script that
        has sent it may do.
        """
        headers = request.responseHeaders
        if self.origins != {"*"}:
            headers.addRawHeader("vary", "Origin")
        origin = _one(request, "origin")
        if origin is None or not ({origin, "*"} & self.origins):
            return
        if request.method == b"OPTIONS" and not self._permit(request):
            return
        named = origin in self.origins
        headers.setRawHeaders("access-control-allow-origin", [origin if named else "*"])
        if self.credentials and named:
            headers.setRawHeaders("access-control-allow-credentials", ["true"])
        if request.method != b"OPTIONS" and self.exposed:
            exposed = ",".join(self.exposed)
            headers.setRawHeaders("access-control-expose-headers", [exposed])

    def _permit(self, request: Request) -> bool:
        """
        Answer what a browser asks before it sends what a script wants to.

        @return: whether it may.
        """
        method = _one(request, "access-control-request-method")
        lines = request.requestHeaders.getRawHeaders(
            "access-control-request-headers", []
        )
        names = [name.strip() for line in lines for name in line.split(",")]
        wanted = [name for name in names if name]
        allowed = self.headers | ALWAYS
        if method not in self.methods or any(n.lower() not in allowed for n in wanted):
            return False
        headers = request.responseHeaders
        headers.setRawHeaders("access-control-allow-methods", [method])
        if wanted:
            headers.setRawHeaders("access-control-allow-headers", [",".join(wanted)])
        if self.max_age:
            headers.setRawHeaders("access-control-max-age", [str(self.max_age)])
        return True


def _one(request: Request, name: str) -> str | None:
    """
    Get a header that is there once; L{None} for any other number.
    """
    lines = request.requestHeaders.getRawHeaders(name, [])
    return lines[0] if len(lines) == 1 else None
