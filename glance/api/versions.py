"""
Which versions of the API there are, as clients discover them.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import orjson
from attrs import frozen
from twisted.web.http import Request
from werkzeug.exceptions import NotFound

from glance.api import answers
from glance.api.links import Links


@frozen
class Version:
    """
    A version of the API.
    """

    id: str
    """Such as v1.1."""
    status: str
    """CURRENT for one of them, SUPPORTED, or DEPRECATED."""
    path: str
    """The first piece of its paths, such as v1."""


def versions(several: bool) -> Sequence[Version]:
    """
    Get the versions that are served, in the order they are shown.

    @param several: whether there are several stores: 2.8 is to choose among
        them, and 2.10 to remove data from one.
    """
    older = (10, 9, 8) if several else (9,)
    return (
        Version("v2.15", "CURRENT", "v2"),
        *(
            Version(f"v2.{minor}", "SUPPORTED", "v2")
            for minor in (*older, *range(7, -1, -1))
        ),
        Version("v1.1", "SUPPORTED", "v1"),
        Version("v1.0", "SUPPORTED", "v1"),
    )


def version_document(versions: Sequence[Version], base: str) -> bytes:
    """
    Describe versions in JSON.

    @param base: the URL of the service, without a slash at its end.
    """
    entries = [
        {
            "id": version.id,
            "status": version.status,
            "links": [{"rel": "self", "href": f"{base}/{version.path}/"}],
        }
        for version in versions
    ]
    return orjson.dumps({"versions": entries})


class VersionPages:
    """
    The documents at C{/}, at C{/versions}, and at the path of each version.
    """

    app = answers.app()

    def __init__(self, versions: Sequence[Version], links: Links) -> None:
        self._versions = versions
        self._links = links

    @app.route("/", methods=["GET"])
    def choices(self, request: Request) -> bytes:
        """
        Describe all versions, as something to choose from.
        """
        request.setResponseCode(HTTPStatus.MULTIPLE_CHOICES)
        return self._document(request, self._versions)

    @app.route("/versions", methods=["GET"])
    def versions(self, request: Request) -> bytes:
        """
        Describe all versions.
        """
        return self._document(request, self._versions)

    @app.route("/<name>", methods=["GET"])
    @app.route("/<name>/", methods=["GET"])
    def version(self, request: Request, name: str) -> bytes:
        """
        Describe the version of that path, with its minor ones.
        """
        paths = {v.path for v in self._versions if name in (v.id, v.path)}
        if not paths:
            raise NotFound
        return self._document(request, [v for v in self._versions if v.path in paths])

    def _document(self, request: Request, versions: Sequence[Version]) -> bytes:
        document = version_document(versions, self._links.base(request))
        request.setHeader("content-type", "application/json")
        request.setHeader("content-length", str(len(document)))
        # What it says depends on the headers of who asks.
        request.setHeader("cache-control", "no-store")
        return document
