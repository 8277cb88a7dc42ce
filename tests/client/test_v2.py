"""
Tests for L{glance.client.v2} against the API, in memory.
"""

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from glance.client import ImageClient
from tests.api.assembly import Service
from tests.client.imaging import ImageClientContract


class ImageClientTests(ImageClientContract, TestCase):
    """
    L{ImageClient} is a client.
    """

    def setUp(self):
        service = Service(self)
        self.client = ImageClient(
            "glance.example",
            reactor=service.clock,
            agent=service.client._agent,
            in_thread=maybeDeferred,
        )


class URLTests(SynchronousTestCase):
    """
    Tests for where a client finds its server.
    """

    def test_urls(self):
        """
        The version may be in the URL or not, and may be another.
        """
        for given, url in (
            ("http://h:5", "http://h:5/v2"),
            ("http://h:5/v2.7/", "http://h:5/v2.7"),
            ("http://h:5/v1", "http://h:5/v2"),
            ("https://h/image/v1.1/", "https://h:443/image/v2"),
            ("http://h/av1", "http://h:80/av1/v2"),
        ):
            client = ImageClient.from_url(given, reactor=None, in_thread=maybeDeferred)
            self.assertEqual(client.url, url)
