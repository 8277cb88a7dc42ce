"""
What becomes of requests that go wrong, by example.
"""

import orjson

from glance.image import Status
from tests.api.v2.calling import (
    OCTETS,
    RAW,
    CallingTestCase,
)

ID = "5d1f0a3e-7c52-4b3e-9d55-0b6a5e0c1a11"


class ErrorTests(CallingTestCase):
    """
    How errors are told.
    """

    def test_forms(self):
        """
        In JSON, as a page or as text, as the client accepts; what the client
        sent is no markup.
        """
        for headers, content_type in (
            ({"Accept": "application/json"}, "application/json"),
            ({"Accept": ""}, "application/json"),
            ({"Accept": "*/*"}, "text/html; charset=utf-8"),
            ({}, "text/plain; charset=utf-8"),
            ({"Accept": "application/octet-stream"}, "text/plain; charset=utf-8"),
        ):
            answer = self.ask("GET", "/images/<b>", headers)
            self.assertEqual(answer.status, 404)
            said = answer.header("content-type")
            self.assertEqual(said.replace("UTF-8", "utf-8"), content_type)
            self.assertNotIn(b"<b>", answer.body)
        answer = self.ask("GET", "/images/x", {"Accept": "application/json"})
        self.assertEqual(
            orjson.loads(answer.body),
            {
                "message": "No image with that ID was found.",
                "code": "404 Not Found",
                "title": "Not Found",
            },
        )

    def test_methods(self):
        """
        What can't be done there is told from what isn't there.
        """
        path = self.create()
        for method, below, status, allow in (
            ("HEAD", path, 405, "DELETE, GET, PATCH"),
            ("PUT", path, 405, "DELETE, GET, PATCH"),
            ("HEAD", "/images", 405, "GET, POST"),
            ("DELETE", f"{path}/file", 405, "GET, HEAD, PUT"),
            ("GET", f"{path}/actions/deactivate", 405, "POST"),
            ("POST", f"{path}/actions/explode", 404, None),
            ("POST", "/schemas/image", 405, "GET"),
            ("GET", "/schemas/nothing", 404, None),
            ("GET", "/images/", 404, None),
            ("GET", f"{path}/", 404, None),
            ("GET", f"{path}/nothing", 404, None),
            ("GET", "/nothing", 404, None),
            ("GET", "/info/stores", 404, None),
        ):
            with self.subTest(f"{method} {below}"):
                answer = self.ask(method, below)
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.header("allow"), allow)

    def test_unexpected_bodies(self):
        """
        A body where none is expected is refused.
        """
        path = self.create()
        for method, below in (
            ("GET", path),
            ("DELETE", path),
            ("GET", f"{path}/file"),
            ("POST", f"{path}/actions/deactivate"),
            ("PUT", f"{path}/tags/a"),
            ("GET", f"{path}/members"),
            ("DELETE", f"{path}/members/a"),
            ("GET", "/schemas/image"),
            ("GET", "/info/import"),
        ):
            answer = self.ask(method, below, body=b"x")
            self.assertEqual(answer.status, 400, (method, below))
        self.assertEqual(self.ask("DELETE", path, OCTETS, b"").status, 204)

    def test_deleted_meanwhile(self):
        """
        Data of an image that is deleted while it comes goes nowhere.
        """
        path = self.create(**RAW)
        protocol, transport = self.service.connect()
        protocol.dataReceived(
            f"PUT /v2{path}/file HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n"
            "Content-Type: application/octet-stream\r\n\r\n01234".encode()
        )
        self.assertIs(self.known(path).status, Status.SAVING)
        self.assertEqual(self.ask("DELETE", path).status, 204)
        protocol.dataReceived(b"56789")
        self.assertTrue(transport.value().startswith(b"HTTP/1.1 410 "))
        self.assertEqual(self.keys(), [])
