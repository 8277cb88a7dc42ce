"""
The HTTP server: a site whose requests stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.web import http, server
from twisted.web.resource import IResource

from glance.streams.channel import StreamingHTTPChannel
from glance.streams.patience import interval
from glance.streams.request import StreamingRequest

LOOKS = 200
"""How many connections are looked at before it is others' turn."""


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
        header_timeout: float | None = None,
        upload_rate: float = 0,
        download_rate: float = 0,
        longest_line: int = 1 << 14,
        finished: Callable[[StreamingRequest], None],
    ) -> None:
        """
        @param resource: the root of what is served.
        @param reactor: the clock of all timeouts.
        @param idle_timeout: for how many seconds a client may be silent, or
            not read what it is sent; L{None} for as long as it likes.
        @param header_timeout: for how many seconds it may take to send the
            headers of a request; L{None} for C{idle_timeout}.
        @param upload_rate: how many bytes a second it has to send while it is
            waited for; 0 for any.
        @param download_rate: how many bytes a second it has to read while it is
            waited for; 0 for any.
        @param longest_line: how many bytes the first line of a request may have,
            and each header.
        @param finished: is called once for each request, when its answer is
            done or its connection was lost.
        """
        # Twisted's own timeout would be one delayed call for each connection.
        super().__init__(resource, reactor=reactor, timeout=None)  # type: ignore[arg-type]
        self._finished = finished
        self.in_flight = 0
        """How many requests are being answered."""
        self.draining = False
        """Whether each connection is closed once its answer is out."""
        self.leaving = False
        """Whether the next answer on each connection tells that it is the last."""
        self.idle = idle_timeout
        self.for_headers = idle_timeout if header_timeout is None else header_timeout
        self.upload_rate = upload_rate
        self.download_rate = download_rate
        self.longest_line = longest_line
        self.interval = interval(self.idle, self.for_headers)
        """How many seconds pass between two looks at all connections."""
        self.between: float | None = idle_timeout
        """
        For how many seconds a client may be silent between requests; L{None} for
        as long as it likes.
        """
        self._channels: set[StreamingHTTPChannel] = set()
        self._busy_one: StreamingHTTPChannel | None = None
        self._sweep_call: IDelayedCall | None = None
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
        self.interval = min(self.interval, interval(seconds))
        self._sweep_after(self.interval)
        for channel in list(self._channels):
            channel.wait_for_last()

    def drain(self) -> None:
        """
        Close each connection as soon as its request is answered, those that
        have none at once, or in a moment if they never had any.
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
        if self._sweep_call is None:
            self._sweep_after(self.interval)

    def closed(self, channel: StreamingHTTPChannel) -> None:
        """
        Take note that a connection is gone.
        """
        self._channels.discard(channel)
        if not self._channels:
            self._sweep_after(None)
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

    def _sweep_after(self, seconds: float | None) -> None:
        """
        Look at all connections after a while; L{None} for never.
        """
        if self._sweep_call is not None:
            self._sweep_call.cancel()
            self._sweep_call = None
        if seconds is not None and self._channels:
            self._sweep_call = self.reactor.callLater(seconds, self._sweep)

    def _sweep(self) -> None:
        """
        Look at the connections for which it is time.
        """
        self._sweep_call = None
        now = self.reactor.seconds()
        due = [channel for channel in self._channels if channel.due <= now]
        for channel in due[:LOOKS]:
            channel.look(now)
        self._sweep_after(self.interval if len(due) <= LOOKS else 0)

    def _busy(self) -> bool:
        # As long as one is, others needn't be looked at each time that one is gone.
        if self._busy_one not in self._channels or not self._busy_one.busy:
            self._busy_one = next((each for each in self._channels if each.busy), None)
        return self._busy_one is not None
