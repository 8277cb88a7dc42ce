"""
Tests of version 2 on the wire.
"""

import itertools

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.assembly import answer_of
from tests.api.v2.calling import DATA, MEMBER, NAMING, RAW, CallingTestCase

ID = "5d1f0a3e-7c52-4b3e-9d55-0b6a5e0c1a11"


def request(method, path, content_type, body, chunked):
    """
    Write a request.
    """
    lines = [
        f"{method} /v2{path} HTTP/1.1",
        "Host: glance",
        f"Content-Type: {content_type}",
    ]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        half = len(body) // 2
        body = b"%x\r\n%b\r\n%x;a=b\r\n%b\r\n0\r\n\r\n" % (
            half,
            body[:half],
            len(body) - half,
            body[half:],
        )
    else:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class SplittingTests(CallingTestCase):
    """
    However the wire splits what a client sends, it is the same.
    """

    def conversation(self, chunked):
        """
        Write requests that make, change, fill and show an image.
        """
        patch = [{"op": "add", "path": "/\N{SNOWMAN}", "value": "y"}]
        return b"".join(
            [
                request(
                    "POST",
                    "/images",
                    "application/json",
                    orjson.dumps({"id": ID, "name": "\N{SNOWMAN}", **RAW}),
                    chunked,
                ),
                request("PATCH", f"/images/{ID}", NAMING, orjson.dumps(patch), chunked),
                request(
                    "PUT",
                    f"/images/{ID}/file",
                    "application/octet-stream",
                    DATA,
                    chunked,
                ),
                f"GET /v2/images/{ID}/file HTTP/1.1\r\nHost: a\r\n"
                "Range: bytes=2-4\r\n\r\n".encode(),
            ]
        )

    @settings(deadline=None, max_examples=60)
    @given(st.booleans(), st.lists(st.integers(1, 900), max_size=12))
    def test_any_splitting(self, chunked, cuts):
        """
        Several requests on one connection, cut anywhere, are all answered.
        """
        self.setUp()
        self.service.context = MEMBER
        data = self.conversation(chunked)
        protocol, transport = self.service.connect()
        places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
        for start, end in itertools.pairwise(places):
            protocol.dataReceived(data[start:end])
        said = transport.value()
        statuses = [
            line.split()[1]
            for line in said.split(b"\r\n")
            if line.startswith(b"HTTP/1.1 ") or b"HTTP/1.1 " in line
        ]
        self.assertEqual(len(statuses), 4, said)
        self.assertIn(b"HTTP/1.1 201 ", said)
        self.assertIn(b"HTTP/1.1 206 ", said)
        self.assertTrue(said.endswith(b"\r\n\r\n234"), said)
        self.assertEqual(self.shown(f"/images/{ID}")["\N{SNOWMAN}"], "y")
        self.assertEqual(answer_of(transport).status, 201)
