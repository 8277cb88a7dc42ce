"""
Requests: signed, sent, sent again where that is safe, and their answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any, TypeVar

from attrs import field, frozen
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.task import deferLater
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer, IResponse

from glance.receiving import Collector, ReceivedBody
from glance.s3.addressing import Endpoint, Target, region_named
from glance.s3.connections import Agents
from glance.s3.credentials import Credentials
from glance.s3.documents import error_in
from glance.s3.errors import (
    BadAnswer,
    Cut,
    Elsewhere,
    Refused,
    S3Error,
    Silent,
    Stopped,
    Unavailable,
    Unreachable,
    kind_of,
)
from glance.s3.limits import Limits
from glance.s3.sending import Parcel, SentBody
from glance.s3.signing import EMPTY, UNSIGNED, Query, signed
from glance.silence import Silence

T = TypeVar("T")

REASON = 1 << 16
"""How many bytes an answer may have that says why not."""


class Again(Enum):
    """
    When a request may be sent once more.
    """

    ALWAYS = "always"
    """It does the same, however often it is sent."""
    REFUSED = "refused"
    """Only if it surely had no effect."""


@frozen(kw_only=True)
class Ask:
    """
    What is asked of a server.
    """

    method: str
    bucket: str | None
    """L{None} for the server itself."""
    key: str | None = None
    """L{None} for the bucket."""
    query: Query = ()
    headers: Mapping[str, str] = field(factory=dict)
    """By their names in lower case."""
    body: Parcel | IBodyProducer | None = None
    """A body that is no L{Parcel} is sent once, and on a connection of its own."""
    digest: str | None = None
    """The SHA-256 of a body that is no L{Parcel}, in hexadecimal; L{None} if it
    isn't known."""
    again: Again = Again.ALWAYS
    patient: bool = False
    """Whether the server has a lot to do once it has the body."""

    @property
    def once(self) -> bool:
        """
        Whether it can be sent but once.
        """
        return self.body is not None and not isinstance(self.body, Parcel)


class _Exchange:
    """
    One request on its way.
    """

    def __init__(self, clock: Any, where: str) -> None:
        self.silence = Silence(clock, self._silent)
        self._where = where
        self._waiting: Deferred[IResponse] | None = None

    async def answer(
        self, asking: Deferred[IResponse], sent: SentBody | None
    ) -> IResponse:
        """
        Wait for the headers of the answer.
        """
        cancelled = False

        def cancel(_: object) -> None:
            nonlocal cancelled
            cancelled = True
            asking.cancel()

        def fire(result: Any) -> None:
            if not waiting.called:
                waiting.callback(result)

        waiting: Deferred[IResponse] = Deferred(cancel)
        self._waiting = waiting
        asking.addBoth(fire)
        try:
            return await waiting
        except Exception as error:
            asking.cancel()
            if cancelled:
                raise CancelledError from error
            if isinstance(error, Silent):
                raise
            if sent is not None and sent.failure is not None:
                sent.failure.raiseException()
            raise self._translated(error) from error
        finally:
            self.silence.end()

    def _silent(self) -> None:
        if self._waiting is not None and not self._waiting.called:
            self._waiting.errback(
                Silent(
                    f"{self._where} did nothing for {self.silence.seconds:g} seconds."
                )
            )

    def _translated(self, error: Exception) -> Exception:
        innermost: BaseException = error
        while reasons := getattr(innermost, "reasons", None):
            innermost = getattr(reasons[0], "value", reasons[0])
        told = str(innermost) or type(innermost).__name__
        unreachable = Unreachable(f"{self._where} cannot be reached: {told}")
        unreachable.untouched = isinstance(innermost, ConnectError | DNSLookupError)
        return unreachable


