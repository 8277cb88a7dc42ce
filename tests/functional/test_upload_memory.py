"""
The memory of uploads, in a daemon that has next to none for them.
"""

import hashlib
import json
import random
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import PATIENCE, Place
from tests.functional.raw import chunks

DATA = random.Random(4).randbytes(3 << 20)


class UploadMemoryTests(SynchronousTestCase):
    """
    C{upload_memory}.
    """

    def setUp(self):
        self.place = Place(self.mktemp())
        self.place.configure(upload_memory=1)
        daemon = self.place.start("glance")
        self.addCleanup(daemon.stop)

    def upload(self, number, cut=None):
        """
        Upload the data, in one of both framings.

        @param cut: after how many bytes the client goes away; L{None} for never.

        @return: what is known of the image.
        """
        chunked = number % 2
        framing = (
            "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(DATA)}"
        )
        lines = [
            "POST /v1/images HTTP/1.1",
            "Host: glance",
            "Connection: close",
            "Content-Type: application/octet-stream",
            "X-Image-Meta-Name: image",
            "X-Image-Meta-Disk-Format: raw",
            "X-Image-Meta-Container-Format: bare",
            framing,
        ]
        address = ("127.0.0.1", self.place.api_port)
        with socket.create_connection(address, PATIENCE) as client:
            client.sendall("\r\n".join([*lines, "", ""]).encode())
            wire = chunks(DATA, [1 << 16, 5]) if chunked else DATA
            client.sendall(wire[:cut])
            if cut is not None:
                reset = struct.pack("ii", 1, 0)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                return None
            answer = b""
            while data := client.recv(1 << 16):
                answer += data
        return json.loads(answer.partition(b"\r\n\r\n")[2])["image"]

    def test_abandoned(self):
        """
        Clients that go away leave nothing in use, or nobody could send anything
        any more; and many at once have their turns.
        """
        chance = random.Random(4)
        with ThreadPoolExecutor(8) as threads:
            cuts = [chance.randrange(1, len(DATA)) for _ in range(40)]
            list(threads.map(self.upload, range(40), cuts))
            images = list(threads.map(self.upload, range(8)))
        checksum = hashlib.md5(DATA).hexdigest()
        self.assertEqual({i["checksum"] for i in images}, {checksum})
