"""
Requests to an account: with a token, and made again where that does no harm.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IReactorTime
from twisted.internet.task import deferLater
from twisted.web.iweb import IBodyProducer
from zope.interface import alsoProvides, implementer

from glance.receiving import ReceivedBody
from glance.swift.auth import Token, Tokens
from glance.swift.errors import (
    AGAIN,
    BadAnswer,
    Corrupt,
    SwiftError,
    Unauthorized,
    Unreachable,
    refusal,
)
from glance.swift.exchanges import Answer, Ask, Exchanges, Outcome
from glance.swift.sending import IHashed, SentBody

R = TypeVar("R")


class Retries:
    """
    How often something is tried, and what passes between.
    """

    def __init__(
        self,
        clock: IReactorTime,
        random: Callable[[], float],
        *,
        attempts: int = 4,
        first: float = 0.5,
        longest: float = 10.0,
    ) -> None:
        """
        @param random: gives numbers from 0 to 1, so that not all who failed
            together try again together.
        @param attempts: how often it is tried, all in all.
        @param first: how many seconds pass at first; then twice as many, and so
            on.
        @param longest: how many seconds pass at the most.
        """
        self._clock = clock
        self._random = random
        self._attempts = attempts
        self._first = first
        self._longest = longest

    async def another(self, attempt: int, error: SwiftError) -> bool:
        """
        Tell whether to try again, once it is time to.

        @param attempt: how often it was tried.
        @param error: what it failed with.
        """
        passing = isinstance(error, Unreachable | Corrupt) or error.status in AGAIN
        if not passing or attempt >= self._attempts:
            return False
        pause = min(self._longest, self._first * 2 ** (attempt - 1))
        pause *= 0.5 + self._random() / 2
        await deferLater(self._clock, pause)
        return True


@implementer(IBodyProducer)
class Stream:
    """
    Data that can be sent once.
    """

    def __init__(self, body: IBodyProducer) -> None:
        self.length = body.length
        self._body: Any = body
        if IHashed.providedBy(body):
            alsoProvides(self, IHashed)
        self.started = False
        """Whether it was, and so cannot be sent again."""

    def remember(self, first: int) -> None:
        """
        Have the MD5 of the first bytes, too, if there is one.
        """
        self._body.remember(first)

    def md5(self, first: int | None = None) -> str | None:
        """
        Get the MD5 of all the data, or of the first bytes, if it is known.
        """
        known: str | None = self._body.md5(first)
        return known

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self.started = True
        producing: Deferred[None] = self._body.startProducing(consumer)
        return producing

    def pauseProducing(self) -> None:
        self._body.pauseProducing()

    def resumeProducing(self) -> None:
        self._body.resumeProducing()

    def stopProducing(self) -> None:
        self._body.stopProducing()

    def give_up(self) -> None:
        """
        Want nothing of it, unless it was started.
        """
        if not self.started:
            self._body.stopProducing()


@frozen(kw_only=True)
class Sent:
    """
    What was kept.
    """

    etag: str
    """The MD5 of the data, as Swift has it."""
    size: int


class Account:
    """
    An account of Swift.
    """

    def __init__(self, exchanges: Exchanges, tokens: Tokens, retries: Retries) -> None:
        self._exchanges = exchanges
        self._tokens = tokens
        self._retries = retries

    async def ask(
        self,
        method: str,
        *names: str,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        data: bytes | None = None,
        allowed: tuple[int, ...] = (),
    ) -> Answer:
        """
        Ask for something that can be asked for twice.

        @param names: a container and an object, a container, or nothing.
        @param allowed: the statuses that are no errors, beside those of success.

        @raise SwiftError: Swift refuses it, or cannot be asked.
        """

        async def once(token: Token) -> Answer:
            ask = self._asking(token, method, names, query, headers, data)
            answer = await self._exchanges.ask(ask)
            return _checked(method, answer, allowed)

        return await self._again(once)

    async def open(
        self, container: str, name: str, headers: dict[str, str]
    ) -> tuple[Answer, ReceivedBody]:
        """
        Ask for the data of an object.
        """

        async def once(token: Token) -> tuple[Answer, ReceivedBody]:
            ask = self._asking(token, "GET", (container, name), None, headers, None)
            answer, body = await self._exchanges.open(ask)
            if body is None:
                _checked("GET", answer)
                raise BadAnswer(
                    "Swift answered without data.", answer.status, answer.transaction
                )
            return answer, body

        return await self._again(once)

    async def send(
        self,
        make: Callable[[], IBodyProducer],
        again: bool,
        container: str,
        name: str,
        headers: dict[str, str],
    ) -> Sent:
        """
        Put an object.

        @param make: gets the data; called once for each attempt.
        @param again: whether it can be called again after the data of before
            was started; if not, it gives the same.

        @raise Corrupt: Swift has got something else.
        """

        async def once(token: Token) -> Sent:
            ask = self._asking(token, "PUT", (container, name), None, headers, None)
            outcome = await self._exchanges.send(ask, make())
            try:
                return _kept(outcome)
            except SwiftError as error:
                if again or not outcome.sent.begun:
                    raise
                raise _Final(error) from error

        return await self._again(once)

    async def _again(self, once: Callable[[Token], Awaitable[R]]) -> R:
        """
        Do something until it succeeds, or there is no hope.
        """
        refused: Token | None = None
        attempt = 1
        while True:
            token = None
            try:
                token = await self._tokens.get(refused)
                return await once(token)
            except _Final as final:
                raise final.error from None
            except SwiftError as error:
                if isinstance(error, Unauthorized) and refused is None:
                    refused = token
                elif await self._retries.another(attempt, error):
                    attempt += 1
                else:
                    raise

    def _asking(
        self,
        token: Token,
        method: str,
        names: tuple[str, ...],
        query: dict[str, str] | None,
        headers: dict[str, str] | None,
        data: bytes | None,
    ) -> Ask:
        root = (self._tokens.storage_url or token.storage_url).rstrip("/")
        url = "/".join([root, *map(quoted, names)])
        if query:
            url += "?" + urlencode(query, quote_via=quote)
        return Ask(
            method=method,
            url=url,
            headers={**(headers or {}), "X-Auth-Token": token.value},
            data=data,
        )


def quoted(name: str) -> str:
    """
    Get a name as it stands in a path.
    """
    return quote(name, safe="/~")


class _Final(Exception):
    """
    Something that failed, and cannot be done again.
    """

    def __init__(self, error: SwiftError) -> None:
        super().__init__()
        self.error = error


def _checked(method: str, answer: Answer, allowed: tuple[int, ...] = ()) -> Answer:
    if 200 <= answer.status < 300 or answer.status in allowed:
        return answer
    raise refusal(method, answer.status, answer.transaction)


def _kept(outcome: Outcome) -> Sent:
    sent: SentBody = outcome.sent
    if outcome.error is not None:
        raise outcome.error
    answer = outcome.answer
    assert answer is not None
    _checked("PUT", answer)
    etag = (answer.header("etag") or "").strip('"')
    if not sent.whole:
        raise BadAnswer(
            "Swift answered before it had all the data.",
            answer.status,
            answer.transaction,
        )
    if sent.etag not in (etag, None):
        raise Corrupt(
            "Swift has other bytes than were sent.", answer.status, answer.transaction
        )
    return Sent(etag=etag, size=sent.sent)
