"""
A server, as the clients' methods see it: what is asked of it, and answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urljoin, urlsplit

from attrs import frozen
from hyperlink import EncodedURL
from treq.client import HTTPClient
from twisted.internet.defer import (
    CancelledError,
    Deferred,
    gatherResults,
    maybeDeferred,
)
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse

from glance.client.agents import Agents, Given
from glance.client.errors import (
    STATUS,
    ConnectionTimeout,
    Error,
    MaxRedirectsExceeded,
    RedirectException,
    ServiceUnavailable,
    UnexpectedStatus,
)
from glance.client.failures import translated
from glance.client.headers import encoded
from glance.client.reasons import reason_in
from glance.client.receiving import received
from glance.client.sending import Progress, SentBody, Source
from glance.errors import ImageTooLarge
from glance.receiving import ReceivedBody
from glance.silence import Silence
from glance.streams.bodies import BytesBody, read_all

REDIRECTS = frozenset({301, 302, 303, 305, 307, 308})
MOST_REDIRECTS = 5
REPEATABLE = frozenset({"GET", "HEAD"})

DOCUMENT = 1 << 26
"""How many bytes an answer may have that is no image data."""

REASON = 1 << 16
"""How many bytes an answer may have that says why not."""

Query = Iterable[tuple[str, Any]]


@frozen(kw_only=True)
class Ask:
    """
    What is asked of a server.
    """

    method: str
    path: str
    """Below the root of the API, with a slash first, and quoted."""
    above: bool = False
    """Whether it is below that of all versions of the API instead."""
    query: Query = ()
    """Those that are L{None} are left out."""
    headers: Headers = Headers()  # noqa: RUF009
    json: Any = None
    """What is sent as JSON; L{None} for nothing."""
    json_type: str = "application/json"
    """The media type of that."""
    source: Source | None = None
    """Image data that is sent; L{None} for none."""
    progress: Progress | None = None
    download: bool = False
    """Whether the answer is image data."""


def path_of(*pieces: str) -> str:
    """
    Join pieces of a path, of which none can break out of its place.

    @raise Invalid: one of them is no text.
    """
    return "".join("/" + quote(encoded(str(piece)), safe="") for piece in pieces)


class Tokens(Protocol):
    """
    What has a token whenever one is needed.
    """

    def token(self) -> Deferred[str]:
        """
        Get one that is good.
        """

    def forget(self, token: str) -> None:
        """
        Have one not used any more.
        """

    def close(self) -> Deferred[Any]:
        """
        Close what is kept open.
        """


class _Attempt:
    """
    One request on its way.
    """

    def __init__(self, clock: Any) -> None:
        self.silence = Silence(clock, self._broken)
        self._asking: Deferred[IResponse] | None = None
        self._silent = False

    async def answer(
        self, asking: Deferred[IResponse], where: str, sent: SentBody | None = None
    ) -> IResponse:
        """
        Wait for the headers of the answer.
        """
        self._asking = asking
        cancelled = False

        def cancel(_: object) -> None:
            nonlocal cancelled
            cancelled = True
            asking.cancel()

        waiting: Deferred[IResponse] = Deferred(cancel)
        asking.chainDeferred(waiting)
        try:
            return await waiting
        except Exception as error:
            if self._silent:
                raise ConnectionTimeout(
                    f"{where} did not answer in time.  Try again later."
                ) from error
            if cancelled or isinstance(error, CancelledError):
                # What connects may say that it found no host.
                raise CancelledError from error
            failure = None if sent is None else sent.failure
            raise translated(error, where, failure) from error
        finally:
            self.silence.end()

    def _broken(self) -> None:
        self._silent = True
        if self._asking is not None:
            self._asking.cancel()


class Server:
    """
    A server.
    """

    def __init__(
        self,
        url: str,
        agents: Agents | Given,
        *,
        clock: Any,
        token: str | None,
        timeout: float | None,
        login: Tokens | None = None,
    ) -> None:
        """
        @param url: the root of its API, without a slash at its end.
        @param clock: an L{twisted.internet.interfaces.IReactorTime}.
        @param token: says who asks; L{None} to say nothing.
        @param login: gets a token where none is given; L{None} for none.
        @param timeout: for how many seconds it may be silent; L{None} for ever.
        """
        self.url = url
        self.timeout = timeout
        self.clock = clock
        self._agents = agents
        self._token = token
        self._login = login if token is None else None
        self._origin = _origin(url)

    def close(self) -> Deferred[Any]:
        """
        Close the connections that are kept.
        """
        closing: Deferred[Any] = self._agents.close()
        if self._login is None:
            return closing
        return gatherResults([closing, self._login.close()])

    async def token(self) -> str | None:
        """
        Get the token that says who asks; L{None} if nothing says so.
        """
        return self._token if self._login is None else await self._login.token()

    async def ask(self, ask: Ask) -> IResponse:
        """
        Ask for something, and follow where the server sends us.

        @return: the answer that grants it.  Its body must be read or stopped.

        @raise Error: it isn't granted, or doesn't get through.
        """
        pairs = [
            (encoded(key), encoded(str(value)))
            for key, value in ask.query
            if value is not None
        ]
        root = self.url.rpartition("/")[0] if ask.above else self.url
        url = root + ask.path + ("?" + urlencode(pairs) if pairs else "")
        method = ask.method
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._let_in(method, url, ask)
            if response.code not in REDIRECTS:
                break
            self.body(response).stopProducing()
            url = self._onward(response, url, method, ask)
            if response.code == 303:
                method = "HEAD" if method == "HEAD" else "GET"
        else:
            raise MaxRedirectsExceeded(
                f"The server redirects more than {MOST_REDIRECTS} times."
            )
        if 200 <= response.code < 300:
            return response
        raise await self._refusal(response)

    async def document(self, ask: Ask) -> Any:
        """
        Ask for something that is answered in JSON.

        @return: what the JSON says; L{None} where the answer is empty.
        """
        document, _ = await self.both(ask)
        return document

    async def both(self, ask: Ask) -> tuple[Any, Headers]:
        """
        Ask for something that is answered in JSON, and in headers.
        """
        response = await self.ask(ask)
        try:
            answer = await read_all(self.body(response), DOCUMENT)
            document = json.loads(answer) if answer.strip() else None
            return document, response.headers
        except (ValueError, ImageTooLarge) as error:
            raise UnexpectedStatus(
                f"That is no answer of Glance.  Is there something else at {self.url}?",
                response.code,
            ) from error

    def body(self, response: IResponse) -> ReceivedBody:
        """
        Get the body of an answer.
        """
        return received(response, self.clock, self.timeout)

    async def nothing(self, ask: Ask) -> Headers:
        """
        Ask for something of whose answer only the headers count.
        """
        response = await self.ask(ask)
        await read_all(self.body(response), DOCUMENT)
        headers: Headers = response.headers
        return headers

    def _onward(self, response: IResponse, url: str, method: str, ask: Ask) -> str:
        location = response.headers.getRawHeaders("location", [""])[0]
        onward: str = urljoin(url, location)
        if not location or urlsplit(onward).scheme not in ("http", "https"):
            raise RedirectException("The server redirects to nowhere.")
        if _origin(onward) != self._origin and method not in REPEATABLE:
            raise RedirectException(
                f"The server redirects to {_shown(onward)}, which is another one: "
                "ask there if you trust it."
            )
        if ask.source is not None and not ask.source.again:
            raise RedirectException(
                f"The server wants the data at {_shown(onward)}, and it cannot "
                "be sent twice: send it there."
            )
        return onward

    async def _let_in(self, method: str, url: str, ask: Ask) -> IResponse:
        """
        Ask, and once more with another token if that isn't taken.
        """
        # It is for nobody else.
        token = await self.token() if _origin(url) == self._origin else None
        response = await self._once(method, url, ask, token)
        if response.code != 401 or token is None or self._login is None:
            return response
        self._login.forget(token)
        if ask.source is not None and not ask.source.again:
            return response
        self.body(response).stopProducing()
        return await self._once(method, url, ask, await self._login.token())

    async def _once(
        self, method: str, url: str, ask: Ask, token: str | None
    ) -> IResponse:
        headers = ask.headers.copy()
        headers.setRawHeaders("user-agent", ["txglance"])
        accepted = "application/octet-stream, application/json;q=0.9, */*;q=0.5"
        headers.setRawHeaders(
            "accept", [accepted if ask.download else "application/json"]
        )
        if token is not None:
            headers.setRawHeaders("x-auth-token", [token])
        attempt = _Attempt(self.clock)
        if ask.source is not None:
            return await self._upload(attempt, method, url, headers, ask)
        agent = self._agents.kept() if method in REPEATABLE else self._agents.fresh()[0]
        body = None
        if ask.json is not None:
            body = BytesBody(json.dumps(ask.json).encode())
            headers.setRawHeaders("content-type", [ask.json_type])
        attempt.silence.begin(self.timeout)
        if ask.download:
            # treq would ask for compressed data, and hide its length.
            headers.setRawHeaders("accept-encoding", ["identity"])
            asking = maybeDeferred(
                agent.request, method.encode(), url.encode(), headers, body
            )
        else:
            asking = _request(agent, method, url, headers, body)
        return await attempt.answer(asking, _shown(url))

    async def _upload(
        self, attempt: _Attempt, method: str, url: str, headers: Headers, ask: Ask
    ) -> IResponse:
        assert ask.source is not None
        headers.setRawHeaders("content-type", ["application/octet-stream"])
        agent, break_off = self._agents.fresh()
        body = await ask.source.open()
        sent = SentBody(body, attempt.silence, self.timeout, ask.progress)
        asking = _request(agent, method, url, headers, sent)
        try:
            return await attempt.answer(asking, _shown(url), sent)
        finally:
            if not sent.sent:
                # It was refused early: whoever refuses wants no more of it.
                sent.stopProducing()
                break_off()

    async def _refusal(self, response: IResponse) -> Error:
        try:
            said = await read_all(self.body(response), REASON)
        except (Error, ImageTooLarge):
            said = b""
        status = f"{response.code} {_phrase(response)}"
        message = reason_in(said, status) or status
        if response.code == 503:
            after = response.headers.getRawHeaders("retry-after", [""])[0]
            seconds = int(after) if after.isascii() and after.isdigit() else None
            return ServiceUnavailable(message, seconds)
        error = STATUS.get(response.code)
        if error is not None:
            return error(message)
        return UnexpectedStatus(message, response.code)


class _Url(EncodedURL):
    """
    A URL that is as it has to be sent.

    To encode it once more would change nothing, and fail where its host is an
    IPv6 address.
    """

    def to_uri(self) -> _Url:
        return self


def _request(
    agent: IAgent,
    method: str,
    url: str,
    headers: Headers,
    body: IBodyProducer | None,
) -> Deferred[IResponse]:
    """
    Send a request by treq.
    """
    client = HTTPClient(agent)

    def request() -> Any:
        return client.request(
            method,
            _Url.from_text(url),
            headers=headers,
            data=body,
            allow_redirects=False,
            unbuffered=True,
        )

    answer: Deferred[IResponse] = maybeDeferred(request)
    return answer


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname, parts.port or default


def _shown(url: str) -> str:
    scheme, host, port = _origin(url)
    return f"{scheme}://{f'[{host}]' if ':' in str(host) else host}:{port}"


def _phrase(response: IResponse) -> str:
    phrase: bytes = response.phrase
    return phrase.decode("latin-1")
