"""
A registry in memory, and one that is asked over HTTP, also in memory.
"""

from datetime import UTC, datetime

from attrs import evolve
from klein import Klein
from twisted.internet.defer import maybeDeferred, succeed
from twisted.internet.task import Clock

from glance.api.health import Health
from glance.api.metrics import MetricsPage
from glance.image import Image
from glance.metrics import Metrics
from glance.registry.database import DatabaseRegistry
from glance.registry.engine import open_engines
from glance.registry.http import HTTPRegistry
from glance.registry.peer import Peer
from glance.registry.resource import RegistryRoot
from glance.registry.schema import metadata
from tests.http import stub_client

THEN = datetime(2011, 4, 15, 12, 32, 43, 123456, tzinfo=UTC)

IMAGE = Image(
    id="71c675ab-d94f-49cd-a114-e12490b328d9", created_at=THEN, updated_at=THEN
)

OTHER = evolve(IMAGE, id="bb3e2ea8-cba9-4b58-a85e-0ab4a4d0bb3a")


def memory_registry(case, clock=None):
    """
    Make a registry whose database is in memory.

    @param case: the test that uses it.
    """
    engines = open_engines("sqlite://", 1)
    case.addCleanup(engines.dispose)
    metadata.create_all(engines.writer)
    return DatabaseRegistry(engines, maybeDeferred, maybeDeferred, clock or Clock())


def root_of(registry, secret=None):
    """
    Serve a registry, and nothing to callers of old.
    """
    return registry_root(registry, Klein().resource(), secret)


def registry_root(registry, old, secret=None):
    """
    Serve a registry.

    @param old: what callers of old are served.
    """
    metrics = MetricsPage(Metrics(Clock(), transfers={}, queues={}))
    return RegistryRoot(
        registry,
        old=old,
        health=health_of(registry),
        metrics=metrics.app.resource(),
        secret=secret,
    )


def health_of(registry):
    """
    Get the health page of a registry.
    """
    checks = {"registry": lambda: registry.check()}
    page = Health(Clock(), checks, timeout=5, draining=lambda: False)
    return page.app.resource()


def http_registry(root, clock=None, kept=None, fresh=None, secret=None):
    """
    Make a registry that asks a resource.

    @param kept: the agent that sends what goes over connections that are kept.
    @param fresh: the agent that sends what goes over new ones.
    """
    agent = stub_client(root)._agent
    peer = Peer("http://registry", kept or agent, fresh or agent, lambda: succeed(None))
    return HTTPRegistry(peer, clock or Clock(), time_limit=30, secret=secret)
