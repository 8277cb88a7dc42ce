"""
The data of an image, as an answer.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus

from attrs import frozen
from twisted.web.http import Request

from glance.errors import DataDamaged
from glance.image import Image
from glance.streams.bodies import pump
from glance.streams.ranges import Range, parse_range, print_content_range
from glance.transfers import Transfers

ENTITY_TAG = re.compile(r'(?:W/)?"([^"]*)"')
"""
An entity tag, of which the part without quotes and weakness is compared.
"""


WHO = "X-Auth-Token, Authorization"
"""The headers that say who asks."""


@frozen(kw_only=True)
class DataForm:
    """
    How a version of the API answers image data.
    """

    hash_of: Callable[[Image], str | None]
    """Gets what the entity tag is made of."""
    content_md5: Callable[[Image, bool], str | None]
    """Gets the Content-MD5 of an image's data, or, where the flag says so, of a
    part of it; L{None} for no such header."""
    range_of: Callable[[Request, int], Range | None]
    """Gets the part of so many bytes that a request asks for; L{None} for all."""
    describe: Callable[[Request, Image], None]
    """Sets the headers that are this version's own."""


async def send_data(
    request: Request, image: Image, transfers: Transfers, form: DataForm
) -> bytes:
    """
    Answer a GET or HEAD of an image's data: all of it or a part, or that the
    client has it already.

    The app that this is called in answers errors
    (L{glance.api.errors.answer_errors}), and so breaks off where the data ends
    before its end: nobody takes it for whole.

    @param image: one that the caller may download.

    @return: what is left to be sent, which is nothing.

    @raise RangeNotSatisfiable: there is no such part.
    @raise DataNotFound: the data is missing.
    @raise DataDamaged: the data is not as long as it was.
    """
    if image.size is None:
        raise DataDamaged(f"How long the data of image {image.id} is isn't known.")
    if _unchanged(request, image, form):
        _describe(request, image, form)
        request.setResponseCode(HTTPStatus.NOT_MODIFIED)
        return b""
    part = _wanted(request, image, image.size, form)
    whole = part is None
    offset, length = (0, image.size) if part is None else (part.offset, part.length)
    body = None
    if request.method != b"HEAD":
        body = await transfers.open(image, offset, None if whole else length)
    _describe(request, image, form)
    request.setHeader("content-type", "application/octet-stream")
    request.setHeader("content-length", str(length))
    md5 = form.content_md5(image, part is not None)
    if md5 is not None:
        request.setHeader("content-md5", md5)
    if part is not None:
        request.setResponseCode(HTTPStatus.PARTIAL_CONTENT)
        request.setHeader("content-range", print_content_range(part, image.size))
    if body is not None:
        transfers.downloads += 1
        try:
            await pump(body, request)
        finally:
            transfers.downloads -= 1
        if request.sentLength != length:
            raise DataDamaged(
                f"Of {length} bytes of image {image.id}, {request.sentLength} came."
            )
    return b""


def quoted(tag: str | None) -> str | None:
    """
    Get a strong entity tag with its quotes; L{None} where there is none.
    """
    return None if tag is None else f'"{tag}"'


def keep_private(request: Request) -> None:
    """
    Say that an answer is for none but who asked.

    Who may have it is decided anew each time; a shared cache would give it to
    whoever knows the URL, and many keep what doesn't say how long it is good.
    """
    request.setHeader("cache-control", "private, no-cache")
    # It may vary by other headers as well.
    if WHO not in request.responseHeaders.getRawHeaders("vary", ()):
        request.responseHeaders.addRawHeader("vary", WHO)


def _describe(request: Request, image: Image, form: DataForm) -> None:
    form.describe(request, image)
    tag = quoted(form.hash_of(image))
    if tag is not None:
        request.setHeader("etag", tag)
    request.setHeader("last-modified", format_datetime(_modified(image), usegmt=True))
    request.setHeader("accept-ranges", "bytes")
    keep_private(request)


def _modified(image: Image) -> datetime:
    # An answer tells more than the data, so any change counts.
    return image.updated_at.astimezone(UTC).replace(microsecond=0)


def base64_md5(image: Image, partial: bool) -> str | None:
    """
    Get a Content-MD5 as RFC 1864 has it, of the body as it is sent.
    """
    if partial:
        return None
    try:
        return base64.b64encode(bytes.fromhex(image.checksum or "")).decode() or None
    except ValueError:
        return None


def header(request: Request, name: str) -> str | None:
    """
    Get what a header says, wherever it is said; L{None} if it isn't there.
    """
    values = request.requestHeaders.getRawHeaders(name)
    return None if values is None else ", ".join(values).strip()


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date
    except (ValueError, OverflowError):
        return None


def _unchanged(request: Request, image: Image, form: DataForm) -> bool:
    known = header(request, "if-none-match")
    if known is not None:
        # The tags of 2011 had no quotes, and their clients send them so.
        tags = {*ENTITY_TAG.findall(known), known}
        return known == "*" or form.hash_of(image) in tags
    since = _date(header(request, "if-modified-since") or "")
    return since is not None and since >= _modified(image)


def _wanted(request: Request, image: Image, size: int, form: DataForm) -> Range | None:
    if request.method != b"GET":
        return None
    validator = header(request, "if-range")
    tag = form.hash_of(image)
    # It may be a date: the data is the same ever since.
    if (
        validator is None
        or (tag is not None and validator in (tag, quoted(tag)))
        or _date(validator) == _modified(image)
    ):
        return form.range_of(request, size)
    return None


def plain_range(request: Request, size: int) -> Range | None:
    """
    Get the part that a Range header asks for; L{None} where it makes no sense
    (RFC 9110 section 14.2).
    """
    said = header(request, "range")
    return None if said is None else parse_range(said, size)
