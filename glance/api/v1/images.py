"""
Images, as both views of version 1 have them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from http import HTTPStatus
from typing import Any

from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from werkzeug.routing import BaseConverter

from glance import v1form
from glance.api import answers
from glance.api.answers import (
    answer_json,
    answer_nothing,
    dump_json,
    fitting,
    without_implied_head,
)
from glance.api.data import DataForm, base64_md5, plain_range, quoted, send_data
from glance.api.errors import STATUS
from glance.api.links import Links
from glance.api.site import ContextOf
from glance.api.v1 import fields
from glance.api.v1.dialect import Dialect
from glance.api.v1.filters import arguments
from glance.context import Context, Deed
from glance.errors import (
    BadTransition,
    Forbidden,
    ImageGone,
    ImageNotFound,
    Invalid,
    MarkerNotFound,
    OthersImage,
    OthersPublicImage,
    QuotaExceeded,
)
from glance.image import GONE, Image, Location, Status
from glance.images import Images
from glance.sources import Fetches, Source, Sources, unfilled
from glance.streams.bodies import BytesBody
from glance.streams.request import StreamingRequest
from glance.transfers import Transfers

FORM = DataForm(
    hash_of=lambda image: image.checksum,
    content_md5=base64_md5,
    range_of=plain_range,
    describe=lambda request, image: None,
)
"""How image data is answered."""

STATUSES = {
    **STATUS,
    OthersImage: HTTPStatus.NOT_FOUND,
    OthersPublicImage: HTTPStatus.FORBIDDEN,
}
"""What each error is answered with."""

DATA_TYPE = b"application/octet-stream"


class _ImageId(BaseConverter):
    """
    The piece of a path that says which image is meant.
    """

    regex = "(?!detail$)[^/]+"


class ImagesAPI:
    """
    What is at and below C{/images}, but for members.

    A method here reads the request, calls the use cases, and writes the
    answer.
    """

    app = answers.app(STATUSES)
    app.url_map.converters["image"] = _ImageId

    def __init__(
        self,
        dialect: Dialect,
        images: Images,
        transfers: Transfers,
        sources: Sources,
        fetches: Fetches,
        context_of: ContextOf,
        links: Links,
    ) -> None:
        self._dialect = dialect
        self._images = images
        self._transfers = transfers
        self._sources = sources
        self._fetches = fetches
        self._context_of = context_of
        self._links = links

    @app.route("/images", methods=["GET"])
    async def index(self, request: StreamingRequest) -> bytes:
        """
        List images, briefly.
        """
        return await self._list(request, v1form.brief)

    @app.route("/images/detail", methods=["GET"])
    async def details(self, request: StreamingRequest) -> bytes:
        """
        List images, with all that is known.
        """
        return await self._list(request, self._full)

    @app.route("/images/<image:image_id>", methods=["HEAD"])
    async def show(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Describe an image.
        """
        context = await self._context_of(request)
        image = await self._images.get(
            context, image_id, include_deleted=self._dialect.shows_deleted
        )
        self._describe(request, image)
        return answer_nothing(request)

    @app.route("/images/<image:image_id>", methods=["GET"])
    async def download(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Send an image's data.
        """
        context = await self._context_of(request)
        image = await self._transfers.downloadable(context, image_id)
        self._describe(request, image)
        return await send_data(request, image, self._transfers, FORM)

    @app.route("/images", methods=["POST"])
    async def create(self, request: StreamingRequest) -> bytes:
        """
        Make an image, and fill it if the request has data.
        """
        context = await self._context_of(request)
        said = fields.read(request.requestHeaders, self._dialect)
        self._demand_store(said, request.body)
        draft = self._images.draft(context, **said.draft(context))
        source = None
        if request.body is not None:
            _demand_one_source(said)
            self._demand_fillable(draft, said.size, request.body.length)
        elif said.source is not None:
            self._images.demand_maker(context, draft)
            place = self._sources.locate(context, said.source)
            self._demand_fillable(draft, said.size)
            source = await self._find(context, place, said)
        image = await self._images.create(context, draft)
        body: IBodyProducer | None = request.body
        if body is None and said.size == 0:
            body = BytesBody(b"")
        try:
            if request.body is not None:
                await self._demand_data_type(request, context, image.id)
            if body is not None:
                image = await self._upload(context, image.id, body, said)
            elif source is not None:
                image = await self._take(context, image, source, said)
        except ImageNotFound:
            raise ImageGone(f"Image {image.id} was deleted meanwhile.") from None
        except QuotaExceeded:
            await self._images.revisions.change(image.id, unfilled)
            raise
        return self._answer(request, image, HTTPStatus.CREATED)

    @app.route("/images/<image:image_id>", methods=["PUT"])
    async def update(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Change what is known of an image, and fill it if the request has data.
        """
        context = await self._context_of(request)
        said = fields.read(request.requestHeaders, self._dialect)
        body = request.body
        self._demand_store(said, body)
        purge = said.purge
        if purge is None:
            purge = body is None or self._dialect.purges_on_upload

        def changed(image: Image) -> Image:
            if body is not None:
                _demand_queued(image)
            new = said.onto(image, context, purge=purge)
            if body is not None:
                self._demand_fillable(new, said.size, body.length)
            return new

        try:
            if body is None and said.source is not None:
                image = await self._update_from(context, image_id, said, changed)
            elif body is None:
                image = await self._images.change(context, image_id, changed)
            else:
                _demand_one_source(said)
                await self._demand_data_type(request, context, image_id)
                image = await self._upload(context, image_id, body, said, changed)
        except ImageNotFound:
            await self._demand_undeleted(context, image_id, "update", GONE)
            raise
        return self._answer(request, image, HTTPStatus.OK)

    async def _update_from(
        self,
        context: Context,
        image_id: str,
        said: fields.Metadata,
        change: Callable[[Image], Image],
    ) -> Image:
        """
        Change an image, and have it filled with data from elsewhere.
        """

        def changed(image: Image) -> Image:
            _demand_unfilled(image)
            new = change(image)
            self._demand_fillable(new, new.size)
            return new

        assert said.source is not None
        image = await self._images.get(context, image_id, Deed.UPLOAD)
        place = self._sources.locate(context, said.source)
        changed(image)
        source = await self._find(context, place, said, image_id)
        if said.copy_from is None:
            return await self._sources.refer(context, image_id, source, changed)
        image = await self._images.change(context, image_id, changed, Deed.UPLOAD)
        return await self._take(context, image, source, said)

    async def _find(
        self,
        context: Context,
        place: Location,
        said: fields.Metadata,
        image_id: str | None = None,
    ) -> Source:
        """
        Find the data that is to be an image's.
        """
        if said.copy_from is not None:
            self._fetches.demand_room(context)
        stays = said.copy_from is None
        return await self._sources.find(
            place, said.size, stays=stays, image_id=image_id
        )

    async def _take(
        self, context: Context, image: Image, source: Source, said: fields.Metadata
    ) -> Image:
        """
        Have a queued image filled with data from elsewhere, or refer to it.
        """
        if said.copy_from is None:
            return await self._sources.refer(context, image.id, source)
        self._fetches.begin(
            context,
            image.id,
            source,
            store=said.store,
            size=image.size,
            checksum=image.checksum,
        )
        return image

    @app.route("/images/<image:image_id>", methods=["DELETE"])
    async def delete(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Delete an image.
        """
        context = await self._context_of(request)
        try:
            await self._images.delete(context, image_id)
        except ImageNotFound:
            await self._demand_undeleted(
                context, image_id, "delete", frozenset({Status.PENDING_DELETE})
            )
            raise
        return answer_nothing(request)

    async def _list(
        self,
        request: StreamingRequest,
        describe: Callable[[Image], Mapping[str, Any]],
    ) -> bytes:
        context = await self._context_of(request)
        query = self._dialect.query(
            arguments(request.uri), context, self._images.limits()
        )
        try:
            found = await self._images.find(context, query)
        except MarkerNotFound as error:
            raise MarkerNotFound("Invalid marker. Image could not be found.") from error
        described = (dump_json(describe(image)) for image in found)
        return answer_json(request, {"images": fitting(described, self._dialect.page)})

    async def _demand_undeleted(
        self, context: Context, image_id: str, deed: str, refused: Container[Status]
    ) -> None:
        """
        Refuse to touch an image that is deleted, where it is no secret that it
        was there.
        """
        if self._dialect.shows_deleted:
            image = await self._images.get(context, image_id, include_deleted=True)
            if image.status in refused:
                raise Forbidden(f"Forbidden to {deed} {image.status.value} image.")

    def _demand_store(self, said: fields.Metadata, body: object) -> None:
        """
        Refuse a store that isn't there, or takes no data where there is some.
        """
        data = body is not None or said.copy_from is not None
        self._transfers.demand_store(said.store, data=data)

    def _demand_fillable(
        self, image: Image, size: int | None, length: Any = UNKNOWN_LENGTH
    ) -> None:
        """
        Refuse data that cannot become this image's.
        """
        if self._dialect.needs_formats:
            if image.disk_format is None:
                raise Invalid("Disk format is not specified.")
            if image.container_format is None:
                raise Invalid("Container format is not specified.")
        most = self._images.limits().image_size_cap
        known = 0 if length is UNKNOWN_LENGTH else length
        if max(known, size or 0) > most:
            raise Invalid(f"The image is larger than the {most} bytes allowed.")

    async def _demand_data_type(
        self, request: StreamingRequest, context: Context, image_id: str
    ) -> None:
        """
        Refuse what isn't image data, and kill the image that it was for.
        """
        if request.getHeader(b"content-type") == DATA_TYPE:
            return

        def killed(image: Image) -> Image:
            _demand_queued(image)
            return image.becoming(Status.KILLED)

        await self._images.change(context, image_id, killed, Deed.UPLOAD)
        raise Invalid(f"Content-Type must be {DATA_TYPE.decode()}")

    async def _upload(
        self,
        context: Context,
        image_id: str,
        body: IBodyProducer,
        said: fields.Metadata,
        change: Callable[[Image], Image] = lambda image: image,
    ) -> Image:
        return await self._transfers.upload(
            context,
            image_id,
            body,
            store=said.store,
            size=said.size,
            checksum=said.checksum,
            fallback=Status.KILLED,
            change=change,
        )

    def _full(self, image: Image) -> Mapping[str, Any]:
        return v1form.full(image, cactus=self._dialect.sends_null)

    def _answer(
        self, request: StreamingRequest, image: Image, status: HTTPStatus
    ) -> bytes:
        self._locate(request, image)
        return answer_json(request, {"image": self._full(image)}, status)

    def _describe(self, request: StreamingRequest, image: Image) -> None:
        for name, value in fields.write(image, self._dialect):
            request.responseHeaders.addRawHeader(name, value)
        self._locate(request, image)

    def _locate(self, request: StreamingRequest, image: Image) -> None:
        tag = quoted(image.checksum)
        if tag is not None:
            request.setHeader("etag", tag)
        if request.method in self._dialect.locates:
            where = f"{self._dialect.prefix}/images/{image.id}"
            request.setHeader("location", self._links.base(request) + where)

    without_implied_head(app)


def _demand_one_source(said: fields.Metadata) -> None:
    if said.source is not None:
        raise Invalid(fields.MANY)


def _demand_unfilled(image: Image) -> None:
    if image.status is not Status.QUEUED:
        raise Invalid(
            "Attempted to update Location field for an image not in queued status."
        )


def _demand_queued(image: Image) -> None:
    if image.status is not Status.QUEUED:
        raise BadTransition("Cannot upload to an unqueued image.")
