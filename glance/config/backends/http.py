"""
The options of the HTTP store.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from attrs import frozen

from glance.config.backends.kind import Kind, store_option
from glance.config.option import LIST, SOME_SECONDS
from glance.config.values import Values

_NUMBER = re.compile("[0-9]{1,5}")
_HOST = re.compile(
    r"(?:\*\.)?[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)*\.?|\[[0-9A-Fa-f:.]+\]"
)

Networks = tuple[IPv4Network | IPv6Network, ...]


@frozen(kw_only=True)
class HTTPBackend:
    """
    The settings of an HTTP store.
    """

    ports: frozenset[int]
    """The ports that may be asked."""

    hosts: tuple[str, ...]
    """The hosts that may be named, in small letters; none for any."""

    allowed: Networks
    """Networks that may be asked though they aren't public."""

    refused: Networks
    """Networks that may not be asked though they are."""

    timeout: float
    """For how many seconds a server may be silent."""

    ca_file: str | None
    """The certificates to trust; L{None} for the system's."""


def _decide(options: Values) -> HTTPBackend:
    return HTTPBackend(
        ports=_ports(options),
        hosts=_hosts(options),
        allowed=_networks(options, "http_allowed_networks"),
        refused=_networks(options, "http_disallowed_networks"),
        timeout=options["http_idle_timeout"],
        ca_file=options["https_ca_certificates_file"],
    )


def _ports(options: Values) -> frozenset[int]:
    said = options["http_allowed_ports"]
    if not all(_NUMBER.fullmatch(port) and 0 < int(port) < 65536 for port in said):
        raise options.wrong(
            "http_allowed_ports", "write numbers from 1 to 65535, with commas between"
        )
    return frozenset(map(int, said))


def _hosts(options: Values) -> tuple[str, ...]:
    said = options["http_allowed_hosts"]
    if not all(map(_HOST.fullmatch, said)):
        raise options.wrong(
            "http_allowed_hosts",
            "write names such as mirror.example.org, *.example.org for all below one, "
            "or addresses, with commas between",
        )
    return tuple(host.strip("[]").rstrip(".").lower() for host in said)


def _networks(options: Values, name: str) -> Networks:
    try:
        return tuple(map(ip_network, options[name]))
    except ValueError:
        raise options.wrong(
            name, "write networks such as 10.1.0.0/16 and fd00::/8, with commas between"
        ) from None


MEANT = (
    "http_allowed_hosts",
    "http_allowed_networks",
    "http_disallowed_networks",
    "https_ca_certificates_file",
)
"""Who sets one of these, has a use for the store."""

HTTP = Kind(
    name="http",
    also=("https",),
    title="The HTTP store",
    options=(
        store_option(
            "http_allowed_ports",
            "80, 443",
            """
The ports of web servers that image data may be fetched from, where users name it by
a URL.""",
            LIST,
        ),
        store_option(
            "http_allowed_hosts",
            "",
            """
The hosts that such URLs may name, and that may be redirected to;
*.example.org stands for all below that.  Any, where none is written.""",
            LIST,
        ),
        store_option(
            "http_allowed_networks",
            "",
            """
Networks that data may be fetched from though their addresses aren't public, such as
10.1.0.0/16.  Users can have the daemon ask whatever is there, at the allowed ports.""",
            LIST,
        ),
        store_option(
            "http_disallowed_networks",
            "",
            """
Networks that data may not be fetched from, whatever else is allowed.""",
            LIST,
        ),
        store_option(
            "http_idle_timeout",
            60,
            """
For how many seconds a web server may be silent, until it begins to answer and amid
its data.  A transfer that goes on has no limit.""",
            SOME_SECONDS,
        ),
        store_option(
            "https_ca_certificates_file",
            None,
            """
The certificates of the authorities to trust, in PEM, instead of the system's.""",
        ),
    ),
    decide=_decide,
    meant=lambda options: any(options[name] for name in MEANT),
    read_only=True,
)
