"""
The stores of a server that has several.
"""

from __future__ import annotations

from typing import Any

from glance.client.reaching import named
from glance.client.server import Ask, Server, path_of
from glance.deferreds import deferred


class Stores:
    """
    What a client of version 2 asks about stores.
    """

    _server: Server

    @deferred
    async def stores(self, *, detail: bool = False) -> list[dict[str, Any]]:
        """
        List the stores: C{id} of each, and where there is one C{description};
        C{default} and C{read-only} are C{"true"}, or not there.

        @param detail: whether to ask for C{type}, C{weight} and C{properties},
            too, which only administrators are told.

        @raise NotFound: the server has but one.
        """
        below = ("detail",) if detail else ()
        ask = Ask(method="GET", path=path_of("info", "stores", *below))
        return named(await self._server.document(ask), "stores", list)

    @deferred
    async def delete_from_store(self, store: str, image_id: str) -> None:
        """
        Remove an image's data from one of several stores that have it.

        @raise Forbidden: it is the last one, or the caller is no administrator.
        """
        path = path_of("stores", store, image_id)
        await self._server.nothing(Ask(method="DELETE", path=path))
