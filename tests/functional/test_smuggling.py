"""
Requests that hide another one, to a daemon in a process of its own: neither is
carried out.

C{GLANCE_TEST_SEED} says where they are cut.
"""

import json
import re
import socket
import time

from attrs import frozen
from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import PATIENCE, Place
from tests.functional.raw import seeded
from tests.streams.framing import BROKEN, REFUSED
from tests.streams.talk import answers_in, pieces_of

CUTS = 2
"""At how many places a request is cut."""

RAW = b"Content-Type: application/octet-stream\r\n"

JSON = b"Content-Type: application/json\r\n"

REST = b"a" * 40_000
"""What comes last: more than a line may have."""

FORMATS = b"X-Image-Meta-Disk-Format: raw\r\nX-Image-Meta-Container-Format: bare\r\n"


@frozen
class Door:
    """
    Where requests come in.
    """

    port: int
    path: bytes
    """That of all images."""
    upload: bytes
    """How a request begins that has data: its method, its path, and so on."""


UNREAD = [
    *(
        b"GET /",
        b"GET /versions",
        b"GET /healthcheck",
        b"GET /metrics",
        b"GET /nothing",
    ),
    *(b"HEAD /v1/images", b"GET /v1/images", b"GET /v1/images/detail", b"DELETE /v1"),
    *(
        b"GET /v2/images",
        b"DELETE /v2/images",
        b"HEAD /v2/images",
        b"GET /v2/schemas/image",
    ),
    *(b"POST /v2/images", b"PATCH /v2/images/a", b"PUT /v2/images/a/file"),
    *(b"OPTIONS *", b"OPTIONS /v2/images", b"GET http://glance/v2/images", b"GET //a"),
    *(
        b"GET /%ff",
        b"GET /v2/images?limit=a",
        b"GET /openapi.json",
        b"POST /v3/auth/tokens",
    ),
]
"""What is answered without a look at data."""


class SmugglingTests(SynchronousTestCase):
    """
    What follows each request of L{REFUSED} and L{BROKEN} would delete an image.
    """

    def setUp(self):
        place = Place(self.mktemp())
        place.configure(auth_strategy="noauth")
        self.addCleanup(place.start("glance").stop)
        self.chance = seeded()
        self.api, self.registry = place.api_port, place.registry_port
        self.image = self.create()

    def exchange(self, port, *pieces):
        """
        Send something; get all answers, until the daemon closes the connection.
        """
        return answers_in(self.receive(port, *pieces))

    def receive(self, port, *pieces):
        wire = b""
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                client.sendall(piece)
                # Or the system would put it together again.
                time.sleep(0.0005)
            while data := client.recv(1 << 16):
                wire += data
        return wire

    def ask(self, start, fields=b"", body=b"", port=None):
        """
        Ask for something and nothing else; get the status and the body.
        """
        wire = b"%b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%b" % (start, fields)
        wire += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        [answer] = self.exchange(port or self.api, wire)
        return answer

    def create(self):
        """
        Get the id of a new image.
        """
        image = b'{"disk_format": "raw", "container_format": "bare"}'
        status, body = self.ask(b"POST /v2/images", JSON, image)
        self.assertEqual(status, 201)
        return json.loads(body)["id"].encode()

    def check(self, door, wires, status):
        """
        Send requests, whole and cut, each with two more behind it.
        """
        delete = b"DELETE %b/%b" % (door.path, self.image)
        smuggled = delete + b" HTTP/1.1\r\nHost: glance\r\n\r\n"
        for name, wire in wires.items():
            sent = wire.replace(b"PUT /hashed HTTP/1.1\r\n", door.upload)
            sent = sent.replace(b"/hashed", door.path) + smuggled * 2 + REST
            cuts = [self.chance.randrange(1, len(sent)) for _ in range(CUTS)]
            for where in ([], cuts):
                how = f"{name}, cut at {where}"
                answers = self.exchange(door.port, *pieces_of(sent, where))
                self.assertEqual([s for s, _ in answers], [status], how)
                self.assertGreater(len(answers[0][1]), 20, how)
                shown = self.ask(b"GET /v2/images/" + self.image)
                self.assertEqual(shown[0], 200, how)
        self.assertIn(self.ask(delete, port=door.port)[0], (200, 204))
        self.assertEqual(self.ask(b"GET /v2/images/" + self.image)[0], 404)

    def test_unread(self):
        """
        Data that nobody looks at is no request either.
        """
        delete = b"DELETE /v2/images/%b HTTP/1.1\r\nHost: glance\r\n\r\n" % self.image
        last = b"GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        length = b"Content-Length: %d\r\n" % len(delete)
        chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(delete), delete)
        for asked in UNREAD:
            for fields, data in (
                (length, delete),
                (length + b"Expect: 100-continue\r\n", delete),
                (b"Transfer-Encoding: chunked\r\n", chunk),
            ):
                wire = b"%b HTTP/1.1\r\nHost: glance\r\n%b\r\n" % (asked, fields)
                wire += data
                cuts = [self.chance.randrange(1, len(wire)) for _ in range(CUTS)]
                for where in ([], cuts):
                    how = f"{asked}, {fields}, cut at {where}"
                    statuses = self.statuses(pieces_of(wire + last, where))
                    self.assertIn(len(statuses), (1, 2), how)
                    self.assertEqual(statuses[1:], [404] * (len(statuses) - 1), how)
                    shown = self.ask(b"GET /v2/images/" + self.image)
                    self.assertEqual(shown[0], 200, how)

    def statuses(self, pieces):
        """
        Send something; get the statuses of all answers but those to go on.
        """
        wire = self.receive(self.api, *pieces)
        lines = re.findall(rb"(?m)^HTTP/1\.1 (\d+) ", wire)
        return [int(line) for line in lines if line != b"100"]

    def attack(self, door):
        """
        Try all of it at one door.
        """
        for status, wires in REFUSED.items():
            self.check(door, wires, status)
            self.image = self.create()
        self.check(door, BROKEN, 400)

    def test_v2(self):
        """
        So it is with version 2 of the API.
        """
        upload = b"PUT /v2/images/%b/file HTTP/1.1\r\n" % self.create()
        self.attack(Door(self.api, b"/v2/images", upload + RAW))

    def test_v1(self):
        """
        And with version 1.
        """
        upload = b"POST /v1/images HTTP/1.1\r\n" + RAW + FORMATS
        self.attack(Door(self.api, b"/v1/images", upload))

    def test_registry(self):
        """
        And with the registry.
        """
        upload = b"POST /images HTTP/1.1\r\n" + JSON
        self.attack(Door(self.registry, b"/images", upload))
