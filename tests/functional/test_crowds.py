"""
Many connections at once, to a daemon in a process of its own.
"""

import resource
import socket

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import Place

CLIENTS = 2000
"""How many connections there are."""

EACH = 2500
"""How many bytes of the daemon's memory each may take."""

DESCRIPTORS = CLIENTS + 200


class CrowdTests(SynchronousTestCase):
    """
    A daemon has room for clients that only keep their connections.
    """

    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
            self.skipTest("This process may not have so many connections.")
        self.place = Place(self.mktemp())
        self.place.configure()
        # It raises the limit by itself.
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
        try:
            self.daemon = self.place.start("glance")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.addCleanup(self.daemon.stop)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, DESCRIPTORS), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def ask(self, client):
        """
        Ask for little.
        """
        client.sendall(b"GET /versions HTTP/1.1\r\nHost: glance\r\n\r\n")
        self.assertIn(b" 200 ", client.recv(1 << 16).partition(b"\r\n")[0])

    def usual(self, client):
        """
        Get the seconds of processor time that it takes: others have more or less of
        the rest at any moment.
        """
        before = self.daemon.cpu_seconds()
        for _ in range(1000):
            self.ask(client)
        return (self.daemon.cpu_seconds() - before) / 1000

    def connect(self, count):
        """
        Connect so often, and ask for something each time.
        """
        clients = []
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", self.place.api_port), 60)
            self.addCleanup(client.close)
            clients.append(client)
            self.ask(client)
        return clients

    def test_idle(self):
        """
        Each takes little memory, and others are answered as before.
        """
        (other,) = self.connect(1)
        for client in self.connect(200):
            client.close()
        before, usual = self.daemon.memory(), self.usual(other)
        self.connect(CLIENTS)
        self.assertLess((self.daemon.memory() - before) / CLIENTS, EACH)
        self.assertLess(self.usual(other), 3 * usual)
