"""
L{Keystone}: the one that is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent

from glance.errors import BodyStopped, ImageTooLarge
from glance.keystone import words
from glance.keystone.credentials import Credential
from glance.keystone.errors import (
    KeystoneError,
    LoginRefused,
    NoAnswer,
    NotAllowed,
    TokenRefused,
    Unreachable,
)
from glance.receiving import ReceivedBody
from glance.streams.bodies import BytesBody, read_all

ANSWER = 1 << 22
"""How many bytes an answer may have; a catalogue may be long."""

AGAIN = 0.2
"""
After how many seconds a connection is tried again that couldn't be had; each
further time after twice as many.
"""

NO_CATALOGUE = "nocatalog"


@frozen
class _Answer:
    status: int
    headers: Headers = field(repr=False)
    data: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        values = self.headers.getRawHeaders(name)
        return values[0] if values else None


class Keystone:
    """
    Keystone, which knows users and tokens.
    """

    def __init__(
        self,
        agent: IAgent,
        clock: IReactorTime,
        *,
        url: str,
        patience: float,
        retries: int,
    ) -> None:
        """
        @param url: where it is, with or without C{/v3}.
        @param patience: for how many seconds it is waited for.
        @param retries: how often it is tried again where there is no connection.
        """
        self._agent = agent
        self._clock = clock
        self._url = words.root_of(url)
        self._patience = patience
        self._retries = retries

    async def check(self) -> None:
        """
        See whether it answers.

        @raise Unreachable: it doesn't.
        """
        answer = await self._ask("GET", "", {})
        if answer.status != 200:
            raise _strange(answer)

    async def login(self, credential: Credential, catalogue: bool) -> words.Issued:
        """
        Get a token.

        @param catalogue: whether it is wanted where services are.

        @raise LoginRefused: it cannot be had with that.
        @raise Unreachable: it cannot be had at present.
        """
        query = "" if catalogue else f"?{NO_CATALOGUE}"
        answer = await self._ask(
            "POST",
            f"/auth/tokens{query}",
            {"Content-Type": "application/json"},
            json.dumps(words.login(credential)).encode(),
        )
        if answer.status in (401, 403):
            raise LoginRefused("Keystone refuses the credentials.")
        if answer.status != 201:
            raise _strange(answer)
        try:
            told = words.document(answer.data)
            return words.issued(answer.header("x-subject-token"), told)
        except words.Nonsense as error:
            raise Unreachable(str(error)) from None

    async def holder(
        self, token: str, by: words.Issued, expired: bool
    ) -> words.Holder | None:
        """
        Find out whose a token is; L{None} if nobody's.

        @param by: the token of who asks.
        @param expired: whether it may have ended.

        @raise TokenRefused: who asks isn't known, or not any more.
        @raise NotAllowed: who asks may not.
        @raise Unreachable: nobody can tell at present.
        """
        query = NO_CATALOGUE + ("&allow_expired=1" if expired else "")
        answer = await self._ask(
            "GET",
            f"/auth/tokens?{query}",
            {"X-Auth-Token": by.value, "X-Subject-Token": token},
        )
        if answer.status == 404:
            return None
        if answer.status == 401:
            raise TokenRefused("Keystone doesn't know who asks for tokens.")
        if answer.status == 403:
            raise NotAllowed("Keystone doesn't let who asks look at tokens.")
        if answer.status != 200:
            raise _strange(answer)
        try:
            told, now = words.document(answer.data), self._clock.seconds()
            return words.holder(told, answer.header("date"), now)
        except words.Nonsense as error:
            raise Unreachable(str(error)) from None

    async def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        data: bytes | None = None,
    ) -> _Answer:
        given_up = False

        def give_up(_: object) -> None:
            nonlocal given_up
            given_up = True
            running.cancel()

        def fire(result: _Answer | Failure) -> None:
            # What becomes of what was given up isn't said, nor whether it was.
            if not given_up:
                first.callback(result)

        first: Deferred[_Answer] = Deferred(give_up)
        asked = (method, path, headers, data)
        running = Deferred.fromCoroutine(self._tried(lambda: given_up, *asked))
        first.addTimeout(self._patience, self._clock)
        running.addBoth(fire)
        try:
            return await first
        except TimeoutError:
            raise NoAnswer(
                f"Keystone has not answered for {self._patience:g} seconds."
            ) from None

    async def _tried(self, given_up: Callable[[], bool], *asked: Any) -> _Answer:
        for count in range(self._retries):
            try:
                return await self._once(*asked)
            except NoAnswer:
                if given_up():
                    raise
                await deferLater(self._clock, AGAIN * 2**count)
        return await self._once(*asked)

    async def _once(
        self, method: str, path: str, headers: Mapping[str, str], data: bytes | None
    ) -> _Answer:
        sent = Headers({name: [value] for name, value in headers.items()})
        sent.setRawHeaders("Accept", ["application/json"])
        sent.setRawHeaders("User-Agent", ["glance"])
        body = None if data is None else BytesBody([data])
        url = f"{self._url}{path}".encode()
        try:
            response: Any = await self._agent.request(method.encode(), url, sent, body)
            received = ReceivedBody(
                response,
                self._clock,
                None,
                silent=NoAnswer("Keystone is silent."),
                cut=NoAnswer("Keystone broke its answer off."),
                stopped=BodyStopped,
                ends_with_connection=True,
            )
            read = await read_all(received, ANSWER)
        except (CancelledError, KeystoneError):
            raise
        except ImageTooLarge:
            raise Unreachable("Keystone's answer is longer than any.") from None
        except Exception as error:
            raise NoAnswer(f"Keystone cannot be reached: {_told(error)}") from error
        return _Answer(response.code, response.headers, read)


def _strange(answer: _Answer) -> Unreachable:
    return Unreachable(f"There was a {answer.status} in answer, and not Keystone's.")


def _told(error: BaseException) -> str:
    """
    Say what is behind an error of Twisted's client.
    """
    while reasons := getattr(error, "reasons", None):
        error = reasons[-1].value
    if isinstance(error, DNSLookupError):
        return "there is no host of that name."
    return str(error) or type(error).__name__
