"""
L{Peer}: an HTTP server that this process asks small things of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address
from typing import Any

from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    UNIXClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import (
    Agent,
    HTTPConnectionPool,
    RequestGenerationFailed,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
)
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IResponse
from zope.interface import implementer

from glance.errors import BodyStopped

IDLE = 30.0
"""
For how many seconds a connection is kept that nobody uses: fewer than servers
keep theirs.
"""

CONNECTIONS = 32
"""
The most connections that are used at once, and that are kept.
"""

CONNECTING = 10.0
"""
For how many seconds a connection may be in the making.
"""


class Unreachable(Exception):
    """
    There is no connection; nothing was sent.
    """


class Lost(Exception):
    """
    A connection was lost; what was asked may have been done, or not.
    """


class TooLong(Exception):
    """
    An answer is longer than it may be.
    """


@implementer(IAgentEndpointFactory)
@frozen
class _One:
    """
    Knows one server only.
    """

    endpoint: IStreamClientEndpoint

    def endpointForURI(self, uri: Any) -> IStreamClientEndpoint:
        return self.endpoint


@frozen
class Peer:
    """
    An HTTP server, and two ways to reach it.
    """

    url: str
    """Its root, without a slash at the end."""
    kept: IAgent
    """Uses connections that it keeps, which may turn out to be dead."""
    fresh: IAgent
    """Makes a connection for each request."""
    close: Callable[[], Deferred[Any]]
    """Drops the connections that are kept."""


def peer_at(
    reactor: Any,
    host: str,
    port: int,
    secure: IOpenSSLClientConnectionCreator | None = None,
) -> Peer:
    """
    Get ready to talk to a server.

    @param host: its name or address, or C{unix:} and the path of its socket.
    @param port: its port; doesn't count for a UNIX socket.
    @param secure: says how its certificate is checked; L{None} for plain HTTP.
    """
    kind, _, path = host.partition(":")
    endpoint: IStreamClientEndpoint
    if kind == "unix" and path:
        endpoint = UNIXClientEndpoint(reactor, path, timeout=CONNECTING)
        authority = "localhost"
    else:
        host = host.removeprefix("[").removesuffix("]")
        endpoint = HostnameEndpoint(reactor, host, port, timeout=CONNECTING)
        # Agents cannot write IPv6 addresses.  The name is for the Host header
        # only: where the server is, the endpoint knows.
        authority = f"registry:{port}" if _is_ipv6(host) else f"{host}:{port}"
        if secure is not None:
            endpoint = wrapClientTLS(secure, endpoint)
    pool = HTTPConnectionPool(reactor, persistent=True)
    pool.maxPersistentPerHost = CONNECTIONS
    pool.cachedConnectionTimeout = IDLE  # type: ignore[assignment]
    once = HTTPConnectionPool(reactor, persistent=False)
    kept, fresh = (
        Agent.usingEndpointFactory(reactor, _One(endpoint), pool=used)
        for used in (pool, once)
    )
    scheme = "http" if secure is None else "https"
    return Peer(f"{scheme}://{authority}", kept, fresh, pool.closeCachedConnections)


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


class _Collector(Protocol):
    """
    Collects the body of an answer, up to a limit.
    """

    def __init__(self, limit: int) -> None:
        self._room = limit
        self._pieces: list[bytes] = []
        self.done: Deferred[bytes] = Deferred(lambda _: self._abort())

    def _abort(self) -> None:
        transport: Any = self.transport
        transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        if self.done.called:
            return
        self._room -= len(data)
        if self._room < 0:
            self.done.errback(TooLong())
            self._abort()
        else:
            self._pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.done.called:
            return
        if reason.check(ResponseDone):
            self.done.callback(b"".join(self._pieces))
        else:
            self.done.errback(reason)


async def collect(response: IResponse, limit: int) -> bytes:
    """
    Get all of an answer's body.

    @param limit: the most bytes that are taken.

    @raise TooLong: there are more.
    """
    collector = _Collector(limit)
    response.deliverBody(collector)
    return await collector.done


@contextmanager
def failing() -> Iterator[None]:
    """
    Have what goes wrong on the way told apart by whether the server may have
    got the request.

    @raise Unreachable: it has not.
    @raise Lost: it may have.
    """
    try:
        yield
    except (ConnectError, DNSLookupError, ConnectTimeout) as error:
        raise Unreachable(repr(error)) from error
    except (ConnectionClosed, PotentialDataLoss) as error:
        raise Lost(repr(error)) from error
    except (
        ResponseFailed,
        RequestGenerationFailed,
        RequestTransmissionFailed,
    ) as error:
        for reason in error.reasons:
            # Our own body is stopped also where the connection was lost.
            if reason.check(CancelledError) and not reason.check(BodyStopped):
                raise CancelledError from error
        reasons = ", ".join(repr(reason.value) for reason in error.reasons)
        raise Lost(reasons) from error
