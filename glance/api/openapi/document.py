"""
The document at C{/openapi.json}.
"""

from __future__ import annotations

from typing import Any

import orjson
from klein import Klein
from twisted.web.http import Request

from glance import __version__
from glance.api.errors import answer_errors
from glance.api.links import Links
from glance.api.openapi import v1, v2
from glance.api.openapi.parts import ERROR, Described, answer, json, operation
from glance.api.v2.schemas import MEMBERS, Schemas

SUMMARY = """\
Stores virtual-machine images and hands them out.  Errors are JSON, a page or plain
text, as `Accept` likes best.  Each answer has an `X-OpenStack-Request-Id`."""


def _service() -> Described:
    versions = json({"type": "object", "required": ["versions"]})
    document = json({"type": "object"})
    text = {"text/plain": {"schema": {"type": "string"}}}
    tag = "service"
    return {
        "/": {
            "get": operation(
                "chooseVersion",
                "List the versions of the API, to choose from",
                {300: answer("The versions.", versions)},
                tag=tag,
            )
        },
        "/versions": {
            "get": operation(
                "listVersions",
                "List the versions of the API",
                {200: answer("The versions.", versions)},
                tag=tag,
            )
        },
        "/healthcheck": {
            "get": operation(
                "checkHealth",
                "Tell whether the service works",
                {200: answer("It does.", {**text, **document})},
                tag=tag,
            )
        },
        "/metrics": {
            "get": operation(
                "getMetrics",
                "Tell what is measured, to Prometheus",
                {200: answer("The metrics.", text)},
                tag=tag,
            )
        },
        "/openapi.json": {
            "get": operation(
                "describe",
                "Describe the API",
                {200: answer("This document.", document)},
                tag=tag,
            )
        },
    }


def document(schemas: Schemas, base: str) -> dict[str, Any]:
    """
    Describe the whole API.

    @param base: the URL of the service, without a slash at its end.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Glance on Twisted",
            "version": __version__,
            "description": SUMMARY,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base}],
        "tags": [
            {"name": "v2", "description": "Version 2: JSON, and data apart from it."},
            {"name": "v1", "description": "Version 1: what is known is in headers."},
            {"name": "service", "description": "What is no part of a version."},
        ],
        "paths": {**_service(), **v2.paths(), **v1.paths()},
        "components": {
            "schemas": {
                "error": ERROR,
                **v2.schemas(schemas.get().image, MEMBERS),
                **v1.schemas(),
            }
        },
    }


class DescriptionPage:
    """
    The page at C{/openapi.json}.
    """

    app = Klein()
    answer_errors(app)

    def __init__(self, schemas: Schemas, links: Links) -> None:
        self._schemas = schemas
        self._links = links

    @app.route("/openapi.json", methods=["GET"])
    def page(self, request: Request) -> bytes:
        """
        Describe the API.
        """
        body = orjson.dumps(document(self._schemas, self._links.base(request)))
        request.setHeader("content-type", "application/json")
        request.setHeader("content-length", str(len(body)))
        return body
