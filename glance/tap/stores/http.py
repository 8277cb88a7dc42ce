"""
The HTTP store.
"""

from __future__ import annotations

from glance.config.settings import Backend
from glance.outbound.fetching import Fetcher, agent
from glance.outbound.guard import GuardedEndpoints
from glance.outbound.rules import Rules
from glance.stores.http import HTTPStore
from glance.tap.stores.made import Made, Tools
from glance.tap.stores.tls import policy

CERTIFICATES = "https_ca_certificates_file"


def check(backend: Backend) -> None:
    """
    See whether the certificates can be read.
    """
    policy(backend, CERTIFICATES, backend.of.ca_file)


def make(backend: Backend, tools: Tools) -> Made:
    """
    Make the store.
    """
    of = backend.of
    rules = Rules(
        ports=of.ports, hosts=of.hosts, allowed=of.allowed, refused=of.refused
    )
    tls = policy(backend, CERTIFICATES, of.ca_file)
    endpoints = GuardedEndpoints(tools.reactor, rules, tls, of.timeout)
    fetcher = Fetcher(
        agent(tools.reactor, endpoints), rules, tools.reactor, timeout=of.timeout
    )
    return Made(store=HTTPStore(fetcher))
