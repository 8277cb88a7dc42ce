"""
Tests for L{glance.tap.ports}.
"""

import socket
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.config.settings import ConfigurationError, Endpoint
from glance.tap.ports import probe


class ProbeTests(SynchronousTestCase):
    """
    A port that cannot be had is refused by one line, that names the option that
    is to blame and the cure.
    """

    def refusal(self, endpoint, option="bind_port"):
        """
        Say why a port cannot be had.
        """
        return str(self.assertRaises(ConfigurationError, probe, endpoint, option))

    def test_taken(self):
        """
        Of a port that is taken, the port is to blame.
        """
        with socket.create_server(("127.0.0.1", 0)) as taken:
            said = self.refusal(Endpoint("127.0.0.1", taken.getsockname()[1], 1))
        self.assertTrue(said.startswith("bind_port: cannot listen at 127.0.0.1:"))
        self.assertIn("stop the program that does", said)

    def test_address_of_another(self):
        """
        Of an address that this machine doesn't have, the address is.
        """
        said = self.refusal(Endpoint("192.0.2.1", 0, 1), "registry_bind_port")
        self.assertTrue(said.startswith("registry_bind_host: cannot listen at 192.0"))
        self.assertIn("choose an address of this machine", said)

    def test_no_directory(self):
        """
        Of a UNIX socket that has no directory, the address is.
        """
        path = str(Path(self.mktemp()).absolute() / "socket")
        said = self.refusal(Endpoint("", 0, 1, path))
        self.assertTrue(said.startswith("bind_host: no socket can be made in /"))
