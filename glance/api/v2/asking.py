"""
What handlers of version 2 do alike with what they are asked.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from klein import Klein

from glance import errors
from glance.api import answers
from glance.api.errors import STATUS
from glance.streams.request import StreamingRequest

STATUSES = {**STATUS, errors.ImageGone: HTTPStatus.GONE}
"""
The status of each error, where version 2 has another than version 1 as well.
"""

BODY_LIMIT = 1 << 20
"""The most bytes that a body in JSON may have."""


def app() -> Klein:
    """
    Get an app, which is to be a class's attribute, without routes.
    """
    return answers.app(STATUSES)


def id_of(text: str) -> str:
    """
    Get an image's id as it is kept, of a piece of a path.
    """
    return text.lower()


def media_type_of(request: StreamingRequest) -> str:
    """
    Get the type of what a request brings, without parameters; an empty string
    if it isn't said.
    """
    said = request.getHeader("content-type") or ""
    return said.partition(";")[0].strip().lower()


def no_body(request: StreamingRequest) -> None:
    """
    Refuse data where there is nothing to be done with it.

    @raise errors.Invalid: the request brings some.
    """
    if request.body is not None:
        raise errors.Invalid("No body is expected here: send the request without.")


async def json_body(request: StreamingRequest, limit: int = BODY_LIMIT) -> Any:
    """
    Get what a request says in JSON.

    @param limit: how many bytes it may have.

    @raise errors.BodyTooLong: it has more.
    @raise errors.Invalid: it says nothing, or no JSON.
    """
    too_long = errors.BodyTooLong(f"A body in JSON may have at most {limit} bytes.")
    body = await request.read_all(limit, too_long)
    if not body:
        raise errors.Invalid("A body is expected here, in JSON.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise errors.Invalid(f"The body is not JSON: {error}.") from None
