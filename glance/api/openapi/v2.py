"""
Version 2, described.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glance.api.lists import SORT_KEYS
from glance.api.openapi import info
from glance.api.openapi.parts import (
    BINARY,
    ID,
    KNOWN,
    MEMBER,
    PAGE,
    V2,
    Described,
    answer,
    current,
    done,
    json,
    operation,
    parameter,
    ref,
)
from glance.api.v2.filters import OPERATORS
from glance.api.v2.patch import KEYED, NAMING, OPERATIONS
from glance.api.v2.schemas import (
    CHANGED_MEMBER,
    CONSENTS,
    NEW_MEMBER,
    READ_ONLY,
    VISIBILITIES,
)

NAME = parameter(
    "path",
    "tag",
    "A tag.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^/]+$"},
)

_COUNT = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
_WORD = {"type": "string"}
_FLAG = {"type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"}


def _choice(name: str) -> Described:
    return parameter(
        "query",
        name,
        f"The {name}; several as `in:a,b`, each in quotes if need be.",
        _WORD,
    )


def _moment(name: str) -> Described:
    return parameter(
        "query",
        name,
        f"A time, after one of {', '.join(OPERATORS)} and a colon.",
        {
            "type": "string",
            "pattern": "^((gt|gte|lt|lte|eq|neq):)?"
            "20[0-9][0-9]-0[1-9]-1[0-9]T1[0-9]:[0-5][0-9]:[0-5][0-9]Z$",
        },
    )


def _number(name: str) -> list[Described]:
    return [
        parameter("query", name, f"The {name}.", _COUNT),
        parameter("query", f"{name}_min", f"The least {name}.", _COUNT),
        parameter("query", f"{name}_max", f"The greatest {name}.", _COUNT),
    ]


FILTERS = [
    *PAGE,
    parameter(
        "query",
        "sort",
        "What the list is sorted by, as `name:asc,size:desc`.",
        {
            "type": "string",
            "pattern": f"^({'|'.join(SORT_KEYS)})(:(asc|desc))?$",
        },
    ),
    parameter(
        "query",
        "sort_key",
        "What the list is sorted by; may come again.  Not together with `sort`.",
        {"type": "array", "items": {"type": "string", "enum": list(SORT_KEYS)}},
    ),
    parameter(
        "query",
        "sort_dir",
        "The direction for all, or one for each `sort_key`.",
        {"type": "array", "items": {"type": "string", "enum": ["asc", "desc"]}},
    ),
    *map(_choice, ("name", "id", "status", "container_format", "disk_format")),
    *map(_moment, ("created_at", "updated_at")),
    parameter(
        "query",
        "visibility",
        "The visibility; community images are listed only where they are asked for.",
        {"type": "string", "enum": [*VISIBILITIES, "all"]},
    ),
    parameter(
        "query",
        "member_status",
        "What the caller thinks of images that are shared with it.",
        {"type": "string", "enum": [*CONSENTS, "all"]},
    ),
    parameter("query", "os_hidden", "Whether hidden images, and no others.", _FLAG),
    parameter("query", "protected", "Whether they are protected.", _FLAG),
    parameter(
        "query",
        "tag",
        "A tag that the image has; may come again.",
        {"type": "array", "items": {"type": "string", "maxLength": 255}},
    ),
    *(
        parameter("query", name, f"The {name}.", _WORD)
        for name in ("owner", "checksum", "os_hash_algo", "os_hash_value")
    ),
    *(
        each
        for n in ("size", "min_ram", "min_disk", "virtual_size")
        for each in _number(n)
    ),
]
"""
How lists are filtered; any other name is that of a custom property.
"""

EXAMPLE = {
    "name": "debian-12",
    "disk_format": "raw",
    "container_format": "bare",
    "visibility": "private",
    "tags": ["stable"],
    "min_disk": 2,
    "os_distro": "debian",
}
"""
A new image.
"""

_NAMED_OPERATION: Described = {
    "type": "object",
    "properties": {
        "op": {"type": "string", "enum": list(OPERATIONS)},
        "path": {"type": "string", "pattern": "^/[^/~]+$"},
        "value": {},
    },
    "required": ["op", "path"],
}

_KEYED_OPERATION: Described = {
    "oneOf": [
        {
            "type": "object",
            "properties": {op: {"type": "string", "pattern": "^/[^/~]+$"}, "value": {}},
            "required": [op],
        }
        for op in OPERATIONS
    ]
}

_LINKED = {
    "showImage": "getImageV2",
    "changeImage": "changeImageV2",
    "uploadData": "uploadDataV2",
    "downloadData": "downloadDataV2",
    "deleteImage": "deleteImageV2",
    "listMembers": "listMembersV2",
    "addMember": "addMemberV2",
    "addTag": "addTagV2",
    "deactivate": "deactivateImageV2",
    "reactivate": "reactivateImageV2",
}


def _links(parameter_of: Mapping[str, str], operations: Mapping[str, str]) -> Described:
    return {
        name: {"operationId": target, "parameters": dict(parameter_of)}
        for name, target in operations.items()
    }


_IMAGE_LINKS = _links({"image_id": "$response.body#/id"}, _LINKED)

_MEMBER_LINKS = _links(
    {
        "image_id": "$response.body#/image_id",
        "member_id": "$response.body#/member_id",
    },
    {
        "showMember": "getMemberV2",
        "consent": "changeMemberV2",
        "removeMember": "removeMemberV2",
    },
)


def _images() -> Described:
    return {
        "/v2/images": {
            "get": operation(
                "listImagesV2",
                "List images",
                current("A page of images.", json(ref("images"))),
                (400,),
                tag=V2,
                parameters=[*FILTERS, KNOWN],
            ),
            "post": operation(
                "createImageV2",
                "Make an image, that has no data yet",
                {
                    201: answer(
                        "The image.",
                        json(ref("image")),
                        {
                            "Location": "The URL of the image.",
                            "OpenStack-image-store-ids": "Where there are several "
                            "stores: their ids, with commas between.",
                        },
                        _IMAGE_LINKS,
                    )
                },
                (400, 403, 409, 413),
                tag=V2,
                body={
                    "application/json": {"schema": ref("newImage"), "example": EXAMPLE}
                },
            ),
        },
        "/v2/images/{image_id}": {
            "parameters": [ID],
            "get": operation(
                "getImageV2",
                "Show an image",
                current("The image.", json(ref("image"))),
                (400, 404),
                tag=V2,
                parameters=[KNOWN],
            ),
            "patch": operation(
                "changeImageV2",
                "Change an image",
                {200: answer("The image as it is now.", json(ref("image")))},
                (400, 403, 404, 409, 413, 415),
                tag=V2,
                body={
                    NAMING: {"schema": {"type": "array", "items": _NAMED_OPERATION}},
                    KEYED: {"schema": {"type": "array", "items": _KEYED_OPERATION}},
                },
            ),
            "delete": operation(
                "deleteImageV2",
                "Delete an image, and its data",
                done("It is deleted."),
                (400, 403, 404),
                tag=V2,
            ),
        },
    }


_DATA_HEADERS = {
    "ETag": "The hash of the data.",
    "Content-MD5": "The MD5 of all of the data, in hexadecimal.",
    "Content-Disposition": "What to call the file.",
    "Accept-Ranges": "`bytes`.",
    "Last-Modified": "When the image was last changed.",
}

_ASKED = [
    parameter("header", "Range", "The part that is wanted.", _WORD),
    parameter("header", "If-Range", "The ETag that the part is wanted of.", _WORD),
    parameter("header", "If-None-Match", "The ETag of what is there.", _WORD),
]

_NO_DATA = answer("The image has no data yet.")


def _data() -> Described:
    return {
        "/v2/images/{image_id}/file": {
            "parameters": [ID],
            "put": operation(
                "uploadDataV2",
                "Fill an image with data",
                done("The data is stored, and the image active."),
                (400, 403, 404, 408, 409, 410, 413, 415),
                tag=V2,
                parameters=[
                    parameter(
                        "header",
                        "X-OpenStack-Image-Size",
                        "How many bytes there are.",
                        {"type": "integer", "minimum": 0, "maximum": 10**18},
                    ),
                    parameter(
                        "header",
                        "X-Image-Meta-Store",
                        "The id of the store that it goes to.",
                        _WORD,
                    ),
                ],
                body=BINARY,
                body_required=False,
            ),
            "get": operation(
                "downloadDataV2",
                "Get an image's data, or a part of it",
                {
                    200: answer("All of the data.", BINARY, _DATA_HEADERS),
                    204: _NO_DATA,
                    206: answer(
                        "A part of the data.",
                        BINARY,
                        {**_DATA_HEADERS, "Content-Range": "Which part it is."},
                    ),
                    304: answer("The client has the data already."),
                },
                (400, 403, 404, 416, 500),
                tag=V2,
                parameters=_ASKED,
            ),
            "head": operation(
                "describeDataV2",
                "Tell what the data would come as",
                {
                    200: answer("There is data.", None, _DATA_HEADERS),
                    204: _NO_DATA,
                    304: answer("The client has the data already."),
                },
                (400, 403, 404),
                tag=V2,
                head=True,
            ),
        }
    }


def _members() -> Described:
    member = answer("The member.", json(ref("member")))
    linked = answer("The member.", json(ref("member")), links=_MEMBER_LINKS)
    return {
        "/v2/images/{image_id}/members": {
            "parameters": [ID],
            "get": operation(
                "listMembersV2",
                "List whom an image is shared with",
                current("The members.", json(ref("members"))),
                (400, 403, 404),
                tag=V2,
                parameters=[KNOWN],
            ),
            "post": operation(
                "addMemberV2",
                "Share an image with a project",
                {200: linked},
                (400, 403, 404, 409, 413),
                tag=V2,
                body=json(NEW_MEMBER),
            ),
        },
        "/v2/images/{image_id}/members/{member_id}": {
            "parameters": [ID, MEMBER],
            "get": operation(
                "getMemberV2", "Show a member", {200: member}, (400, 404), tag=V2
            ),
            "put": operation(
                "changeMemberV2",
                "Accept or reject an image that is shared",
                {200: member},
                (400, 403, 404, 413),
                tag=V2,
                body=json(CHANGED_MEMBER),
            ),
            "delete": operation(
                "removeMemberV2",
                "Share an image with a project no more",
                done("It is shared with that project no more."),
                (400, 403, 404),
                tag=V2,
            ),
        },
    }


def _marks() -> Described:
    return {
        "/v2/images/{image_id}/tags/{tag}": {
            "parameters": [ID, NAME],
            "put": operation(
                "addTagV2",
                "Give an image a tag",
                done("It has the tag."),
                (400, 403, 404, 413),
                tag=V2,
            ),
            "delete": operation(
                "removeTagV2",
                "Take a tag from an image",
                done("It has the tag no more."),
                (400, 403, 404),
                tag=V2,
            ),
        },
        **{
            f"/v2/images/{{image_id}}/actions/{action}": {
                "parameters": [ID],
                "post": operation(
                    f"{action}ImageV2",
                    summary,
                    done("So it is."),
                    (400, 403, 404),
                    tag=V2,
                ),
            }
            for action, summary in (
                ("deactivate", "Keep an image's data from all but administrators"),
                ("reactivate", "Let an image's data be had again"),
            )
        },
    }


def paths() -> Described:
    """
    Describe all that version 2 answers.
    """
    return {
        **_images(),
        **_data(),
        **_members(),
        **_marks(),
        **info.paths(),
    }


def schemas(image: Mapping[str, Any], members: Mapping[str, Any]) -> Described:
    """
    Describe what version 2 is told and tells.

    @param image: the schema of an image, as clients are told it.
    """
    shape = _shape(image)
    always = sorted(
        set(shape["properties"])
        - {n for n, s in image["properties"].items() if s.get("is_base") is False}
        - {"direct_url", "stores", "locations"}
    )
    member = _shape(members["properties"]["members"]["items"])
    return {
        "image": {**shape, "required": always},
        "newImage": {
            **shape,
            "properties": {
                name: schema
                for name, schema in shape["properties"].items()
                if name not in READ_ONLY
            },
        },
        "images": {
            "type": "object",
            "properties": {
                "images": {"type": "array", "items": ref("image")},
                "first": _WORD,
                "next": _WORD,
                "schema": _WORD,
            },
            "required": ["images", "first", "schema"],
        },
        "member": {**member, "required": sorted(member["properties"])},
        "members": {
            "type": "object",
            "properties": {
                "members": {"type": "array", "items": ref("member")},
                "schema": _WORD,
            },
            "required": ["members", "schema"],
        },
        **info.schemas(),
    }


def _shape(schema: Mapping[str, Any]) -> Described:
    """
    Get of a schema what JSON Schema itself knows.
    """
    kept = {key: value for key, value in schema.items() if key not in ("name", "links")}
    kept["properties"] = {
        name: {key: value for key, value in each.items() if key != "is_base"}
        for name, each in schema["properties"].items()
    }
    return {"type": "object", **kept}
