"""
One request, and its answer.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure
from twisted.web.client import (
    RequestGenerationFailed,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer, IResponse

from glance.receiving import ReceivedBody
from glance.silence import Silence
from glance.swift.connections import Connections
from glance.swift.errors import SwiftError, TimedOut, Unreachable
from glance.swift.receiving import read_all, received
from glance.swift.sending import BytesBody, SentBody

_WRAPPERS = (
    RequestGenerationFailed,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)

CONTINUE = 2.0
"""
For how many seconds a server has to say that it wants the data.  After that the
data is sent all the same, since there are servers that never do.
"""


@frozen(kw_only=True)
class Ask:
    """
    What is asked for.
    """

    method: str
    url: str
    headers: dict[str, str] = field(factory=dict, repr=False)
    data: bytes | None = field(default=None, repr=False)
    """A few bytes to send; L{None} for none."""


@frozen
class Answer:
    """
    What was answered.
    """

    status: int
    headers: Headers = field(repr=False)
    data: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """
        Get the value of a header; L{None} if there is none.
        """
        values = self.headers.getRawHeaders(name)
        return values[0] if values else None

    @property
    def transaction(self) -> str | None:
        """
        The id that Swift's logs have for it; L{None} where it says none.
        """
        return self.header("x-trans-id") or self.header("x-openstack-request-id")


@frozen
class Outcome:
    """
    What came of sending data.
    """

    answer: Answer | None
    error: Exception | None
    """Why there is no answer."""
    sent: SentBody = field(repr=False)
    """The data: whether it was begun, and what went out."""


class Exchanges:
    """
    Sends requests, and waits as long as something moves.
    """

    def __init__(
        self, connections: Connections, clock: IReactorTime, idle: float = 60.0
    ) -> None:
        """
        @param idle: for how many seconds a server may neither take nor send
            anything, where that is what all waits for.
        """
        self._connections = connections
        self._clock = clock
        self._idle = idle

    async def ask(self, ask: Ask) -> Answer:
        """
        Get an answer with all its data, which is little.
        """
        response = await self._request(ask)
        data = await read_all(response, self._clock, self._idle)
        return Answer(response.code, response.headers, data)

    async def open(self, ask: Ask) -> tuple[Answer, ReceivedBody | None]:
        """
        Get an answer whose data is an object.

        @return: the answer without its data, and that; L{None} for it where the
            status isn't one of success.
        """
        response = await self._request(ask)
        if response.code in (200, 206):
            body = received(response, self._clock, self._idle)
            return Answer(response.code, response.headers), body
        data = await read_all(response, self._clock, self._idle)
        return Answer(response.code, response.headers, data), None

    async def send(self, ask: Ask, body: IBodyProducer) -> Outcome:
        """
        Send data, and get the answer.

        @param body: is started only when Swift wants to have it.  Where it was
            not, it isn't stopped either: it can be sent again.
        """
        sending = _Sending(self._connections, self._clock, self._idle, body)
        return await sending.send(ask)

    async def _request(self, ask: Ask) -> IResponse:
        body = None if ask.data is None else BytesBody([ask.data])
        agent = self._connections.kept()
        try:
            running = agent.request(
                ask.method.encode(), ask.url.encode(), _headers_of(ask), body
            )
            patience = _Patience(self._clock, self._idle, running.cancel)
            return await patience.wait(running)
        except Exception as error:
            raise translated(error) from error


class _Patience:
    """
    Waits for an answer.
    """

    def __init__(
        self,
        clock: IReactorTime,
        idle: float,
        break_off: Callable[[], None],
        seen: Callable[[], object] = lambda: None,
    ) -> None:
        self._silence = Silence(clock, self._late, seen)
        self._idle = idle
        self._break_off = break_off
        self._first: Deferred[IResponse] = Deferred(self._cancelled)

    async def wait(self, running: Deferred[IResponse]) -> IResponse:
        """
        Wait for C{running} to fire, and for its server no longer than it may
        be idle.
        """
        self.waits(True)
        running.addBoth(self._fire)
        try:
            return await self._first
        finally:
            self._silence.end()

    def waits(self, for_server: bool) -> None:
        """
        Take note of whether it is the server that all waits for.
        """
        if for_server and not self._first.called:
            self._silence.begin(self._idle)
        else:
            self._silence.end()

    def _fire(self, result: IResponse | Failure) -> None:
        if not self._first.called:
            self._first.callback(result)

    def _late(self) -> None:
        self._first.errback(TimedOut("Swift neither took nor sent anything."))
        self._break_off()

    def _cancelled(self, first: Deferred[IResponse]) -> None:
        first.errback(CancelledError())
        self._break_off()


class _Sending:
    """
    One request with data.
    """

    def __init__(
        self,
        connections: Connections,
        clock: IReactorTime,
        idle: float,
        body: IBodyProducer,
    ) -> None:
        self._clock = clock
        self._idle = idle
        self._agent, self._connection = connections.fresh()
        self._connection.continued = self._begin
        # What goes out of the system's buffers is progress that nobody hears of.
        self._patience = _Patience(
            clock, idle, self._break_off, self._connection.unsent
        )
        self._sent = SentBody(body, self._connected, self._patience.waits)
        self._running: Deferred[IResponse] | None = None
        self._latest: IDelayedCall | None = None

    async def send(self, ask: Ask) -> Outcome:
        """
        Send it.
        """
        headers = _headers_of(ask)
        if self._sent.length != 0:
            headers.setRawHeaders("Expect", ["100-continue"])
        answer = error = None
        try:
            self._running = self._agent.request(
                ask.method.encode(), ask.url.encode(), headers, self._sent
            )
            response = await self._patience.wait(self._running)
            whole = self._sent.over
            self._sent.let_go()
            data = await read_all(response, self._clock, self._idle)
            if not whole:
                self._connection.break_off()
            answer = Answer(response.code, response.headers, data)
        except Exception as problem:
            self._sent.let_go()
            self._connection.break_off()
            error = translated(problem)
            failed = self._sent.failure
            if failed is not None and isinstance(failed.value, Exception):
                error = failed.value
        finally:
            self._begin_no_more()
        return Outcome(answer, error, self._sent)

    def _connected(self) -> None:
        # The request is out, and now the data is to follow.
        if self._sent.length == 0:
            self._begin()
            return
        self._latest = self._clock.callLater(CONTINUE, self._begin)

    def _begin(self) -> None:
        self._begin_no_more()
        self._sent.begin()

    def _begin_no_more(self) -> None:
        if self._latest is not None and self._latest.active():
            self._latest.cancel()

    def _break_off(self) -> None:
        if self._running is not None:
            self._running.cancel()
        self._connection.break_off()


def _headers_of(ask: Ask) -> Headers:
    return Headers({name: [value] for name, value in ask.headers.items()})


def translated(error: BaseException) -> Exception:
    """
    Get what to raise for an error of Twisted's client.
    """
    reasons = _reasons(error)
    for reason in reasons:
        if isinstance(reason, SwiftError | CancelledError):
            return reason
    innermost = reasons[-1]
    told = str(innermost) or type(innermost).__name__
    if isinstance(innermost, DNSLookupError):
        told = "there is no host of that name."
    return Unreachable(f"Swift cannot be reached: {told}")


def _reasons(error: BaseException) -> list[BaseException]:
    """
    Get what Twisted's client wraps: the innermost reasons of an error.
    """
    if not isinstance(error, _WRAPPERS):
        return [error]
    found: list[BaseException] = []
    for reason in error.reasons:
        found += _reasons(reason.value)
    return found or [error]
