"""
Requests that are answered while their body is still on its way.
"""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from io import BytesIO
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web import http, server
from twisted.web.iweb import IBodyProducer, INonQueuedRequestFactory
from zope.interface import implementer, provider

from glance.errors import (
    BodyMalformed,
    BodyStopped,
    BodyTimeout,
    BodyTruncated,
    GlanceError,
)
from glance.log import request_id as current_request_id
from glance.streams.blocks import Block, Blocks, IBlockConsumer
from glance.streams.bodies import read_all
from glance.streams.files import IFileConsumer
from glance.streams.heads import ABSOLUTE

if TYPE_CHECKING:
    from glance.streams.site import StreamingSite

LONGEST_ID = 64
"""The most characters of a request's id that a client may give."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]+")


@implementer(IBodyProducer, IPushProducer)
class UploadBody:
    """
    The body of a request, as it comes from the socket.

    Nothing is read from the socket until the body is started, nor while it is
    paused; what was read before is held until then.
    """

    def __init__(self, length: int | str, regulate: Callable[[], None]) -> None:
        """
        @param length: how many bytes are to come, or
            L{twisted.web.iweb.UNKNOWN_LENGTH}.
        @param regulate: is called whenever L{wanted} may have changed.
        """
        self.length = length
        self.received = 0
        """How many bytes have come so far."""
        self._regulate = regulate
        self.blocks: Blocks | None = None
        """Whence the consumer wants to have blocks; L{None} if it takes bytes."""
        self._held: deque[Block] = deque()
        self._consumer: IConsumer | None = None
        self._block_consumer: Any = None
        self._waiting = False
        self._done: Deferred[None] | None = None
        self._failure: Failure | None = None
        self._paused = False
        self._writing = False
        self._complete = False
        self._over = False
        self.whole_by: float | None = None
        """When all of it has to be there; L{None} for whenever."""

    @property
    def wanted(self) -> bool:
        """
        Whether there is room for what comes next, and a consumer that takes it.
        """
        return self._consumer is not None and not (
            self._paused or self._complete or self._waiting
        )

    @property
    def broken(self) -> bool:
        """
        Whether the client failed to send it.
        """
        failure = self._failure
        return failure is not None and bool(failure.check(BodyMalformed, BodyTimeout))

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        if self._done is not None:
            raise RuntimeError("The body of a request can be read only once.")
        done: Deferred[None] = Deferred(lambda _: self.stopProducing())
        self._done = done
        if self._failure is not None:
            return fail(self._failure)
        self._consumer = consumer
        self._block_consumer = IBlockConsumer(consumer, None)
        if self._block_consumer is not None:
            self.blocks = self._block_consumer.blocks
            self._held = deque(self._block(bytes(block.data)) for block in self._held)
        self._deliver()
        return done

    def pauseProducing(self) -> None:
        self._paused = True
        self._regulate()

    def resumeProducing(self) -> None:
        self._paused = False
        self._deliver()

    def stopProducing(self) -> None:
        self.fail(Failure(BodyStopped("The data was stopped before its end.")))

    def data_received(self, data: bytes) -> None:
        """
        Take what has come; called by the channel.
        """
        self.received += len(data)
        if not self._over:
            self._held.append(self._block(data))
            self._deliver()

    def block_received(self, block: Block) -> None:
        """
        Take a block that has come, and is this body's from here on; called by
        the channel while this is L{wanted}.
        """
        self.received += len(block)
        self._held.append(block)
        self._deliver()

    def has_to_wait(self, receive: Callable[[], object]) -> bool:
        """
        See whether all memory is in use; called by who is about to receive.

        @param receive: is called when it is this body's turn, if it has to
            wait.
        """
        if self.blocks is None or not self.blocks.crowded:
            return False

        def turn() -> None:
            self._waiting = False
            try:
                if self.wanted:
                    receive()
            except Exception:
                # Who let go of memory has nothing to do with it.
                self.fail(Failure())
            self._regulate()

        self._waiting = True
        self.blocks.wait(turn)
        self._regulate()
        return True

    def _block(self, data: bytes) -> Block:
        return Block(data) if self.blocks is None else self.blocks.wrap(data)

    def completed(self) -> None:
        """
        Take note that all has come; called by the channel.
        """
        self._complete = True
        self._deliver()

    def connection_lost(self) -> None:
        """
        Take note that no more can come; called by the request.
        """
        if self._consumer is None or not self._complete:
            self.fail(
                Failure(
                    BodyTruncated(
                        "The connection was lost before all of the data had come. "
                        "Send it again."
                    )
                )
            )

    def fail(self, failure: Failure) -> None:
        """
        End the body before its end; do nothing if it is over.

        @param failure: what C{startProducing} fails with.
        """
        if not self._over:
            self._failure = failure
            self._end(failure)

    def _deliver(self) -> None:
        """
        Write what is held, as far as the consumer has room, and see whether
        that was all.
        """
        if self._writing:
            # The loop below runs already, and looks at each flag again.
            return
        self._writing = True
        try:
            while self._held and self._consumer is not None and not self._paused:
                self._write(self._consumer, self._held.popleft())
        except Exception:
            self.fail(Failure())
        finally:
            self._writing = False
        started = self._consumer is not None
        if started and self._complete and not self._held:
            self._end(None)
        else:
            self._regulate()

    def _write(self, consumer: IConsumer, block: Block) -> None:
        try:
            if self._block_consumer is not None:
                self._block_consumer.writeBlock(block)
            else:
                consumer.write(bytes(block.data))
        finally:
            block.release()

    def _let_go(self) -> None:
        while self._held:
            self._held.popleft().release()

    def _end(self, result: Failure | None) -> None:
        self._over = True
        self._let_go()
        self._consumer = self._block_consumer = None
        self._regulate()
        if self._done is None:
            return
        if result is None:
            self._done.callback(None)
        else:
            self._done.errback(result)


def _id_of(given: bytes | None) -> str:
    """
    Get the id of a request: what its client calls it, or a new one.
    """
    said = (given or b"").decode("ascii", "replace")
    if len(said) > LONGEST_ID or _REQUEST_ID.fullmatch(said) is None:
        return f"req-{uuid.uuid4()}"
    return said if said.startswith("req-") else f"req-{said}"


@implementer(IFileConsumer)
class _Files:
    """
    Sends files as the answer to a request.
    """

    def __init__(self, request: StreamingRequest) -> None:
        self._request = request

    def sendFile(self, fd: int, offset: int, count: int) -> Deferred[None]:
        request = self._request
        if request.channel is None:
            return fail(BodyStopped("The client went away."))
        # The headers, if they haven't gone out.
        request.write(b"")
        sending: Deferred[None] = request.channel.send_file(request, fd, offset, count)
        return sending


@provider(INonQueuedRequestFactory)
class StreamingRequest(server.Request):
    """
    A request that is answered as soon as its headers are in.
    """

    defaultContentType = None
    channel: Any
    _logger = Logger()

    body: UploadBody | None = None
    """What comes after the headers; L{None} if nothing does."""

    request_id = ""
    """What the client, or else we, named this request."""

    started = 0.0
    """When the headers were in, by the clock of the reactor."""

    aborted = False
    """Whether the connection was lost before the answer was done."""

    challenge: bytes | None = None
    """How who isn't known is told to log in; L{None} for the usual way."""

    _begun = False
    _ended = False

    def gotLength(self, length: int | None) -> None:
        # Nothing is ever collected, whatever the length.
        self.content = BytesIO()

    def begin(
        self,
        site: StreamingSite,
        command: bytes,
        path: bytes,
        version: bytes,
        body: UploadBody | None,
    ) -> None:
        """
        Start to answer; called by the channel, when the headers are in.
        """
        self._begun = True
        self._site = site
        self.body = body
        self.started = site.reactor.seconds()
        self.request_id = _id_of(self.getHeader(b"x-openstack-request-id"))
        self.setHeader("x-openstack-request-id", self.request_id)
        site.began()
        super().requestReceived(command, self._origin_form(path), version)

    async def read_all(self, limit: int, full: GlanceError | None = None) -> bytes:
        """
        Get all bytes of the body, which is a small one: it has the time that the
        headers had.

        @param limit: how many bytes are taken.
        @param full: what is raised where there are more; L{None} for an
            L{ImageTooLarge<glance.errors.ImageTooLarge>}.
        """
        site = self._site
        if self.body is not None and site.for_headers is not None:
            self.body.whole_by = site.reactor.seconds() + site.for_headers
        return await read_all(self.body, limit, full)

    def _origin_form(self, target: bytes) -> bytes:
        """
        Get the path of a request, whose target may be a whole URL (RFC 9112
        section 3.2.2).
        """
        match = ABSOLUTE.fullmatch(target)
        if match is None:
            return target
        self.requestHeaders.setRawHeaders(b"host", [match[1]])
        rest: bytes = match[2] or b""
        return rest if rest.startswith(b"/") else b"/" + rest

    def handleContentChunk(self, data: bytes) -> None:
        assert self.body is not None
        self.body.data_received(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        if self.body is not None:
            self.body.completed()
        else:
            self.begin(self.channel.site, command, path, version, None)

    def process(self) -> None:
        def process() -> None:
            current_request_id.set(self.request_id)
            super(StreamingRequest, self).process()

        copy_context().run(process)

    def getRequestHostname(self) -> bytes:
        try:
            hostname: bytes = super().getRequestHostname()
        except AttributeError:
            # The address of a UNIX socket has no host.
            return b"localhost"
        return hostname

    def __conform__(self, interface: Any) -> Any:
        """
        Get what gives files to the socket, where that can be.
        """
        channel = getattr(self, "channel", None)
        if (
            interface is IFileConsumer
            and self.responseHeaders.hasHeader(b"content-length")
            and channel is not None
            and channel.sends_files()
        ):
            return _Files(self)
        return None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if getattr(self, "channel", None) is None:
            producer.stopProducing()
        else:
            super().registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        if getattr(self, "channel", None) is None:
            self.producer = None
        else:
            super().unregisterProducer()

    def processingFailed(self, reason: Failure) -> Failure:
        self._logger.failure(
            "{method} {uri} failed", reason, method=self.method, uri=self.uri
        )
        if self.startedWriting:
            self.loseConnection()
        else:
            message = b"Internal server error"
            self.setResponseCode(http.INTERNAL_SERVER_ERROR)
            self.setHeader(b"content-type", b"text/plain; charset=utf-8")
            self.setHeader(b"content-length", b"%d" % len(message))
            self.write(message)
            self.finish()
        return reason

    def loseConnection(self) -> None:
        if getattr(self, "channel", None) is not None:
            self.aborted = not self.finished
            super().loseConnection()

    def ended(self) -> None:
        """
        Tell the site, once, that there is no more to answer.
        """
        if self._begun and not self._ended:
            self._ended = True
            self._site.ended(self)

    def connectionLost(self, reason: Failure) -> None:
        self.aborted = self.aborted or not self.finished
        # First this, because Klein cancels the handler now, which then
        # doesn't try to answer that its body has failed.
        super().connectionLost(reason)
        if self.body is not None:
            self.body.connection_lost()
        self.ended()
