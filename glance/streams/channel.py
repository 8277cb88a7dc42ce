"""
HTTP/1.1 on the wire: requests are dispatched when their headers are in.

This uses private attributes of Twisted's own channel; C{tests/streams/test_private.py}
names each of them, and fails when one is gone.
"""

from __future__ import annotations

import sys
from math import inf
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IHandshakeListener
from twisted.internet.protocol import connectionDone
from twisted.internet.tcp import Connection
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH
from zope.interface import implementer

from glance.errors import BodyMalformed, BodyStopped, BodyTimeout
from glance.streams.chunks import (
    ChunkDecoder,
    CountedFraming,
    Framing,
    MalformedChunks,
)
from glance.streams.heads import HANDSHAKE, MALFORMED, Head
from glance.streams.lingering import LingeringChannel
from glance.streams.measures import DRAINED, FIRST, ROW
from glance.streams.patience import Progress
from glance.streams.receiving import Receiving
from glance.streams.request import StreamingRequest, UploadBody
from glance.streams.sending import FileSending
from glance.streams.sockets import below, full, unsent, unwritten


@implementer(IHandshakeListener)
class StreamingHTTPChannel(LingeringChannel):
    """
    The connection of a client.

    While the body of a request is on its way, this reads from the socket
    exactly as long as somebody wants the body.
    """

    # All limits are those of Head, which says which of them it was.
    totalHeadersSize = maxHeaders = sys.maxsize  # noqa: N815

    # Attributes are set on the connection only once they differ from these: with
    # more than thirty, Python keeps them in three times the memory.

    answering = False
    """Whether there is a request, or an answer that has not wholly left."""

    _row = 0
    """How many requests have come at once, beyond the first."""

    _body: UploadBody | None = None
    """The body that is on its way."""

    _answered: StreamingRequest | None = None
    """The request that is answered, but whose body is still to be drained."""

    awaited: IDelayedCall | None = None
    """The end of waiting for the first request, where there is to be no other."""

    _asked = False
    """Whether anything has come."""

    _begun = False
    """Whether some of the next request has come."""

    _head: Head | None = None
    """What has come of it, unless that is the whole head."""

    _blank = False
    """Whether that was an empty line, of which one may come before a request."""

    _expecting = False
    """Whether the client waits to be told to continue."""

    _later: StreamingRequest | None = None
    """The request that is answered, but whose answer is still to be read."""

    _sending: FileSending | None = None
    """The file that is on its way to the client."""

    due = inf
    """When it is time to look at how the client gets on."""

    _coming: Progress | None = None
    """How it gets on with sending."""

    _going: Progress | None = None
    """How it gets on with reading."""

    _receiving: Receiving | None = None
    """How that is received."""

    def connectionMade(self) -> None:
        super().connectionMade()
        # By TLS, the handshake is still to come.
        self._wait(self.site.for_headers if self.isSecure() else self.site.idle)
        self.site.opened(self)

    def handshakeCompleted(self) -> None:  # noqa: N802
        """
        Wait for a request, as by plain TCP from the start.
        """
        if not self.closing:
            self._wait(self.site.idle)

    # Requests come in

    def dataReceived(self, data: bytes) -> None:
        if self.closing:
            self.discard(data)
            return
        if self._row:
            self._row = 0
        # There is one time for all headers, or one byte now and then would keep
        # the connection open for ever.
        if not self._begun:
            self._begun = self._asked = True
            self._wait(self.site.for_headers)
            if data.startswith(HANDSHAKE):
                self._respondToBadRequestAndDisconnect()
                return
        LineReceiver.dataReceived(self, data)

    @property
    def MAX_LENGTH(self) -> int:  # type: ignore[override]  # noqa: N802
        return self.site.longest_line

    def lineReceived(self, line: bytes) -> None:
        if self.closing:
            return
        if self._head is None:
            if not line and not self._blank:
                self._blank = True
                return
            if not self._begun:
                self._row += 1
            self._head = Head(self.site.longest_line)
        problem = self._head.problem(line)
        if problem is not None:
            self.refuse(problem)
            return
        if not line:
            self._head = None
            if self._blank:
                self._blank = False
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse((self._head or Head(self.site.longest_line)).too_long(line))

    def rawDataReceived(self, data: bytes) -> None:
        if self.closing:
            return
        if self._handlingRequest:
            self._keep(data)
            return
        try:
            super().rawDataReceived(data)
        except MalformedChunks:
            self._respondToBadRequestAndDisconnect()

    def _keep(self, data: bytes) -> None:
        """
        Keep what comes while another request is answered, if it isn't much.
        """
        # Twisted counts all pieces at each, which costs seconds where they have a
        # byte each; and reads on while the client reads no answer.
        kept = b"".join([*self._dataBuffer, data])
        self._dataBuffer[:] = [kept]
        if len(kept) > self._optimisticEagerReadSize:
            self._networkProducer.pauseProducing()

    def allHeadersReceived(self) -> None:
        request: StreamingRequest = self.requests[-1]
        self.answering = True
        self.due = 0.0
        request.parseCookies()
        self.persistent = self.checkPersistence(request, self._version)
        request.gotLength(self.length)
        if self.length == 0:
            # It has all come, and allContentReceived is called next.
            return
        # Nothing else can be expected, or it would have been refused.
        expects = request.requestHeaders.hasHeader(b"expect")
        self._expecting = expects and self._version == b"HTTP/1.1"
        length = UNKNOWN_LENGTH if self.length is None else self.length
        self._body = UploadBody(length, self._regulate)
        write, finish = request.handleContentChunk, self._finishRequestBody
        self._transferDecoder = framing = (
            ChunkDecoder(write, finish)
            if self.length is None
            else CountedFraming(self.length, write, finish)
        )
        self._receive(self._body, framing)
        request.begin(self.site, self._command, self._path, self._version, self._body)
        self._regulate()

    def checkPersistence(self, request: http.Request, version: bytes) -> bool:
        # Twisted takes no list for one, and of several lines only the first.
        lines = request.requestHeaders.getRawHeaders(b"connection", [])
        wishes = {wish.strip(b" \t").lower() for wish in b",".join(lines).split(b",")}
        return b"close" not in wishes and super().checkPersistence(request, version)

    def allContentReceived(self) -> None:
        answered = self._answered
        if answered is not None:
            self._answered = None
        if self._body is not None:
            self._body = None
            self._receive_less()
            if not self._waitingForTransport:
                self._networkProducer.resumeProducing()
        super().allContentReceived()
        if answered is not None:
            self._next(answered)

    def _regulate(self) -> None:
        """
        Read from the socket if what comes is wanted, and don't if not.
        """
        if self._body is None or self.closing:
            return
        started = self.requests[-1].startedWriting
        if self._body.wanted and self._expecting and not started:
            self._expecting = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._receiving is not None:
            self._receiving.go_on()
        wanted = self._body.wanted or self._answered is not None
        if wanted and not self._waitingForTransport:
            self._networkProducer.resumeProducing()
        else:
            self._networkProducer.pauseProducing()

    def _receive(self, body: UploadBody, framing: Framing) -> None:
        socket = below(self.transport)
        if socket is not None:
            refuse = self._respondToBadRequestAndDisconnect
            direct = self.sends_files()
            self._receiving = Receiving(socket, direct, body, framing, refuse)
            self._receiving.start()

    def _receive_less(self) -> None:
        if self._receiving is not None:
            self._receiving.stop()
            self._receiving = None

    # Answers go out

    def sends_files(self) -> bool:
        """
        Whether the system can send files by itself: not through TLS.
        """
        transport = self.transport
        return isinstance(transport, Connection) and not transport.TLS

    def send_file(
        self, request: StreamingRequest, fd: int, offset: int, count: int
    ) -> Deferred[None]:
        """
        Send part of a file (L{glance.streams.files.IFileConsumer}).
        """
        if self.closing:
            return fail(BodyStopped("The connection is closing."))

        def over(result: Any) -> Any:
            self._sending = None
            return result

        self._sending = sending = FileSending(
            self.transport, request, fd, offset, count
        )
        sending.start()
        return sending.done.addBoth(over)

    def writeHeaders(
        self, version: bytes, code: bytes, reason: bytes, headers: Headers
    ) -> None:
        ending = self.site.draining or self.site.leaving
        if ending or not self._drainable():
            self.persistent = False
        if not self.persistent:
            headers.setRawHeaders("connection", ["close"])
        headers.removeHeader("server")
        super().writeHeaders(version, code, reason, headers)

    def _drainable(self) -> bool:
        """
        Whether what is left of the body, if anything, will come for sure, and
        soon.
        """
        body = self._body
        if body is None:
            return True
        if self._expecting or not isinstance(body.length, int) or body.broken:
            return False
        return body.length - body.received <= DRAINED

    def requestDone(self, request: StreamingRequest) -> None:
        if self._body is None:
            self._next(request)
            return
        if self._body.received != self._body.length:
            self._body.stopProducing()
        if self.closing:
            return
        if self._drainable():
            self._answered = request
            # There is one time for all that is drained.
            self._wait(self.site.idle)
            self._regulate()
        else:
            self.linger()

    def _next(self, request: StreamingRequest) -> None:
        """
        Go on to the next request.
        """
        if self.closing:
            return
        if self._waitingForTransport and self.persistent and not self.site.draining:
            # Who doesn't read its answers gets no more of them.
            self._later = request
            return
        if self._row == ROW:
            self._row, self._later = 0, request
            self.site.reactor.callLater(0, self._go_on)
            return
        self._begun = False
        if self.site.draining:
            self.persistent = False
        if self.persistent:
            self.answering = False
            if self._coming or self._going:
                self._coming = self._going = None
            self._wait(self.site.between)
            self.site.settled()
        super().requestDone(request)

    # Connections end

    def _respondToBadRequestAndDisconnect(self) -> None:
        if self._body is None:
            self.refuse(MALFORMED)
            return
        message = "The chunks that the data was sent in are broken. Send it again."
        self._body.fail(Failure(BodyMalformed(message)))

    def close(self) -> None:
        super().close()
        self._going, self.due = None, 0.0
        self._receive_less()

    def wait_for_last(self) -> None:
        """
        Wait no longer for the next request than for the last.
        """
        if not (self.answering or self.closing):
            self._wait(self.site.between)

    @property
    def busy(self) -> bool:
        """
        Whether a request is under way or awaited, or an answer is on its way.
        """
        awaited = self.awaited is not None
        return self.answering or awaited or unsent(self.transport) > 0

    def close_if_idle(self) -> None:
        """
        Close the connection unless a request has begun to come.  If nothing ever has,
        it may be new, and the first one is waited for, for a moment.
        """
        if self.answering or self._begun:
            return
        if self._asked or self.closing:
            self.loseConnection()
        else:
            self.awaited = self.site.reactor.callLater(FIRST, self._end_awaiting)

    def _end_awaiting(self) -> None:
        self.awaited = None
        if not (self.answering or self._begun):
            self.loseConnection()
        self.site.settled()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._body = self._later = None
        if self.awaited is not None:
            call, self.awaited = self.awaited, None
            call.cancel()
        super().connectionLost(reason)
        self.site.closed(self)

    # Clients that are waited for

    def resumeProducing(self) -> None:
        super().resumeProducing()
        self._regulate()
        self._go_on()

    def _go_on(self) -> None:
        later, self._later = self._later, None
        if later is not None:
            self._next(later)

    def _wait(self, seconds: float | None) -> None:
        """
        Wait so long for the client, from now on.
        """
        self.due = inf if seconds is None else self.site.reactor.seconds() + seconds

    def look(self, now: float) -> None:
        """
        See how the client gets on, and give it up if it doesn't; called by the
        site once it is L{due}.
        """
        self.due = now + self.site.interval / 2
        if self._answered is not None:
            self.abort()
        elif self.closing:
            self._look_at_reading(now)
        elif self.answering:
            self._look_at_sending(now)
            self._look_at_reading(now)
        else:
            self.loseConnection()

    def _look_at_sending(self, now: float) -> None:
        body = self._body
        if body is None:
            return
        if self._coming is None:
            self._coming = Progress(self.site.idle, self.site.upload_rate)
        if not body.wanted:
            self._coming.rest()
            return
        fault = self._coming.fault(now, body.received)
        if body.whole_by is not None and now >= body.whole_by:
            fault = f"not all of it came in {self.site.for_headers:g} seconds"
        if fault is not None:
            message = f"{fault.capitalize()}. Send it again."
            body.fail(Failure(BodyTimeout(message)))

    def _look_at_reading(self, now: float) -> None:
        if self._going is None:
            # The end of an answer may be little.
            rate = 0 if self.closing else self.site.download_rate
            self._going = Progress(self.site.idle, rate)
        if not (self.closing or self._holds_us()):
            self._going.rest()
            return
        sent = self.requests[0].sentLength if self.requests else 0
        if self._going.fault(now, sent - unsent(self.transport)) is not None:
            self.abort()

    def _holds_us(self) -> bool:
        """
        Whether more could be sent, if only the client took what it was sent.
        """
        socket = below(self.transport)
        if socket is None:
            return self._waitingForTransport
        return unwritten(socket) > 0 or (self._sending is not None and full(socket))
