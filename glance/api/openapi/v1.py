"""
Version 1, described.
"""

from __future__ import annotations

from glance.api.lists import SORT_KEYS
from glance.api.openapi.parts import (
    BINARY,
    ID,
    MEMBER,
    PAGE,
    Described,
    answer,
    done,
    json,
    operation,
    parameter,
    ref,
)

TAG = "v1"

_COUNT = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_LONG = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
_WORD = {"type": "string"}
_VISIBLE = {"type": "string", "pattern": "^[!-~]([ -~]*[!-~])?$"}

FILTERS = [
    *PAGE,
    parameter(
        "query",
        "sort_key",
        "What the list is sorted by.",
        {"type": "string", "enum": [*SORT_KEYS, ""]},
    ),
    parameter(
        "query",
        "sort_dir",
        "In which direction.",
        {"type": "string", "enum": ["asc", "desc", ""]},
    ),
    *(
        parameter("query", name, f"The {name}.", _WORD)
        for name in ("name", "status", "container_format", "disk_format")
    ),
    *(
        parameter("query", name, text, _LONG)
        for name, text in (
            ("size_min", "The least size."),
            ("size_max", "The greatest size."),
            ("min_ram", "The min_ram."),
            ("min_disk", "The min_disk."),
        )
    ),
    parameter(
        "query",
        "is_public",
        "Whether images are public, or `none` for all; for administrators.",
        _WORD,
    ),
    parameter(
        "query",
        "protected",
        "Whether images are protected.",
        _WORD,
    ),
    parameter(
        "query",
        "changes-since",
        "The time after which images were changed, or deleted.",
        {"type": "string", "pattern": "^20[0-9][0-9]-0[1-9]-1[0-9]T1[0-9]:00:00Z$"},
    ),
]
"""
How lists are filtered; C{property-NAME} is a custom property.
"""

FIELDS = [
    parameter("header", f"X-Image-Meta-{name}", text, schema)
    for name, text, schema in (
        ("Name", "What people call the image.", _VISIBLE),
        ("Disk_format", "The format of the disk.", {"type": "string", "enum": ["raw"]}),
        (
            "Container_format",
            "What is around the disk.",
            {"type": "string", "enum": ["bare"]},
        ),
        (
            "Is_public",
            "Whether everybody sees it.",
            {"type": "string", "enum": ["True", "False"]},
        ),
        (
            "Protected",
            "Whether it cannot be deleted.",
            {"type": "string", "enum": ["True", "False"]},
        ),
        ("Min_disk", "How many GiB of disk it needs.", _COUNT),
        ("Min_ram", "How many MiB of memory it needs.", _COUNT),
        ("Size", "How many bytes of data there are.", _COUNT),
        ("Checksum", "Their MD5.", {"type": "string", "pattern": "^[0-9a-f]{32}$"}),
        ("Owner", "The project that it belongs to.", _VISIBLE),
        ("Store", "The store to use.", {"type": "string", "enum": ["file"]}),
    )
]
"""
What is said of an image, in headers; C{X-Image-Meta-Property-NAME} is a custom
property.
"""

ELSEWHERE = [
    parameter("header", name, text, {"type": "string", "pattern": "^https?://[!-~]+$"})
    for name, text in (
        ("X-Image-Meta-Location", "The URL of the data, which stays there."),
        ("X-Glance-Api-Copy-From", "The URL of the data, which is fetched later."),
    )
]
"""
Where the data is, in place of data.
"""

PURGE = parameter(
    "header",
    "X-Glance-Registry-Purge-Props",
    "Whether custom properties that aren't named are removed.",
    {"type": "string", "enum": ["true", "false"]},
)

_LINKS = {
    name: {
        "operationId": target,
        "parameters": {"image_id": "$response.body#/image/id"},
    }
    for name, target in (
        ("showImage", "describeImageV1"),
        ("downloadImage", "getImageV1"),
        ("changeImage", "changeImageV1"),
        ("deleteImage", "deleteImageV1"),
        ("listMembers", "listMembersV1"),
        ("addMember", "addMemberV1"),
    )
}

_DATA_ERRORS = (400, 403, 404, 408, 409, 410, 412, 413, 415)


def _lists() -> Described:
    return {
        "/v1/images": {
            "get": operation(
                "listImagesV1",
                "List images, briefly",
                {200: answer("A page of images.", json(_list("briefImageV1")))},
                (400,),
                tag=TAG,
                parameters=FILTERS,
            ),
            "post": operation(
                "createImageV1",
                "Make an image, and fill it if there is data",
                {
                    201: answer(
                        "The image.",
                        json(_wrapped("imageV1")),
                        {"Location": "The URL of the image."},
                        _LINKS,
                    )
                },
                _DATA_ERRORS,
                tag=TAG,
                parameters=[*FIELDS, *ELSEWHERE],
                body=BINARY,
                body_required=False,
            ),
        },
        "/v1/images/detail": {
            "get": operation(
                "listDetailedImagesV1",
                "List images, with all that is known",
                {200: answer("A page of images.", json(_list("imageV1")))},
                (400,),
                tag=TAG,
                parameters=FILTERS,
            )
        },
    }


