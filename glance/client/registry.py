"""
The client of the registry, as it was in 2011.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent

from glance.client.agents import TLS
from glance.client.reaching import named, query_of, server_of
from glance.client.server import Ask, path_of
from glance.deferreds import deferred

PORT = 9191


class RegistryClient:
    """
    A client of the registry: what describes images, without their data.

    Each method returns a L{Deferred}, which fails with an L{Error
    <glance.client.errors.Error>} where the registry refuses or cannot be asked.
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        use_ssl: bool = False,
        *,
        reactor: Any,
        timeout: float | None = 60.0,
        auth_tok: str | None = None,
        doc_root: str = "",
        ca_file: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        insecure: bool = False,
        agent: IAgent | None = None,
    ) -> None:
        """
        @param port: L{None} for 9191.

        The rest is as for L{glance.client.v1.Client}.
        """
        self._server = server_of(
            host,
            PORT if port is None else port,
            use_ssl,
            doc_root,
            reactor=reactor,
            agent=agent,
            auth_tok=auth_tok,
            timeout=timeout,
            tls=TLS(
                ca_file=ca_file,
                cert_file=cert_file,
                key_file=key_file,
                insecure=insecure,
            ),
        )

    def close(self) -> Deferred[Any]:
        """
        Close the connections that are kept.
        """
        return self._server.close()

    @deferred
    async def get_images(self, **params: Any) -> list[dict[str, Any]]:
        """
        List public images, in brief.

        @param params: keys and values of the query.
        """
        ask = Ask(method="GET", path="/images", query=query_of(params))
        return named(await self._server.document(ask), "images", list)

    @deferred
    async def get_images_detailed(self, **params: Any) -> list[dict[str, Any]]:
        """
        List public images, with all their fields.

        @param params: keys and values of the query.
        """
        ask = Ask(method="GET", path="/images/detail", query=query_of(params))
        return named(await self._server.document(ask), "images", list)

    @deferred
    async def get_image(self, image_id: str) -> dict[str, Any]:
        """
        Describe an image.
        """
        ask = Ask(method="GET", path=path_of("images", image_id))
        return named(await self._server.document(ask), "image", dict)

    @deferred
    async def add_image(self, image_meta: Mapping[str, Any]) -> dict[str, Any]:
        """
        Describe a new image.

        @return: the image as it is now.
        """
        ask = Ask(method="POST", path="/images", json={"image": dict(image_meta)})
        return named(await self._server.document(ask), "image", dict)

    @deferred
    async def update_image(
        self, image_id: str, image_meta: Mapping[str, Any], purge_props: bool = False
    ) -> dict[str, Any]:
        """
        Change what describes an image.

        @param purge_props: whether properties that C{image_meta} doesn't have
            go.

        @return: the image as it is now.
        """
        headers = Headers()
        if purge_props:
            headers.setRawHeaders("x-glance-registry-purge-props", ["true"])
        ask = Ask(
            method="PUT",
            path=path_of("images", image_id),
            headers=headers,
            json={"image": dict(image_meta)},
        )
        return named(await self._server.document(ask), "image", dict)

    @deferred
    async def delete_image(self, image_id: str) -> bool:
        """
        Forget an image.

        @return: C{True}.
        """
        ask = Ask(method="DELETE", path=path_of("images", image_id))
        await self._server.nothing(ask)
        return True
