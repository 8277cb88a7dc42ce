"""
Files on their way to sockets, sent by the system itself.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.main import CONNECTION_LOST

from glance.streams.files import FileCut
from glance.streams.sockets import unwritten

if TYPE_CHECKING:
    from glance.streams.request import StreamingRequest

SENT = 1 << 18
"""
How many bytes of a file are given to a socket at once: then it is others' turn.
"""

FAULTS = frozenset({errno.EIO, errno.ESTALE, errno.EREMOTEIO, errno.EUCLEAN})
"""
What goes wrong with files, rather than with sockets.
"""


class FileSending:
    """
    A part of a file, on its way from the system's cache to a socket.

    It stands in for the socket's own writing; what was written before goes
    first.
    """

    def __init__(
        self,
        socket: Any,
        request: StreamingRequest,
        fd: int,
        offset: int,
        count: int,
    ) -> None:
        self.left = count
        """How many bytes are still to be sent."""
        self.done: Deferred[None] = Deferred(lambda _: self._over())
        self._socket = socket
        self._request = request
        self._fd = fd
        self._offset = offset
        self._count = count

    def start(self) -> None:
        """
        Begin.
        """
        self._socket.doWrite = self._write
        self._socket.startWriting()

    def _write(self) -> Any:
        socket = self._socket
        if unwritten(socket):
            result = type(socket).doWrite(socket)
            # It stops when it has nothing left.
            socket.startWriting()
            return result
        try:
            sent = os.sendfile(
                socket.fileno(), self._fd, self._offset, min(SENT, self.left)
            )
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno not in FAULTS:
                return CONNECTION_LOST
            self._cut("cannot be read")
            return None
        if not sent:
            self._cut("ends")
            return None
        self._request.sentLength += sent
        self._offset += sent
        self.left -= sent
        if not self.left:
            self._over()
            self.done.callback(None)
        return None

    def _cut(self, how: str) -> None:
        said = f"The data {how} {self.left} bytes before its end."
        self.fail(FileCut(said, self._count - self.left))

    def _over(self) -> None:
        """
        Let the socket write by itself again.
        """
        # Who aborts the connection has put something else here.
        if self._socket.__dict__.get("doWrite") == self._write:
            del self._socket.doWrite
            if not unwritten(self._socket):
                self._socket.stopWriting()

    def fail(self, error: Exception) -> None:
        """
        End it before its end.
        """
        self._over()
        if not self.done.called:
            self.done.errback(error)