def _images() -> Described:
    return {
        "/v1/images/{image_id}": {
            "parameters": [ID],
            "head": operation(
                "describeImageV1",
                "Describe an image, in headers",
                {200: answer("The image.")},
                (400, 403, 404),
                tag=TAG,
                head=True,
            ),
            "get": operation(
                "getImageV1",
                "Get an image's data, or a part of it",
                {
                    200: answer("All of the data.", BINARY),
                    206: answer("A part of the data.", BINARY),
                    304: answer("The client has the data already."),
                },
                (400, 403, 404, 416, 500),
                tag=TAG,
            ),
            "put": operation(
                "changeImageV1",
                "Change an image, and fill it if there is data",
                {200: answer("The image.", json(_wrapped("imageV1")))},
                _DATA_ERRORS,
                tag=TAG,
                parameters=[*FIELDS, *ELSEWHERE, PURGE],
                body=BINARY,
                body_required=False,
            ),
            "delete": operation(
                "deleteImageV1",
                "Delete an image, and its data",
                {200: answer("It is deleted.")},
                (400, 403, 404),
                tag=TAG,
            ),
        },
    }


def _members() -> Described:
    shared = {"type": ["boolean", "null"]}
    membership = {
        "type": "object",
        "properties": {"member_id": _WORD, "can_share": shared},
        "required": ["member_id"],
    }
    return {
        "/v1/images/{image_id}/members": {
            "parameters": [ID],
            "get": operation(
                "listMembersV1",
                "List whom an image is shared with",
                {200: answer("The members.", json(_array("members", membership)))},
                (400, 403, 404),
                tag=TAG,
            ),
            "put": operation(
                "replaceMembersV1",
                "Share an image with these projects and no others",
                done("It is shared so."),
                (400, 403, 404, 413),
                tag=TAG,
                body=json(_array("memberships", membership)),
            ),
        },
        "/v1/images/{image_id}/members/{member_id}": {
            "parameters": [ID, MEMBER],
            "put": operation(
                "addMemberV1",
                "Share an image with a project",
                done("It is shared so."),
                (400, 403, 404, 413),
                tag=TAG,
                body=json(
                    {
                        "type": "object",
                        "properties": {
                            "member": {
                                "type": ["object", "null"],
                                "properties": {"can_share": shared},
                            }
                        },
                    }
                ),
                body_required=False,
            ),
            "delete": operation(
                "removeMemberV1",
                "Share an image with a project no more",
                done("It is shared with that project no more."),
                (400, 403, 404),
                tag=TAG,
            ),
        },
        "/v1/shared-images/{member_id}": {
            "parameters": [MEMBER],
            "get": operation(
                "listSharedImagesV1",
                "List what is shared with a project",
                {
                    200: answer(
                        "The images.",
                        json(
                            _array(
                                "shared_images",
                                {
                                    "type": "object",
                                    "properties": {
                                        "image_id": _WORD,
                                        "can_share": shared,
                                    },
                                    "required": ["image_id", "can_share"],
                                },
                            )
                        ),
                    )
                },
                (400, 403),
                tag=TAG,
            ),
        },
    }


def _array(name: str, items: Described) -> Described:
    return {
        "type": "object",
        "properties": {name: {"type": "array", "items": items}},
        "required": [name],
    }


def _list(name: str) -> Described:
    return _array("images", ref(name))


def _wrapped(name: str) -> Described:
    return {
        "type": "object",
        "properties": {"image": ref(name)},
        "required": ["image"],
    }


def paths() -> Described:
    """
    Describe all that version 1 answers.
    """
    return {**_lists(), **_images(), **_members()}


def _object(properties: Described) -> Described:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def schemas() -> Described:
    """
    Describe what version 1 tells.
    """
    text = {"type": ["string", "null"]}
    whole = {"type": "integer", "minimum": 0}
    flag = {"type": "boolean"}
    brief = {
        "id": ID["schema"],
        "name": text,
        "disk_format": text,
        "container_format": text,
        "size": whole,
        "checksum": text,
    }
    full = {
        **brief,
        "status": _WORD,
        "is_public": flag,
        "created_at": _WORD,
        "updated_at": text,
        "deleted_at": text,
        "deleted": flag,
        "properties": {"type": "object", "additionalProperties": text},
        "owner": text,
        "min_disk": whole,
        "min_ram": whole,
        "protected": flag,
        "virtual_size": {"type": ["integer", "null"]},
    }
    return {"briefImageV1": _object(brief), "imageV1": _object(full)}
