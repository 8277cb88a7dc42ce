"""
How servers that a daemon asks are known by their certificates.
"""

from __future__ import annotations

from twisted.web.iweb import IPolicyForHTTPS

from glance.client.agents import TLS
from glance.client.errors import Invalid
from glance.client.tls import policy_of
from glance.config.settings import ConfigurationError


def policy_for(option: str, tls: TLS) -> IPolicyForHTTPS:
    """
    Get how certificates are checked.

    @param option: what an operator knows it by.

    @raise ConfigurationError: a file cannot be read, or holds something else.
    """
    try:
        return policy_of(tls)
    except Invalid as error:
        raise ConfigurationError(f"{option}: {error}") from None
