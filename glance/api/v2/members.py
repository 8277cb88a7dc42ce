"""
With whom images are shared, and who consents.
"""

from __future__ import annotations

from http import HTTPStatus

from glance.api.answers import (
    answer_current,
    answer_json,
    answer_nothing,
    without_implied_head,
)
from glance.api.site import ContextOf
from glance.api.v2.asking import app, id_of, json_body, no_body
from glance.api.v2.form import describe_member
from glance.api.v2.schemas import check_changed_member, check_new_member
from glance.image import Consent
from glance.sharing import Sharing
from glance.streams.request import StreamingRequest


class MembersAPI:
    """
    What is at and below C{/images/ID/members}.
    """

    app = app()

    def __init__(self, sharing: Sharing, context_of: ContextOf) -> None:
        self._sharing = sharing
        self._context_of = context_of

    @app.route("/images/<image_id>/members", methods=["GET"])
    async def index(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        List whom an image is shared with.
        """
        no_body(request)
        context = await self._context_of(request)
        members = await self._sharing.shared(context, id_of(image_id))
        listed = [describe_member(id_of(image_id), member) for member in members]
        answer = {"members": listed, "schema": "/v2/schemas/members"}
        return answer_current(request, answer)

    @app.route("/images/<image_id>/members", methods=["POST"])
    async def add(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Share an image with one more.
        """
        context = await self._context_of(request)
        said = await json_body(request)
        check_new_member(said)
        member = await self._sharing.add(context, id_of(image_id), said["member"])
        return answer_json(request, describe_member(id_of(image_id), member))

    @app.route("/images/<image_id>/members/<member_id>", methods=["GET"])
    async def show(
        self, request: StreamingRequest, image_id: str, member_id: str
    ) -> bytes:
        """
        Describe a member.
        """
        no_body(request)
        context = await self._context_of(request)
        member = await self._sharing.member(context, id_of(image_id), member_id)
        return answer_json(request, describe_member(id_of(image_id), member))

    @app.route("/images/<image_id>/members/<member_id>", methods=["PUT"])
    async def consent(
        self, request: StreamingRequest, image_id: str, member_id: str
    ) -> bytes:
        """
        Say what a member thinks of it.
        """
        context = await self._context_of(request)
        said = await json_body(request)
        check_changed_member(said)
        member = await self._sharing.consent(
            context, id_of(image_id), member_id, Consent(said["status"])
        )
        return answer_json(request, describe_member(id_of(image_id), member))

    @app.route("/images/<image_id>/members/<member_id>", methods=["DELETE"])
    async def remove(
        self, request: StreamingRequest, image_id: str, member_id: str
    ) -> bytes:
        """
        Share an image with somebody no more.
        """
        no_body(request)
        context = await self._context_of(request)
        await self._sharing.remove(
            context, id_of(image_id), member_id, while_shared=True
        )
        return answer_nothing(request, HTTPStatus.NO_CONTENT)

    without_implied_head(app)
