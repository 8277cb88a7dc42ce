"""
The HTTP server: a site whose requests stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.web import http, server
from twisted.web.resource import IResource

from glance.streams.channel import StreamingHTTPChannel
from glance.streams.request import StreamingRequest


class StreamingSite(server.Site):
    """
    Answers each request as soon as its headers are in.

    It speaks HTTP/1.1 and HTTP/1.0 over any transport.
    """

    protocol = StreamingHTTPChannel  # type: ignore[assignment]
    requestFactory = StreamingRequest
    noisy = False
    reactor: Any

    def __init__(
        self,
        resource: IResource,
        reactor: Any,
        *,
        idle_timeout: float | None,
        finished: Callable[[StreamingRequest], None],
    ) -> None:
        """
        @param resource: the root of what is served.
        @param reactor: the clock of all timeouts.
        @param idle_timeout: for how many seconds a client may be silent, take
            to send the headers of a request, or not read what it is sent;
            L{None} for as long as it likes.
        @param finished: is called once for each request, when its answer is
            done or its connection was lost.
        """
        super().__init__(resource, reactor=reactor, timeout=idle_timeout)
        self._finished = finished
        self.in_flight = 0
        """How many requests are being answered."""
        self.draining = False
        """Whether each connection is closed once its answer is out."""
        self.leaving = False
        """Whether the next answer on each connection tells that it is the last."""
        self.between: float | None = idle_timeout
        """
        For how many seconds a client may be silent between requests; L{None} for
        as long as it likes.
        """
        self._channels: set[StreamingHTTPChannel] = set()
        self._waiting: list[Deferred[None]] = []

    @property
    def connected(self) -> int:
        """
        How many connections there are.
        """
        return len(self._channels)

    def acceptableProtocols(self) -> list[bytes]:
        return [b"http/1.1"]

    def startFactory(self) -> None:
        # There is no access log to open here.
        pass

    def stopFactory(self) -> None:
        pass

    def log(self, request: http.Request) -> None:
        assert isinstance(request, StreamingRequest)
        request.ended()

    def leave(self, seconds: float) -> None:
        """
        Let each connection have one more answer, that tells the client to make
        another connection: to close it could meet a request on its way.

        @param seconds: for how long a client may be silent before its connection
            is closed all the same.
        """
        self.leaving, self.between = True, seconds
        for channel in list(self._channels):
            channel.wait_for_last()

    def drain(self) -> None:
        """
        Close each connection as soon as its request is answered, those that
        have none at once.
        """
        self.draining = True
        for channel in list(self._channels):
            channel.close_if_idle()

    def drained(self) -> Deferred[None]:
        """
        Wait until no request is in flight, and each answer has left.
        """
        if not self._busy():
            return succeed(None)
        waiting: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def abort(self) -> None:
        """
        Break off all connections.
        """
        for channel in list(self._channels):
            channel.abort()

    # What channels and requests tell

    def opened(self, channel: StreamingHTTPChannel) -> None:
        """
        Take note of a new connection.
        """
        self._channels.add(channel)

    def closed(self, channel: StreamingHTTPChannel) -> None:
        """
        Take note that a connection is gone.
        """
        self._channels.discard(channel)
        self.settled()

    def settled(self) -> None:
        """
        Take note that a connection is gone, or has no request any more.
        """
        if self._waiting and not self._busy():
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                one.callback(None)

    def began(self) -> None:
        """
        Take note of a new request.
        """
        self.in_flight += 1

    def ended(self, request: StreamingRequest) -> None:
        """
        Take note that a request is answered, or its connection is gone.
        """
        self.in_flight -= 1
        self._finished(request)

    def _busy(self) -> bool:
        return any(channel.answering for channel in self._channels)
