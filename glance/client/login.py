"""
L{Login}: a token, whenever one is needed.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from glance.client.cloud import Cloud
from glance.client.errors import Invalid, NotFound, UnexpectedStatus
from glance.client.server import Ask, Server
from glance.deferreds import deferred
from glance.keystone import words
from glance.keystone.credentials import (
    ApplicationCredential,
    Credential,
    Password,
    Token,
)
from glance.keystone.shared import Shared

_STRANGE = "The server that should let us in answers, but not as Keystone does."


class Login:
    """
    Logs in at Keystone, or what stands for it, when a token is needed.
    """

    def __init__(self, cloud: Cloud, server: Server, clock: IReactorTime) -> None:
        """
        @param server: version 3 of the identity API.
        """
        self._cloud = cloud
        self._server = server
        self._tokens = Shared(self._log_in, clock)
        self._last: words.Issued | None = None
        self._refused: words.Issued | None = None

    @deferred
    async def token(self) -> str:
        """
        Get a token that is good.

        @raise glance.client.errors.Error: there is none to be had.
        """
        return (await self._tokens.get(self._refused)).value

    def forget(self, token: str) -> None:
        """
        Have a token not used any more: the service doesn't take it.
        """
        if self._last is not None and token == self._last.value:
            self._refused = self._last

    @deferred
    async def images(self) -> str:
        """
        Get the URL of the image service.

        @raise NotFound: the catalogue has none.
        """
        if self._cloud.endpoint is not None:
            return self._cloud.endpoint
        issued = await self._tokens.get(self._refused)
        cloud = self._cloud
        try:
            url = issued.endpoint("image", cloud.interface, cloud.region)
        except words.Nonsense:
            raise UnexpectedStatus(_STRANGE, 201) from None
        if url is not None:
            return url
        where = f" in region {self._cloud.region}" if self._cloud.region else ""
        raise NotFound(
            f"The catalogue has no image service{where} with the interface "
            f"{self._cloud.interface}."
        )

    def close(self) -> Deferred[Any]:
        """
        Close the connections that are kept.
        """
        return self._server.close()

    @deferred
    async def _log_in(self) -> words.Issued:
        ask = Ask(
            method="POST",
            path="/auth/tokens",
            json=words.login(_credential(self._cloud)),
        )
        document, headers = await self._server.both(ask)
        [value] = headers.getRawHeaders("x-subject-token", [None])[:1]
        try:
            self._last = words.issued(value, document)
        except words.Nonsense:
            raise UnexpectedStatus(_STRANGE, 201) from None
        return self._last


def _credential(cloud: Cloud) -> Credential:
    """
    Get what to log in with.

    @raise Invalid: something is missing.
    """
    project = {
        "project": cloud.project_name,
        "project_id": cloud.project_id,
        **_domain("project", cloud.project_domain_id, cloud.project_domain_name),
    }
    if cloud.token is not None:
        return Token(token=cloud.token, **project)
    if cloud.application_credential_id is not None:
        secret = cloud.application_credential_secret
        if secret is None:
            raise Invalid("There is no application_credential_secret to log in with.")
        return ApplicationCredential(id=cloud.application_credential_id, secret=secret)
    if cloud.password is None:
        raise Invalid("There is no password to log in with.")
    if cloud.user_id is None and cloud.username is None:
        raise Invalid("There is no user name to log in with.")
    return Password(
        password=cloud.password,
        user=cloud.username,
        user_id=cloud.user_id,
        **_domain("user", cloud.user_domain_id, cloud.user_domain_name),
        **project,
    )


def _domain(of: str, domain_id: str | None, name: str | None) -> dict[str, str | None]:
    if domain_id is None and name is not None:
        return {f"{of}_domain": name}
    return {f"{of}_domain_id": domain_id or "default"}
