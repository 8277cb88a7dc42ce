"""
A client, and a peer that misbehaves, over real sockets.
"""

import hashlib
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from glance.client import Client
from tests.peer import Peer, answer

DATA = bytes(range(256)) * 1024
MD5 = hashlib.md5(DATA).hexdigest()
IMAGE = b'{"image": {"id": "an-id", "status": "active"}}'
LIST = b'{"images": []}'
META = {
    "X-Image-Meta-Id": "an-id",
    "X-Image-Meta-Size": str(len(DATA)),
    "X-Image-Meta-Checksum": MD5,
}


def cut_after(count):
    """
    Answer so many bytes of the data, and no more.
    """
    return answer(
        "200 OK",
        META,
        DATA[:count],
        length=len(DATA),
        then=lambda transport: transport.loseConnection(),
    )


class ClientCase(TestCase):
    """
    A client, and a peer that it talks to.
    """

    timeout = 120

    async def serve(self, *acts, address="tcp:0:interface=127.0.0.1"):
        """
        Have a peer do C{acts}.
        """
        peer = Peer(*acts)
        if isinstance(address, str):
            address = serverFromString(reactor, address)
        port = await address.listen(peer)

        def stop():
            for connection in peer.connections:
                if not connection.gone:
                    connection.transport.abortConnection()
            return port.stopListening()

        self.addCleanup(stop)
        peer.port = getattr(port.getHost(), "port", 0)
        return peer

    kind = Client
    """What makes clients."""

    def make_client(self, peer, host="127.0.0.1", **kwargs):
        """
        Make a client of C{peer}.
        """
        client = self.kind(host, peer.port, reactor=reactor, **kwargs)
        self.addCleanup(client.close)
        return client

    async def client(self, *acts, **kwargs):
        """
        Make a client of a new peer that does C{acts}.
        """
        self.peer = await self.serve(*acts)
        return self.make_client(self.peer, **kwargs)

    async def until(self, true):
        """
        Wait until something is true.
        """
        while not true():
            await deferLater(reactor, 0.01)

    async def assert_fails(self, deferred, kind):
        """
        Wait for the error that must come.
        """
        with self.assertRaises(kind) as caught:
            await deferred
        return caught.exception


class SavingCase(ClientCase):
    """
    A client that saves into a file.
    """

    def setUp(self):
        directory = Path(self.mktemp())
        directory.mkdir()
        self.path = directory / "image"
        self.part = directory / "image.part"
