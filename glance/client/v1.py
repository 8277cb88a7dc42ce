"""
The client of the image API, version 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse

from glance.client.errors import UnexpectedStatus
from glance.client.headers import checked, headers_of, meta_of
from glance.client.members import Members
from glance.client.reaching import described, named, query_of
from glance.client.receiving import Expected, VerifiedBody
from glance.client.saving import Download, save
from glance.client.sending import Data, Progress, source_of
from glance.client.server import Ask, path_of
from glance.client.versioned import VersionedClient
from glance.deferreds import daemonic, deferred


class Client(VersionedClient, Members):
    """
    A client of the image API, version 1.

    Each method returns a L{Deferred}, which fails with an L{Error
    <glance.client.errors.Error>} where the server refuses or cannot be asked.
    A C{dict} that describes an image has its fields by their names in v1, and
    C{properties}.
    """

    ROOT = "/v1"

    # Images

    @deferred
    async def get_images(self, **params: Any) -> list[dict[str, Any]]:
        """
        List images, in brief.

        @param params: C{limit}, C{marker}, C{sort_key}, C{sort_dir} and
            filters, as in the query of the API; or C{filters}, a mapping of
            those.
        """
        return await self._list("/images", params)

    @deferred
    async def get_images_detailed(self, **params: Any) -> list[dict[str, Any]]:
        """
        List images, with all their fields.

        @param params: as for L{get_images}.
        """
        return await self._list("/images/detail", params)

    async def _list(self, path: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        ask = Ask(method="GET", path=path, query=query_of(params))
        return named(await self._server.document(ask), "images", list)

    @deferred
    async def get_image(self, image_id: str) -> tuple[dict[str, Any], VerifiedBody]:
        """
        Fetch an image.

        @return: what describes it, and its data: a body that must be started,
            or told to stop.  Its end fails with L{DataCut
            <glance.client.errors.DataCut>} or L{ChecksumMismatch
            <glance.client.errors.ChecksumMismatch>} where the data isn't what
            was stored, so nobody should use it before.
        """
        response = await self._get(image_id, Headers())
        meta = meta_of(response.headers)
        body = self._server.body(response)
        return meta, VerifiedBody(body, _expected(meta), self._in_thread, self._window)

    async def _get(self, image_id: str, headers: Headers) -> IResponse:
        path = path_of("images", image_id)
        response = await self._server.ask(
            Ask(method="GET", path=path, headers=headers, download=True)
        )
        try:
            described(response.headers)
        except UnexpectedStatus:
            self._server.body(response).stopProducing()
            raise
        return response

    @deferred
    async def save(
        self,
        image_id: str,
        path: str | PathLike[str],
        resume: bool = True,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """
        Fetch an image into a file.

        The file appears when all data is there, is what was stored, and is safe
        on the disk.  Until then it has C{.part} behind its name; that stays
        when the connection is lost.  A link is followed.  What is there and is
        no file, as a device or a pipe, gets the data as it comes.

        @param resume: whether to go on with such a part, if there is one.
        @param progress: is also told of what was there, L{None} if nobody wants
            to know.

        @return: what describes the image.

        @raise AlreadyRunning: somebody writes that file.
        @raise Invalid: it is a directory.
        """
        download = Download(
            algorithm="md5",
            head=lambda: self.get_image_meta(image_id),
            get=lambda headers: self._get(image_id, headers),
            described=lambda response: meta_of(response.headers),
            expected=_expected,
            body=self._server.body,
            in_thread=self._in_thread,
            window=self._window,
            progress=progress,
            unawaited=daemonic(self._server.clock),
        )
        return await save(download, path, resume)

    @deferred
    async def get_image_meta(self, image_id: str) -> dict[str, Any]:
        """
        Describe an image.
        """
        path = path_of("images", image_id)
        return described(await self._server.nothing(Ask(method="HEAD", path=path)))

    @deferred
    async def add_image(
        self,
        image_meta: Mapping[str, Any] | None = None,
        image_data: Data | None = None,
        features: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """
        Make an image.

        @param image_meta: what describes it.
        @param image_data: L{None} or empty bytes to give it later.
        @param features: more headers, as C{x-glance-api-copy-from}.
        @param progress: L{None} if nobody wants to know.

        @return: the image as it is now.
        """
        return await self._put(
            "POST", "/images", image_meta, image_data, features, progress
        )

    @deferred
    async def update_image(
        self,
        image_id: str,
        image_meta: Mapping[str, Any] | None = None,
        image_data: Data | None = None,
        features: Mapping[str, str] | None = None,
        purge_props: bool | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """
        Change an image, or give it its data.

        @param purge_props: whether properties that C{image_meta} doesn't have
            go; L{None} to do as the server does, which is to remove them
            unless there is data.

        @return: the image as it is now.
        """
        more = dict(features or {})
        if purge_props is not None:
            more["x-glance-registry-purge-props"] = str(purge_props).lower()
        path = path_of("images", image_id)
        return await self._put("PUT", path, image_meta, image_data, more, progress)

    async def _put(
        self,
        method: str,
        path: str,
        meta: Mapping[str, Any] | None,
        data: Data | None,
        features: Mapping[str, str] | None,
        progress: Progress | None,
    ) -> dict[str, Any]:
        headers = headers_of(meta or {})
        for name, value in (features or {}).items():
            headers.addRawHeader(*checked(name, value))
        source = await source_of(data, self._in_thread)
        length = None if source is None else source.length
        if isinstance(length, int) and not headers.hasHeader("x-image-meta-size"):
            headers.setRawHeaders("x-image-meta-size", [str(length)])
        ask = Ask(
            method=method, path=path, headers=headers, source=source, progress=progress
        )
        return named(await self._server.document(ask), "image", dict)

    @deferred
    async def delete_image(self, image_id: str) -> bool:
        """
        Delete an image and its data.

        @return: C{True}.
        """
        await self._server.nothing(
            Ask(method="DELETE", path=path_of("images", image_id))
        )
        return True


def _expected(meta: Mapping[str, Any]) -> Expected:
    return Expected(size=meta.get("size"), digest=meta.get("checksum"))
