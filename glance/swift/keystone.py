"""
Tokens from Keystone, version 3, and the catalogue that comes with them.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from attrs import field, frozen
from zope.interface import implementer

from glance.swift.auth import IAuthentication, Token, unavailable
from glance.swift.coroutines import deferred
from glance.swift.errors import AuthenticationFailed, BadAnswer, NoEndpoint
from glance.swift.exchanges import Ask, Exchanges


@frozen(kw_only=True)
class Password:
    """
    A user of Keystone, and the project to work for.

    Of each pair of a name and an id one is given.
    """

    password: str = field(repr=False)
    user: str | None = None
    user_id: str | None = None
    user_domain: str | None = None
    user_domain_id: str | None = None
    project: str | None = None
    project_id: str | None = None
    project_domain: str | None = None
    project_domain_id: str | None = None

    def request(self) -> dict[str, Any]:
        """
        Get what is sent to Keystone.
        """
        user = _named(self.user, self.user_id, self.user_domain, self.user_domain_id)
        user["password"] = self.password
        project = _named(
            self.project, self.project_id, self.project_domain, self.project_domain_id
        )
        return {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": project},
        }


@frozen(kw_only=True)
class ApplicationCredential:
    """
    What a user of Keystone gave to a program, for one project.
    """

    id: str
    secret: str = field(repr=False)

    def request(self) -> dict[str, Any]:
        """
        Get what is sent to Keystone.
        """
        credential = {"id": self.id, "secret": self.secret}
        return {
            "identity": {
                "methods": ["application_credential"],
                "application_credential": credential,
            }
        }


def _named(
    name: str | None, id: str | None, domain: str | None, domain_id: str | None
) -> dict[str, Any]:
    if id is not None:
        return {"id": id}
    within = {"name": domain} if domain_id is None else {"id": domain_id}
    return {"name": name, "domain": within}


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
        credential: Password | ApplicationCredential,
        service_type: str = "object-store",
        interface: str = "public",
        region: str | None = None,
    ) -> None:
        """
        @param url: where it is, with or without C{/v3}.
        @param interface: C{public}, C{internal} or C{admin}.
        @param region: L{None} for the first that there is.
        """
        root = url.rstrip("/")
        self._exchanges = exchanges
        self._url = f"{root if root.endswith('/v3') else root + '/v3'}/auth/tokens"
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
                data=json.dumps({"auth": self._credential.request()}).encode(),
            )
        )
        if answer.status in (401, 403):
            raise AuthenticationFailed(
                "Keystone refuses the credentials.", answer.status, answer.transaction
            )
        if answer.status != 201:
            raise unavailable(answer)
        value = answer.header("x-subject-token")
        if value is None:
            raise BadAnswer("There is no token in what Keystone answers.")
        try:
            told = json.loads(answer.data)["token"]
            life = _life(told)
            found = self._find(told.get("catalog") or [])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadAnswer("What Keystone answers makes no sense.") from None
        return Token(value=value, storage_url=found, life=life)

    def _find(self, catalogue: list[dict[str, Any]]) -> str:
        for service in catalogue:
            if service["type"] != self._service_type:
                continue
            for endpoint in service["endpoints"]:
                if endpoint["interface"] != self._interface:
                    continue
                regions = (endpoint.get("region_id"), endpoint.get("region"))
                if self._region is None or self._region in regions:
                    return str(endpoint["url"])
        raise NoEndpoint(
            f"Keystone's catalogue has no {self._interface} endpoint of "
            f"{self._service_type}"
            + ("." if self._region is None else f" in {self._region}.")
        )


def _life(token: dict[str, Any]) -> float | None:
    """
    Get how many seconds a token is good for, whatever our own clock says.
    """
    if token.get("expires_at") is None or token.get("issued_at") is None:
        return None
    issued, expires = (
        datetime.fromisoformat(token[when]) for when in ("issued_at", "expires_at")
    )
    return (expires - issued).total_seconds()
