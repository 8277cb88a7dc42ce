"""
How connections of HTTP end.

This uses private attributes of Twisted's own channel; C{tests/streams/test_private.py}
names each of them, and fails when one is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web import http

from glance.streams.heads import Refusal
from glance.streams.measures import DISCARDED, LINGERING
from glance.streams.sockets import below, forget, unsent

if TYPE_CHECKING:
    from glance.streams.site import StreamingSite

_log = Logger()


class LingeringChannel(http.HTTPChannel):
    """
    The connection of a client, which reads its last answer before that ends.
    """

    site: StreamingSite
    transport: Any

    closing = False
    """Whether all that comes from now on is ignored."""

    _discarded = 0
    _abort_call: IDelayedCall | None = None

    def discard(self, data: bytes) -> None:
        """
        Ignore what comes after the end, unless it is too much.
        """
        self._discarded += len(data)
        if self._discarded > DISCARDED:
            self.abort()

    def write(self, data: bytes) -> None:
        # An answer that was broken off must not get an end.
        if not self.closing:
            super().write(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        if not self.closing:
            super().writeSequence(iovec)

    def close(self) -> None:
        """
        Take note that nothing is answered any more.
        """
        self.closing = True

    def refuse(self, refusal: Refusal) -> None:
        """
        Answer what is no request, and take nothing more.
        """
        if self.closing:
            return
        _log.info(
            "What {peer} sends is refused: {refusal.status.value} {refusal.message}",
            peer=getattr(self.transport.getPeer(), "host", "a client"),
            refusal=refusal,
        )
        self.transport.write(refusal.answer())
        self.linger()

    def linger(self) -> None:
        """
        Close the connection, but discard what is still being sent for a while.

        To close it with data unread would reset it, and the client might never
        read the answer.
        """
        self.close()
        producer: Any = self._networkProducer
        producer.resumeProducing()
        producer.unregisterProducer()
        if below(self.transport) is self.transport:
            self.transport.loseWriteConnection()
        else:
            # TLS reads on until the client has closed its side.
            self.transport.loseConnection()
        self._abort_later()

    def loseConnection(self) -> None:
        if self.closing:
            return
        self.close()
        if below(self.transport) not in (None, self.transport):
            # By TLS the client is asked to close its side, too, and may never do so.
            self._abort_later()
        super().loseConnection()

    def _abort_later(self) -> None:
        self._abort_call = self.site.reactor.callLater(LINGERING, self._lingered)

    def _lingered(self) -> None:
        self._abort_call = None
        if unsent(self.transport):
            self.transport.loseConnection()
        else:
            self.abort()

    def abort(self) -> None:
        """
        Break off the connection.
        """
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.close()
        forget(self.transport)
        if self._abort_call is not None:
            self._abort_call.cancel()
            self._abort_call = None
        super().connectionLost(reason)
