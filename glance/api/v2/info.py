"""
What clients ask of the service itself: schemas, and what it can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import NotFound

from glance.api.answers import answer_current, without_implied_head
from glance.api.site import ContextOf
from glance.api.v2.asking import app, no_body
from glance.api.v2.schemas import MEMBER, MEMBERS, Schemas
from glance.images import Images
from glance.streams.request import StreamingRequest

MEBIBYTE = 1 << 20
"""In so many bytes clients are told of data."""


class InfoAPI:
    """
    What is below C{/schemas} and C{/info}.
    """

    app = app()

    def __init__(self, images: Images, schemas: Schemas, context_of: ContextOf) -> None:
        self._images = images
        self._schemas = schemas
        self._context_of = context_of

    @app.route("/schemas/<name>", methods=["GET"])
    async def schema(self, request: StreamingRequest, name: str) -> bytes:
        """
        Tell what something looks like.
        """
        images = self._schemas.get()
        known: Mapping[str, Any] = {
            "image": images.image,
            "images": images.images,
            "member": MEMBER,
            "members": MEMBERS,
        }
        if name not in known:
            raise NotFound
        return await self._answer(request, known[name])

    @app.route("/info/import", methods=["GET"])
    async def imports(self, request: StreamingRequest) -> bytes:
        """
        Tell how images can be imported: not at all.
        """
        methods = {
            "description": "Import methods available.",
            "type": "array",
            "value": [],
        }
        return await self._answer(request, {"import-methods": methods})

    @app.route("/info/usage", methods=["GET"])
    async def usage(self, request: StreamingRequest) -> bytes:
        """
        Tell how much of what is limited the caller uses.
        """
        no_body(request)
        context = await self._context_of(request)
        quota, used = await self._images.usage(context)
        told = {
            "image_size_total": _told(quota.size, used.size, MEBIBYTE),
            "image_count_total": _told(quota.images, used.images),
            "image_count_uploading": _told(quota.uploads, used.uploads),
        }
        return answer_current(request, {"usage": told})

    async def _answer(self, request: StreamingRequest, value: Any) -> bytes:
        no_body(request)
        await self._context_of(request)
        return answer_current(request, value)

    without_implied_head(app)


def _told(bound: int, used: int, unit: int = 1) -> dict[str, int]:
    return {"limit": -1 if bound < 0 else bound // unit, "usage": used // unit}
