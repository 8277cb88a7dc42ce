"""
A registry for tests.
"""

from twisted.internet.defer import maybeDeferred

from glance.registry.database import DatabaseRegistry
from glance.registry.engine import open_engines
from glance.registry.migrate import upgrade


def memory_registry(clock):
    """
    Make a registry that is empty, lies in memory, and answers at once.
    """
    engines = open_engines("sqlite://", 1)
    with engines.writer.begin() as connection:
        upgrade(connection)
    return DatabaseRegistry(engines, maybeDeferred, maybeDeferred, clock)
