"""
Connections to a server.
"""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.client import URI, Agent, HTTPConnectionPool
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

from glance.s3.sending import SentBody

KEPT = 4.0
"""
For how many seconds an unused connection is kept; less than servers do.
"""

ANSWER = 1 << 20
"""How many bytes may be answered while a request is still being sent."""

_BEGINNING = b"HTTP/1."


class Agents(Protocol):
    """
    What requests are sent with.
    """

    kept: IAgent
    """For what may be sent twice: uses connections again."""
    fresh: IAgent
    """For what must not: has a new connection for each request."""

    def close(self) -> Deferred[Any]:
        """
        Close the connections that are kept.
        """


class _Carrier(ProtocolWrapper):
    """
    A connection that reads on while it writes.

    Twisted stops to read once it has the headers of an answer, until somebody
    wants the rest; and nobody can as long as the request is being sent.  So a
    refusal that comes early, and in two pieces, would never be seen.
    """

    transport: Any
    _sending = False
    _room = ANSWER
    _begun = b""

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._sending = True
        self._room = ANSWER
        self._begun = b""
        if isinstance(producer, SentBody):
            producer.carried(self)
        super().registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self._sending = False
        super().unregisterProducer()

    def pauseProducing(self) -> None:
        """
        Read no more, unless something is being sent.
        """
        if not self._sending and self._connected():
            self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """
        Read.
        """
        if self._connected():
            self.transport.resumeProducing()

    def dataReceived(self, data: bytes) -> None:
        if self._sending:
            # What cannot be read meanwhile Twisted would choke on.
            self._begun = (self._begun + data)[: len(_BEGINNING)]
            self._room -= len(data)
            if self._room < 0 or not _BEGINNING.startswith(self._begun):
                self.break_off()
                return
        super().dataReceived(data)

    def break_off(self) -> None:
        """
        Drop the connection, whatever is still to be written.
        """
        if self._connected():
            self.transport.abortConnection()

    def _connected(self) -> bool:
        return self.wrappedProtocol is not None


@implementer(IStreamClientEndpoint)
class _Carrying:
    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint

    def connect(self, factory: Any) -> Any:
        wrapping: Any = WrappingFactory(factory)
        wrapping.protocol = _Carrier
        wrapping.noisy = False
        connecting: Deferred[Any] = self._endpoint.connect(wrapping)
        return connecting.addCallback(lambda carrier: carrier.wrappedProtocol)


@implementer(IAgentEndpointFactory)
class _Endpoints:
    def __init__(self, reactor: Any, policy: IPolicyForHTTPS, connect: float) -> None:
        self._reactor = reactor
        self._policy = policy
        self._connect = connect

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        host = uri.host.strip(b"[]")
        endpoint: IStreamClientEndpoint = HostnameEndpoint(
            self._reactor, host.decode("ascii"), uri.port, timeout=self._connect
        )
        if uri.scheme == b"https":
            creator = self._policy.creatorForNetloc(host, uri.port)
            endpoint = wrapClientTLS(creator, endpoint)
        return _Carrying(endpoint)


class Connections:
    """
    Connections by TCP and TLS.
    """

    def __init__(
        self, reactor: Any, policy: IPolicyForHTTPS, connect: float, kept: int
    ) -> None:
        """
        @param policy: how certificates are checked.
        @param connect: for how many seconds a server is waited for until it
            takes a connection.
        @param kept: how many connections to one host are kept for the next
            request, at the most.
        """
        endpoints = _Endpoints(reactor, policy, connect)
        self._pool = HTTPConnectionPool(reactor, persistent=True)
        self._pool.cachedConnectionTimeout = KEPT  # type: ignore[assignment]
        self._pool.maxPersistentPerHost = kept
        self.kept: IAgent = Agent.usingEndpointFactory(reactor, endpoints, self._pool)
        self.fresh: IAgent = Agent.usingEndpointFactory(
            reactor, endpoints, HTTPConnectionPool(reactor, persistent=False)
        )

    def close(self) -> Deferred[Any]:
        closing: Deferred[Any] = self._pool.closeCachedConnections()
        return closing
