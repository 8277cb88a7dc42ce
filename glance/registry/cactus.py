"""
The registry as callers of old know it: without a version as Cactus had it, and
below C{/v1} as it was later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import evolve
from klein import Klein
from twisted.web.resource import IResource, Resource
from zope.interface import implementer

from glance import v1form
from glance.api.errors import answer_errors
from glance.context import Context
from glance.errors import BadTransition, Forbidden, ImageNotFound, Invalid, InvalidImage
from glance.image import Image, Status
from glance.images import Images
from glance.limits import Limits
from glance.query import Query
from glance.registry.resource import CHALLENGE, answer_json, read_json
from glance.registry.v1fields import read_attributes, read_id, read_status
from glance.streams.request import StreamingRequest
from glance.validation import demand_no_mix

ContextOf = Callable[[StreamingRequest], Awaitable[Context]]
"""
Gets who sent a request.
"""

QueryOf = Callable[[Mapping[str, str], Context, Limits], Query]
"""
Makes a query of the arguments of a request.
"""

PURGE = "x-glance-registry-purge-props"
"""
The header that says whether properties which a PUT doesn't name go.
"""


class OldFace:
    """
    What is at and below C{/images}.
    """

    app = Klein()
    app.url_map.merge_slashes = False
    answer_errors(app, challenge=CHALLENGE)

    def __init__(
        self, images: Images, context_of: ContextOf, query_of: QueryOf, *, cactus: bool
    ) -> None:
        """
        @param cactus: whether for callers of that time: they are told of no
            deleted image, also when they delete one.
        """
        self._images = images
        self._context_of = context_of
        self._query_of = query_of
        self._cactus = cactus

    @app.route("/", methods=["GET"])
    @app.route("/images", methods=["GET"])
    async def index(self, request: StreamingRequest) -> bytes:
        """
        List images in few words.
        """
        images = await self._find(request)
        return answer_json(request, {"images": [v1form.brief(i) for i in images]})

    @app.route("/images/detail", methods=["GET"])
    async def detail(self, request: StreamingRequest) -> bytes:
        """
        List images.
        """
        images = await self._find(request)
        return answer_json(request, {"images": [_describe(i) for i in images]})

    async def _find(self, request: StreamingRequest) -> list[Image]:
        context = await self._context_of(request)
        given = {
            name.decode(errors="replace"): values[-1].decode(errors="replace")
            for name, values in request.args.items()
        }
        query = self._query_of(given, context, self._images.limits())
        return list(await self._images.find(context, query))

    @app.route("/images/<image_id>", methods=["GET"])
    async def show(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Send an image.
        """
        context = await self._context_of(request)
        image = await _found(
            self._images.get(context, image_id, include_deleted=not self._cactus)
        )
        return answer_json(request, {"image": _describe(image)})

    @app.route("/images", methods=["POST"])
    async def create(self, request: StreamingRequest) -> bytes:
        """
        Keep a new image.
        """
        context = await self._context_of(request)
        given = _given(await read_json(request))
        try:
            attributes = read_attributes(given)
            attributes["status"] = read_status(given.get("status", "active"))
            if given.get("id") is not None:
                attributes["id"] = read_id(given["id"])
            if attributes.get("owner") is None or not context.is_admin:
                attributes.pop("owner", None)
            public = attributes.pop("is_public", False)
            attributes["visibility"] = v1form.visibility(public)
            image = self._images.draft(context, **attributes)
            demand_no_mix(image.disk_format, image.container_format)
            created = await self._images.create(context, _sized(image))
        except Invalid as error:
            raise _refused("add", error) from error
        return answer_json(request, {"image": _describe(created)})

    @app.route("/images/<image_id>", methods=["PUT"])
    async def update(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Change some attributes of an image.
        """
        context = await self._context_of(request)
        body = await read_json(request)
        given = _given(body)
        purge = request.getHeader(PURGE) == "true"
        from_state = body.get("from_state")
        try:
            attributes = read_attributes(given)
            if not context.is_admin:
                attributes.pop("owner", None)
            status = read_status(given["status"]) if "status" in given else None

            def changed(image: Image) -> Image:
                if given.get("id") not in (None, image.id):
                    raise Forbidden("Forbidden to modify 'id' of image.")
                if from_state not in (None, image.status.value):
                    raise BadTransition(
                        f"Image operation conflicts: it is {image.status.value}."
                    )
                return _changed(image, attributes, status, purge)

            image = await _found(self._images.change(context, image_id, changed))
        except Invalid as error:
            raise _refused("update", error) from error
        return answer_json(request, {"image": _describe(image)})

    @app.route("/images/<image_id>", methods=["DELETE"])
    async def delete(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Delete an image.
        """
        context = await self._context_of(request)
        image = await _found(self._images.delete(context, image_id))
        if self._cactus:
            request.setHeader("content-length", "0")
            return b""
        return answer_json(request, {"image": _describe(image)})


def _describe(image: Image) -> dict[str, Any]:
    return v1form.full(image, cactus=True)


def _given(body: Any) -> dict[str, Any]:
    """
    Get what a request says of an image.
    """
    given = body.get("image") if isinstance(body, dict) else None
    if not isinstance(given, dict):
        raise Invalid('The body has to be {"image": {...}}.')
    return given


def _refused(deed: str, error: Invalid) -> Invalid:
    return InvalidImage(f"Failed to {deed} image metadata. Got error: {error}")


async def _found(finding: Awaitable[Image]) -> Image:
    """
    Wait for an image, and say it in the words of old if there is none.
    """
    try:
        return await finding
    except ImageNotFound as error:
        raise ImageNotFound("Image not found") from error


def _sized(image: Image) -> Image:
    """
    Get an image whose size is unknown where callers of old say zero.
    """
    if image.size == 0 and image.status is Status.QUEUED:
        return evolve(image, size=None)
    return image


def _changed(
    image: Image, attributes: Mapping[str, Any], status: Status | None, purge: bool
) -> Image:
    """
    Get an image as it is once it is changed so.
    """
    new = dict(attributes)
    if "is_public" in new:
        new["visibility"] = v1form.visibility(new.pop("is_public"), image.visibility)
    kept = {} if purge else image.properties
    new["properties"] = {**kept, **new.get("properties", {})}
    if status not in (None, image.status):
        assert status is not None
        if image.attempt is not None:
            raise BadTransition(f"Image {image.id} is being uploaded elsewhere.")
        image = image.becoming(status)
    changed = evolve(image, **new)
    if {"disk_format", "container_format"} & set(new):
        demand_no_mix(changed.disk_format, changed.container_format)
    return _sized(changed)


@implementer(IResource)
class OldRoot(Resource):
    """
    The root that callers of old know.
    """

    def __init__(self, cactus: OldFace, last: OldFace, members: IResource) -> None:
        """
        @param cactus: what has no version.
        @param last: what is below C{/v1}.
        @param members: what else is there: whom images are shared with.
        """
        super().__init__()
        self._cactus = cactus.app.resource()
        self._last = last.app.resource()
        self._members = members

    def getChild(self, name: bytes, request: Any) -> IResource:
        """
        Find what answers a request.
        """
        path = [name, *request.postpath]
        if name == b"v1":
            shared = path[1:2] == [b"shared-images"] or path[3:4] == [b"members"]
            return self._members if shared else self._last
        request.postpath.insert(0, request.prepath.pop())
        return self._cactus
