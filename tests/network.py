"""
Connections in memory.
"""

from __future__ import annotations

from collections import deque

from twisted.internet.address import IPv4Address
from twisted.internet.defer import succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IStreamClientEndpoint, ITransport
from twisted.python.failure import Failure
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

HIGH = 1 << 16
"""How many bytes may wait to be read until their producer is paused."""


@implementer(ITransport)
class End:
    """
    One end of a connection.
    """

    disconnecting = False
    TLS = False

    def __init__(self, network):
        self._network = network
        self._inbox = deque()
        self._held = False
        self._paused = False
        self._producer = None
        self._closing = None
        self.peer = None
        self.protocol = None
        self.lost = False

    # What protocols call

    def write(self, data):
        if self.lost or self.disconnecting or not data:
            return
        self.peer._inbox.append(bytes(data))
        if self._producer is not None and self.peer.waiting > HIGH:
            self._held = True
            self._producer.pauseProducing()

    def writeSequence(self, pieces):
        self.write(b"".join(pieces))

    def registerProducer(self, producer, streaming):
        assert streaming
        self._producer = producer
        self._held = False

    def unregisterProducer(self):
        self._producer = None

    def pauseProducing(self):
        self._paused = True

    def resumeProducing(self):
        self._paused = False
        self._network.run()

    def stopProducing(self):
        self.loseConnection()

    def loseConnection(self, reason=None):
        self.disconnecting = True

    def abortConnection(self):
        self.disconnecting = True
        self._producer = None
        self.peer._inbox.clear()
        self._closing = ConnectionAborted()

    def loseWriteConnection(self):
        self.loseConnection()

    def getPeer(self):
        return IPv4Address("TCP", "127.0.0.1", 1)

    def getHost(self):
        return IPv4Address("TCP", "127.0.0.1", 2)

    def setTcpNoDelay(self, enabled):
        pass

    def setTcpKeepAlive(self, enabled):
        pass

    # What the network calls

    @property
    def waiting(self):
        """
        How many bytes wait to be read.
        """
        return sum(map(len, self._inbox))

    def step(self):
        """
        Do one thing, if there is one to do.

        @return: whether there was.
        """
        if self.lost:
            return False
        if self._inbox and not self._paused:
            self.protocol.dataReceived(self._inbox.popleft())
            return True
        if self._producer is not None and self._held and not self.peer.waiting:
            self._held = False
            self._producer.resumeProducing()
            return True
        if self.disconnecting and self._producer is None and not self.peer.waiting:
            self._lose(self._closing or ConnectionDone())
            return True
        if self.peer.lost and not self._inbox:
            self._lose(ConnectionDone())
            return True
        return False

    def _lose(self, reason):
        self.lost = True
        if self._producer is not None:
            producer, self._producer = self._producer, None
            producer.stopProducing()
        self._inbox.clear()
        self.protocol.connectionLost(Failure(reason))


@implementer(IAgentEndpointFactory)
class Network:
    """
    Connects clients to one server, whatever they ask for.

    Something happens when a test has it C{run}, and when somebody wants to read
    on; who writes goes on first, as with real connections.
    """

    def __init__(self, server):
        """
        @param server: its factory.
        """
        self._server = server
        self._ends = []
        self._running = False

    def endpointForURI(self, uri):
        return Endpoint(self)

    def connect(self, factory):
        """
        Connect a client.

        @return: its protocol.
        """
        near, far = End(self), End(self)
        near.peer, far.peer = far, near
        far.protocol = self._server.buildProtocol(None)
        near.protocol = factory.buildProtocol(None)
        self._ends += [near, far]
        far.protocol.makeConnection(far)
        near.protocol.makeConnection(near)
        return near.protocol

    def run(self):
        """
        Do all that there is to do; nothing if that is being done already.
        """
        if self._running:
            return
        self._running = True
        try:
            while self._step():
                pass
        finally:
            self._running = False

    def _step(self):
        moved = [end.step() for end in list(self._ends)]
        self._ends = [end for end in self._ends if not end.lost]
        return any(moved)


@implementer(IStreamClientEndpoint)
class Endpoint:
    """
    Where the server is.
    """

    def __init__(self, network):
        self._network = network

    def connect(self, factory):
        return succeed(self._network.connect(factory))
