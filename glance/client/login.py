"""
L{Login}: a token, whenever one is needed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime

from glance.client.cloud import Cloud
from glance.client.errors import Invalid, NotFound, UnexpectedStatus
from glance.client.server import Ask, Server
from glance.deferreds import deferred

MARGIN = 60.0
"""How many seconds before its end a token isn't used any more, at the most."""

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
        self._clock = clock
        self._lock = DeferredLock()
        self._token: str | None = None
        self._good_until = float("-inf")
        self._catalogue: list[Any] = []

    @deferred
    async def token(self) -> str:
        """
        Get a token that is good.

        @raise glance.client.errors.Error: there is none to be had.
        """
        # Of many who want one at once, one asks for it.
        await self._lock.acquire()
        try:
            if self._token is None or self._clock.seconds() >= self._good_until:
                await self._log_in()
            assert self._token is not None
            return self._token
        finally:
            self._lock.release()

    def forget(self, token: str) -> None:
        """
        Have a token not used any more: the service doesn't take it.
        """
        if token == self._token:
            self._token = None

    @deferred
    async def images(self) -> str:
        """
        Get the URL of the image service.

        @raise NotFound: the catalogue has none.
        """
        if self._cloud.endpoint is not None:
            return self._cloud.endpoint
        await self.token()
        for service in self._catalogue:
            if service.get("type") != "image":
                continue
            for one in service.get("endpoints", ()):
                region = self._cloud.region
                there = region in (None, one.get("region_id"), one.get("region"))
                if there and one.get("interface") == self._cloud.interface:
                    return str(one["url"])
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

    async def _log_in(self) -> None:
        self._token = None
        ask = Ask(method="POST", path="/auth/tokens", json=_said(self._cloud))
        document, headers = await self._server.both(ask)
        [token] = headers.getRawHeaders("x-subject-token", [None])[:1]
        told = document.get("token") if isinstance(document, dict) else None
        if token is None or not isinstance(told, dict):
            raise UnexpectedStatus(_STRANGE, 201)
        # By the clock of the one, which may not be that of the other.
        try:
            life = (
                _time(told["expires_at"]) - _time(told["issued_at"])
            ).total_seconds()
        except (KeyError, TypeError, ValueError):
            raise UnexpectedStatus(_STRANGE, 201) from None
        self._good_until = self._clock.seconds() + life - min(MARGIN, life / 10)
        catalogue = told.get("catalog")
        self._catalogue = catalogue if isinstance(catalogue, list) else []
        self._token = token


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _said(cloud: Cloud) -> dict[str, Any]:
    """
    Get what to send to log in.

    @raise Invalid: something is missing.
    """
    if cloud.token is not None:
        identity: dict[str, Any] = {"methods": ["token"], "token": {"id": cloud.token}}
    elif cloud.application_credential_id is not None:
        # It is for one project, and says for which.
        return {"auth": {"identity": _key(cloud)}}
    else:
        identity = _password(cloud)
    auth: dict[str, Any] = {"identity": identity}
    if cloud.project_id is not None:
        auth["scope"] = {"project": {"id": cloud.project_id}}
    elif cloud.project_name is not None:
        domain = _domain(cloud.project_domain_id, cloud.project_domain_name)
        auth["scope"] = {"project": {"name": cloud.project_name, "domain": domain}}
    return {"auth": auth}


def _key(cloud: Cloud) -> dict[str, Any]:
    secret = cloud.application_credential_secret
    if secret is None:
        raise Invalid("There is no application_credential_secret to log in with.")
    said = {"id": cloud.application_credential_id, "secret": secret}
    return {"methods": ["application_credential"], "application_credential": said}


def _password(cloud: Cloud) -> dict[str, Any]:
    if cloud.password is None:
        raise Invalid("There is no password to log in with.")
    user: dict[str, Any] = {"password": cloud.password}
    if cloud.user_id is not None:
        user["id"] = cloud.user_id
    elif cloud.username is not None:
        user["name"] = cloud.username
        user["domain"] = _domain(cloud.user_domain_id, cloud.user_domain_name)
    else:
        raise Invalid("There is no user name to log in with.")
    return {"methods": ["password"], "password": {"user": user}}


def _domain(domain_id: str | None, name: str | None) -> dict[str, str]:
    if domain_id is None and name is not None:
        return {"name": name}
    return {"id": domain_id or "default"}
