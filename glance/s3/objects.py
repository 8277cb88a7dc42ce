"""
What S3 says of what it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element

from attrs import frozen
from twisted.web.http_headers import Headers

from glance.receiving import ReceivedBody
from glance.s3.documents import number_of, text_of
from glance.s3.errors import BadAnswer


@frozen
class Head:
    """
    What there is to know of an object.
    """

    length: int
    """How many bytes it has."""
    etag: str
    """With its quotes; it need not be a hash of the data."""
    headers: Headers
    """All that was said."""

    @classmethod
    def read(cls, headers: Headers, length: int) -> Head:
        """
        Read it from the headers of an answer.
        """
        return cls(length, headers.getRawHeaders("etag", [""])[0], headers)


@frozen
class Got:
    """
    An object, or a part of one, that comes.
    """

    head: Head
    """The length is that of the whole object."""
    body: ReceivedBody
    """To be started or stopped."""


@frozen
class Listed:
    """
    An object in a list.
    """

    key: str
    length: int
    etag: str
    modified: str
    """As the server says it: C{2026-11-26T04:03:00.000Z}."""


@frozen
class Page:
    """
    A part of a list of objects.
    """

    objects: Sequence[Listed]
    more: str | None
    """What the next page is asked for with; L{None} for the last."""


@frozen
class Begun:
    """
    An upload of parts that was neither completed nor aborted.
    """

    key: str
    upload_id: str
    initiated: str
    """When, as the server says it: C{2026-11-26T04:03:00.000Z}."""


@frozen
class Part:
    """
    A part of an upload.
    """

    number: int
    length: int
    etag: str


def key_in(element: Element, encoding: str) -> str:
    """
    Get the key that a part of a list is about.

    @param encoding: how the list says that its keys are encoded.
    """
    key = element.findtext("Key")
    if not key:
        raise BadAnswer("The server listed something without a key.")
    return unquote_plus(key) if encoding == "url" else key


def page_in(root: Element) -> Page:
    """
    Read a part of a list of objects.
    """
    encoding = text_of(root, "EncodingType")
    objects = [
        Listed(
            key_in(element, encoding),
            number_of(element, "Size"),
            text_of(element, "ETag"),
            text_of(element, "LastModified"),
        )
        for element in root.findall("Contents")
    ]
    more = text_of(root, "NextContinuationToken")
    return Page(objects, more if text_of(root, "IsTruncated") == "true" else None)


def total_in(headers: Headers, length: int, code: int) -> int:
    """
    Get the length of the object that an answer has data of.

    @param length: that of the answer.
    @param code: its status.
    """
    if code != 206:
        return length
    said = headers.getRawHeaders("content-range", [""])[0].rpartition("/")[2]
    if not (said.isascii() and said.isdigit()):
        raise BadAnswer("The server sent a part of an object and didn't say which.")
    return int(said)
