"""
The XML that S3 speaks.

No document has a use for a DTD, and without one there are neither entities nor
anything that would be fetched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, ParseError, SubElement, XMLParser, tostring

from attrs import frozen

from glance.s3.errors import BadAnswer

LIMIT = 2 << 20
"""How many bytes a document may have."""

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_EXPECTING = re.compile(r"expecting '([A-Za-z0-9-]+)'")


@frozen
class Told:
    """
    What a document of an error says.
    """

    code: str
    message: str
    request_id: str
    region: str | None
    """The right one; L{None} if it names none."""


def parse(data: bytes, root: str) -> Element:
    """
    Read a document.

    @param root: the name that its root has to have.

    @return: its root, with names that have no namespace.

    @raise BadAnswer: it isn't that.
    """
    element = _read(data)
    if element.tag != root:
        raise BadAnswer(f"The server answered no {root}.")
    return element


def _read(data: bytes) -> Element:
    if len(data) > LIMIT:
        raise BadAnswer("The server's answer is too long.")
    # Bytes of another encoding could hide a DTD.
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadAnswer("The server's answer isn't UTF-8.") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadAnswer("The server's answer has a DTD.")
    parser = XMLParser(encoding="utf-8")
    try:
        parser.feed(text.lstrip().encode())
        element: Element = parser.close()
    except (ParseError, ValueError):
        raise BadAnswer("The server's answer is no XML.") from None
    for part in element.iter():
        part.tag = part.tag.rpartition("}")[2]
    return element


def error_in(data: bytes) -> Told | None:
    """
    Get what an error says.

    @return: L{None} where C{data} is no document of an error.
    """
    try:
        element = _read(data)
    except BadAnswer:
        return None
    if element.tag != "Error":
        return None
    message = text_of(element, "Message")[:500]
    expected = _EXPECTING.search(message)
    region = text_of(element, "Region") or (expected[1] if expected else None)
    return Told(
        code=text_of(element, "Code")[:100],
        message=" ".join(message.split()),
        request_id=text_of(element, "RequestId")[:100],
        region=region,
    )


def text_of(element: Element, path: str) -> str:
    """
    Get the text of a part of an element; empty where it isn't there.
    """
    return (element.findtext(path) or "").strip()


def number_of(element: Element, path: str) -> int:
    """
    Get a part of an element that is a number.

    @raise BadAnswer: it isn't.
    """
    text = text_of(element, path)
    if not (text.isascii() and text.isdigit()):
        raise BadAnswer(f"{path} in the server's answer is no number.")
    return int(text)


def completion(etags: Sequence[str]) -> bytes:
    """
    Get the document that completes an upload of parts.

    @param etags: what each part was answered with, in the parts' order.
    """
    root = Element("CompleteMultipartUpload", xmlns=_NAMESPACE)
    for number, etag in enumerate(etags, 1):
        part = SubElement(root, "Part")
        SubElement(part, "PartNumber").text = str(number)
        SubElement(part, "ETag").text = etag
    return _written(root)


def location(region: str) -> bytes:
    """
    Get the document that says where a new bucket has to be; none for the
    region that must not be named.
    """
    if region == "us-east-1":
        return b""
    root = Element("CreateBucketConfiguration", xmlns=_NAMESPACE)
    SubElement(root, "LocationConstraint").text = region
    return _written(root)


def _written(root: Element) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
