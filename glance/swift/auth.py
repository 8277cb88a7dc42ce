"""
Tokens, and how they are got.
"""

from __future__ import annotations

from contextlib import suppress

from attrs import field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import Interface, implementer

from glance.deferreds import deferred
from glance.keystone.shared import Shared
from glance.swift.errors import (
    AuthenticationFailed,
    AuthenticationUnavailable,
    BadAnswer,
)
from glance.swift.exchanges import Answer, Ask, Exchanges


@frozen(kw_only=True)
class Token:
    """
    What says who we are.
    """

    value: str = field(repr=False)
    storage_url: str
    """The URL of the account that it is for."""
    life: float | None
    """For how many seconds it is good; L{None} if nobody said."""


class IAuthentication(Interface):
    """
    A way to get a token.
    """

    def authenticate() -> Deferred[Token]:
        """
        Get a new token.

        @raise AuthenticationFailed: the credentials are refused.
        @raise NoEndpoint: there is no object store for them.
        @raise SwiftError: it cannot be had at present.
        """


@implementer(IAuthentication)
class TempAuth:
    """
    The first version of authentication, as Swift's own tempauth has it.
    """

    def __init__(self, exchanges: Exchanges, *, url: str, user: str, key: str) -> None:
        """
        @param url: where to ask, such as C{https://swift.example/auth/v1.0}.
        @param user: an account and a user, such as C{test:tester}.
        """
        self._exchanges = exchanges
        self._url = url
        self._headers = {"X-Auth-User": user, "X-Auth-Key": key}

    @deferred
    async def authenticate(self) -> Token:
        answer = await self._exchanges.ask(
            Ask(method="GET", url=self._url, headers=self._headers)
        )
        if answer.status in (401, 403):
            raise AuthenticationFailed(
                "Swift refuses the user or the key.", answer.status, answer.transaction
            )
        if not 200 <= answer.status < 300:
            raise unavailable(answer)
        value = answer.header("x-auth-token") or answer.header("x-storage-token")
        storage_url = answer.header("x-storage-url")
        if value is None or storage_url is None:
            raise BadAnswer("There is no token in what answers to authentication.")
        life = None
        with suppress(ValueError):
            life = float(answer.header("x-auth-token-expires") or "")
        return Token(value=value, storage_url=storage_url, life=life)


def unavailable(answer: Answer) -> AuthenticationUnavailable:
    """
    Make the error for an answer that holds no token.

    It is none of those of objects: a token that isn't found says nothing of them.
    """
    return AuthenticationUnavailable(
        f"There was a {answer.status} in answer to authentication.",
        answer.status,
        answer.transaction,
    )


class Tokens(Shared[Token]):
    """
    The token that all requests share, and the account that it is for.
    """

    def __init__(
        self,
        authentication: IAuthentication,
        clock: IReactorTime,
        storage_url: str | None = None,
    ) -> None:
        """
        @param storage_url: the account's URL; L{None} to take the one that comes
            with the token.
        """
        super().__init__(authentication.authenticate, clock)
        self._storage_url = storage_url

    @property
    def storage_url(self) -> str | None:
        """
        The account's URL, where it is not the token's.
        """
        return self._storage_url
