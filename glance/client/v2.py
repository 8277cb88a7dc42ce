"""
The client of the image API, version 2.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from os import PathLike
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from twisted.internet.defer import succeed
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse

from glance.client.errors import (
    Ambiguous,
    Error,
    NoData,
    NotFound,
    UnexpectedStatus,
)
from glance.client.patching import PATCH, patch_of
from glance.client.reaching import named, query_of
from glance.client.receiving import Expected, VerifiedBody
from glance.client.saving import Download, save, target_of
from glance.client.sending import Data, Progress, Source, source_of
from glance.client.server import Ask, path_of
from glance.client.sharing import Sharing
from glance.client.stores import Stores
from glance.client.versioned import VersionedClient
from glance.deferreds import daemonic, deferred
from glance.streams.bodies import BytesBody

Image = dict[str, Any]
"""What describes an image, by the names of the API; custom properties among it."""

Images = list[Image]

PAGE = 500
"""How many images are asked for at a time."""

SHORTEST = 4
"""How many characters of an id are needed at least to name an image."""

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BEGINNING = re.compile(rf"[0-9a-fA-F-]{{{SHORTEST},36}}")
_NOTHING = Source(length=0, again=True, open=lambda: succeed(BytesBody(b"")))


def exactly(*values: str) -> str:
    """
    Make a filter that finds these values, whatever characters they hold.
    """
    quoted = (re.sub(r'(["\\])', r"\\\1", value) for value in values)
    return "in:" + ",".join(f'"{value}"' for value in quoted)


class ImageClient(VersionedClient, Sharing, Stores):
    """
    A client of the image API, version 2.

    Its methods return a L{Deferred}, which fails with an L{Error
    <glance.client.errors.Error>} where the server refuses or cannot be asked.
    """

    ROOT = "/v2"

    # What is known of images

    @deferred
    async def create(
        self,
        fields: Mapping[str, Any] | None = None,
        data: Data | None = None,
        *,
        store: str | None = None,
        progress: Progress | None = None,
    ) -> Image:
        """
        Make an image.

        If its data does not get through, it is deleted again.

        @param fields: what describes it: values by name.
        @param data: L{None} to give it later; empty bytes are data.
        @param store: the id of the store that the data goes to, L{None} for the
            server's own choice.
        @param progress: L{None} if nobody wants to know.

        @return: the image as it is now.
        """
        source = None if data is None else await self._source(data)
        ask = Ask(method="POST", path="/images", json=dict(fields or {}))
        image = _image(await self._server.document(ask))
        if source is None:
            return image
        try:
            await self._put(image["id"], source, store, progress)
        except Exception:
            # What comes of this matters less than what came before.
            with suppress(Error):
                await self.delete(image["id"])
            raise
        return await self.show(image["id"])

    @deferred
    async def show(self, image_id: str) -> Image:
        """
        Describe an image.
        """
        ask = Ask(method="GET", path=path_of("images", image_id))
        return _image(await self._server.document(ask))

    @deferred
    async def list(self, *, limit: int | None = None, **query: Any) -> Images:
        """
        List images, with all their fields.

        @param limit: how many at the most, L{None} for all.
        @param query: as for L{pages}.
        """
        found: Images = []
        async for images in self.pages(limit=limit, **query):
            found += images
        return found

    async def pages(
        self, *, limit: int | None = None, page: int = PAGE, **query: Any
    ) -> AsyncIterator[Images]:
        """
        List images, page by page, each of which is asked for when it is wanted.

        @param limit: how many images at the most, L{None} for all.
        @param page: how many to ask for at a time; the server may give fewer.
        @param query: C{marker}, C{sort}, C{sort_key}, C{sort_dir} and filters,
            as in the query of the API, a list for what may be repeated; or
            C{filters}, a mapping of those.
        """
        left = limit
        pairs = [
            *query_of(query),
            ("limit", page if limit is None else min(page, limit)),
        ]
        while left is None or left > 0:
            ask = Ask(method="GET", path="/images", query=pairs)
            answer = await self._server.document(ask)
            images = named(answer, "images", list)
            yield images if left is None else images[:left]
            onward = answer.get("next")
            if not images or not isinstance(onward, str):
                return
            if left is not None:
                left -= len(images)
            # Its path may lack what a proxy has put before ours.
            before, pairs = pairs, parse_qsl(urlsplit(onward).query, True)
            if pairs == before:
                raise UnexpectedStatus("The list of the server has no end.", 200)

    @deferred
    async def find(self, text: str, **query: Any) -> Image:
        """
        Find the image that somebody means.

        @param text: its id; or its name, exactly; or the beginning of its id, of
            at least four characters.  What comes first here goes before the
            others.
        @param query: filters of the images that may be meant.

        @raise NotFound: there is no such image.
        @raise Ambiguous: there are several.
        """
        whole = _ID.fullmatch(text) is not None
        if whole:
            with suppress(NotFound):
                return await self.show(text)
        found: Images = []
        if text:
            named_so = {"name": exactly(text), **query}
            found = await self.list(**named_so)
            found = found or await self.list(os_hidden=True, **named_so)
        if not found and not whole and _BEGINNING.fullmatch(text):
            for hidden in (False, True):
                async for images in self.pages(os_hidden=hidden, **query):
                    found += (one for one in images if _begins(one, text))
        if not found:
            raise NotFound(f"There is no image {text!r}.")
        if len(found) > 1:
            raise Ambiguous(f"{len(found)} images may be meant by {text!r}.", found)
        return found[0]

    @deferred
    async def update(self, image_id: str, changes: Mapping[str, Any]) -> Image:
        """
        Change an image: all of C{changes}, or nothing.

        @param changes: values by name.  L{None} removes a custom property, which
            must be there.

        @return: the image as it is now.
        """
        ask = Ask(
            method="PATCH",
            path=path_of("images", image_id),
            json=patch_of(changes),
            json_type=PATCH,
        )
        return _image(await self._server.document(ask))

    @deferred
    async def delete(self, image_id: str) -> None:
        """
        Delete an image and its data.
        """
        await self._server.nothing(
            Ask(method="DELETE", path=path_of("images", image_id))
        )

    @deferred
    async def deactivate(self, image_id: str) -> None:
        """
        Have an image's data given to administrators only.
        """
        await self._act(image_id, "deactivate")

    @deferred
    async def reactivate(self, image_id: str) -> None:
        """
        Have the data of a deactivated image given out again.
        """
        await self._act(image_id, "reactivate")

    async def _act(self, image_id: str, action: str) -> None:
        path = path_of("images", image_id, "actions", action)
        await self._server.nothing(Ask(method="POST", path=path))

    # Their data

    @deferred
    async def upload(
        self,
        image_id: str,
        data: Data,
        *,
        store: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        """
        Fill an image with data.

        @param data: empty bytes are data, too.
        @param store: the id of the store that it goes to, L{None} for the
            server's own choice.
        @param progress: L{None} if nobody wants to know.
        """
        await self._put(image_id, await self._source(data), store, progress)

    async def _source(self, data: Data) -> Source:
        return await source_of(data, self._in_thread) or _NOTHING

    async def _put(
        self,
        image_id: str,
        source: Source,
        store: str | None,
        progress: Progress | None,
    ) -> None:
        headers = Headers()
        if store is not None:
            headers.setRawHeaders("x-image-meta-store", [store])
        if isinstance(source.length, int):
            headers.setRawHeaders("x-openstack-image-size", [str(source.length)])
        ask = Ask(
            method="PUT",
            path=path_of("images", image_id, "file"),
            headers=headers,
            source=source,
            progress=progress,
        )
        await self._server.nothing(ask)

    @deferred
    async def download(self, image_id: str) -> VerifiedBody:
        """
        Fetch an image's data.

        @return: a body that must be started, or told to stop.  Its end fails
            with L{DataCut <glance.client.errors.DataCut>} or L{ChecksumMismatch
            <glance.client.errors.ChecksumMismatch>} where the data isn't what
            was stored, so nobody should use it before.

        @raise NoData: it has none yet.
        """
        expected = _expected(await self.show(image_id))
        response = await self._get(image_id, Headers())
        body = self._server.body(response)
        return VerifiedBody(body, expected, self._in_thread, self._window)

    @deferred
    async def save(
        self,
        image_id: str,
        path: str | PathLike[str],
        resume: bool = True,
        progress: Progress | None = None,
    ) -> Image:
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
        @raise NoData: the image has none yet.
        """
        await self._in_thread(target_of, path)
        image = await self.show(image_id)
        download = Download(
            algorithm=_expected(image).algorithm,
            head=lambda: succeed(image),
            get=lambda headers: self._get(image_id, headers),
            described=lambda _: image,
            expected=_expected,
            body=self._server.body,
            in_thread=self._in_thread,
            window=self._window,
            progress=progress,
            unawaited=daemonic(self._server.clock),
        )
        return await save(download, path, resume)

    async def _get(self, image_id: str, headers: Headers) -> IResponse:
        path = path_of("images", image_id, "file")
        response = await self._server.ask(
            Ask(method="GET", path=path, headers=headers, download=True)
        )
        if response.code == 204:
            self._server.body(response).stopProducing()
            raise NoData(f"Image {image_id} has no data yet.")
        return response

    # The API itself

    @deferred
    async def schema(self, name: str) -> dict[str, Any]:
        """
        Get a JSON schema: of C{image}, C{images}, C{member} or C{members}.
        """
        path = path_of("schemas", *name.split("/"))
        answer = await self._server.document(Ask(method="GET", path=path))
        named(answer, "properties", dict)
        return dict(answer)

    @deferred
    async def versions(self) -> Images:
        """
        List the versions of the API that the server has: C{id}, C{status} and
        C{links} of each.
        """
        ask = Ask(method="GET", path="/versions", above=True)
        return named(await self._server.document(ask), "versions", list)


def _image(answer: Any) -> Image:
    named(answer, "id", str)
    return dict(answer)


def _begins(image: Image, text: str) -> bool:
    return str(image.get("id")).lower().startswith(text.lower())


def _expected(image: Mapping[str, Any]) -> Expected:
    size = image.get("size")
    algorithm, digest = image.get("os_hash_algo"), image.get("os_hash_value")
    if digest and algorithm in hashlib.algorithms_guaranteed:
        return Expected(size=size, digest=digest, algorithm=str(algorithm))
    return Expected(size=size, digest=image.get("checksum") or None)
