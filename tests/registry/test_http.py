"""
Tests for L{glance.registry.http}.
"""

from twisted.trial.unittest import SynchronousTestCase

from tests.registry.contract import RegistryContract
from tests.registry.served import http_registry, memory_registry, root_of


class HTTPRegistryTests(RegistryContract, SynchronousTestCase):
    """
    L{HTTPRegistry} is a registry, as far as the one behind it is.
    """

    def make_registry(self):
        registry = memory_registry(self, self.clock)
        return http_registry(root_of(registry), self.clock)
