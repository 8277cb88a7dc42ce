"""
Whom a daemon believes, and how others know it.
"""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class ServerTLS:
    """
    How a port speaks TLS; each file is in PEM.
    """

    cert_file: str
    """Its certificate, and those between it and an authority."""

    key_file: str
    """The key of its certificate; may be the same file."""

    ca_file: str | None
    """The authorities of the certificates that clients have to show; L{None} to
    ask for none."""


@frozen(kw_only=True)
class ClientTLS:
    """
    How a server is asked by TLS; each file is in PEM.
    """

    ca_file: str | None
    """The authorities that its certificate may be of; L{None} for the system's."""

    cert_file: str | None
    """What is shown to it; L{None} for nothing."""

    key_file: str | None
    """The key of that; L{None} if it is in the same file."""

    insecure: bool
    """Whether any certificate will do."""


@frozen(kw_only=True)
class Cors:
    """
    What scripts of other sites may do.
    """

    origins: frozenset[str]
    """The sites; C{*} is any."""

    credentials: bool
    """Whether browsers send along what they know of their users."""

    exposed: tuple[str, ...]
    """The headers of answers that scripts may see."""

    max_age: int
    """For how many seconds a browser need not ask again."""

    methods: frozenset[str]
    headers: frozenset[str]
    """The headers that scripts may send, in small letters."""
