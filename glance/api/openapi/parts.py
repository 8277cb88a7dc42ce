"""
What descriptions of operations are made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from glance.api.v2.schemas import UUID

Described = dict[str, Any]
"""
A part of an OpenAPI document.
"""

V2 = "v2"
"""The tag of what is of version 2."""

BINARY: Mapping[str, Any] = {"application/octet-stream": {}}
"""What image data is."""

MEANINGS = {
    300: "Several versions to choose from.",
    304: "The client has the data already.",
    400: "The request makes no sense.",
    401: "The caller has to say who it is.",
    403: "The caller may not do that.",
    404: "There is none, or the caller may not know of it.",
    405: "That cannot be done here; `Allow` says what can.",
    408: "No data came for too long.",
    409: "What is there already is in the way.",
    410: "The image was deleted meanwhile, or the store takes no data.",
    412: "The image was deleted meanwhile.",
    413: "That is more than is allowed, or than there is room for.",
    415: "The body is not of a type, or image data not of the format, that is taken.",
    416: "There is no such part of the data.",
    500: "Something went wrong in the service.",
    503: "The registry or the store cannot be used now; `Retry-After` says when.",
}
"""What a status means where nothing else is said."""

ERROR: Described = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "code": {"type": "string"},
        "title": {"type": "string"},
    },
    "required": ["message", "code", "title"],
}
"""The body of an answer that says what went wrong, in JSON."""

ALWAYS = (401, 503)
"""What any operation on images may be answered."""


def ref(name: str) -> Described:
    """
    Name a schema that is described elsewhere in the document.
    """
    return {"$ref": f"#/components/schemas/{name}"}


def json(schema: Mapping[str, Any]) -> Described:
    """
    Describe a body in JSON.
    """
    return {"application/json": {"schema": dict(schema)}}


def parameter(
    where: str, name: str, description: str, schema: Mapping[str, Any], **more: Any
) -> Described:
    """
    Describe a parameter.

    @param where: C{path}, C{query} or C{header}.
    """
    return {
        "name": name,
        "in": where,
        "description": description,
        "required": where == "path",
        "schema": dict(schema),
        **more,
    }


ID = parameter(
    "path", "image_id", "The id of an image.", {"type": "string", "pattern": UUID}
)

MEMBER = parameter(
    "path",
    "member_id",
    "A project.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^/]+$"},
)

PAGE = (
    parameter(
        "query",
        "limit",
        "How many images a page has at most.",
        {"type": "integer", "minimum": 0},
    ),
    parameter(
        "query",
        "marker",
        "The id of the image that the page begins after.",
        {"type": "string", "pattern": UUID},
    ),
)
"""Which part of a list is wanted."""


def answer(
    description: str,
    content: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    links: Mapping[str, Any] | None = None,
) -> Described:
    """
    Describe an answer.

    @param headers: what each says.
    """
    described: Described = {"description": description}
    if content is not None:
        described["content"] = dict(content)
    if headers is not None:
        described["headers"] = {
            name: {"description": said, "schema": {"type": "string"}}
            for name, said in headers.items()
        }
    if links is not None:
        described["links"] = dict(links)
    return described


def current(description: str, content: Mapping[str, Any]) -> Mapping[int, Described]:
    """
    Describe the answers where a client may have the body already.
    """
    tagged = {"ETag": "Names just this body."}
    return {
        HTTPStatus.OK.value: answer(description, content, tagged),
        HTTPStatus.NOT_MODIFIED.value: answer("The client has that body already."),
    }


KNOWN = parameter(
    "header", "If-None-Match", "The ETags of bodies that are there.", {"type": "string"}
)


def refusals(statuses: Iterable[int], *, empty: bool = False) -> Described:
    """
    Describe the answers that say what went wrong.

    @param empty: whether they have no body.
    """
    content = {
        "application/json": {"schema": ref("error")},
        "text/html": {"schema": {"type": "string"}},
        "text/plain": {"schema": {"type": "string"}},
    }
    return {
        str(status): answer(MEANINGS[status], None if empty else content)
        for status in sorted(statuses)
    }


def operation(
    name: str,
    summary: str,
    answers: Mapping[int, Described],
    errors: Iterable[int] = (),
    *,
    tag: str,
    parameters: Iterable[Described] = (),
    body: Mapping[str, Any] | None = None,
    body_required: bool = True,
    head: bool = False,
) -> Described:
    """
    Describe an operation.

    @param name: its C{operationId}.
    @param errors: the statuses that say what went wrong.
    @param tag: the version that it is of.
    @param body: the content of what it takes; L{None} for nothing.
    @param head: whether it answers HEAD.
    """
    described: Described = {
        "operationId": name,
        "summary": summary,
        "tags": [tag],
        "parameters": list(parameters),
        "responses": {
            **{str(status): said for status, said in answers.items()},
            **refusals({*errors, *ALWAYS}, empty=head),
        },
    }
    if body is not None:
        described["requestBody"] = {"content": dict(body), "required": body_required}
    return described


def done(description: str) -> Mapping[int, Described]:
    """
    Describe an answer that has nothing to tell.
    """
    return {HTTPStatus.NO_CONTENT.value: answer(description)}
