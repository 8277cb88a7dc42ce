"""
Torture of a daemon in a process of its own: whatever clients do, it answers what
is right, and nothing is left of them.
"""

import contextlib
import itertools
import json
import os
import socket
import time
import uuid
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import PATIENCE, Place
from tests.functional.raw import Client, chunks, seeded

MIB = 1 << 20

LARGE = int(os.environ.get("GLANCE_TEST_MIB", "16"))
"""How many MiB a large image has."""

GROWTH = 64 * MIB
"""By how much more memory a daemon may use than before."""

SMUGGLED = b"GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n"

SOON = 60
"""After how many seconds nothing may be left of a client, on a busy machine."""

STREAM = "Content-Type: application/octet-stream"


def caller(name, roles="member"):
    """
    Get the headers by which a proxy says who asks.
    """
    return [
        "X-Identity-Status: Confirmed",
        f"X-User-Id: {name}",
        f"X-Tenant-Id: {name}",
        f"X-Roles: {roles}",
    ]


class DaemonCase(SynchronousTestCase):
    """
    Has a daemon, and clients of it.
    """

    options = ()

    def setUp(self):
        self.place = Place(self.mktemp())
        self.place.configure(**dict(self.options))
        self.daemon = self.place.start("glance")
        self.addCleanup(self.daemon.kill)
        self.image = self.store(b"data")
        self.assertEqual(self.ask("GET", f"/v2/images/{self.image}/file")[2], b"data")
        counts = []
        while counts[-5:] != [min(counts, default=0)] * 5:
            counts.append(self.sockets())
            time.sleep(0.03)
        self.idle = counts[-1]
        """How many sockets it has open for nobody."""

    def connect(self):
        """
        Get a connection to the API.
        """
        client = socket.create_connection(("127.0.0.1", self.place.api_port), PATIENCE)
        self.addCleanup(client.close)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Client(client)

    def head(self, method, path, *headers):
        lines = [f"{method} {path} HTTP/1.1", "Host: glance", *headers, "", ""]
        return "\r\n".join(lines).encode()

    def ask(self, method, path, *headers, data=b""):
        """
        Ask on a connection of its own.
        """
        client = self.connect()
        length = f"Content-Length: {len(data)}"
        client.send(self.head(method, path, length, *headers) + data)
        answer = client.response()
        client.close()
        return answer

    def create(self, *headers, **fields):
        """
        Make an image without data, and get its id.
        """
        known = {"container_format": "bare", "disk_format": "raw", **fields}
        kind = "Content-Type: application/json"
        data = json.dumps(known).encode()
        status, _, body = self.ask("POST", "/v2/images", kind, *headers, data=data)
        self.assertEqual(status, 201, body)
        return json.loads(body)["id"]

    def store(self, data, *headers):
        """
        Make an image, and get its id.
        """
        image = self.create(*headers)
        path = f"/v2/images/{image}/file"
        status, _, body = self.ask("PUT", path, STREAM, *headers, data=data)
        self.assertEqual(status, 204, body)
        return image

    def sockets(self):
        """
        Count the sockets that the daemon has open.
        """
        return sum(link.startswith("socket:") for link in self.links())

    def links(self):
        """
        List what the daemon has open.
        """
        found = []
        for link in Path(f"/proc/{self.daemon.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                found.append(str(link.readlink()))
        return found

    def left(self):
        """
        Tell what the daemon has open for clients.
        """
        data = [link for link in self.links() if link.startswith(str(self.place.data))]
        return data, self.sockets() - self.idle

    def assert_nothing_left(self):
        """
        See that soon no descriptor is left of who went.
        """
        deadline = time.monotonic() + SOON
        while self.left() != ([], 0):
            self.assertLess(time.monotonic(), deadline, self.left())
            time.sleep(0.05)


class RefusedTests(DaemonCase):
    """
    Data that is not wanted is refused at once, however it is sent.
    """

    options = (("auth_strategy", "trusted_headers"), ("image_size_cap", MIB))

    def store(self, data):
        return super().store(data, *caller("eva"))

    def ask(self, method, path, *headers, data=b""):
        who = [] if any("Identity" in header for header in headers) else caller("eva")
        return super().ask(method, path, *who, *headers, data=data)

    def refusals(self):
        """
        Get requests that are refused by their headers, and the status of each.
        """
        eva, bob = caller("eva"), caller("bob")
        file = f"/v2/images/{self.image}/file"
        queued = f"/v2/images/{self.create(*eva)}/file"
        root = caller("root", "admin")
        public = f"/v2/images/{self.create(*root, visibility='public')}/file"
        nowhere = f"/v2/images/{uuid.uuid4()}/file"
        return {
            "nobody": (401, "PUT", queued, STREAM),
            "nobody in v1": (401, "POST", "/v1/images", STREAM),
            "no such image": (404, "PUT", nowhere, STREAM, *eva),
            "another's image": (404, "PUT", queued, STREAM, *bob),
            "another's public image": (403, "PUT", public, STREAM, *bob),
            "no such path": (404, "PUT", "/v3/nothing", STREAM, *eva),
            "has data": (409, "PUT", file, STREAM, *eva),
            "not a stream": (415, "PUT", queued, "Content-Type: text/plain", *eva),
            "wrong method": (405, "PATCH", file, STREAM, *eva),
            "TRACE": (405, "TRACE", file, STREAM, *eva),
            "two users": (401, "PUT", queued, STREAM, *eva, *bob),
            "wrong host": (400, "PUT", queued, STREAM, "Host: b", *eva),
        }

    def test_refused(self):
        """
        The client gets the answer whether it waits for a word to go on, sends a
        little, or sends all before it looks; nothing in the data is answered.
        """
        for name, (status, *request) in self.refusals().items():
            for how in (self.waits, self.sends_little, self.sends_all, self.smuggles):
                said = how(self.connect(), self.head(*request)[:-2])
                self.assertEqual(said, status, f"{name}, {how.__name__}")
        self.too_large()
        self.assert_nothing_left()
        self.assertEqual(len(self.place.files()), 1)

    def too_large(self):
        """
        See that data is, too, that is too large by its own account or in the end.
        """
        image = self.create(*caller("eva"))
        head = self.head("PUT", f"/v2/images/{image}/file", STREAM, *caller("eva"))
        for how in (self.waits, self.sends_all, self.smuggles):
            self.assertEqual(how(self.connect(), head[:-2], MIB + 1), 413)

    def waits(self, client, head, size=2 * MIB):
        client.send(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % size)
        status, headers, _ = client.response()
        self.assertEqual(headers.get("connection"), "close")
        self.assertTrue(client.closed())
        client.close()
        return status

    def sends_little(self, client, head):
        client.send(head + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
        return self.last(client)

    def sends_all(self, client, head, size=2 * MIB):
        client.send(head + b"Content-Length: %d\r\n\r\n" % size)
        client.send(bytes(size))
        return self.last(client)

    def smuggles(self, client, head, size=0):
        data = SMUGGLED * 10 + bytes(size)
        client.send(head + b"Transfer-Encoding: chunked\r\n\r\n")
        client.send(chunks(data, [len(SMUGGLED) + 2, 70_000]) if size else data)
        return self.last(client)

    def last(self, client):
        """
        Get the status of the answer, after which the connection either is closed
        or can be used.
        """
        status, headers, _ = client.response()
        if headers.get("connection") == "close":
            self.assertTrue(client.closed())
        else:
            client.send(self.head("GET", "/nothing"))
            self.assertEqual(client.response()[0], 404)
        client.close()
        return status


class GoneTests(DaemonCase):
    """
    Nothing stays of clients that go, or that never come to an end.
    """

    def test_gone(self):
        """
        Whatever they were about.
        """
        chance = seeded()
        self.uploads(chance)
        self.downloads(chance)
        self.requests()
        self.assertNotIn("Traceback", self.daemon.log)

    def uploads(self, chance):
        """
        Uploads end anywhere, by FIN or RST.
        """
        data = chance.randbytes(300_000)
        image = self.create()
        for chunked, reset in itertools.product([False, True], repeat=2):
            for _ in range(4):
                framing = f"Content-Length: {len(data)}"
                framing = "Transfer-Encoding: chunked" if chunked else framing
                head = self.head("PUT", f"/v2/images/{image}/file", STREAM, framing)
                wire = head + (chunks(data, [5000, 70_000]) if chunked else data)
                client = self.connect()
                client.send(wire[: chance.randrange(1, len(wire))])
                (client.reset if reset else client.close)()
        self.assert_nothing_left()
        self.until_stored(image, data)

    def until_stored(self, image, data):
        """
        Store data as soon as nobody else does.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            path = f"/v2/images/{image}/file"
            status, _, body = self.ask("PUT", path, STREAM, data=data)
            if status != 409:
                break
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assertEqual(status, 204, body)
        self.assertEqual(self.ask("GET", path)[2], data)
        self.assertEqual(len(self.place.files()), 2)

    def downloads(self, chance):
        """
        Downloads end anywhere, too; not all of them have begun.
        """
        image = self.store(bytes(4 * MIB))
        for number in range(16):
            client = self.connect()
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
            client.send(self.head("GET", f"/v2/images/{image}/file"))
            for _ in range(chance.choice([0, 1, 20])):
                client.receive()
            (client.reset if number % 2 else client.close)()
        self.assert_nothing_left()

    def requests(self):
        """
        So do small requests, whose clients wait for no answer.
        """
        wire = self.head("GET", "/v2/images") * 5
        for number in range(40):
            client = self.connect()
            client.send(wire[: 10 + number * len(wire) // 40])
            (client.reset if number % 2 else client.close)()
        self.assert_nothing_left()


class LargeTests(DaemonCase):
    """
    Images may be larger than memory.
    """

    def test_memory(self):
        """
        What they are sent with, and who doesn't read them, needs little.
        """
        block = os.urandom(MIB)
        size = LARGE * MIB
        before = self.daemon.memory()
        for chunked in (False, True):
            image = self.create()
            client = self.connect()
            framing = f"Content-Length: {size}"
            framing = "Transfer-Encoding: chunked" if chunked else framing
            path = f"/v2/images/{image}/file"
            client.send(self.head("PUT", path, STREAM, framing))
            for _ in range(LARGE):
                client.send(chunks(block, [1 << 16])[:-5] if chunked else block)
            client.send(b"0\r\n\r\n" if chunked else b"")
            self.assertEqual(client.response()[0], 204)
            client.close()
        readers = [self.connect() for _ in range(16)]
        for reader in readers:
            reader.send(self.head("GET", path))
        self.ask("GET", "/v2/images")
        self.assertLess(self.daemon.memory() - before, GROWTH)
        for reader in readers:
            reader.close()
        self.assert_nothing_left()


class RangeTests(DaemonCase):
    """
    Images, and parts of them, are theirs to the byte.
    """

    def test_torn(self):
        """
        Images come in chunks of any size, in packets of any size.
        """
        chance = seeded()
        client = self.connect()
        for _ in range(12):
            # In tiny chunks, most borders of packets are in what frames them.
            tiny = chance.random() < 0.7
            data = chance.randbytes(3000 if tiny else chance.randrange(3 * MIB))
            path = f"/v2/images/{self.create()}/file"
            sizes = [1, chance.randrange(1, 20 if tiny else 70_000)]
            head = self.head("PUT", path, STREAM, "Transfer-Encoding: chunked")
            wire = head + chunks(data, sizes)[:-2] + b"X-Trailer: end\r\n\r\n"
            wire += self.head("GET", path)
            at = 0
            while at < len(wire):
                size = chance.randrange(1, 500 if tiny else 300_000)
                client.send(wire[at : at + size])
                at += size
                # Or the system would put it together again.
                time.sleep(0.001)
            self.assertEqual(client.response()[0], 204)
            self.assertTrue(client.response()[2] == data)
        client.close()
        self.assert_nothing_left()

    def test_pipelined(self):
        """
        Parts that are asked for at once come in turn, and so do answers without
        data between them.
        """
        chance = seeded()
        data = chance.randbytes(300_000)
        path = f"/v2/images/{self.store(data)}/file"
        asked = []
        for _ in range(40):
            first = chance.randrange(len(data))
            last = min(first + chance.choice([0, 1, 4095, 100_000]), len(data) - 1)
            part = data[first : last + 1]
            asked += [
                ("GET", f"Range: bytes={first}-{last}", 206, part),
                ("GET", f"Range: bytes=-{len(part)}", 206, data[-len(part) :]),
                ("GET", f"Range: bytes={len(data)}-", 416, None),
                ("HEAD", "X: y", 200, b""),
                ("GET", "X: y", 200, data),
            ]
            asked = asked[: len(asked) - chance.randrange(5)]
        client = self.connect()
        client.send(b"".join(self.head(how, path, field) for how, field, *_ in asked))
        for how, field, status, part in asked:
            said, headers, body = self.response(client, how)
            self.assertEqual(said, status, field)
            if part is not None:
                self.assertTrue(body == part, field)
            if how == "HEAD":
                self.assertEqual(headers["content-length"], str(len(data)))
        client.close()
        self.assert_nothing_left()

    def response(self, client, method):
        """
        Get the next answer, which has no data if it is to HEAD.
        """
        if method != "HEAD":
            return client.response()
        while b"\r\n\r\n" not in client.buffer:
            self.assertTrue(client.receive())
        head, client.buffer = client.buffer.split(b"\r\n\r\n", 1)
        status, *lines = head.decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(status.split()[1]), headers, b""
