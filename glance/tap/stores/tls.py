"""
How the servers of stores are known by their certificates.
"""

from __future__ import annotations

from twisted.web.iweb import IPolicyForHTTPS

from glance.client.agents import TLS
from glance.client.errors import Invalid
from glance.client.tls import policy_of
from glance.config.settings import Backend, ConfigurationError


def policy(
    backend: Backend, option: str, ca_file: str | None, insecure: bool = False
) -> IPolicyForHTTPS:
    """
    Get how certificates are checked.

    @param option: the option that names C{ca_file}.
    @param ca_file: the authorities to trust; L{None} for the system's.
    @param insecure: whether any certificate will do.

    @raise ConfigurationError: the file cannot be read, or holds something else.
    """
    try:
        return policy_of(TLS(ca_file=ca_file, insecure=insecure))
    except Invalid as error:
        raise ConfigurationError(f"{backend.option(option)}: {error}") from None
