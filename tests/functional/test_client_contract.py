"""
Tests for L{glance.client} against the API, over real sockets.
"""

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from glance.client import Client, ImageClient
from tests.client.contract import ClientContract
from tests.client.imaging import ImageClientContract
from tests.functional.serving import serve


class ClientTests(ClientContract, TestCase):
    """
    L{Client} is a client, with an agent and threads of its own.
    """

    timeout = 120

    async def setUp(self):
        _, port = await serve(self)
        self.client = Client("127.0.0.1", port, reactor=reactor)
        self.addCleanup(self.client.close)


class ImageClientTests(ImageClientContract, TestCase):
    """
    L{ImageClient} is a client, with an agent and threads of its own.
    """

    timeout = 120

    async def setUp(self):
        _, port = await serve(self)
        self.client = ImageClient("127.0.0.1", port, reactor=reactor)
        self.addCleanup(self.client.close)
