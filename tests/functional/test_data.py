"""
Downloads over real sockets.
"""

import os
import random
import shutil
import subprocess
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path

import orjson
from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SkipTest, TestCase

from glance.stores.directory import prepare
from glance.stores.filesystem import FilesystemStore
from glance.streams.site import StreamingSite
from glance.streams.strands import Window
from tests.api.assembly import Service
from tests.functional.raw import in_client

SIZE = 16 << 20
CREATE = {
    "Content-Type": "application/octet-stream",
    "X-Image-Meta-Disk-Format": "raw",
    "X-Image-Meta-Container-Format": "bare",
}


class DownloadTests(TestCase):
    """
    What is downloaded is the data, or visibly less.
    """

    def setUp(self):
        self.directory = Path(self.mktemp())
        prepare(self.directory)
        store = FilesystemStore(self.directory, maybeDeferred, Window(8 << 20))
        service = Service(self, {"file": store})
        self.data = random.Random(4).randbytes(SIZE)
        answer = service.ask("POST", "/v1/images", CREATE, self.data)
        self.assertEqual(answer.status, 201, answer.body)
        self.path = "/v1/images/" + orjson.loads(answer.body)["image"]["id"]
        self.site = StreamingSite(
            service.root, reactor, idle_timeout=30, finished=lambda request: None
        )
        self.port = reactor.listenTCP(0, self.site, interface="127.0.0.1")
        self.number = self.port.getHost().port

    async def tearDown(self):
        self.site.abort()
        await self.site.drained()
        await self.port.stopListening()

    def ask(self, method="GET", **headers):
        """
        Send a request, and get what answers it, its body still to be read.
        """
        connection = HTTPConnection("127.0.0.1", self.number, timeout=60)
        self.addCleanup(connection.close)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, self.path, headers=names)
        return connection.getresponse()

    @in_client
    def test_whole(self):
        """
        All of it arrives.
        """
        self.assertEqual(self.ask().read(), self.data)

    @in_client
    def test_parts(self):
        """
        So does any part.
        """
        dice = random.Random(5)
        for _ in range(20):
            first = dice.randrange(SIZE)
            last = dice.randrange(first, SIZE)
            answer = self.ask(range=f"bytes={first}-{last}")
            self.assertEqual(answer.status, 206)
            self.assertEqual(answer.read(), self.data[first : last + 1])

    @in_client
    def test_kept_connection(self):
        """
        Several answers come one after the other on a connection: what was said
        of their lengths is true.
        """
        connection = HTTPConnection("127.0.0.1", self.number, timeout=60)
        self.addCleanup(connection.close)
        for method, asked, status, data in [
            ("GET", {}, 200, self.data),
            ("GET", {"Range": "bytes=-5"}, 206, self.data[-5:]),
            ("GET", {"If-None-Match": "*"}, 304, b""),
            ("GET", {"Range": f"bytes={SIZE}-"}, 416, None),
            ("HEAD", {}, 200, b""),
            ("GET", {"Range": "bytes=0-0"}, 206, self.data[:1]),
        ]:
            connection.request(method, self.path, headers=asked)
            answer = connection.getresponse()
            body = answer.read()
            self.assertEqual(answer.status, status)
            if data is not None:
                self.assertEqual(body, data)

    @in_client
    def test_shrinking(self):
        """
        Where the data becomes less while it is sent, the client sees that what
        it got is not all.
        """
        answer = self.ask()
        self.assertEqual(answer.status, 200)
        (file,) = (p for p in self.directory.rglob("*") if p.stat().st_size == SIZE)
        os.truncate(file, SIZE // 2)
        self.assertRaises((IncompleteRead, ConnectionError), answer.read)

    @in_client
    def test_resuming(self):
        """
        Curl resumes a download that was cut.
        """
        curl = shutil.which("curl")
        if curl is None:
            raise SkipTest("There is no curl here.")
        url, file = f"http://127.0.0.1:{self.number}{self.path}", Path(self.mktemp())
        file.write_bytes(self.data[: SIZE // 3])
        subprocess.run([curl, "-sf", "-C", "-", "-o", file, url], check=True)
        self.assertEqual(file.read_bytes(), self.data)
