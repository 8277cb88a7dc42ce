"""
What is said of an image by a path alone: its tags, and whether its data may be
had.
"""

from __future__ import annotations

from http import HTTPStatus

from glance.api.answers import answer_nothing
from glance.api.site import ContextOf
from glance.api.v2.asking import app, id_of, no_body
from glance.image import Status
from glance.images import Images
from glance.streams.request import StreamingRequest


class MarksAPI:
    """
    What is below C{/images/ID/tags} and C{/images/ID/actions}.
    """

    app = app()

    def __init__(self, images: Images, context_of: ContextOf) -> None:
        self._images = images
        self._context_of = context_of

    @app.route("/images/<image_id>/tags/<tag>", methods=["PUT"])
    async def tag(self, request: StreamingRequest, image_id: str, tag: str) -> bytes:
        """
        Give an image a tag.
        """
        no_body(request)
        context = await self._context_of(request)
        await self._images.tag(context, id_of(image_id), tag)
        return answer_nothing(request, HTTPStatus.NO_CONTENT)

    @app.route("/images/<image_id>/tags/<tag>", methods=["DELETE"])
    async def untag(self, request: StreamingRequest, image_id: str, tag: str) -> bytes:
        """
        Take a tag from an image.
        """
        no_body(request)
        context = await self._context_of(request)
        await self._images.untag(context, id_of(image_id), tag)
        return answer_nothing(request, HTTPStatus.NO_CONTENT)

    @app.route("/images/<image_id>/actions/deactivate", methods=["POST"])
    async def deactivate(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Stop downloads of an image's data.
        """
        return await self._activate(request, image_id, Status.DEACTIVATED)

    @app.route("/images/<image_id>/actions/reactivate", methods=["POST"])
    async def reactivate(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Allow downloads of an image's data again.
        """
        return await self._activate(request, image_id, Status.ACTIVE)

    async def _activate(
        self, request: StreamingRequest, image_id: str, status: Status
    ) -> bytes:
        no_body(request)
        context = await self._context_of(request)
        await self._images.activate(context, id_of(image_id), status)
        return answer_nothing(request, HTTPStatus.NO_CONTENT)
