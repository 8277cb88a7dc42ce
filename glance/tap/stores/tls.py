"""
How the servers of stores are known by their certificates.
"""

from __future__ import annotations

from twisted.web.iweb import IPolicyForHTTPS

from glance.client.agents import TLS
from glance.config.settings import Backend
from glance.tap.trust import policy_for


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
    return policy_for(backend.option(option), TLS(ca_file=ca_file, insecure=insecure))
