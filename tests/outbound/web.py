"""
Web servers in memory, that answer what a test says.
"""

from collections import deque

from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock

from glance.outbound.fetching import Fetcher, agent
from glance.outbound.rules import Rules
from tests.network import Network

BIG = 1 << 20


def answer(body=b"", status="200 OK", length=None, **headers):
    """
    Get the bytes of an answer.

    @param length: what it says of its length; that of the body if not given.
    """
    headers = {"Content-Length": len(body) if length is None else length, **headers}
    lines = [f"{n.replace('_', '-')}: {v}\r\n" for n, v in headers.items()]
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode() + body


def redirect(where, status="302 Found"):
    """
    Get the bytes of an answer that sends somebody elsewhere, the end of which does
    not come.
    """
    return answer(status=status, length=100, Location=where)


class _Talk(Protocol):
    """
    A connection to such a server.
    """

    def __init__(self, web):
        self._web = web
        self._got = b""

    def dataReceived(self, data):
        self._got += data
        if self._got.endswith(b"\r\n\r\n"):
            self._web.seen.append(self._got.decode())
            self._web.connections.append(self)
            if self._web.answers:
                self.transport.write(self._web.answers.popleft())
                if self._web.closes:
                    self.transport.loseConnection()

    def connectionLost(self, reason):
        self._web.lost += 1


class Web:
    """
    All servers that there are, and what fetches from them.
    """

    def __init__(self, *answers, rules=None, closes=True):
        """
        @param closes: whether each connection is closed after its answer.
        """
        self.answers = deque(answers)
        self.closes = closes
        self.seen = []
        """The requests, as they came."""
        self.connections = []
        self.lost = 0
        """How many connections are over."""
        self.clock = Clock()
        self.rules = rules or Rules()
        self.network = Network(Factory.forProtocol(lambda: _Talk(self)))
        self.fetcher = Fetcher(
            agent(self.clock, self.network),
            self.rules,
            self.clock,
            timeout=10,
        )

    def run(self, started):
        """
        Let all happen that has to.
        """
        self.network.run()
        return started
