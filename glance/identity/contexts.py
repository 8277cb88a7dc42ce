"""
L{Contexts}: callers, from what is known of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glance.context import Context


class Contexts:
    """
    Makes contexts of users, their projects and their roles there.
    """

    def __init__(self, *, admin_role: str, owner_is_tenant: bool) -> None:
        """
        @param admin_role: the role of administrators, in any case.
        @param owner_is_tenant: whether images belong to the caller's project;
            otherwise they do to the user.
        """
        self._admin_role = admin_role.lower()
        self._owner_is_tenant = owner_is_tenant

    def of(
        self,
        user: str,
        tenant: str | None,
        roles: frozenset[str],
        also: Mapping[str, Any] | None = None,
    ) -> Context:
        """
        Get the context of a caller.

        @param roles: in lower case.
        @param also: what else rules may ask; L{None} for nothing.
        """
        return Context(
            user=user,
            tenant=tenant,
            roles=roles,
            is_admin=self._admin_role in roles,
            owner=tenant if self._owner_is_tenant else user,
            also=also or {},
        )
