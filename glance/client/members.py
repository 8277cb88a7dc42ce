"""
Whom images are shared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glance.client.reaching import named
from glance.client.server import Ask, Server, path_of
from glance.deferreds import deferred


class Members:
    """
    The part of a client that shares images.
    """

    _server: Server

    @deferred
    async def get_image_members(self, image_id: str) -> list[dict[str, Any]]:
        """
        List whom an image is shared with: C{member_id} and C{can_share} of each.
        """
        path = path_of("images", image_id, "members")
        answer = await self._server.document(Ask(method="GET", path=path))
        return named(answer, "members", list)

    @deferred
    async def get_member_images(self, member_id: str) -> list[dict[str, Any]]:
        """
        List what is shared with a member: C{image_id} and C{can_share} of each.
        """
        path = path_of("shared-images", member_id)
        answer = await self._server.document(Ask(method="GET", path=path))
        return named(answer, "shared_images", list)

    @deferred
    async def add_member(
        self, image_id: str, member_id: str, can_share: bool | None = None
    ) -> bool:
        """
        Share an image with a member.

        @param can_share: whether the member may share it further; L{None} to
            leave that as it is.

        @return: C{True}.
        """
        said = None
        if can_share is not None:
            said = {"member": {"can_share": can_share}}
        path = path_of("images", image_id, "members", member_id)
        await self._server.nothing(Ask(method="PUT", path=path, json=said))
        return True

    @deferred
    async def replace_members(
        self, image_id: str, *memberships: Mapping[str, Any]
    ) -> bool:
        """
        Share an image with these members, and no others.

        @param memberships: C{member_id} and, if wanted, C{can_share} of each.

        @return: C{True}.
        """
        said = {"memberships": [dict(one) for one in memberships]}
        path = path_of("images", image_id, "members")
        await self._server.nothing(Ask(method="PUT", path=path, json=said))
        return True

    @deferred
    async def delete_member(self, image_id: str, member_id: str) -> bool:
        """
        Share an image no longer with a member.

        @return: C{True}.
        """
        path = path_of("images", image_id, "members", member_id)
        await self._server.nothing(Ask(method="DELETE", path=path))
        return True
