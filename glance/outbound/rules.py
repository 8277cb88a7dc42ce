"""
What may be fetched.
"""

from __future__ import annotations

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import unquote_to_bytes, urlsplit

from attrs import frozen

from glance.outbound.errors import BadURL, Refused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = {"http": 80, "https": 443}
"""The schemes there are, and the port of each where a URL names none."""

_V4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
)
"""
What of IPv4 is special, as IANA lists it: this host, private networks, those of
carriers, loopback, link-local with the metadata of clouds, documentation, multicast,
and what is reserved.  Beside these, the one public address by which Azure talks to its
machines.
"""

_V6_PUBLIC = "2000::/3"
"""All that is given out of IPv6.  What is special within:"""

_V6 = (
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
)

_MAPPED = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""
What stands for an address of IPv4, which are the last 32 bits: to this host, and to
a translator.
"""

_SPECIAL = tuple(map(ip_network, (*_V4, *_V6)))
_PUBLIC = ip_network(_V6_PUBLIC)

_BARE = re.compile(r"[\x21-\x5b\x5d\x5e-\x7e]+")
"""A URL as it goes over the wire: no space, control, backslash, or other letters."""

_AUTHORITY = re.compile(
    r"(?:[0-9A-Za-z._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?"
)
"""A name, or an address in brackets, and perhaps a port."""


def meant(address: Address) -> Address:
    """
    Get the address that one stands for in the end.
    """
    if isinstance(address, IPv6Address) and any(address in net for net in _MAPPED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """
    Tell whether an address is one of the internet's, which anybody may reach.
    """
    address = meant(address)
    if address.version == 6 and address not in _PUBLIC:
        return False
    return not any(_within(address, network) for network in _SPECIAL)


def _within(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network


@frozen
class URL:
    """
    A URL that can be fetched.
    """

    scheme: str
    host: str
    """A name, or an address without brackets."""
    port: int
    target: str
    """The path and the query."""
    credentials: bytes | None = None
    """The user and the password that it has, as they are said to the server."""

    @property
    def plain(self) -> str:
        """
        The URL without credentials.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.target}"


def parse(url: str) -> URL:
    """
    Take a URL to pieces.

    @raise BadURL: it isn't one that can be fetched.
    """
    if not _BARE.fullmatch(url):
        raise BadURL("it has characters that no URL has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadURL("it is no URL") from None
    if parts.scheme not in PORTS:
        raise BadURL("its scheme is neither http nor https")
    user, at, authority = parts.netloc.rpartition("@")
    if not _AUTHORITY.fullmatch(authority):
        raise BadURL("its host is no name")
    return URL(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=PORTS[parts.scheme] if port is None else port,
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        credentials=_told(user) if at else None,
    )


def _told(user: str) -> bytes:
    name, _, password = user.partition(":")
    return unquote_to_bytes(name) + b":" + unquote_to_bytes(password)


@frozen(kw_only=True)
class Rules:
    """
    What may be fetched.
    """

    ports: frozenset[int] = frozenset(PORTS.values())
    """The ports that may be connected to."""
    hosts: tuple[str, ...] = ()
    """
    The hosts that URLs may name, in small letters; C{*.example.org} for all below
    that.  None for any.
    """
    allowed: tuple[Network, ...] = ()
    """Networks that may be connected to though they aren't public."""
    refused: tuple[Network, ...] = ()
    """Networks that may not be connected to, whatever else is said."""

    def demand(self, url: URL) -> None:
        """
        Refuse a URL whose host or port may not be asked.

        @raise Refused: that is so.
        """
        if url.port not in self.ports:
            raise Refused("the port is none of those that are allowed")
        host = url.host.lower().rstrip(".")
        if self.hosts and not any(_matches(host, rule) for rule in self.hosts):
            raise Refused("the host is none of those that are allowed")

    def allows(self, address: str) -> bool:
        """
        Tell whether an address may be connected to.

        @param address: as the system's resolver gives it.
        """
        try:
            found = ip_address(address)
        except ValueError:
            return False
        if found.version == 6 and found.scope_id is not None:
            return False
        both = (found, meant(found))
        if any(_within(each, net) for each in both for net in self.refused):
            return False
        if any(_within(meant(found), net) for net in self.allowed):
            return True
        return is_public(found)


def _matches(host: str, rule: str) -> bool:
    if rule.startswith("*."):
        return host.endswith(rule[1:])
    return host == rule
