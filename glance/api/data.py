"""
The data of an image, as an answer.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus

from twisted.web.http import Request

from glance.errors import DataDamaged
from glance.image import Image
from glance.streams.bodies import pump
from glance.streams.ranges import Range, parse_range, print_content_range
from glance.transfers import Transfers

_ENTITY_TAG = re.compile(r'(?:W/)?"([^"]*)"')


async def send_data(request: Request, image: Image, transfers: Transfers) -> bytes:
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
    if _unchanged(request, image):
        _describe(request, image)
        request.setResponseCode(HTTPStatus.NOT_MODIFIED)
        return b""
    part = _wanted(request, image, image.size)
    whole = part is None
    offset, length = (0, image.size) if part is None else (part.offset, part.length)
    body = None
    if request.method != b"HEAD":
        body = await transfers.open(image, offset, None if whole else length)
    _describe(request, image)
    request.setHeader("content-type", "application/octet-stream")
    request.setHeader("content-length", str(length))
    md5 = _content_md5(image)
    if part is not None:
        request.setResponseCode(HTTPStatus.PARTIAL_CONTENT)
        request.setHeader("content-range", print_content_range(part, image.size))
    elif md5 is not None:
        request.setHeader("content-md5", md5)
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


def entity_tag(image: Image) -> str | None:
    """
    Get the strong entity tag of an image's data, with its quotes; L{None}
    where the checksum is not known.
    """
    return None if image.checksum is None else f'"{image.checksum}"'


def keep_private(request: Request) -> None:
    """
    Say that an answer is for none but who asked.

    Who may have it is decided anew each time; a shared cache would give it to
    whoever knows the URL, and many keep what doesn't say how long it is good.
    """
    request.setHeader("cache-control", "private, no-cache")
    request.setHeader("vary", "X-Auth-Token, Authorization")


def _describe(request: Request, image: Image) -> None:
    tag = entity_tag(image)
    if tag is not None:
        request.setHeader("etag", tag)
    request.setHeader("last-modified", format_datetime(_modified(image), usegmt=True))
    request.setHeader("accept-ranges", "bytes")
    keep_private(request)


def _modified(image: Image) -> datetime:
    # An answer tells more than the data, so any change counts.
    return image.updated_at.astimezone(UTC).replace(microsecond=0)


def _content_md5(image: Image) -> str | None:
    try:
        return base64.b64encode(bytes.fromhex(image.checksum or "")).decode() or None
    except ValueError:
        return None


def _header(request: Request, name: str) -> str | None:
    values = request.requestHeaders.getRawHeaders(name)
    return None if values is None else ", ".join(values).strip()


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date
    except (ValueError, OverflowError):
        return None


def _unchanged(request: Request, image: Image) -> bool:
    known = _header(request, "if-none-match")
    if known is not None:
        # The tags of 2011 had no quotes, and their clients send them so.
        return known == "*" or image.checksum in {*_ENTITY_TAG.findall(known), known}
    since = _date(_header(request, "if-modified-since") or "")
    return since is not None and since >= _modified(image)


def _wanted(request: Request, image: Image, size: int) -> Range | None:
    header = _header(request, "range")
    if header is None or request.method != b"GET":
        return None
    validator = _header(request, "if-range")
    if validator is None or validator in (entity_tag(image), image.checksum):
        return parse_range(header, size)
    # It may be a date: the data is the same ever since.
    return parse_range(header, size) if _date(validator) == _modified(image) else None
