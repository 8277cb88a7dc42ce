"""
What version 2 tells of itself and its stores, described.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glance.api.openapi.parts import (
    ID,
    KNOWN,
    V2,
    Described,
    current,
    done,
    json,
    operation,
    parameter,
    ref,
)

_WORD = {"type": "string"}
_TRUE = {"type": "string", "enum": ["true"]}

STORE = parameter(
    "path", "store", "The id of a store.", {**_WORD, "pattern": "^[^/]+$"}
)


def _list(store: str) -> Mapping[str, Any]:
    return json(
        {
            "type": "object",
            "properties": {"stores": {"type": "array", "items": ref(store)}},
            "required": ["stores"],
        }
    )


def _info() -> Described:
    anything = json({"type": "object"})
    return {
        "/v2/schemas/{name}": {
            "get": operation(
                "getSchemaV2",
                "Show the JSON schema of something",
                current("The schema.", anything),
                (400, 404),
                tag=V2,
                parameters=[
                    parameter(
                        "path",
                        "name",
                        "What the schema is of.",
                        {
                            "type": "string",
                            "enum": ["image", "images", "member", "members"],
                        },
                    ),
                    KNOWN,
                ],
            )
        },
        "/v2/info/import": {
            "get": operation(
                "getImportMethodsV2",
                "Tell how images can be imported",
                current("The methods.", anything),
                (400,),
                tag=V2,
                parameters=[KNOWN],
            )
        },
        "/v2/info/usage": {
            "get": operation(
                "getUsageV2",
                "Tell how much of its quota the caller uses",
                current("The usage.", json(ref("usage"))),
                (400,),
                tag=V2,
                parameters=[KNOWN],
            )
        },
    }


def _stores() -> Described:
    return {
        "/v2/info/stores": {
            "get": operation(
                "listStoresV2",
                "List the stores, where there are several",
                current("The stores.", _list("store")),
                (400, 404),
                tag=V2,
                parameters=[KNOWN],
            )
        },
        "/v2/info/stores/detail": {
            "get": operation(
                "listStoresDetailV2",
                "List the stores, with what only administrators are told",
                current("The stores.", _list("storeDetail")),
                (400, 403, 404),
                tag=V2,
                parameters=[KNOWN],
            )
        },
        "/v2/stores/{store}/{image_id}": {
            "parameters": [STORE, ID],
            "delete": operation(
                "deleteFromStoreV2",
                "Remove an image's data from one of several stores",
                done("It is removed there."),
                (400, 403, 404, 409),
                tag=V2,
            ),
        },
    }


def paths() -> Described:
    """
    Describe all of it.
    """
    return {**_info(), **_stores()}


def schemas() -> Described:
    """
    Describe stores, and what is used of quotas.
    """
    quota = {
        "type": "object",
        "properties": {
            "limit": {
                "type": "integer",
                "description": "What there may be; -1 for any number.",
            },
            "usage": {"type": "integer", "description": "What there is."},
        },
        "required": ["limit", "usage"],
    }
    kinds = {
        "image_size_total": {
            **quota,
            "description": "Data, in whole mebibytes; each copy counts, and so does "
            "what is being uploaded.",
        },
        "image_count_total": {**quota, "description": "Images."},
        "image_count_uploading": {
            **quota,
            "description": "Images that get their data now.",
        },
    }
    usage = {"type": "object", "properties": kinds, "required": [*kinds]}
    brief = {
        "id": _WORD,
        "description": _WORD,
        "default": _TRUE,
        "read-only": _TRUE,
    }
    more = {
        "type": _WORD,
        "weight": {"type": "integer"},
        "properties": {"type": "object"},
    }
    return {
        "usage": {
            "type": "object",
            "properties": {"usage": usage},
            "required": ["usage"],
        },
        "store": {"type": "object", "properties": brief, "required": ["id"]},
        "storeDetail": {
            "type": "object",
            "properties": {**brief, **more},
            "required": ["id", *more],
        },
    }
