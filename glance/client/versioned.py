"""
What the clients of all versions of the image API have in common.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Self

from twisted.internet.defer import Deferred
from twisted.web.iweb import IAgent

from glance.client.agents import TLS
from glance.client.cloud import Cloud
from glance.client.errors import Invalid
from glance.client.reaching import login_of, place_of, server_of, threads_of
from glance.client.sending import PATIENCE
from glance.client.server import Tokens
from glance.deferreds import InThread, deferred
from glance.streams.strands import Window

PORT = 9292

WINDOW = 32 << 20
"""How many bytes of image data may wait in memory for a thread."""

_VERSION = re.compile(r"(/v[0-9]+)(\.[0-9]+)?\Z")


class VersionedClient:
    """
    A client of one version of the image API.
    """

    ROOT: ClassVar[str]
    """Where that version is on its server."""

    def __init__(
        self,
        host: str,
        port: int | None = None,
        use_ssl: bool = False,
        *,
        reactor: Any,
        timeout: float | None = PATIENCE,
        auth_tok: str | None = None,
        login: Tokens | None = None,
        doc_root: str | None = None,
        ca_file: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        insecure: bool = False,
        agent: IAgent | None = None,
        in_thread: InThread | None = None,
    ) -> None:
        """
        @param host: a name, an address of IPv4 or IPv6, or C{unix:} and the
            path of a socket.
        @param port: L{None} for 9292.
        @param reactor: connects, and tells the time.
        @param timeout: for how many seconds the server may be silent, L{None}
            for ever.  A transfer that moves may take as long as it takes.
            Once a server has all data of an upload it may be silent for 600
            seconds, unless C{timeout} is less than 60 or more than 600.
        @param auth_tok: the token that says who asks, L{None} for nobody.
        @param login: gets a token whenever one is needed; L{log_in} makes one.
        @param doc_root: where the API is, L{None} for C{/v1} or C{/v2}.
        @param ca_file: PEM file of certificates to trust, L{None} for the
            system's.
        @param cert_file: PEM file of the certificate to show, L{None} for none.
        @param key_file: PEM file of its key, L{None} if it is in C{cert_file}.
        @param insecure: whether any certificate will do.
        @param agent: sends the requests; L{None} to have one made.
        @param in_thread: reads files, and hashes; L{None} for the threads of
            the reactor.
        """
        self._server = server_of(
            host,
            PORT if port is None else port,
            use_ssl,
            self.ROOT if doc_root is None else doc_root,
            reactor=reactor,
            agent=agent,
            auth_tok=auth_tok,
            login=login,
            timeout=timeout,
            tls=TLS(
                ca_file=ca_file,
                cert_file=cert_file,
                key_file=key_file,
                insecure=insecure,
            ),
        )
        self._in_thread = in_thread or threads_of(reactor)
        self._window = Window(WINDOW)

    @classmethod
    def from_url(cls, url: str, **kwargs: Any) -> Self:
        """
        Make a client of the API at C{url}: C{http://HOST:PORT}, or with a
        version behind.

        @param kwargs: the other arguments of the class.

        @raise Invalid: that is no such URL.
        """
        host, port, use_ssl, root = place_of(url)
        found = _VERSION.search(root)
        if found is None:
            root += cls.ROOT
        elif found[1] != cls.ROOT:
            # Catalogues name any version; each client speaks only its own.
            root = root[: found.start()] + cls.ROOT
        kwargs.setdefault("doc_root", root)
        return cls(host, port, use_ssl, **kwargs)

    @classmethod
    @deferred
    async def log_in(
        cls,
        cloud: Cloud,
        url: str | None = None,
        *,
        reactor: Any,
        agent: IAgent | None = None,
        timeout: float | None = PATIENCE,
        **kwargs: Any,
    ) -> Self:
        """
        Make a client that logs in at a cloud, and again when its token ends.

        @param url: the image API, as for L{from_url}; L{None} for what the
            cloud's catalogue says.
        @param kwargs: the other arguments of the class.

        @raise Error: it isn't let in, or there is no such cloud.
        """
        common = {"reactor": reactor, "agent": agent, "timeout": timeout}
        kwargs |= {**common, **cloud.tls}
        if cloud.auth_url is None:
            place = url or cloud.endpoint
            if place is None:
                raise Invalid("Without a login the cloud has to say an endpoint.")
            return cls.from_url(place, auth_tok=cloud.token, **kwargs)
        login = login_of(cloud, **common)
        try:
            return cls.from_url(url or await login.images(), login=login, **kwargs)
        except BaseException:
            login.close()
            raise

    @property
    def url(self) -> str:
        """
        The root of the API.
        """
        return self._server.url

    @deferred
    async def token(self) -> str | None:
        """
        Get the token that says who asks; L{None} if nothing says so.

        @raise Error: there is none to be had.
        """
        return await self._server.token()

    def close(self) -> Deferred[Any]:
        """
        Close the connections that are kept.  What is under way goes on.

        @return: a L{Deferred} that fires when they are closed.
        """
        return self._server.close()
