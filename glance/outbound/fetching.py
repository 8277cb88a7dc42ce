"""
Fetching data, and parts of it.
"""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import urljoin

from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IReactorTime
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import (
    UNKNOWN_LENGTH,
    IAgent,
    IAgentEndpointFactory,
    IBodyProducer,
    IResponse,
)

from glance.errors import BodyStopped
from glance.outbound.errors import (
    BadAnswer,
    BadURL,
    Cut,
    NotThere,
    Unreachable,
)
from glance.outbound.part import Part
from glance.outbound.rules import URL, Rules, parse
from glance.receiving import ReceivedBody, drop

HOPS = 5
"""How many redirects are followed."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_CONTENT_RANGE = re.compile(
    r"bytes (?:(?P<first>[0-9]{1,19})-(?P<last>[0-9]{1,19})|\*)/(?P<size>[0-9]{1,19})"
)


@frozen
class Found:
    """
    What a URL has.
    """

    size: int | None
    """How many bytes there are in all; L{None} where the server doesn't say."""
    body: IBodyProducer
    """What was asked for of them.  It is started, or told to stop."""


def agent(reactor: Any, endpoints: IAgentEndpointFactory) -> IAgent:
    """
    Get what asks, over a new connection each time: whoever asked a host before
    leaves nothing there for the next.
    """
    pool = HTTPConnectionPool(reactor, persistent=False)
    made: IAgent = Agent.usingEndpointFactory(reactor, endpoints, pool)
    return made


class Fetcher:
    """
    Fetches what URLs name, as far as the rules allow.
    """

    def __init__(
        self,
        agent: IAgent,
        rules: Rules,
        clock: IReactorTime,
        *,
        timeout: float,
    ) -> None:
        """
        @param agent: asks; it connects only where the rules allow.
        @param timeout: for how many seconds a server is waited for until it begins
            to answer, its name and connection included, and for how many it may be
            silent while data is wanted.
        """
        self._agent = agent
        self._rules = rules
        self._clock = clock
        self._timeout = timeout

    async def fetch(
        self,
        url: str,
        offset: int = 0,
        length: int | None = None,
        size: int | None = None,
    ) -> Found:
        """
        Ask for data, or a part of it.

        @param offset: the first byte wanted.
        @param length: how many bytes are wanted, at least one; L{None} for all that
            follow.
        @param size: how many bytes there are known to be in all, in case the server
            doesn't say.

        @raise OutboundError: it cannot be had.
        """
        part = None
        if offset or length is not None:
            last = "" if length is None else offset + length - 1
            part = f"bytes={offset}-{last}"
        response = await self._follow(url, part)
        try:
            extent = _extent(response, offset, length, part)
        except Exception:
            drop(response)
            raise
        return self._found(response, extent, offset, length, size)

    async def size(self, url: str) -> int | None:
        """
        Tell how many bytes there are; L{None} where the server doesn't say.

        @raise OutboundError: there are none.
        """
        # Not by HEAD: many refuse it, and some answer it otherwise than GET.
        found = await self.fetch(url, 0, 1)
        found.body.stopProducing()
        return found.size

    async def _follow(self, url: str, part: str | None) -> IResponse:
        asked = parse(url)
        credentials = asked.credentials
        for _ in range(HOPS + 1):
            response = await self._ask(asked, credentials, part)
            if response.code not in REDIRECTS:
                return response
            locations = _header(response, b"location")
            drop(response)
            if len(locations) != 1:
                raise BadAnswer("it is redirected to nowhere")
            asked = parse(_onward(asked.plain, locations[0]))
            # They are for the one host that they were given for.
            credentials = None
        raise BadAnswer(f"it is redirected more than {HOPS} times")

    async def _ask(
        self, url: URL, credentials: bytes | None, part: str | None
    ) -> IResponse:
        self._rules.demand(url)
        headers = Headers({"accept-encoding": ["identity"], "user-agent": ["Glance"]})
        if part is not None:
            headers.addRawHeader("range", part)
        if credentials is not None:
            told = base64.b64encode(credentials).decode()
            headers.addRawHeader("authorization", f"Basic {told}")
        # What TLS cannot take as a name, it refuses at once.
        asking: Deferred[IResponse] = maybeDeferred(
            self._agent.request, b"GET", url.plain.encode("ascii"), headers
        )
        limit = self._clock.callLater(self._timeout, asking.cancel)
        try:
            return await asking
        except Exception as error:
            if not limit.active():
                late = f"no answer within {self._timeout:g} seconds"
                raise Unreachable(late) from None
            raise _unanswered(error) from None
        finally:
            if limit.active():
                limit.cancel()

    def _found(
        self,
        response: IResponse,
        extent: _Extent,
        offset: int,
        length: int | None,
        known: int | None,
    ) -> Found:
        size = known if extent.size is None else extent.size
        wanted = length
        if size is not None:
            left = max(0, size - offset)
            wanted = left if length is None else min(left, length)
        body = ReceivedBody(
            response,
            self._clock,
            self._timeout,
            silent=Unreachable(f"no data for {self._timeout:g} seconds"),
            cut=Cut("the data ended before its end"),
            stopped=BodyStopped,
        )
        whole = offset == 0 and length is None
        part = Part(body, offset - extent.begin, wanted, to_end=whole)
        return Found(extent.size, part)


@frozen
class _Extent:
    """
    What of the data an answer has.
    """

    size: int | None
    """How many bytes there are in all; L{None} where it isn't said."""
    begin: int
    """Where those that come begin."""


def _extent(
    response: IResponse, offset: int, length: int | None, part: str | None
) -> _Extent:
    if response.code in (404, 410):
        raise NotThere("there is nothing")
    codings = _header(response, b"content-encoding")
    if any(each.lower() not in ("", "identity") for each in codings):
        raise BadAnswer("the data comes encoded, though that wasn't asked for")
    if response.code == 200:
        known = response.length is not UNKNOWN_LENGTH
        return _Extent(response.length if known else None, 0)
    if part is None or response.code not in (206, 416):
        raise BadAnswer(f"the answer has status {response.code}")
    said = _header(response, b"content-range")
    found = _CONTENT_RANGE.fullmatch(said[0]) if len(said) == 1 else None
    if found is None:
        raise BadAnswer("the answer doesn't say which part it has")
    size = int(found["size"])
    end = size if length is None else min(size, offset + length)
    if response.code == 416:
        right = offset >= size
    else:
        right = (found["first"], found["last"]) == (str(offset), str(end - 1))
        right = right and response.length in (UNKNOWN_LENGTH, end - offset)
    if not right:
        raise BadAnswer("the answer has another part than was asked for")
    return _Extent(size, offset)


def _header(response: IResponse, name: bytes) -> list[str]:
    values = response.headers.getRawHeaders(name, [])
    return [value.decode("latin-1").strip() for value in values]


def _onward(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise BadURL("it is redirected to what is no URL") from None


def _unanswered(error: Exception) -> Exception:
    """
    Get what to raise where there is no answer.
    """
    reasons = getattr(error, "reasons", None) or []
    kinds = [type(error), *(reason.type for reason in reasons)]
    if any(issubclass(kind, CancelledError) for kind in kinds):
        return CancelledError()
    if issubclass(kinds[0], UnicodeError):
        return BadURL("its host is no name")
    if issubclass(kinds[0], DNSLookupError):
        return Unreachable("the host has no address, or none that is allowed")
    # The texts of these may name the host.
    return Unreachable(f"no answer: {', '.join(kind.__name__ for kind in kinds)}")
