"""
Images: to make, list, show, change and delete them.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from twisted.web.http import Request

from glance.api.answers import (
    answer_current,
    answer_json,
    answer_nothing,
    dump_json,
    fitting,
    without_implied_head,
)
from glance.api.links import Links
from glance.api.site import ContextOf
from glance.api.v2 import filters, patch
from glance.api.v2.asking import app, id_of, json_body, media_type_of, no_body
from glance.api.v2.form import describe, image_path, split
from glance.api.v2.schemas import Schemas, demand_sayable
from glance.context import Context
from glance.errors import Invalid
from glance.image import Image, Visibility
from glance.images import Images
from glance.recent import Recent
from glance.storage import Storage
from glance.streams.request import StreamingRequest

PAGE = 1 << 22
"""About how many bytes a page of a list has at most."""

ROOM = 1 << 22
"""How many bytes of images in JSON are kept for the next list, more or less."""

WEIGHT = 300
"""How many bytes are taken to remember what is kept."""


class ImagesAPI:
    """
    What is at C{/images}, and at C{/images/ID}.
    """

    app = app()

    def __init__(
        self,
        images: Images,
        storage: Storage,
        schemas: Schemas,
        context_of: ContextOf,
        links: Links,
    ) -> None:
        self._images = images
        self._storage = storage
        self._schemas = schemas
        self._context_of = context_of
        self._links = links
        # What an image is in JSON is the same as long as its revision is, whoever
        # asks, if it may read the same properties.
        self._written: Recent[tuple[Any, ...], bytes] = Recent(ROOM)

    @app.route("/images", methods=["POST"])
    async def create(self, request: StreamingRequest) -> bytes:
        """
        Make an image, that has no data yet.
        """
        context = await self._context_of(request)
        said = await json_body(request)
        if not isinstance(said, dict):
            raise Invalid("An image must be a JSON object.")
        for name in said:
            demand_sayable(name)
        self._schemas.get().new(said)
        attributes, properties = split(said)
        draft = self._images.draft(
            context,
            **{"visibility": Visibility.SHARED, **attributes},
            properties=properties,
        )
        image = await self._images.create(context, draft)
        location = self._links.base(request) + image_path(image)
        request.setHeader("location", location)
        if self._storage.several:
            names = ",".join(self._storage.stores)
            request.setHeader("openstack-image-store-ids", names)
        return self._answer(request, image, HTTPStatus.CREATED)

    @app.route("/images", methods=["GET"])
    async def index(self, request: StreamingRequest) -> bytes:
        """
        List images.
        """
        context = await self._context_of(request)
        given = arguments(request)
        query = filters.query(given, context, self._images.limits())
        images, more = await self._images.page(context, query)
        shown = self._shown(images, context)
        answer = {
            "images": shown,
            "schema": "/v2/schemas/images",
            "first": _page(given, None),
        }
        if shown and (more or len(shown) < len(images)):
            answer["next"] = _page(given, images[len(shown) - 1].id)
        return answer_current(request, answer)

    def _shown(
        self, images: Sequence[Image], context: Context
    ) -> list[orjson.Fragment]:
        """
        Describe the first of some images, as many as go on a page.
        """
        schemas = self._schemas.get()
        keys: list[tuple[Any, ...]] = [image.version for image in images]
        if context.protections is not None:
            # An image isn't the same to everybody.
            keys = [(image.version, *image.properties) for image in images]
        written = self._written.get(keys)

        def described(key: tuple[Any, ...], image: Image) -> bytes:
            known = written.get(key)
            if known is None:
                known = dump_json(describe(image, schemas, self._storage))
                self._written.put(key, known, WEIGHT + len(known))
            return known

        return fitting(map(described, keys, images), PAGE)

    @app.route("/images/<image_id>", methods=["GET"])
    async def show(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Describe an image.
        """
        no_body(request)
        context = await self._context_of(request)
        image = await self._images.get(context, id_of(image_id))
        return answer_current(request, self._described(image))

    @app.route("/images/<image_id>", methods=["PATCH"])
    async def update(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Change what is known of an image.
        """
        context = await self._context_of(request)
        media_type = media_type_of(request)
        if media_type not in patch.ACCEPTED:
            request.setHeader("accept-patch", ", ".join(patch.ACCEPTED))
        operations = patch.parse(media_type, await json_body(request))
        schemas = self._schemas.get()
        image = await self._images.change(
            context,
            id_of(image_id),
            lambda image: patch.apply(image, operations, schemas),
        )
        return self._answer(request, image)

    @app.route("/images/<image_id>", methods=["DELETE"])
    async def delete(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Delete an image, and its data.
        """
        no_body(request)
        context = await self._context_of(request)
        await self._images.delete(context, id_of(image_id))
        return answer_nothing(request, HTTPStatus.NO_CONTENT)

    def _answer(
        self,
        request: StreamingRequest,
        image: Image,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> bytes:
        return answer_json(request, self._described(image), status)

    def _described(self, image: Image) -> dict[str, Any]:
        return describe(image, self._schemas.get(), self._storage)

    without_implied_head(app)


def arguments(request: Request) -> list[tuple[str, str]]:
    """
    Get the arguments of a request.

    @raise Invalid: they are not in UTF-8.
    """
    try:
        query = request.uri.partition(b"?")[2].decode()
        return parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise Invalid("The query string is not in UTF-8.") from None


def _page(given: Sequence[tuple[str, str]], marker: str | None) -> str:
    """
    Get the path of a page of a list.

    @param marker: the image that it begins after; L{None} for the first page.
    """
    kept = [(name, value) for name, value in given if name != "marker"]
    if marker is not None:
        kept.append(("marker", marker))
    return f"/v2/images?{urlencode(kept)}" if kept else "/v2/images"
