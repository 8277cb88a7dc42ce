"""
Tests for L{glance.proxies}.
"""

from twisted.trial.unittest import SynchronousTestCase

from glance.proxies import LOOPBACK, Proxies


class ProxiesTests(SynchronousTestCase):
    """
    L{Proxies} says which peers are believed.
    """

    def test_networks(self):
        """
        Peers in its networks are, others are not.
        """
        proxies = Proxies.parsed(["10.0.0.0/8", " 192.0.2.7", "fd00::1/8"])
        for peer in ("10.1.2.3", "192.0.2.7", "fd12::3"):
            self.assertTrue(proxies.trust(peer), peer)
        for peer in ("11.1.2.3", "192.0.2.8", "fe80::1", "::1", "127.0.0.1"):
            self.assertFalse(proxies.trust(peer), peer)

    def test_mapped(self):
        """
        An IPv4 peer of a socket for both families is the same peer.
        """
        self.assertTrue(LOOPBACK.trust("::ffff:127.0.0.1"))
        self.assertFalse(LOOPBACK.trust("::ffff:10.0.0.1"))

    def test_unix(self):
        """
        A UNIX socket is believed, even if nobody else is.
        """
        self.assertTrue(Proxies(()).trust(None))
        self.assertFalse(Proxies(()).trust("127.0.0.1"))

    def test_nonsense(self):
        """
        What is no address is not believed.
        """
        for peer in ("", "localhost", "127.0.0.1:80"):
            self.assertFalse(LOOPBACK.trust(peer), peer)

    def test_bad_network(self):
        """
        What is no network is refused, and named.
        """
        error = self.assertRaises(ValueError, Proxies.parsed, ["10.0.0.0/8", "office"])
        self.assertIn("office", str(error))
