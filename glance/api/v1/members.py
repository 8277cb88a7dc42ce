"""
With whom images are shared, as the last v1 has it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson

from glance.api import answers
from glance.api.answers import answer_json, answer_nothing, without_implied_head
from glance.api.errors import STATUS
from glance.api.site import ContextOf
from glance.errors import Invalid, OthersImage
from glance.sharing import Sharing
from glance.streams.request import StreamingRequest

BODY_LIMIT = 1 << 20
"""The most bytes that a list of members may have."""


class MembersAPI:
    """
    What is at and below C{/images/ID/members} and C{/shared-images}.
    """

    app = answers.app({**STATUS, OthersImage: HTTPStatus.NOT_FOUND})

    def __init__(self, sharing: Sharing, context_of: ContextOf) -> None:
        self._sharing = sharing
        self._context_of = context_of

    @app.route("/images/<image_id>/members", methods=["GET"])
    async def index(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        List whom an image is shared with.
        """
        context = await self._context_of(request)
        members = await self._sharing.members(context, image_id)
        listed = [{"member_id": m.id, "can_share": m.can_share} for m in members]
        return answer_json(request, {"members": listed})

    @app.route("/images/<image_id>/members", methods=["PUT"])
    async def replace(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Share an image with these and nobody else.
        """
        context = await self._context_of(request)
        memberships = (await _object(request)).get("memberships")
        if not isinstance(memberships, list):
            raise Invalid("The body must hold a list of memberships.")
        members = [_membership(membership) for membership in memberships]
        await self._sharing.replace(context, image_id, members)
        return answer_nothing(request, HTTPStatus.NO_CONTENT)

    @app.route("/images/<image_id>/members/<member_id>", methods=["PUT"])
    async def put(
        self, request: StreamingRequest, image_id: str, member_id: str
    ) -> bytes:
        """
        Share an image with one more, or change whether that one may do so too.
        """
        context = await self._context_of(request)
        member = (await _object(request)).get("member")
        await self._sharing.put(
            context,
            image_id,
            member_id,
            can_share=None if member is None else _can_share(member),
        )
        return answer_nothing(request, HTTPStatus.NO_CONTENT)

    @app.route("/images/<image_id>/members/<member_id>", methods=["DELETE"])
    async def remove(
        self, request: StreamingRequest, image_id: str, member_id: str
    ) -> bytes:
        """
        Share an image with somebody no more.
        """
        context = await self._context_of(request)
        await self._sharing.remove(context, image_id, member_id)
        return answer_nothing(request, HTTPStatus.NO_CONTENT)

    @app.route("/shared-images/<member_id>", methods=["GET"])
    async def shared(self, request: StreamingRequest, member_id: str) -> bytes:
        """
        List what is shared with somebody.
        """
        context = await self._context_of(request)
        images = await self._sharing.shared_with(context, member_id)
        listed = [
            {"image_id": image.id, "can_share": member.can_share}
            for image in images
            if (member := image.member(member_id)) is not None
        ]
        return answer_json(request, {"shared_images": listed})

    without_implied_head(app)


async def _object(request: StreamingRequest) -> dict[str, Any]:
    """
    Get the JSON object that a request brings; an empty one if it brings
    nothing.
    """
    body = await request.read_all(BODY_LIMIT)
    try:
        value = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Invalid("The body must be a JSON object.")
    return value


def _membership(value: object) -> tuple[str, bool | None]:
    member_id = value.get("member_id") if isinstance(value, dict) else None
    if not isinstance(member_id, str):
        raise Invalid("Each membership must have a member_id.")
    return member_id, _can_share(value)


def _can_share(value: object) -> bool | None:
    """
    Get what is said of sharing further; L{None} if nothing is.
    """
    if not isinstance(value, dict):
        raise Invalid("A member must be a JSON object.")
    said = value.get("can_share")
    if said is None or isinstance(said, bool):
        return said
    raise Invalid("can_share must be true or false.")
