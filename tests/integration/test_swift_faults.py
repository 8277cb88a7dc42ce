"""
A daemon with a Swift store, where things go wrong.
"""

from uuid import uuid4

from twisted.trial.unittest import TestCase

from tests.integration.faults import IDLE, FaultTests
from tests.integration.servers import Swift
from tests.integration.test_swift import small_swift


class SwiftDaemon:
    """
    Mixed in: a daemon with a Swift store behind the proxy.
    """

    secrets = (Swift.KEY, Swift.USER, "AUTH_tk")

    def upstream(self):
        self.server = small_swift()
        self.container = f"images-{uuid4()}"
        return int(self.server.url.rpartition(":")[2])

    def store_options(self, port):
        return {
            "default_store": "swift",
            "swift_store_auth_address": f"http://127.0.0.1:{port}/auth/v1.0",
            "swift_store_user": Swift.USER,
            "swift_store_key": Swift.KEY,
            "swift_store_container": self.container,
            "swift_store_create_container_on_put": "true",
            "swift_store_large_object_size": 1,
            "swift_store_large_object_chunk_size": 1,
            "swift_store_idle_timeout": IDLE,
        }

    def stored(self):
        return self.server.stored(self.container)


class SwiftFaultTests(SwiftDaemon, FaultTests, TestCase):
    """
    A Swift store behind a network that fails.
    """
