"""
Connections to Swift and to Keystone.
"""

from __future__ import annotations

from collections.abc import Callable
from fcntl import ioctl
from struct import unpack
from termios import TIOCOUTQ
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.client import URI, Agent, HTTPConnectionPool
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

ANSWER = 1 << 20
"""How many bytes an answer to data may have."""

_CONTINUE = b"HTTP/1.1 100"


@implementer(IAgentEndpointFactory)
class Endpoints:
    """
    Where the host of a URL is.
    """

    def __init__(
        self, reactor: Any, policy: IPolicyForHTTPS, connecting: float = 30.0
    ) -> None:
        """
        @param policy: says how certificates are checked.
        @param connecting: for how many seconds a server is waited for until it
            takes a connection.
        """
        self._reactor = reactor
        self._policy = policy
        self._connecting = connecting

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """
        Get what connects to the host of C{uri}.
        """
        host = uri.host.decode("ascii")
        endpoint = HostnameEndpoint(self._reactor, host, uri.port, self._connecting)
        if uri.scheme == b"http":
            return endpoint
        creator = self._policy.creatorForNetloc(uri.host, uri.port)
        return wrapClientTLS(creator, endpoint)


class _Sending(ProtocolWrapper):
    """
    A connection that reads on while it writes.

    Twisted stops to read once it has the headers of an answer, until somebody
    wants the rest; and nobody can as long as data is being sent.  So an early
    refusal would never be seen.
    """

    transport: Any
    continued: Callable[[], None]
    _received = 0
    _beginning: bytes | None = b""

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
            return
        if self._beginning is not None:
            data = self._answer(self._beginning + data)
        if data:
            super().dataReceived(data)

    def _answer(self, begun: bytes) -> bytes:
        """
        Get what comes after C{100 Continue}, which Twisted would log.
        """
        length = min(len(begun), len(_CONTINUE))
        if begun[:length] != _CONTINUE[:length]:
            self._beginning = None
            return begun
        _, end, rest = begun.partition(b"\r\n\r\n")
        if not end:
            self._beginning = begun
            return b""
        self._beginning = None
        self.continued()
        return rest


@implementer(IAgentEndpointFactory)
class Sending:
    """
    The one connection that some data is sent over.
    """

    def __init__(self, endpoints: IAgentEndpointFactory) -> None:
        self._endpoints = endpoints
        self._connection: Any = None
        self.continued: Callable[[], None] = lambda: None
        """Is called when the server wants to have the data."""

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """
        Get what connects to the host of C{uri}, and tells us.
        """
        return _Told(self._endpoints.endpointForURI(uri), self._connected)

    def _connected(self, connection: Any) -> None:
        self._connection = connection
        connection.continued = self.continued

    def unsent(self) -> int:
        """
        Tell how many bytes the system has that the other end does not have yet.
        """
        try:
            transport = self._connection.transport
            # Of TLS, the connection below it.
            handle = getattr(transport, "transport", transport).getHandle()
            (count,) = unpack("i", ioctl(handle.fileno(), TIOCOUTQ, bytes(4)))
        except (AttributeError, OSError, ValueError):
            # There is no connection yet, or no more.
            return 0
        return int(count)

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
        self, endpoint: IStreamClientEndpoint, tell: Callable[[Any], None]
    ) -> None:
        self._endpoint = endpoint
        self._tell = tell

    def connect(self, factory: Any) -> Any:
        def told(wrapper: Any) -> Any:
            self._tell(wrapper)
            return wrapper.wrappedProtocol

        wrapping: Any = WrappingFactory(factory)
        wrapping.protocol = _Sending
        wrapping.noisy = False
        return self._endpoint.connect(wrapping).addCallback(told)


class Connections:
    """
    What requests are sent with.
    """

    def __init__(
        self, reactor: Any, endpoints: IAgentEndpointFactory, pool: HTTPConnectionPool
    ) -> None:
        """
        @param pool: keeps the connections of what has no data; for less long
            than the servers do.
        """
        self._reactor = reactor
        self._endpoints = endpoints
        self._pool = pool

    def kept(self) -> IAgent:
        """
        Get an agent for what may be asked twice: it uses connections again.
        """
        agent: IAgent = Agent.usingEndpointFactory(
            self._reactor, self._endpoints, self._pool
        )
        return agent

    def fresh(self) -> tuple[IAgent, Sending]:
        """
        Get an agent for one request with data, and its connection.
        """
        sending = Sending(self._endpoints)
        pool = HTTPConnectionPool(self._reactor, persistent=False)
        agent: IAgent = Agent.usingEndpointFactory(self._reactor, sending, pool)
        return agent, sending

    def close(self) -> Deferred[Any]:
        """
        Close the connections that are kept.
        """
        closing: Deferred[Any] = self._pool.closeCachedConnections()
        return closing
