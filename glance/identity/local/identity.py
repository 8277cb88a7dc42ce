"""
Identity by what a file says of users.
"""

from __future__ import annotations

from base64 import b64decode

from zope.interface import implementer

from glance.context import Context
from glance.deferreds import deferred
from glance.errors import Unauthenticated
from glance.identity.contexts import Contexts
from glance.identity.local.logins import Login, Logins
from glance.identity.saying import header
from glance.interfaces import Caller, IIdentity


@implementer(IIdentity)
class LocalIdentity:
    """
    Knows callers by a token (C{X-Auth-Token}, or C{Bearer}), or by name and
    password (C{Basic}).
    """

    def __init__(
        self,
        logins: Logins,
        contexts: Contexts,
        *,
        anonymous: bool,
    ) -> None:
        """
        @param contexts: makes callers of what is found out.
        @param anonymous: whether one may say nothing, and see what all may.
        """
        self._logins = logins
        self._contexts = contexts
        self._anonymous = anonymous

    @deferred
    async def identify(self, caller: Caller) -> Context:
        login = await self._login(caller)
        if login is None:
            if self._anonymous:
                return Context()
            raise Unauthenticated("Log in to use this service.")
        if login.project is None:
            raise Unauthenticated(
                "This token is for no project: ask for one that is scoped to one."
            )
        return self._contexts.of(login.user.id, login.project.id, login.roles)

    async def _login(self, caller: Caller) -> Login | None:
        """
        Find out who sent a request; L{None} if it doesn't say.
        """
        token = header(caller, "X-Auth-Token")
        if token is not None:
            return await self._logins.by_token(token)
        said = header(caller, "Authorization")
        if said is None:
            return None
        scheme, _, rest = said.partition(" ")
        rest = rest.strip()
        if scheme.lower() == "bearer":
            return await self._logins.by_token(rest)
        if scheme.lower() == "basic":
            name, password = _pair(rest)
            return await self._logins.by_password(name, password, caller.client)
        raise Unauthenticated(
            "Log in by X-Auth-Token, or by Authorization: Bearer or Basic."
        )


def _pair(text: str) -> tuple[str, str]:
    """
    Read a name and a password.
    """
    try:
        name, colon, password = b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        colon = ""
    if not colon:
        raise Unauthenticated("What is said to be a name and a password is none.")
    return name, password
