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
