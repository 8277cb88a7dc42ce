"""
A daemon that several people ask, who must not get in each other's way.
"""

import http.client
import json
import os
import socket
import time
from typing import ClassVar

from attrs import frozen

from tests.functional.daemons import PATIENCE
from tests.functional.raw import Client
from tests.functional.test_daemons import DaemonCase

DATA = b"what belongs to Alice" * 1000

RAW: dict[str, str] = {"disk_format": "raw", "container_format": "bare"}

OCTETS = {"Content-Type": "application/octet-stream"}

PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}

KEYED = {"Content-Type": "application/openstack-images-v2.0-json-patch"}

V1 = {
    "X-Image-Meta-Name": "first",
    "X-Image-Meta-Disk_format": "raw",
    "X-Image-Meta-Container_format": "bare",
}

PROMPT = 40
"""Within how many seconds an upload ends that nobody waits for, on a busy machine."""

FACES = ("/v1/images", "/images")
"""Where the API is that has images in headers."""


def persona(user, project, roles="member"):
    """
    Get the headers by which a proxy says who somebody is.
    """
    return {
        "X-Identity-Status": "Confirmed",
        "X-User-Id": user,
        "X-Project-Id": project,
        "X-Roles": roles,
    }


ALICE = persona("alice", "acme")
BOB = persona("bob", "bolt")
ADMIN = persona("root", "operators", "admin")
READER = persona("rita", "acme", "reader")


@frozen
class Answer:
    """
    What a server has answered.
    """

    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        """
        What it says in JSON.
        """
        return json.loads(self.body)

    @property
    def text(self):
        """
        All of it, to look for what must not be there.
        """
        return f"{self.reason}\n{self.headers}\n{self.body.decode(errors='replace')}"


def ask(port, method, path, body=None, headers=None):
    """
    Ask a server at a port of this machine.

    @param body: bytes, a tuple of them for chunks, or what is sent in JSON.
    """
    headers = dict(headers or {})
    if isinstance(body, dict | list):
        headers.setdefault("Content-Type", "application/json")
        body = json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.reason, answer.headers, answer.read())
    finally:
        connection.close()


class PersonasCase(DaemonCase):
    """
    A daemon behind a proxy that says who asks; the tests are the proxy.
    """

    options: ClassVar[dict] = {}
    files: ClassVar[dict] = {}
    """What is beside the configuration: texts by names."""

    def setUp(self):
        super().setUp()
        for name, text in self.files.items():
            (self.place.path / name).write_text(text)
        self.place.configure(auth_strategy="trusted_headers", **self.options)
        self.prepare()
        self.daemon = self.start("glance")

    def prepare(self):
        """
        Do what has to be done before the daemon starts.
        """

    def ask(self, who, method, path, body=None, **headers):
        """
        Ask the API.

        @param headers: further ones, with underscores for dashes.
        """
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.place.api_port, method, path, body, {**who, **said})

    def say(self, who, method, path, said, body=None):
        """
        Ask the API with headers as they are.
        """
        return ask(self.place.api_port, method, path, body, {**who, **said})

    def make(self, who=ALICE, **attributes):
        """
        Make an image without data, and get its id.
        """
        said = {"name": "first", **RAW, **attributes}
        answer = self.ask(who, "POST", "/v2/images", said)
        self.assertEqual(answer.status, 201, answer.text)
        return answer.json["id"]

    def fill(self, image_id, data=DATA, who=ALICE):
        """
        Send the data of an image.
        """
        path = f"/v2/images/{image_id}/file"
        return self.say(who, "PUT", path, OCTETS, data)

    def keep(self, data=DATA, who=ALICE, **attributes):
        """
        Make an image with data, and get its id.
        """
        image_id = self.make(who, **attributes)
        answer = self.fill(image_id, data, who)
        self.assertEqual(answer.status, 204, answer.text)
        return image_id

    def patch(self, who, image_id, *operations, dialect=PATCH):
        """
        Change an image.
        """
        path = f"/v2/images/{image_id}"
        return self.say(who, "PATCH", path, dialect, list(operations))

    def show(self, image_id, who=ALICE):
        """
        Get what is known of an image.
        """
        answer = self.ask(who, "GET", f"/v2/images/{image_id}")
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json

    def fetch(self, image_id, who=ALICE):
        """
        Get the data of an image.
        """
        return self.ask(who, "GET", f"/v2/images/{image_id}/file").body

    def share(self, image_id, project="bolt"):
        """
        Share an image of Alice's.
        """
        path = f"/v2/images/{image_id}/members"
        answer = self.ask(ALICE, "POST", path, {"member": project})
        self.assertEqual(answer.status, 200, answer.text)


class HalfUpload:
    """
    An upload of which half has been sent.
    """

    def __init__(self, case, path, who, method="PUT", size=200_000, **headers):
        connected = socket.create_connection(("127.0.0.1", case.place.api_port), 60)
        case.addCleanup(connected.close)
        self.client = Client(connected)
        connected.settimeout(60)
        said = {**who, **OCTETS, "Transfer-Encoding": "chunked", **headers}
        lines = [f"{name}: {value}" for name, value in said.items()]
        self.client.put(path[1:], *lines, method=method)
        self.send(size)

    def send(self, size):
        """
        Send some more.
        """
        self.client.send(b"%x\r\n%s\r\n" % (size, os.urandom(size)))

    def end(self):
        """
        Send the end, and get the status of the answer.
        """
        self.client.send(b"0\r\n\r\n")
        return self.client.response()[0]

    def go_on(self):
        """
        Send on until there is an answer, or the connection is lost.

        @return: the status of the answer, L{None} for none, and how many seconds
            it took.
        """
        begun = time.monotonic()
        self.client.socket.settimeout(0.1)
        while time.monotonic() < begun + PROMPT:
            try:
                self.send(1000)
                if self.client.receive():
                    break
            except TimeoutError:
                continue
            except OSError:
                return None, time.monotonic() - begun
        self.client.socket.settimeout(60)
        return self.client.response()[0], time.monotonic() - begun
