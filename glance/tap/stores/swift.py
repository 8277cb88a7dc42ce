"""
The Swift store.
"""

from __future__ import annotations

import random
import uuid

from twisted.web.client import HTTPConnectionPool
from twisted.web.iweb import IPolicyForHTTPS

from glance.config.backends.references import Reference
from glance.config.settings import Backend
from glance.keystone.credentials import ApplicationCredential, Credential, Password
from glance.stores.swift import SwiftStore
from glance.stores.swift_uris import Origin
from glance.swift.account import Account, Retries
from glance.swift.auth import IAuthentication, TempAuth, Tokens
from glance.swift.client import SwiftClient
from glance.swift.connections import Connections, Endpoints
from glance.swift.exchanges import Exchanges
from glance.swift.keystone import Keystone
from glance.swift.large import Cutting, LargeObjects
from glance.tap.stores.made import Made, Tools
from glance.tap.stores.tls import policy

KEPT = 8
"""How many connections are kept for the next requests."""

KEPT_FOR = 10.0
"""For how many seconds; proxies give them up sooner or later."""


def check(backend: Backend) -> None:
    """
    See whether the certificates can be used.
    """
    _policy(backend)


def make(backend: Backend, tools: Tools) -> Made:
    """
    Make the store.
    """
    of, reactor = backend.of, tools.reactor
    pool = HTTPConnectionPool(reactor)
    pool.maxPersistentPerHost = KEPT
    pool.cachedConnectionTimeout = KEPT_FOR  # type: ignore[assignment]
    connections = Connections(reactor, Endpoints(reactor, _policy(backend)), pool)
    exchanges = Exchanges(connections, reactor, of.idle)
    tokens = Tokens(_authentication(backend, exchanges), reactor, of.endpoint)
    retries = Retries(reactor, random.random)
    client = SwiftClient(Account(exchanges, tokens, retries))
    # Segments go through as they come: some of 200 MiB are too many to be kept.
    cutting = Cutting(above=of.above, size=of.segment, memory=0)
    account = of.account
    store = SwiftStore(
        client,
        LargeObjects(client, cutting),
        of.container,
        create=of.create_container,
        unique=lambda: uuid.uuid4().hex,
        origin=Origin(
            address=account.url, user=account.user or "", references=of.references
        ),
    )
    return Made(
        store=store,
        close=connections.close,
        properties={
            "container": of.container,
            "large_object_size": of.above >> 20,
            "large_object_chunk_size": of.segment >> 20,
        },
    )


def _policy(backend: Backend) -> IPolicyForHTTPS:
    of = backend.of
    return policy(backend, "swift_store_cacert", of.ca_file, of.insecure)


def _authentication(backend: Backend, exchanges: Exchanges) -> IAuthentication:
    of, account = backend.of, backend.of.account
    if not account.has_keystone:
        return TempAuth(exchanges, url=account.url, user=account.user, key=account.key)
    return Keystone(
        exchanges,
        url=account.url,
        credential=_credential(account),
        service_type=of.service_type,
        interface=of.interface,
        region=of.region,
    )


def _credential(account: Reference) -> Credential:
    if account.credential_id is not None:
        assert account.credential_secret is not None
        return ApplicationCredential(
            id=account.credential_id, secret=account.credential_secret
        )
    assert account.user is not None and account.key is not None
    project, _, user = account.user.partition(":")
    return Password(
        password=account.key,
        user=user,
        user_domain=account.user_domain_name,
        user_domain_id=None if account.user_domain_name else account.user_domain_id,
        project=project,
        project_domain=account.project_domain_name,
        project_domain_id=(
            None if account.project_domain_name else account.project_domain_id
        ),
    )
