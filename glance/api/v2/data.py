"""
The data of images.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from twisted.web.http import Request

from glance.api.answers import answer_nothing
from glance.api.data import DataForm, header, send_data
from glance.api.disposition import attachment
from glance.api.site import ContextOf
from glance.api.v2.asking import app, id_of, media_type_of, no_body
from glance.errors import (
    ImageNotActive,
    Invalid,
    RangeNotSatisfiable,
    UnsupportedMediaType,
)
from glance.image import Image
from glance.streams.bodies import BytesBody
from glance.streams.ranges import Range, parse_content_range, parse_strict_range
from glance.streams.request import StreamingRequest
from glance.transfers import Transfers

DATA_TYPE = "application/octet-stream"
"""What image data is, and nothing else."""

_NUMBER = re.compile(r"[0-9]{1,19}")


def _range_of(request: Request, size: int) -> Range | None:
    said = header(request, "range")
    if said is not None:
        return parse_strict_range(said, size)
    # Glance's own clients once asked so.
    said = header(request, "content-range")
    if said is None:
        return None
    parsed = parse_content_range(said)
    if parsed is None or parsed[1] not in (None, size) or parsed[0].last >= size:
        raise RangeNotSatisfiable("The data has no such part.", size)
    return parsed[0]


def _name_file(request: Request, image: Image) -> None:
    request.setHeader("content-disposition", attachment(image))


FORM = DataForm(
    hash_of=lambda image: image.os_hash_value or image.checksum,
    content_md5=lambda image, partial: image.checksum,
    range_of=_range_of,
    describe=_name_file,
)
"""How image data is answered."""


class DataAPI:
    """
    What is at C{/images/ID/file}.
    """

    app = app()

    def __init__(self, transfers: Transfers, context_of: ContextOf) -> None:
        self._transfers = transfers
        self._context_of = context_of

    @app.route("/images/<image_id>/file", methods=["PUT"])
    async def upload(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Fill an image with data.
        """
        context = await self._context_of(request)
        if media_type_of(request) != DATA_TYPE:
            raise UnsupportedMediaType(f"Image data must be of the type {DATA_TYPE}.")
        await self._transfers.upload(
            context,
            id_of(image_id),
            BytesBody(b"") if request.body is None else request.body,
            store=request.getHeader("x-image-meta-store"),
            size=_announced(request),
            needs_formats=True,
            heeds_known=False,
        )
        return answer_nothing(request, HTTPStatus.NO_CONTENT)

    @app.route("/images/<image_id>/file", methods=["GET", "HEAD"])
    async def download(self, request: StreamingRequest, image_id: str) -> bytes:
        """
        Send an image's data, or tell what would be sent.
        """
        no_body(request)
        context = await self._context_of(request)
        try:
            image = await self._transfers.downloadable(context, id_of(image_id))
        except ImageNotActive:
            # Clients take this for an image that has no data yet.
            return answer_nothing(request, HTTPStatus.NO_CONTENT)
        return await send_data(request, image, self._transfers, FORM)


def _announced(request: StreamingRequest) -> int | None:
    """
    Get how many bytes are said to come; L{None} if nothing is said.
    """
    said = request.getHeader("x-openstack-image-size")
    if said is None:
        return None
    if not _NUMBER.fullmatch(said.strip()):
        raise Invalid("x-openstack-image-size must be a whole number of bytes.")
    return int(said)
