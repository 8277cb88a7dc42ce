"""
Identity by what a Keystone says of tokens.
"""

from __future__ import annotations

from collections.abc import Mapping

from zope.interface import implementer

from glance.context import Context
from glance.deferreds import deferred
from glance.errors import Forbidden, Unauthenticated
from glance.identity.contexts import Contexts
from glance.identity.keystone.holders import Holders
from glance.identity.saying import header
from glance.interfaces import Caller, IIdentity
from glance.keystone.words import Holder


@implementer(IIdentity)
class KeystoneIdentity:
    """
    Knows callers by their tokens (C{X-Auth-Token}), and other services that ask for
    them by theirs (C{X-Service-Token}).
    """

    def __init__(
        self,
        holders: Holders,
        contexts: Contexts,
        *,
        anonymous: bool,
        service_roles: frozenset[str],
        service_roles_required: bool,
    ) -> None:
        """
        @param contexts: makes callers of what is found out.
        @param anonymous: whether one may say nothing, and see what all may.
        @param service_roles: the roles, in lower case, of services whose users'
            tokens may have ended.
        @param service_roles_required: whether a service needs one of these for
            its token to be of any good.
        """
        self._holders = holders
        self._contexts = contexts
        self._anonymous = anonymous
        self._service_roles = service_roles
        self._service_roles_required = service_roles_required

    @deferred
    async def identify(self, caller: Caller) -> Context:
        service = await self._service(caller)
        vouched = service is not None and bool(service.roles & self._service_roles)
        if service is not None and self._service_roles_required and not vouched:
            raise Unauthenticated("The service has no role that services need.")
        token = header(caller, "X-Auth-Token")
        if token is None:
            if self._anonymous and not caller.headers.hasHeader("Authorization"):
                return Context()
            raise Unauthenticated(
                "Log in at Keystone, and say the token in X-Auth-Token."
            )
        holder = await self._holders.get(token, caller.client, expired=vouched)
        if holder.project is None or not holder.roles:
            raise Forbidden(
                "This token is for no project: ask for one that is scoped to one."
            )
        also = _also(holder, service)
        return self._contexts.of(holder.user, holder.project, holder.roles, also)

    async def _service(self, caller: Caller) -> Holder | None:
        token = header(caller, "X-Service-Token")
        if token is None:
            return None
        return await self._holders.get(token, caller.client)


def _also(holder: Holder, service: Holder | None) -> Mapping[str, object]:
    """
    Get what rules may ask beside what a context has.
    """
    told: dict[str, object] = {
        "user_domain_id": holder.user_domain,
        "project_domain_id": holder.project_domain,
    }
    if service is not None:
        told |= {"service_user_id": service.user, "service_roles": service.roles}
    return told
