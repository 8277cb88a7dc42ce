"""
What handlers do alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import orjson
from klein import Klein
from twisted.web.http import Request

from glance.api.data import ENTITY_TAG, header
from glance.api.errors import STATUS, Form, Statuses, answer_errors, as_accepted

TAG_LENGTH = 32
"""
How many hexadecimal digits an entity tag of a body has.
"""


def app(statuses: Statuses = STATUS, form: Form = as_accepted) -> Klein:
    """
    Get an app, which is to be a class's attribute, without routes.

    @param statuses: the status of each error.
    @param form: puts errors into bodies.
    """
    made = Klein()
    made.url_map.merge_slashes = False
    answer_errors(made, form, statuses=statuses)
    return made


def without_implied_head(routed: Klein) -> None:
    """
    Have an app answer HEAD only where it is said to.
    """
    for rule in routed.url_map.iter_rules():
        if rule.methods is not None and "GET" in rule.methods:
            rule.methods.discard("HEAD")


def dump_json(value: Any) -> bytes:
    """
    Write JSON; of times, which are in UTC, the whole seconds.
    """
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)


def answer_json(
    request: Request, value: Any, status: HTTPStatus = HTTPStatus.OK
) -> bytes:
    """
    Begin an answer that is JSON, and get its body.
    """
    body = dump_json(value)
    request.setResponseCode(status)
    request.setHeader("content-type", "application/json")
    request.setHeader("content-length", str(len(body)))
    return body


def fitting(described: Iterable[bytes], most: int) -> list[orjson.Fragment]:
    """
    Get the first of what is described in JSON, as many as go on a page: who stops
    reading it leaves as much in memory.

    @param most: about how many bytes; one is there in any case.
    """
    shown: list[orjson.Fragment] = []
    for each in described:
        most -= len(each)
        if most < 0 and shown:
            break
        shown.append(orjson.Fragment(each))
    return shown


def answer_current(request: Request, value: Any) -> bytes:
    """
    Begin an answer that is JSON, or, where the client has that already, one that
    says so; and get its body.
    """
    body = answer_json(request, value)
    tag = sha256(body).hexdigest()[:TAG_LENGTH]
    request.setHeader("etag", f'"{tag}"')
    known = header(request, "if-none-match")
    if known is None or not (known == "*" or tag in ENTITY_TAG.findall(known)):
        return body
    request.setResponseCode(HTTPStatus.NOT_MODIFIED)
    for name in ("content-type", "content-length"):
        request.responseHeaders.removeHeader(name)
    return b""


def answer_nothing(request: Request, status: HTTPStatus = HTTPStatus.OK) -> bytes:
    """
    Begin an answer that has no body, and get that.
    """
    request.setResponseCode(status)
    if status is not HTTPStatus.NO_CONTENT:
        request.setHeader("content-length", "0")
    return b""
