"""
Tokens from Keystone, version 3, and the catalogue that comes with them.
"""

from __future__ import annotations

import json

from zope.interface import implementer

from glance.deferreds import deferred
from glance.keystone import words
from glance.keystone.credentials import Credential
from glance.swift.auth import IAuthentication, Token, unavailable
from glance.swift.errors import AuthenticationFailed, BadAnswer, NoEndpoint
from glance.swift.exchanges import Ask, Exchanges


@implementer(IAuthentication)
class Keystone:
    """
    Keystone, which knows the users and where the services are.
    """

    def __init__(
        self,
        exchanges: Exchanges,
        *,
        url: str,
        credential: Credential,
        service_type: str = "object-store",
        interface: str = "public",
        region: str | None = None,
    ) -> None:
        """
        @param url: where it is, with or without C{/v3}.
        @param interface: C{public}, C{internal} or C{admin}.
        @param region: L{None} for the first that there is.
        """
        self._exchanges = exchanges
        self._url = f"{words.root_of(url)}/auth/tokens"
        self._credential = credential
        self._service_type = service_type
        self._interface = interface
        self._region = region

    @deferred
    async def authenticate(self) -> Token:
        answer = await self._exchanges.ask(
            Ask(
                method="POST",
                url=self._url,
                headers={"Content-Type": "application/json"},
                data=json.dumps(words.login(self._credential)).encode(),
            )
        )
        if answer.status in (401, 403):
            raise AuthenticationFailed(
                "Keystone refuses the credentials.", answer.status, answer.transaction
            )
        if answer.status != 201:
            raise unavailable(answer)
        try:
            told = words.document(answer.data)
            issued = words.issued(answer.header("x-subject-token"), told)
            found = issued.endpoint(self._service_type, self._interface, self._region)
        except words.Nonsense as error:
            raise BadAnswer(str(error)) from None
        if found is None:
            raise NoEndpoint(
                f"Keystone's catalogue has no {self._interface} endpoint of "
                f"{self._service_type}"
                + ("." if self._region is None else f" in {self._region}.")
            )
        return Token(value=issued.value, storage_url=found, life=issued.life)
