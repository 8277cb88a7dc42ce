"""
The S3 store.
"""

from __future__ import annotations

import os
import random
import time

from glance.config.settings import Backend, ConfigurationError
from glance.s3 import (
    Connections,
    Credentials,
    Endpoint,
    Limits,
    S3Client,
    Service,
    Style,
)
from glance.s3.credentials import find
from glance.s3.errors import BadCredentials
from glance.stores.s3 import S3Store
from glance.tap.stores.made import Made, Tools
from glance.tap.stores.tls import policy

USUAL_REGION = "us-east-1"
"""The one that servers are in that know none."""

KEPT = 8
"""How many connections are kept for the next requests."""

MAKING_SAFE = 5
"""
How many times as long as otherwise a server may be silent while it puts parts
together.
"""


def check(backend: Backend) -> None:
    """
    See whether the server's URL, the bucket's name, the credentials and the
    certificates can be used.
    """
    endpoint = _endpoint(backend)
    try:
        endpoint.target(backend.of.bucket, None, ())
    except ValueError as error:
        raise ConfigurationError(
            f"{backend.option('s3_store_bucket')}: {error}"
        ) from None
    _credentials(backend)
    policy(backend, "s3_store_cacert", backend.of.ca_file)


def make(backend: Backend, tools: Tools) -> Made:
    """
    Make the store.
    """
    of = backend.of
    endpoint = _endpoint(backend)
    limits = Limits(
        idle=of.idle,
        answer=of.idle * MAKING_SAFE,
        part_size=of.part_size,
        memory=of.memory,
    )
    tls = policy(backend, "s3_store_cacert", of.ca_file)
    service = Service(
        endpoint,
        _credentials(backend),
        Connections(tools.reactor, tls, limits.connect, KEPT),
        region=of.region or endpoint.region or USUAL_REGION,
        clock=tools.reactor,
        now=time.time,
        jitter=random.random,
        limits=limits,
    )
    client = S3Client(service)
    chunk = of.part_size >> 20
    return Made(
        store=S3Store(client, of.bucket, of.create_bucket),
        close=client.close,
        properties={
            "s3_store_large_object_size": chunk,
            "s3_store_large_object_chunk_size": chunk,
        },
    )


def _endpoint(backend: Backend) -> Endpoint:
    try:
        return Endpoint.parse(backend.of.url, Style(backend.of.style))
    except ValueError as error:
        raise ConfigurationError(
            f"{backend.option('s3_store_host')}: {error}"
        ) from None


def _credentials(backend: Backend) -> Credentials:
    if backend.of.access_key is not None:
        return Credentials(backend.of.access_key, backend.of.secret_key)
    try:
        return find(os.environ)
    except BadCredentials as error:
        option = backend.option("s3_store_access_key")
        raise ConfigurationError(f"{option} is missing: {error}") from None
