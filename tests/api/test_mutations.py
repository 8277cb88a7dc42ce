"""
Requests that something has happened to on their way to the API.
"""

import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.api.assembly import Service
from tests.streams.talk import HOST, in_chunks, pieces_of

ID = b"71c675ab-d94f-49cd-a114-e12490b328d9"

FORMATS = (
    b"X-Image-Meta-Container-Format: bare\r\nX-Image-Meta-Disk-Format: raw\r\n"
    b"X-Image-Meta-Name: name\r\nX-Image-Meta-Property-os: linux\r\n"
)


def ask(line, fields=b"", data=None, chunked=False):
    """
    Get a request.
    """
    if data is None:
        return line + b" HTTP/1.1\r\n" + HOST + fields + b"\r\n"
    framing, sent = b"Content-Length: %d\r\n" % len(data), data
    if chunked:
        framing, sent = b"Transfer-Encoding: chunked\r\n", in_chunks([data])
    return line + b" HTTP/1.1\r\n" + HOST + fields + framing + b"\r\n" + sent


JSON = b"Content-Type: application/json\r\n"

STREAM = b"Content-Type: application/octet-stream\r\n"

PATCH = b"Content-Type: application/openstack-images-v2.1-json-patch\r\n"

FILE = b"/v2/images/" + ID + b"/file"

REQUESTS = [
    ask(b"GET /"),
    ask(b"GET /v2/images?limit=2&sort=name:asc&name=in:a,b&created_at=gt:2011-01-01"),
    ask(
        b"GET /v1/images/detail?sort_key=name&sort_dir=asc&property-os=linux&size_min=1"
    ),
    ask(b"GET /v2/images/" + ID, b"Accept: application/json\r\n"),
    ask(
        b"POST /v2/images",
        JSON,
        b'{"id": "%b", "name": "\\u00e9", "tags": ["a"], "min_disk": 1, "a": "b",'
        b' "disk_format": "raw", "container_format": "bare"}' % ID,
    ),
    ask(b"PUT " + FILE, STREAM, b"data" * 9),
    ask(b"PUT " + FILE, STREAM, b"data" * 9, chunked=True),
    ask(b"GET " + FILE, b"Range: bytes=1-5,7-\r\nIf-Match: *\r\n"),
    ask(b"HEAD /v1/images/" + ID),
    ask(b"POST /v1/images", STREAM + FORMATS, b"data" * 9),
    ask(b"POST /v1/images", STREAM + FORMATS, b"data" * 9, chunked=True),
    ask(b"PUT /v1/images/" + ID, b"X-Image-Meta-Min_disk: 3\r\n", b""),
    ask(
        b"PATCH /v2/images/" + ID,
        PATCH,
        b'[{"op": "replace", "path": "/name", "value": "b~1c"},'
        b' {"op": "add", "path": "/tags", "value": ["b"]}]',
    ),
    ask(b"PUT /v2/images/" + ID + b"/tags/a%20b", b"", b""),
    ask(b"POST /v2/images/" + ID + b"/members", JSON, b'{"member": "tom"}'),
    ask(b"PUT /v2/images/" + ID + b"/members/tom", JSON, b'{"status": "accepted"}'),
    ask(b"PUT /v1/images/" + ID + b"/members", JSON, b'{"memberships": []}'),
    ask(b"DELETE /v2/images/" + ID),
    ask(b"GET /v2/schemas/images"),
    ask(b"OPTIONS *"),
]

MISCHIEF = [
    *(
        b"\r",
        b"\n",
        b"\r\n",
        b" ",
        b"\t",
        b"\0",
        b"\x0b",
        b"\x85",
        b"\xff",
        b"\xc3\xa9",
    ),
    *(b":", b";", b",", b"=", b'"', b"'", b"\\", b"/", b"//", b"..", b"?", b"&", b"#"),
    *(
        b"%",
        b"%00",
        b"%2F",
        b"%FF",
        b"%C3%A9",
        b"+",
        b"-",
        b"_",
        b"[",
        b"]",
        b"{",
        b"}",
    ),
    *(
        b"0",
        b"-1",
        b"1e999",
        b"9" * 30,
        b"9" * 5000,
        b"NaN",
        b"null",
        b"true",
        b"\\ud800",
    ),
    *(b"a" * 300, b"[" * 2000, b"in:", b"bytes=", b"*", b"image", b"id", b"status"),
]


@st.composite
def mutated(draw):
    """
    Get some requests, one of which something has happened to.
    """
    wire = draw(st.sampled_from(REQUESTS))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(wire)))
        until = draw(st.integers(at, min(at + 20, len(wire))))
        kept = draw(st.sampled_from([at, until]))
        put = draw(st.sampled_from(MISCHIEF) | st.just(wire[at:until] * 2))
        wire = wire[:at] + put + wire[kept:]
    before = draw(st.lists(st.sampled_from(REQUESTS), max_size=3))
    return b"".join([*before, wire, REQUESTS[0]])


class MutationTests(SynchronousTestCase):
    """
    Whatever the API is asked, it has an answer that is not that it failed.
    """

    def setUp(self):
        self.service = Service(self)
        for wire in (REQUESTS[4], REQUESTS[5]):
            protocol, _ = self.service.connect()
            protocol.dataReceived(wire)

    @given(mutated(), st.lists(st.integers(1, 900), max_size=3))
    def test_mutations(self, wire, cuts):
        """
        Nothing fails unexpectedly, whatever comes, in whatever pieces.
        """
        protocol, transport = self.service.connect()
        for piece in pieces_of(wire, cuts):
            if not transport.disconnecting:
                protocol.dataReceived(piece)
        self.assertEqual(self.flushLoggedErrors(), [])
        statuses = [
            int(s) for s in re.findall(rb"HTTP/1.[01] (\d+) ", transport.value())
        ]
        # Of these the first two are about the request.
        self.assertEqual([s for s in statuses if s >= 500 and s not in (501, 505)], [])
