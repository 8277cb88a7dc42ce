"""
Listening sockets that one process has and others accept connections from.

For TCP each process has a socket of its own, all of them at one port
(C{SO_REUSEPORT}): the system spreads connections over them evenly.  Whoever looks
after the processes keeps all sockets open, so that what waits at one is there for
the next process.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet import unix
from twisted.python.failure import Failure

from glance.config.settings import Endpoint
from glance.tap.ports import UNIX_MODE, alone_in, host_of, unusable, vacate


@frozen(kw_only=True)
class Held:
    """
    A listening socket that is there already.
    """

    sock: socket.socket

    shared: bool
    """Whether other processes accept connections from the same one."""


def hold(endpoint: Endpoint, option: str, count: int) -> list[Held]:
    """
    Listen at a place, for as many processes.

    @param option: the name of the option that says where.
    @param count: how many processes will accept connections there.

    @return: a socket for each of them, perhaps the same.

    @raise ConfigurationError: it cannot be done.
    """
    try:
        if endpoint.path is not None:
            sock = _hold_path(Path(endpoint.path), endpoint.backlog, option)
            return [Held(sock=sock, shared=count > 1)] * count
        first = _bound(endpoint, endpoint.port)
        # It listens alone at first: nobody else has the port, then.
        first.listen(endpoint.backlog)
        socks = [first]
        if count > 1:
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        for _ in range(1, count):
            sock = _bound(endpoint, first.getsockname()[1], reuse=True)
            sock.listen(endpoint.backlog)
            socks.append(sock)
    except OSError as error:
        raise unusable(endpoint, option, error) from None
    return [Held(sock=sock, shared=False) for sock in socks]


def _bound(endpoint: Endpoint, port: int, *, reuse: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((endpoint.host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _hold_path(path: Path, backlog: int, option: str) -> socket.socket:
    with alone_in(path.parent, host_of(option)):
        vacate(path, host_of(option))
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.bind(str(path))
            path.chmod(UNIX_MODE)
            sock.listen(backlog)
        except OSError:
            sock.close()
            raise
    return sock


def adopt(reactor: Any, held: Held, factory: Any) -> Any:
    """
    Accept connections from a socket, until the port that comes of it is closed;
    other processes that have the same socket go on.

    @param factory: an L{IProtocolFactory
        <twisted.internet.interfaces.IProtocolFactory>}.

    @return: an L{IListeningPort <twisted.internet.interfaces.IListeningPort>}.
    """
    sock = held.sock
    port: Any
    if sock.family == socket.AF_UNIX:
        port = _PathPort(sock, factory, reactor)
        port.startListening()
    else:
        port = reactor.adoptStreamPort(sock.fileno(), sock.family, factory)
        # The port has a descriptor of its own.
        sock.close()
    if held.shared:
        _take_turns(port)
    return port


def _take_turns(port: Any) -> None:
    """
    Accept one connection at a time: who is busy comes to have fewer.
    """
    accept = port.doRead

    def accept_one() -> None:
        port.numberAccepts = 1
        accept()

    port.doRead = accept_one


class _PathPort(unix.Port):
    """
    Accepts connections from a UNIX socket, whose path stays when it ends.
    """

    def __init__(self, sock: socket.socket, factory: Any, reactor: Any) -> None:
        super().__init__(os.fsencode(sock.getsockname()), factory, reactor=reactor)
        self._sock = sock
        self._factory = factory

    def startListening(self) -> None:  # noqa: N802
        self._factory.doStart()
        self.connected = True
        self.socket = self._sock
        self.fileno = self.socket.fileno  # type: ignore[method-assign]
        self.numberAccepts = 100
        self.startReading()

    def connectionLost(self, reason: Failure) -> None:
        # Twisted's own removes the path, and shuts the socket down for all.
        self.connected = False
        self._sock.close()
        self._factory.doStop()
        self.disconnecting = False
