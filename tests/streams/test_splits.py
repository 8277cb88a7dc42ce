"""
The network cuts what it carries wherever it likes: nobody may see where.
"""

from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from tests.streams.talk import HOST, TalkTestCase, in_chunks, pieces_of

CUTS = st.none() | st.lists(st.integers(1, 900), max_size=12)

DATA = st.binary(max_size=60) | st.just(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")


@frozen
class Said:
    """
    A request, and what is to become of it.
    """

    wire: bytes
    asked: tuple
    ends: bool
    """Whether nothing after it is answered."""


@st.composite
def requests(draw):
    """
    Get a request that is well-formed.
    """
    target = draw(st.sampled_from([b"/", b"/late", b"/drop"]))
    framing = draw(st.sampled_from(["none", "length", "chunks", "chunks"]))
    version = draw(st.sampled_from([b"1.1"] * 9 + [b"1.0"]))
    if version == b"1.0" and framing == "chunks":
        framing = "length"
    closing = version == b"1.0" or draw(st.sampled_from([False] * 9 + [True]))
    data = b"" if framing == "none" else draw(DATA)
    method = b"GET" if framing == "none" else b"PUT"
    fields = draw(
        st.lists(
            st.sampled_from([b"A: b", b"X-A:\t b ", b"Expect: 100-continue"]),
            max_size=2,
            unique=True,
        )
    )
    sent = data
    if framing == "length":
        fields.append(b"Content-Length: %d" % len(data))
    elif framing == "chunks":
        fields.append(b"transfer-encoding: Chunked")
        cuts = draw(st.lists(st.integers(1, 60), max_size=4))
        extension = draw(st.sampled_from([b"", b";a=b", b";a"]))
        trailer = draw(st.sampled_from([b"", b"A: b\r\n", b"C: \xe9\r\n"]))
        sent = in_chunks(pieces_of(data, cuts) if data else [], extension, trailer)
    if closing and version == b"1.1":
        fields.append(b"Connection: close")
    blank = draw(st.sampled_from([b"", b"", b"\r\n"]))
    lines = b"".join(field + b"\r\n" for field in fields)
    head = b"%b %b HTTP/%b\r\n%b" % (method, target, version, HOST)
    unread = target == b"/drop" and (
        framing == "chunks" or (data and b"Expect: 100-continue" in fields)
    )
    return Said(
        blank + head + lines + b"\r\n" + sent,
        (method, target, None if target == b"/drop" else data),
        closing or bool(unread),
    )


MISCHIEF = [
    *(
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b" ",
        b"\t",
        b"\0",
        b"\x0b",
        b"\x85",
        b"\xff",
    ),
    *(b":", b";", b",", b"=", b'"', b"0", b"1", b"f", b"-", b"+", b"_", b"0x", b"%"),
    *(b"HTTP/1.0", b"HTTP/1.1", b"chunked", b"identity", b"close", b"Host: b\r\n"),
    *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"9" * 5000),
    *(b"0\r\n\r\n", b"5\r\n", b"http://a/", b"\r\n " * 3, b"A: b\r\n" * 600),
]


@st.composite
def mutations(draw):
    """
    Get requests that something has happened to.
    """
    wire = b"".join(one.wire for one in draw(st.lists(requests(), min_size=1)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(wire)))
        until = draw(st.integers(at, min(at + 30, len(wire))))
        match draw(st.sampled_from(["insert", "replace", "repeat", "delete"])):
            case "insert":
                wire = wire[:at] + draw(st.sampled_from(MISCHIEF)) + wire[at:]
            case "replace":
                wire = wire[:at] + draw(st.sampled_from(MISCHIEF)) + wire[at + 1 :]
            case "repeat":
                wire = wire[:until] + wire[at:]
            case "delete":
                wire = wire[:at] + wire[until:]
    return wire


class SplitTests(TalkTestCase):
    """
    However it is cut, what is said is understood as if it weren't.
    """

    @given(st.lists(requests(), min_size=1, max_size=6), CUTS)
    def test_requests(self, said, cuts):
        """
        Each request arrives whole and is answered in turn, until one that ends
        the connection.
        """
        talked = self.talk(b"".join(one.wire for one in said), cuts)
        expected = []
        for one in said:
            expected.append(one.asked)
            if one.ends:
                break
        self.assertEqual(talked.asked, expected)
        bodies = [(200, b"no" if body is None else body) for *_, body in expected]
        self.assertEqual(talked.answers, bodies)
        self.assertEqual(talked.kept, not one.ends)

    @given(mutations(), CUTS)
    def test_mutations(self, wire, cuts):
        """
        What makes no sense makes no other when it is cut; it fails nothing, and
        gets no more answers than there are requests in it.
        """
        whole = self.talk(wire)
        self.assertEqual(self.talk(wire, cuts), whole)
        self.assertLessEqual(len(whole.asked), wire.count(b"HTTP/1."))
        self.assertLessEqual(len(whole.answers), len(whole.asked) + 1)
        self.assertEqual(self.flushLoggedErrors(), [])
