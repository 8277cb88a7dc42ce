"""
Identity by headers: a proxy has found out who asks.
"""

from __future__ import annotations

from zope.interface import implementer

from glance.context import Context
from glance.deferreds import deferred
from glance.errors import Forbidden, Unauthenticated
from glance.identity.contexts import Contexts
from glance.identity.saying import header
from glance.interfaces import Caller, IIdentity
from glance.proxies import LOOPBACK, Proxies

STATUS = "X-Identity-Status"
USER = "X-User-Id"
TENANT = "X-Tenant-Id"
PROJECT = "X-Project-Id"
ROLES = "X-Roles"

CONFIRMED = "Confirmed"
"""
What the status is when the proxy vouches for the other headers.
"""


@implementer(IIdentity)
class TrustedHeaders:
    """
    Believes the headers of those proxies that are trusted, and nobody else.
    """

    def __init__(self, proxies: Proxies, contexts: Contexts) -> None:
        """
        @param proxies: who is trusted; with no networks, those of this machine.
        @param contexts: makes callers of what is found out.
        """
        self._proxies = proxies if proxies.networks else LOOPBACK
        self._contexts = contexts

    @deferred
    async def identify(self, caller: Caller) -> Context:
        if not self._proxies.trust(caller.address):
            raise Unauthenticated(
                "This service is only for those who come through its proxy."
            )
        if header(caller, STATUS) != CONFIRMED:
            raise Unauthenticated("Log in to use this service.")
        user, tenant = header(caller, USER), _tenant(caller)
        if user is None:
            raise Unauthenticated(
                f"The proxy confirms a user and names none in {USER}."
            )
        return self._contexts.of(user, tenant, _roles(caller))


def _roles(caller: Caller) -> frozenset[str]:
    """
    Get the roles that the proxy says; none where it is so old that it says nothing of
    them.
    """
    names = (header(caller, ROLES) or "").split(",")
    roles = frozenset(role for name in names if (role := name.strip().lower()))
    if not roles and caller.headers.getRawHeaders(ROLES.encode()):
        raise Forbidden(
            "You have no role: log in for a project in which you have one, or ask an "
            "administrator for it."
        )
    return roles


def _tenant(caller: Caller) -> str | None:
    tenant, project = header(caller, TENANT), header(caller, PROJECT)
    if tenant is not None and project is not None and tenant != project:
        raise Unauthenticated(f"{TENANT} and {PROJECT} are not the same.")
    return project if tenant is None else tenant
