"""
Whom images are shared with, and what they are tagged with.
"""

from __future__ import annotations

from typing import Any

from glance.client.reaching import named
from glance.client.server import Ask, Server, path_of
from glance.deferreds import deferred

Member = dict[str, Any]
"""
C{member_id}, C{image_id}, C{status} (C{pending}, C{accepted} or C{rejected}),
C{created_at}, C{updated_at}.
"""


class Sharing:
    """
    The part of a client of version 2 that has to do with members and tags.
    """

    _server: Server

    @deferred
    async def members(self, image_id: str) -> list[Member]:
        """
        List whom an image is shared with.
        """
        path = path_of("images", image_id, "members")
        answer = await self._server.document(Ask(method="GET", path=path))
        return named(answer, "members", list)

    @deferred
    async def share(self, image_id: str, member_id: str) -> Member:
        """
        Share an image with a project.

        @raise Duplicate: it is shared with that one already.
        """
        path = path_of("images", image_id, "members")
        said = {"member": member_id}
        return await self._member(Ask(method="POST", path=path, json=said))

    @deferred
    async def unshare(self, image_id: str, member_id: str) -> None:
        """
        Share an image with a project no longer.
        """
        path = path_of("images", image_id, "members", member_id)
        await self._server.nothing(Ask(method="DELETE", path=path))

    @deferred
    async def accept(self, image_id: str, member_id: str) -> Member:
        """
        Have an image that is shared with a project listed there.
        """
        return await self._decide(image_id, member_id, "accepted")

    @deferred
    async def reject(self, image_id: str, member_id: str) -> Member:
        """
        Have an image that is shared with a project not listed there.
        """
        return await self._decide(image_id, member_id, "rejected")

    async def _decide(self, image_id: str, member_id: str, status: str) -> Member:
        path = path_of("images", image_id, "members", member_id)
        said = {"status": status}
        return await self._member(Ask(method="PUT", path=path, json=said))

    async def _member(self, ask: Ask) -> Member:
        answer = await self._server.document(ask)
        named(answer, "member_id", str)
        return dict(answer)

    @deferred
    async def add_tag(self, image_id: str, tag: str) -> None:
        """
        Tag an image, which may have that tag already.
        """
        path = path_of("images", image_id, "tags", tag)
        await self._server.nothing(Ask(method="PUT", path=path))

    @deferred
    async def remove_tag(self, image_id: str, tag: str) -> None:
        """
        Remove a tag of an image.

        @raise NotFound: it has no such tag.
        """
        path = path_of("images", image_id, "tags", tag)
        await self._server.nothing(Ask(method="DELETE", path=path))
