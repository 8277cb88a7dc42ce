"""
Tests for L{glance.client.v1} against the API, in memory.
"""

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from glance.client import Client, Invalid
from tests.api.assembly import Service
from tests.client.contract import ClientContract


class ClientTests(ClientContract, TestCase):
    """
    L{Client} is a client.
    """

    def setUp(self):
        service = Service(self)
        self.client = Client(
            "glance.example",
            reactor=service.clock,
            agent=service.client._agent,
            in_thread=maybeDeferred,
        )

    async def test_no_text(self):
        """
        What is no text cannot be asked for.
        """
        bad = "x\udcff"
        for asking in (
            self.client.get_image_meta(bad),
            self.client.get_images(name=bad),
            self.client.get_images(filters={f"property-{bad}": "x"}),
            self.client.add_image({"name": bad}),
        ):
            await self.fails(asking, Invalid)


class URLTests(SynchronousTestCase):
    """
    Tests for where a client finds its server.
    """

    def test_urls(self):
        """
        The version may be in the URL or not.
        """
        for given, url in (
            ("http://h:5", "http://h:5/v1"),
            ("http://h:5/", "http://h:5/v1"),
            ("http://h:5/v1/", "http://h:5/v1"),
            ("https://h/images", "https://h:443/images/v1"),
            ("http://[::1]:5/v1.0", "http://[::1]:5/v1.0"),
        ):
            client = Client.from_url(given, reactor=None, in_thread=maybeDeferred)
            self.assertEqual(client.url, url)

    def test_bad(self):
        """
        What can be no server is refused.
        """
        for url in ("", "h:5", "ftp://h", "http://", "http://h:x/", "http://h:99999"):
            with self.assertRaises(Invalid, msg=url):
                Client.from_url(url, reactor=None)
        for host in ("", "a/b", "a@b", "é", "a:9292", "127.0.0.1:9292"):
            with self.assertRaises(Invalid, msg=host):
                Client(host, reactor=None)
        for port in (0, -1, 65536):
            with self.assertRaises(Invalid, msg=port):
                Client("h", port, reactor=None)
