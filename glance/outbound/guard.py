"""
Connections that go only where the rules allow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

from glance.outbound.rules import Rules

HEAD = 1 << 16
"""How many bytes may come before the data."""

LOOK_UPS = 4
"""How many names are looked up at a time."""

_END = re.compile(rb"\r?\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1[0-9][0-9]")


@implementer(IResolutionReceiver, IHostResolution)
class _Sieve:
    """
    Lets pass those addresses of a host that may be connected to.
    """

    def __init__(
        self,
        name: str,
        receiver: IResolutionReceiver,
        rules: Rules,
        done: Callable[[], None],
    ) -> None:
        self.name = name
        self._receiver = receiver
        self._rules = rules
        self._done = done

    def resolutionBegan(self, resolution: IHostResolution) -> None:  # noqa: N802
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        host: str = getattr(address, "host", "")
        if self._rules.allows(host):
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        self._done()
        self._receiver.resolutionComplete()

    def cancel(self) -> None:
        """
        Do nothing: a look-up in a thread comes to its own end.
        """


@implementer(IHostnameResolver)
class _Resolver:
    """
    Finds what may be connected to.

    Not too many names are looked up at a time, or those whose servers say nothing
    would take all threads from those that the daemon cannot do without.  Whoever has
    waited for too long is gone: its name isn't looked up any more.
    """

    def __init__(self, reactor: Any, rules: Rules, patience: float) -> None:
        self._reactor = reactor
        self._rules = rules
        self._patience = patience
        self._turns = DeferredSemaphore(LOOK_UPS)

    def resolveHostName(  # noqa: N802
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803
        hostName: str,  # noqa: N803
        *args: Any,
        **kwargs: Any,
    ) -> IHostResolution:
        sieve = _Sieve(hostName, resolutionReceiver, self._rules, self._turns.release)

        def resolve(_: object) -> None:
            resolver: IHostnameResolver = self._reactor.nameResolver
            resolver.resolveHostName(sieve, hostName, *args, **kwargs)

        def gave_up(_: object) -> None:
            resolutionReceiver.resolutionBegan(sieve)
            resolutionReceiver.resolutionComplete()

        turn: Deferred[Any] = self._turns.acquire()
        turn.addTimeout(self._patience, self._reactor)
        turn.addCallbacks(resolve, gave_up)
        return sieve


@implementer(IReactorPluggableNameResolver)
class _Reactor:
    """
    A reactor whose resolver finds only what may be connected to.

    An endpoint connects to the very addresses that the resolver of its reactor
    finds: nobody looks the name up again, who could be told something else then.
    """

    def __init__(self, reactor: Any, rules: Rules, patience: float) -> None:
        self._reactor = reactor
        self.nameResolver = _Resolver(reactor, rules, patience)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


class _Answering(ProtocolWrapper):
    """
    A connection whose answer has a head that is not endless.

    What Twisted would write to the log line by line, the answers that are only on
    the way to one, is left out.
    """

    transport: Any
    _held = b""
    _room = HEAD
    _begun = False

    def dataReceived(self, data: bytes) -> None:
        if self._begun:
            super().dataReceived(data)
            return
        # What was looked at before may have but the beginning of the end.
        seen = max(0, len(self._held) - 3)
        self._held += data
        while (end := _END.search(self._held, seen)) is not None:
            if not _INTERIM.match(self._held):
                self._begun = True
                held, self._held = self._held, b""
                super().dataReceived(held)
                return
            self._room -= end.end()
            self._held, seen = self._held[end.end() :], 0
        if len(self._held) > self._room:
            self.transport.abortConnection()


@implementer(IStreamClientEndpoint)
class _Connecting:
    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint

    def connect(self, factory: Any) -> Any:
        wrapping: Any = WrappingFactory(factory)
        wrapping.protocol = _Answering
        wrapping.noisy = False
        connecting: Any = self._endpoint.connect(wrapping)
        return connecting.addCallback(lambda wrapper: wrapper.wrappedProtocol)


@implementer(IAgentEndpointFactory)
class GuardedEndpoints:
    """
    Where the hosts of URLs are, as far as they may be reached.
    """

    def __init__(
        self,
        reactor: Any,
        rules: Rules,
        policy: IPolicyForHTTPS,
        connecting: float,
    ) -> None:
        """
        @param policy: says how certificates are checked.
        @param connecting: for how many seconds an address is waited for until it
            takes a connection, and a name until it is looked up.
        """
        self._reactor = _Reactor(reactor, rules, connecting)
        self._policy = policy
        self._connecting = connecting

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """
        Get what connects to the host of C{uri}.
        """
        host = uri.host.strip(b"[]")
        endpoint: IStreamClientEndpoint = HostnameEndpoint(
            self._reactor,
            host.decode("ascii"),
            uri.port,
            self._connecting,
        )
        if uri.scheme == b"https":
            creator = self._policy.creatorForNetloc(host, uri.port)
            endpoint = wrapClientTLS(creator, endpoint)
        return _Connecting(endpoint)
