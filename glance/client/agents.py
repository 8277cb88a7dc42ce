"""
Connections to a server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen
from twisted.internet.defer import succeed
from twisted.internet.endpoints import (
    HostnameEndpoint,
    UNIXClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, HTTPConnectionPool
from twisted.web.iweb import IAgent, IAgentEndpointFactory
from zope.interface import implementer

CONNECTING = 30.0
"""For how many seconds a server is waited for until it takes a connection."""

KEPT = 4
"""
For how many seconds an unused connection is kept; less than servers do.
"""

ANSWER = 1 << 20
"""How many bytes an answer to an upload may have."""


@frozen(kw_only=True)
class TLS:
    """
    How a server's certificate is checked, and what is shown to it.
    """

    ca_file: str | None = None
    """The certificates to trust, in PEM; L{None} for the system's."""
    cert_file: str | None = None
    """Our own certificate, in PEM; L{None} to show none."""
    key_file: str | None = None
    """Its key; L{None} if it is in C{cert_file}."""
    insecure: bool = False
    """Whether any certificate will do."""


@implementer(IAgentEndpointFactory)
class Endpoints:
    """
    Where the host of a URL is.
    """

    def __init__(self, reactor: Any, tls: TLS, socket: str | None = None) -> None:
        """
        @param socket: the path of a UNIX socket that stands for all hosts;
            L{None} for none.
        """
        self._reactor = reactor
        self._tls = tls
        self._socket = socket
        self._policy: Any = None

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """
        Get what connects to the host of C{uri}.
        """
        if self._socket is not None:
            return UNIXClientEndpoint(self._reactor, self._socket, CONNECTING)
        host = uri.host.decode("ascii")
        endpoint = HostnameEndpoint(self._reactor, host, uri.port, CONNECTING)
        if uri.scheme == b"http":
            return endpoint
        if self._policy is None:
            # Who has no use for TLS need not wait for its modules.
            from glance.client.tls import policy_of

            self._policy = policy_of(self._tls)
        creator = self._policy.creatorForNetloc(uri.host, uri.port)
        return wrapClientTLS(creator, endpoint)


class _Uploading(ProtocolWrapper):
    """
    A connection that reads on while it writes.

    Twisted stops to read once it has the headers of an answer, until somebody
    wants the rest; and nobody can as long as the request is being sent.  So an
    early refusal would never be seen.

    And where it cannot read an answer meanwhile, it forgets who waits for one.
    """

    transport: Any
    _received = 0
    _unreadable = False

    def pauseProducing(self) -> None:
        """
        Go on.
        """

    def resumeProducing(self) -> None:
        """
        Go on.
        """

    def dataReceived(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > ANSWER:
            self.transport.abortConnection()
        else:
            self._read(data)

    def _read(self, data: bytes) -> None:
        protocol: Any = self.wrappedProtocol
        asking, answer = protocol._finishedRequest, protocol._responseDeferred
        super().dataReceived(data)
        forgotten = protocol.state == "TRANSMITTING" and protocol._parser is None
        if forgotten and asking is not None:
            self._unreadable = True
            answer.chainDeferred(asking)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._unreadable:
            # Or Twisted would look for what it has forgotten.
            self.wrappedProtocol = Protocol()
        super().connectionLost(reason)


@implementer(IAgentEndpointFactory)
class Upload:
    """
    The one connection of an upload, which can be broken off.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._connection: Any = None

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """
        Get what connects to the host of C{uri}, and tells us.
        """
        return _Told(self._endpoints.endpointForURI(uri), self._connected)

    def _connected(self, connection: object) -> None:
        self._connection = connection

    def break_off(self) -> None:
        """
        Drop the connection, if there is one.
        """
        connection = self._connection
        # Once it is lost, TLS cannot be told to drop it.
        if connection is not None and connection.wrappedProtocol is not None:
            connection.abortConnection()


@implementer(IStreamClientEndpoint)
class _Told:
    def __init__(
        self, endpoint: IStreamClientEndpoint, tell: Callable[[object], None]
    ) -> None:
        self._endpoint = endpoint
        self._tell = tell

    def connect(self, factory: Any) -> Any:
        def told(wrapper: Any) -> Any:
            self._tell(wrapper)
            return wrapper.wrappedProtocol

        wrapping: Any = WrappingFactory(factory)
        wrapping.protocol = _Uploading
        wrapping.noisy = False
        return self._endpoint.connect(wrapping).addCallback(told)


class Agents:
    """
    What requests are sent with.
    """

    def __init__(self, reactor: Any, endpoints: Endpoints) -> None:
        self._reactor = reactor
        self._endpoints = endpoints
        self._pool = HTTPConnectionPool(reactor, persistent=True)
        self._pool.cachedConnectionTimeout = KEPT
        self._pool.maxPersistentPerHost = 8

    def kept(self) -> IAgent:
        """
        Get an agent for what may be asked twice: it uses connections again.
        """
        agent: IAgent = Agent.usingEndpointFactory(
            self._reactor, self._endpoints, self._pool
        )
        return agent

    def fresh(self) -> tuple[IAgent, Callable[[], None]]:
        """
        Get an agent for one request that must not be sent twice.

        @return: it, and what breaks its connection off.
        """
        upload = Upload(self._endpoints)
        pool = HTTPConnectionPool(self._reactor, persistent=False)
        agent: IAgent = Agent.usingEndpointFactory(self._reactor, upload, pool)
        return agent, upload.break_off

    def close(self) -> Any:
        """
        Close the connections that are kept.

        @return: a L{Deferred} that fires when they are closed.
        """
        return self._pool.closeCachedConnections()


class Given:
    """
    One agent for everything, which somebody else made.
    """

    def __init__(self, agent: IAgent) -> None:
        self._agent = agent

    def kept(self) -> IAgent:
        """
        Get it.
        """
        return self._agent

    def fresh(self) -> tuple[IAgent, Callable[[], None]]:
        """
        Get it, and nothing to break it off.
        """
        return self._agent, lambda: None

    def close(self) -> Any:
        """
        Do nothing: it isn't ours.
        """
        return succeed(None)
