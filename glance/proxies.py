"""
Which peers are proxies that are believed what they say of a client.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from attrs import frozen

Network = IPv4Network | IPv6Network


@frozen
class Proxies:
    """
    The networks whose hosts are believed.

    Who comes by a UNIX socket is always believed: file permissions say who may.
    """

    networks: tuple[Network, ...]

    @classmethod
    def parsed(cls, texts: Iterable[str]) -> Proxies:
        """
        Read addresses and networks, such as C{10.0.0.5} and C{fd00::/8}.

        @raise ValueError: one of them is neither; the text names it.
        """
        return cls(tuple(ip_network(text.strip(), strict=False) for text in texts))

    def trust(self, address: str | None) -> bool:
        """
        Tell whether a peer is to be believed.

        @param address: an IP address; L{None} for a UNIX socket.
        """
        if address is None:
            return True
        try:
            ip = _plain(ip_address(address))
        except ValueError:
            return False
        return any(ip in network for network in self.networks)


LOOPBACK = Proxies.parsed(["127.0.0.0/8", "::1/128"])
"""
Proxies of this machine.
"""


def _plain(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    # So an IPv4 peer looks to a socket that listens for both.
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return ip
