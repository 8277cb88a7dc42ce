"""
What is below the connections of clients: sockets, and what waits in them.

Twisted offers no way to ask what a transport has not sent yet, so that this uses
private attributes of it; C{tests/streams/test_private.py} names them.
"""

from __future__ import annotations

import fcntl
import select
import struct
import termios
from typing import Any

from twisted.internet.abstract import FileDescriptor


def below(transport: Any) -> Any:
    """
    @return: the transport below TLS, or L{None} if it isn't one.
    """
    socket = getattr(transport, "transport", transport)
    return socket if isinstance(socket, FileDescriptor) else None


def unwritten(socket: Any) -> int:
    """
    Tell how many bytes a socket still has to give to the system.
    """
    count: int = len(socket.dataBuffer) - socket.offset + socket._tempDataLen
    return count


def queued(socket: Any) -> int:
    """
    Tell how many bytes the system holds for the other end of a connection.
    """
    try:
        held = fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, bytes(4))
    except (OSError, ValueError, AttributeError):
        return 0
    queued: int = struct.unpack("i", held)[0]
    return queued


def unsent(transport: Any) -> int:
    """
    Tell how many bytes that were sent the other end has not taken yet.
    """
    socket = below(transport)
    return 0 if socket is None else unwritten(socket) + queued(socket)


def full(socket: Any) -> bool:
    """
    Tell whether the system takes no more for the other end of a connection.
    """
    poll = select.poll()
    try:
        poll.register(socket.fileno(), select.POLLOUT)
        return not poll.poll(0)
    except (OSError, ValueError):
        return False


def forget(transport: Any) -> None:
    """
    Let go of what nobody will read: what refers to it may stay for long.
    """
    socket = below(transport)
    if socket is not None:
        socket.dataBuffer = b""
        socket.offset = 0
        socket._tempDataBuffer = []
        socket._tempDataLen = 0
