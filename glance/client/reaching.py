"""
What the clients of all servers have in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from twisted.internet.abstract import isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent

from glance.client.agents import TLS, Agents, Endpoints, Given
from glance.client.cloud import Cloud
from glance.client.errors import Invalid, UnexpectedStatus
from glance.client.headers import meta_of
from glance.client.login import Login
from glance.client.server import Query, Server, Tokens
from glance.deferreds import InThread, unhurried
from glance.keystone.words import root_of

T = TypeVar("T")

STRANGE = "The server answers, but not as Glance does."


def server_of(
    host: str,
    port: int,
    use_ssl: bool,
    doc_root: str,
    *,
    reactor: Any,
    agent: IAgent | None,
    auth_tok: str | None,
    timeout: float | None,
    tls: TLS,
    login: Tokens | None = None,
) -> Server:
    """
    Find the server that a client's arguments name.

    @raise Invalid: there can be no such host or port.
    """
    socket = host.removeprefix("unix:") if host.startswith("unix:") else None
    name = "localhost" if socket is not None else host.strip("[]")
    netloc = f"[{name}]" if ":" in name else name
    url = f"{'https' if use_ssl else 'http'}://{netloc}:{port}"
    if (
        not name
        or set(name) & set("/?#@ ")
        or not url.isascii()
        or (":" in name and not isIPv6Address(name))
    ):
        raise Invalid(
            f"{host!r} is not the name or address of a host; its port is given apart."
        )
    if socket is None and not 0 < port < 65536:
        raise Invalid(f"{port} is not a port: they are 1 to 65535.")
    if agent is not None:
        agents: Agents | Given = Given(agent)
    else:
        agents = Agents(reactor, Endpoints(reactor, tls, socket))
    root = "/" + doc_root.strip("/") if doc_root.strip("/") else ""
    return Server(
        url + root,
        agents,
        clock=reactor,
        token=auth_tok,
        timeout=timeout,
        login=login,
    )


def place_of(url: str) -> tuple[str, int, bool, str]:
    """
    Read the URL of a server: its host, its port, whether it is reached by TLS, and
    the path there, without a slash at its end.

    @raise Invalid: that is no such URL.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise Invalid(f"{url} has a port that can't be.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid(f"{url} is not the URL of a server: http://HOST:PORT.")
    tls = parts.scheme == "https"
    if port is None:
        port = 443 if tls else 80
    return parts.hostname, port, tls, parts.path.rstrip("/")


def login_of(
    cloud: Cloud,
    *,
    reactor: Any,
    agent: IAgent | None = None,
    timeout: float | None,
    socket: str | None = None,
) -> Login:
    """
    Get what logs in at a cloud.

    @param socket: C{unix:} and the path of a socket that stands for
        C{http://localhost}; L{None} for none.

    @raise Invalid: there can be no such cloud.
    """
    host, port, use_ssl, root = place_of(root_of(cloud.auth_url or ""))
    if socket is not None and (host, port, use_ssl) == ("localhost", 80, False):
        host = socket
    server = server_of(
        host,
        port,
        use_ssl,
        root,
        reactor=reactor,
        agent=agent,
        auth_tok=None,
        timeout=timeout,
        tls=TLS(**cloud.tls),
    )
    return Login(cloud, server, reactor)


def threads_of(reactor: Any) -> InThread:
    """
    Get what calls functions in the threads of a reactor.
    """

    def in_thread(f: Any, *args: Any, **kwargs: Any) -> Deferred[Any]:
        pool = reactor.getThreadPool()
        return unhurried(deferToThreadPool(reactor, pool, f, *args, **kwargs))

    return in_thread


def query_of(params: Mapping[str, Any]) -> Query:
    """
    Get the query that asks for a list.

    @param params: its keys and values, of which a list stands for several;
        C{filters} is a mapping of more.
    """
    pairs: list[tuple[str, Any]] = []
    for key, value in params.items():
        if key == "filters":
            pairs += query_of(value or {})
        elif isinstance(value, list | tuple):
            pairs += [(key, one) for one in value]
        elif isinstance(value, bool):
            pairs.append((key, str(value).lower()))
        else:
            pairs.append((key, value))
    return pairs


def named(document: Any, name: str, kind: type[T]) -> T:
    """
    Get what an answer holds under a name.

    @raise UnexpectedStatus: it holds something else.
    """
    found = document.get(name) if isinstance(document, dict) else None
    if not isinstance(found, kind):
        raise UnexpectedStatus(STRANGE, 200)
    return found


def described(headers: Headers) -> dict[str, Any]:
    """
    Read what an answer's headers say of an image.

    @raise UnexpectedStatus: they describe none.
    """
    meta = meta_of(headers)
    if meta.get("id") is None:
        raise UnexpectedStatus(STRANGE, 200)
    return meta
