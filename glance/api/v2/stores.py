"""
Stores, as clients see them where there are several.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from glance import errors
from glance.api import answers
from glance.api.answers import answer_current, answer_nothing, without_implied_head
from glance.api.site import ContextOf
from glance.api.v2.asking import STATUSES, id_of, no_body
from glance.copies import Copies
from glance.storage import Storage
from glance.streams.request import StreamingRequest


class StoresAPI:
    """
    What is at and below C{/info/stores}, and below C{/stores}.
    """

    app = answers.app(
        {
            **STATUSES,
            errors.StoreNotFound: HTTPStatus.CONFLICT,
            errors.ImageNotActive: HTTPStatus.CONFLICT,
        }
    )

    def __init__(self, storage: Storage, copies: Copies, context_of: ContextOf) -> None:
        self._storage = storage
        self._copies = copies
        self._context_of = context_of

    @app.route("/info/stores", methods=["GET"])
    async def index(self, request: StreamingRequest) -> bytes:
        """
        List the stores, briefly.
        """
        no_body(request)
        await self._context_of(request)
        return self._list(request, self._brief)

    @app.route("/info/stores/detail", methods=["GET"])
    async def details(self, request: StreamingRequest) -> bytes:
        """
        List the stores, with all that administrators may know.
        """
        no_body(request)
        context = await self._context_of(request)
        self._copies.demand_details(context)
        return self._list(request, self._full)

    @app.route("/stores/<store>/<image_id>", methods=["DELETE"])
    async def remove(
        self, request: StreamingRequest, store: str, image_id: str
    ) -> bytes:
        """
        Remove an image's data from one store.
        """
        no_body(request)
        context = await self._context_of(request)
        await self._copies.remove(context, id_of(image_id), store)
        return answer_nothing(request, HTTPStatus.NO_CONTENT)

    def _list(
        self, request: StreamingRequest, describe: Callable[[str], dict[str, Any]]
    ) -> bytes:
        self._storage.demand_several()
        shown = [describe(name) for name in self._storage.stores]
        return answer_current(request, {"stores": shown})

    def _brief(self, name: str) -> dict[str, Any]:
        info = self._storage.info(name)
        described: dict[str, Any] = {"id": name}
        if info.description:
            described["description"] = info.description
        # Clients take these for text, and their absence for false.
        if name == self._storage.default:
            described["default"] = "true"
        if info.read_only:
            described["read-only"] = "true"
        return described

    def _full(self, name: str) -> dict[str, Any]:
        info = self._storage.info(name)
        return {
            **self._brief(name),
            "type": self._storage.stores[name].kind,
            "weight": info.weight,
            "properties": dict(info.properties),
        }

    without_implied_head(app)
