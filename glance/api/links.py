"""
Where a request came from, and what URL it was sent to: also behind proxies.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from attrs import frozen
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.web.http import Request

from glance.proxies import Proxies
from glance.streams.heads import HOST

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")
_PAIR = re.compile(r'\s*+([A-Za-z]++)\s*+=\s*+(?:"([^"\\]*+)"|([^\s";,]*+))\s*+')
_USUAL = ("for", "proto", "host")
_NODE = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?|([0-9.]+)(?::[0-9]+)?")


def peer_address(request: Request) -> str | None:
    """
    Get the IP address at the other end of a request's connection; L{None} for
    a UNIX socket.
    """
    return _host_of(request.getClientAddress())


def _host_of(address: IAddress) -> str | None:
    if isinstance(address, IPv4Address | IPv6Address):
        return str(address.host)
    return None


@frozen
class _Forwarded:
    """
    What proxies say of a request; each tuple has what the last one said last.
    """

    addresses: tuple[str, ...] = ()
    protos: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    prefix: str = ""


class Links:
    """
    Knows the URL that a client reached this service at, and its address.
    """

    def __init__(self, public_endpoint: str | None, proxies: Proxies | None) -> None:
        """
        @param public_endpoint: the URL that clients reach this service at;
            L{None} to go by each request.
        @param proxies: who is believed when it says for whom it asks; L{None}
            for nobody.
        """
        self._public = None if public_endpoint is None else public_endpoint.rstrip("/")
        self._proxies = proxies

    def base(self, request: Request) -> str:
        """
        Get the URL that this service has for a client, without a slash at its
        end.
        """
        if self._public is not None:
            return self._public
        said, hop = self._said(request)
        proto = _at(said.protos, hop).lower()
        if proto not in ("http", "https"):
            proto = "https" if request.isSecure() else "http"
        host = _at(said.hosts, hop)
        if not HOST.fullmatch(host):
            host = _own_host(request)
        return f"{proto}://{host}{said.prefix}"

    def client(self, request: Request) -> str | None:
        """
        Get the IP address of a request's client; L{None} for one that came by a
        UNIX socket and isn't known.
        """
        said, hop = self._said(request)
        return _at(said.addresses, hop) or peer_address(request)

    def _said(self, request: Request) -> tuple[_Forwarded, int]:
        """
        Get what is believed of what proxies say, and how many of them the
        request came through before the last.
        """
        proxies = self._proxies
        if proxies is None or not proxies.trust(peer_address(request)):
            return _Forwarded(), 0
        said = _forwarded(request)
        hop = 0
        for address in reversed(said.addresses[1:]):
            if not proxies.trust(address):
                break
            hop += 1
        return said, hop


def _at(values: tuple[str, ...], hop: int) -> str:
    """
    Get what the proxy so many hops before the last said; where fewer say
    anything, what the first of them did.
    """
    return values[max(0, len(values) - 1 - hop)] if values else ""


def _own_host(request: Request) -> str:
    host = request.getHeader("host") or ""
    if HOST.fullmatch(host):
        return host
    address = request.getHost()
    name = _host_of(address)
    if name is None:
        return "localhost"
    assert isinstance(address, IPv4Address | IPv6Address)
    return f"[{name}]:{address.port}" if ":" in name else f"{name}:{address.port}"


def _list(request: Request, name: str) -> tuple[str, ...]:
    # As bytes: nothing else fits all that clients send, and it is logged for all.
    lines = request.requestHeaders.getRawHeaders(name.encode(), ())
    pieces = (piece for line in lines for piece in line.decode("latin-1").split(","))
    return tuple(piece.strip() for piece in pieces)


def _address(node: str) -> str:
    """
    Get the IP address in a node, which may have a port; nothing if it has none.
    """
    match = _NODE.fullmatch(node)
    try:
        return str(ip_address((match[1] or match[2]) if match else node))
    except ValueError:
        return ""


def _forwarded(request: Request) -> _Forwarded:
    """
    Read what proxies say of a request: nothing, where they don't say one thing.
    """
    standard, usual = _standard(request), _usual(request)
    if standard is None:
        return usual
    # The proxy has written the one; the other may be as the client sent it.
    if _said_too(request) and standard.addresses[-1:] != usual.addresses[-1:]:
        return _Forwarded()
    return standard


def _said_too(request: Request) -> bool:
    return any(_list(request, f"x-forwarded-{name}") for name in _USUAL)


def _usual(request: Request) -> _Forwarded:
    """
    Read the X-Forwarded headers.
    """
    prefix = _at(_list(request, "x-forwarded-prefix"), 0)
    return _Forwarded(
        tuple(_address(node) for node in _list(request, "x-forwarded-for")),
        _list(request, "x-forwarded-proto"),
        _list(request, "x-forwarded-host"),
        prefix.rstrip("/") if _PREFIX.fullmatch(prefix) else "",
    )


def _standard(request: Request) -> _Forwarded | None:
    """
    Read the header of RFC 7239; L{None} if there is none.
    """
    elements = _list(request, "forwarded")
    if not elements:
        return None
    known = [_pairs(element) for element in elements]
    return _Forwarded(
        tuple(_address(pairs.get("for", "")) for pairs in known),
        tuple(pairs.get("proto", "") for pairs in known),
        tuple(pairs.get("host", "") for pairs in known),
        _usual(request).prefix,
    )


def _pairs(element: str) -> dict[str, str]:
    matches = (_PAIR.fullmatch(text) for text in element.split(";"))
    return {m[1].lower(): m[2] or m[3] or "" for m in matches if m is not None}