class Service:
    """
    A server, as the operations see it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials | None,
        agents: Agents,
        *,
        region: str,
        clock: Any,
        now: Callable[[], float],
        jitter: Callable[[], float],
        limits: Limits,
    ) -> None:
        """
        @param credentials: L{None} to ask as nobody.
        @param region: where buckets are, unless the server says otherwise.
        @param clock: an L{twisted.internet.interfaces.IReactorTime}.
        @param now: gets the seconds since 1970, for signatures.
        @param jitter: gets a number from 0 to 1.
        """
        self.endpoint = endpoint
        self.limits = limits
        self._credentials = credentials
        self._agents = agents
        self._region = region
        self._regions: dict[str, str] = {}
        self.clock = clock
        self._now = now
        self._jitter = jitter

    def close(self) -> Deferred[Any]:
        """
        Close the connections that are kept.
        """
        return self._agents.close()

    def region_of(self, bucket: str | None) -> str:
        """
        Get the region that a bucket is in, as far as is known.
        """
        return self._regions.get(bucket or "", self._region)

    async def settle(self, bucket: str) -> None:
        """
        Find out where a bucket is, before something is sent to it that can be
        sent but once.
        """
        if bucket in self._regions:
            return
        query = [("list-type", "2"), ("max-keys", "1")]
        try:
            await self.text(Ask(method="GET", bucket=bucket, query=query))
        except (Elsewhere, Unavailable):
            raise
        except Refused:
            # It need not let us list; then it's the right one all the same.
            pass
        self._regions.setdefault(bucket, self._region)

    def body(self, response: IResponse) -> ReceivedBody:
        """
        Get the body of an answer.
        """
        idle = self.limits.idle
        return ReceivedBody(
            response,
            self.clock,
            idle,
            silent=Silent(f"S3 sent nothing for {idle:g} seconds."),
            # Where the answer has no length, nobody knows whether it is whole.
            cut=Cut("The connection was lost before the data's end."),
            stopped=Stopped,
        )

    async def _all(self, response: IResponse, limit: int) -> bytes:
        collector = Collector(limit, BadAnswer("The server's answer is too long."))
        await self.body(response).startProducing(collector)
        return collector.data

    async def text(self, ask: Ask, limit: int = REASON) -> tuple[Headers, bytes]:
        """
        Ask for something whose answer is small.

        @param limit: how many bytes it may have.

        @return: its headers, and all of its body.
        """

        async def whole() -> tuple[Headers, bytes]:
            response = await self._granted(ask)
            said = await self._all(response, limit)
            if b"<Error" in said.lstrip()[:1024] and error_in(said) is not None:
                # What takes long is granted before it is done.
                raise self._refused(ask, response, said)
            headers: Headers = response.headers
            return headers, said

        return await self._persist(ask, whole)

    async def ask(self, ask: Ask) -> IResponse:
        """
        Ask for something.

        @return: the answer that grants it.  Its body must be read or stopped.
        """

        async def granted() -> IResponse:
            return await self._granted(ask)

        return await self._persist(ask, granted)

    async def _persist(self, ask: Ask, once: Callable[[], Awaitable[T]]) -> T:
        moved = False
        attempt = 1
        while True:
            # Others may find out meanwhile that the bucket is elsewhere.
            asked = self.region_of(ask.bucket)
            try:
                return await once()
            except Elsewhere as error:
                if moved or not self._follow(ask, error, asked):
                    raise
                moved = True
            except S3Error as error:
                if not moved and await self._moved(ask, error, asked):
                    moved = True
                    continue
                silent = isinstance(error, Silent)
                most = self.limits.attempts_silent if silent else self.limits.attempts
                if attempt >= most or not _safe(ask, error):
                    raise
                pause = self.limits.pause(attempt, self._jitter)
                attempt += 1
                await deferLater(self.clock, pause)

    async def _moved(self, ask: Ask, error: S3Error, asked: str) -> bool:
        """
        Tell whether a bucket turns out to be elsewhere: HEAD is answered without a
        word, and some servers have no header for it.

        @param asked: the region that was asked.
        """
        if ask.method != "HEAD" or ask.bucket is None:
            return False
        if not isinstance(error, Refused) or (error.status, error.code) != (400, ""):
            return False
        with suppress(S3Error):
            await self.settle(ask.bucket)
        return self.region_of(ask.bucket) != asked

    def _follow(self, ask: Ask, error: Elsewhere, asked: str) -> bool:
        """
        Take note of where a bucket is, and tell whether to ask there.

        @param asked: the region that was asked.
        """
        region = region_named(error.region)
        if region is None or region == asked:
            return False
        self._regions[ask.bucket or ""] = region
        return not ask.once

    async def _granted(self, ask: Ask) -> IResponse:
        response = await self._sent(ask)
        if 200 <= response.code < 300:
            return response
        raise await self._refusal(ask, response)

    async def _sent(self, ask: Ask) -> IResponse:
        exchange = _Exchange(self.clock, self.endpoint.netloc)
        sent = None
        if ask.body is not None:
            body = ask.body.body() if isinstance(ask.body, Parcel) else ask.body
            idle, answer = self.limits.idle, self.limits.answer
            sent = SentBody(
                body, exchange.silence, idle, answer if ask.patient else idle
            )
        try:
            response = await exchange.answer(self._begun(ask, exchange, sent), sent)
            if sent is not None and 200 <= response.code < 300:
                if not sent.complete:
                    raise BadAnswer("The server granted what it hasn't got yet.")
                # Whoever made the data may still find that it is wrong.
                await sent.over
                if sent.failure is not None:
                    sent.failure.raiseException()
            return response
        finally:
            if sent is not None and not (sent.complete and sent.over.called):
                # It was refused early: whoever refuses wants no more of it.
                sent.break_off()

    def _begun(
        self, ask: Ask, exchange: _Exchange, sent: SentBody | None
    ) -> Deferred[IResponse]:
        region = self.region_of(ask.bucket)
        target = self.endpoint.within(region).target(ask.bucket, ask.key, ask.query)
        headers = self._headers(ask, target, self._payload(ask), region)
        agent = self._agents.fresh if ask.once else self._agents.kept
        exchange.silence.begin(self.limits.connect + self.limits.idle)
        return maybeDeferred(
            agent.request, ask.method.encode(), target.url.encode(), headers, sent
        )

    def _payload(self, ask: Ask) -> str:
        if ask.body is None:
            return EMPTY
        if isinstance(ask.body, Parcel) and not self.endpoint.secure:
            return ask.body.digest
        return ask.digest or UNSIGNED

    def _headers(self, ask: Ask, target: Target, payload: str, region: str) -> Headers:
        headers = {**ask.headers, "host": target.host}
        if self._credentials is not None:
            headers = signed(
                ask.method,
                target.path,
                target.query,
                headers,
                payload=payload,
                credentials=self._credentials,
                region=region,
                now=self._now(),
            )
        return Headers(
            {name.encode(): [value.encode()] for name, value in headers.items()}
        )

    async def _refusal(self, ask: Ask, response: IResponse) -> Refused:
        try:
            said = await self._all(response, REASON)
        except S3Error:
            said = b""
        return self._refused(ask, response, said)

    def _refused(self, ask: Ask, response: IResponse, said: bytes) -> Refused:
        def header(name: str) -> str:
            value: str = response.headers.getRawHeaders(name, [""])[0]
            return value

        told = error_in(said)
        code = told.code if told else ""
        region = (told.region if told else None) or header("x-amz-bucket-region")
        kind = kind_of(response.code, code)
        if response.code == 400 and not code and region != self.region_of(ask.bucket):
            # HEAD is answered without a word.
            kind = Elsewhere if region else kind
        return kind(
            response.code,
            self._hidden(code),
            self._hidden(told.message if told else ""),
            (told.request_id if told else "") or header("x-amz-request-id")[:100],
            region or None,
        )

    def _hidden(self, text: str) -> str:
        return text if self._credentials is None else self._credentials.hide(text)


def _safe(ask: Ask, error: S3Error) -> bool:
    """
    Tell whether to ask again after an error.
    """
    if ask.once:
        return False
    if isinstance(error, Unavailable):
        return True
    if isinstance(error, Unreachable) and error.untouched:
        return True
    lost = isinstance(error, Unreachable | Silent | Cut)
    return lost and ask.again is Again.ALWAYS
