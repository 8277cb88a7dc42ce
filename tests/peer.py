"""
A server that does as it is told, also what no good server does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import Factory, Protocol

Act = Callable[["Connection", bytes], None]
"""
Answers a request, given its head.
"""


class Connection(Protocol):
    """
    A connection to a L{Peer}.
    """

    transport: Any

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.data = b""
        self.gone = False

    def connectionMade(self) -> None:
        self.peer.connections.append(self)

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        self.peer.received += len(data)
        if b"\r\n\r\n" in self.data and self.peer.acts:
            head, self.data = self.data.split(b"\r\n\r\n", 1)
            self.peer.heads.append(head)
            self.peer.acts.pop(0)(self, head)

    def connectionLost(self, reason: Any = None) -> None:
        self.gone = True
        self.peer.lost += 1


class Peer(Factory):
    """
    Answers each request by the next of its acts.
    """

    noisy = False

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)
        self.connections: list[Connection] = []
        self.heads: list[bytes] = []
        self.received = 0
        self.lost = 0

    def buildProtocol(self, address: object) -> Connection:
        return Connection(self)


def answer(
    status: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    *,
    length: int | None = None,
    then: Callable[[Any], None] | None = None,
) -> Act:
    """
    Make an act that answers.

    @param length: what is said of the body's length; L{None} for the truth.
    @param then: what to do to the transport after.
    """

    def act(connection: Connection, head: bytes) -> None:
        said = len(body) if length is None else length
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {said}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        connection.transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        if not head.startswith(b"HEAD"):
            connection.transport.write(body)
        if then is not None:
            then(connection.transport)

    return act
