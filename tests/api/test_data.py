"""
Tests for L{glance.api.data}.
"""

import base64
import hashlib
from datetime import UTC, datetime

from attrs import evolve
from klein import Klein
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from glance.api.data import send_data
from glance.api.errors import answer_errors
from glance.api.v1.images import FORM
from glance.errors import DataDamaged, DataNotFound
from glance.image import Image, Status
from glance.streams.bodies import Body, BytesBody
from glance.streams.site import StreamingSite

DATA = b"0123456789"
MD5 = hashlib.md5(DATA).hexdigest()
CHANGED = datetime(2011, 4, 15, 12, 32, 43, 123456, tzinfo=UTC)
IMAGE = Image(
    id="71c675ab-d94f-49cd-a114-e12490b328d9",
    status=Status.ACTIVE,
    size=len(DATA),
    checksum=MD5,
    created_at=CHANGED,
    updated_at=CHANGED,
)
LAST_MODIFIED = "Fri, 15 Apr 2011 12:32:43 GMT"
EARLIER = "Fri, 15 Apr 2011 12:32:42 GMT"
LATER = "Fri, 15 Apr 2011 12:32:44 GMT"


class BrokenBody(Body):
    """
    A body that writes something else than its length says.
    """

    def __init__(self, data, error=None):
        super().__init__()
        self.length = len(DATA)
        self.data = data
        self.error = error

    async def produce(self, write):
        if self.data:
            write(self.data)
        if self.error is not None:
            raise self.error


class EndlessBody(Body):
    """
    A body that is written only as far as there is room for it.
    """

    length = len(DATA)
    written = 0
    released = False

    async def produce(self, write):
        while True:
            await self.ready()
            self.written += 1
            write(b"0")
            self.pauseProducing()

    def release(self):
        self.released = True


class Source:
    """
    Opens the data of images, as L{glance.transfers.Transfers} does.
    """

    def __init__(self):
        self.opened = []
        self.body = None
        self.downloads = 0

    async def open(self, image, offset=0, length=None):
        """
        Get a part of the data.
        """
        self.opened.append((offset, length))
        if isinstance(self.body, Exception):
            raise self.body
        if self.body is not None:
            return self.body
        return BytesBody(DATA[offset:][:length])


class Downloads:
    """
    Serves one image.
    """

    app = Klein()
    answer_errors(app)

    def __init__(self):
        self.image = IMAGE
        self.source = Source()

    @app.route("/image", methods=["GET", "HEAD"])
    async def data(self, request):
        """
        Send it.
        """
        return await send_data(request, self.image, self.source, FORM)


class Answer:
    """
    What came over the wire.
    """

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = Headers()
        for line in lines:
            name, _, value = line.partition(": ")
            self.headers.addRawHeader(name, value)

    def header(self, name):
        """
        Get the one header of that name; L{None} if there is none.
        """
        values = self.headers.getRawHeaders(name)
        if values is None:
            return None
        (value,) = values
        return value


class DataCase(SynchronousTestCase):
    """
    Has an image to ask for.
    """

    def setUp(self):
        self.downloads = Downloads()
        self.source = self.downloads.source

    def connect(self, method="GET", **headers):
        """
        Send a request.

        @return: the wire, and the protocol at its other end.
        """
        clock = Clock()
        site = StreamingSite(
            self.downloads.app.resource(),
            clock,
            idle_timeout=None,
            finished=lambda request: None,
        )
        protocol = site.buildProtocol(None)
        wire = StringTransport()
        wire.abortConnection = lambda: setattr(wire, "aborted", True)
        wire.aborted = False
        protocol.makeConnection(wire)
        lines = [f"{method} /image HTTP/1.1", "Host: glance"]
        lines += [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
        protocol.dataReceived("\r\n".join([*lines, "", ""]).encode())
        return wire, protocol

    def ask(self, method="GET", **headers):
        """
        Send a request, and get the answer.
        """
        wire, _ = self.connect(method, **headers)
        self.assertFalse(wire.aborted)
        return Answer(wire.value())


class WholeTests(DataCase):
    """
    L{send_data} sends all of the data.
    """

    def test_data(self):
        """
        The answer is the data, just that, and says how much there is.
        """
        answer = self.ask()
        self.assertEqual((answer.status, answer.body), (200, DATA))
        self.assertEqual(answer.header("content-length"), "10")
        self.assertEqual(answer.header("content-type"), "application/octet-stream")
        self.assertEqual(self.source.opened, [(0, None)])

    def test_checksum(self):
        """
        The checksum is the entity tag, in quotes, and in Content-MD5.
        """
        answer = self.ask()
        self.assertEqual(answer.header("etag"), f'"{MD5}"')
        self.assertEqual(
            base64.b64decode(answer.header("content-md5")), hashlib.md5(DATA).digest()
        )

    def test_no_checksum(self):
        """
        Where there is no checksum, none is told, and no tag fits it.
        """
        self.downloads.image = evolve(IMAGE, checksum=None)
        answer = self.ask(if_none_match="")
        self.assertEqual((answer.status, answer.body), (200, DATA))
        self.assertIsNone(answer.header("etag"))
        self.assertIsNone(answer.header("content-md5"))

    def test_odd_checksum(self):
        """
        A checksum that is no MD5 is only an entity tag.
        """
        self.downloads.image = evolve(IMAGE, checksum="odd")
        answer = self.ask()
        self.assertEqual(answer.header("etag"), '"odd"')
        self.assertIsNone(answer.header("content-md5"))

    def test_caches(self):
        """
        Resuming is offered; no shared cache may keep it for others.
        """
        answer = self.ask()
        self.assertEqual(answer.header("last-modified"), LAST_MODIFIED)
        self.assertEqual(answer.header("accept-ranges"), "bytes")
        self.assertIn("private", answer.header("cache-control"))
        self.assertEqual(answer.header("vary"), "X-Auth-Token, Authorization")

    def test_head(self):
        """
        HEAD answers the same without the data, and opens nothing.
        """
        whole, head = self.ask(), self.ask("HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        for answer in (whole, head):
            answer.headers.removeHeader("x-openstack-request-id")
            answer.headers.removeHeader("date")
        self.assertEqual(head.headers, whole.headers)
        self.assertEqual(len(self.source.opened), 1)

    def test_no_data(self):
        """
        An image of no bytes is an empty answer.
        """
        self.downloads.image = evolve(IMAGE, size=0)
        self.source.body = BytesBody(b"")
        answer = self.ask()
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.header("content-length"), "0")


class PartTests(DataCase):
    """
    L{send_data} sends a part of the data.
    """

    def test_part(self):
        """
        A part is opened and sent, and says which it is.
        """
        answer = self.ask(range="bytes=2-4")
        self.assertEqual((answer.status, answer.body), (206, b"234"))
        self.assertEqual(answer.header("content-range"), "bytes 2-4/10")
        self.assertEqual(answer.header("content-length"), "3")
        self.assertEqual(answer.header("etag"), f'"{MD5}"')
        self.assertIsNone(answer.header("content-md5"))
        self.assertEqual(self.source.opened, [(2, 3)])

    def test_no_such_part(self):
        """
        A part that isn't there is refused with the size of the data; the
        refusal is nobody's cached data.
        """
        answer = self.ask(range="bytes=10-")
        self.assertEqual(answer.status, 416)
        self.assertEqual(answer.header("content-range"), "bytes */10")
        self.assertIsNone(answer.header("etag"))
        self.assertEqual(self.source.opened, [])

    def test_several_parts(self):
        """
        Who asks for several parts gets all.
        """
        self.assertEqual(self.ask(range="bytes=0-1,3-4").body, DATA)

    def test_head(self):
        """
        HEAD takes no notice of parts.
        """
        answer = self.ask("HEAD", range="bytes=2-4")
        self.assertEqual((answer.status, answer.header("content-length")), (200, "10"))

    def test_same_data(self):
        """
        A part is sent if the data is the same as before: by its entity tag,
        as it is or as it was without quotes in 2011, or by its date.
        """
        for validator in (f'"{MD5}"', MD5, LAST_MODIFIED):
            answer = self.ask(range="bytes=8-", if_range=validator)
            self.assertEqual((answer.status, answer.body), (206, b"89"), validator)

    def test_other_data(self):
        """
        All is sent where the data may be another than before.
        """
        for validator in ('"other"', f'W/"{MD5}"', EARLIER, LATER, "nonsense", ""):
            answer = self.ask(range="bytes=8-", if_range=validator)
            self.assertEqual((answer.status, answer.body), (200, DATA), validator)


class UnchangedTests(DataCase):
    """
    L{send_data} sends nothing to who has it.
    """

    def unchanged(self, **headers):
        """
        Tell whether nothing is sent.
        """
        del self.source.opened[:]
        answer = self.ask(**headers)
        if answer.status == 304:
            self.assertEqual((answer.body, self.source.opened), (b"", []))
            self.assertEqual(answer.header("etag"), f'"{MD5}"')
            self.assertIn("private", answer.header("cache-control"))
        else:
            self.assertEqual((answer.status, answer.body), (200, DATA))
        return answer.status == 304

    def test_tag(self):
        """
        Whoever names the entity tag has the data.
        """
        for tag in (f'"{MD5}"', f'W/"{MD5}"', f'"a", "{MD5}"', MD5, "*"):
            self.assertTrue(self.unchanged(if_none_match=tag), tag)

    def test_other_tag(self):
        """
        Whoever names others has not.
        """
        for tag in ('"a"', "a", '"a", "b"', f'"{MD5}a"', ""):
            self.assertFalse(self.unchanged(if_none_match=tag), tag)

    def test_head(self):
        """
        The same goes for HEAD.
        """
        self.assertEqual(self.ask("HEAD", if_none_match=f'"{MD5}"').status, 304)

    def test_date(self):
        """
        So has who has seen it at or after its last change.
        """
        self.assertTrue(self.unchanged(if_modified_since=LAST_MODIFIED))
        self.assertTrue(self.unchanged(if_modified_since=LATER))
        self.assertFalse(self.unchanged(if_modified_since=EARLIER))

    def test_nonsense(self):
        """
        A date that makes no sense is ignored.
        """
        for date in ("yesterday", "", " ", "Fri, 99 Apr 2011 12:32:43 GMT", "1" * 99):
            self.assertFalse(self.unchanged(if_modified_since=date), date)

    def test_tag_before_date(self):
        """
        Where a tag is named, the date doesn't matter.
        """
        self.assertFalse(self.unchanged(if_none_match='"a"', if_modified_since=LATER))

    def test_before_part(self):
        """
        Whoever has the data gets no part of it.
        """
        answer = self.ask(if_none_match=f'"{MD5}"', range="bytes=99-")
        self.assertEqual(answer.status, 304)


class FailureTests(DataCase):
    """
    L{send_data} never sends less than it says as if it were whole.
    """

    def test_missing(self):
        """
        Data that cannot be opened is an error, that has nothing of the data's
        headers.
        """
        self.source.body = DataNotFound("It is missing.")
        answer = self.ask()
        self.assertEqual(answer.status, 404)
        self.assertIsNone(answer.header("etag"))
        self.assertIsNone(answer.header("content-md5"))
        self.assertIn(b"It is missing.", answer.body)

    def test_unknown_size(self):
        """
        Data of unknown size is an error.
        """
        self.downloads.image = evolve(IMAGE, size=None)
        self.assertEqual(self.ask().status, 500)

    def test_fails_at_start(self):
        """
        Data that fails before any of it was sent is an error.
        """
        self.source.body = BrokenBody(b"", DataDamaged("It is short."))
        self.assertEqual(self.ask().status, 500)

    def test_fails(self):
        """
        Data that fails on the way breaks off the connection.
        """
        self.source.body = BrokenBody(b"012", DataDamaged("It is short."))
        wire, _ = self.connect()
        self.assertTrue(wire.aborted)
        self.assertTrue(wire.value().endswith(b"\r\n\r\n012"))

    def test_short(self):
        """
        Data that just ends too early breaks off the connection.
        """
        self.source.body = BrokenBody(b"012")
        wire, _ = self.connect()
        self.assertTrue(wire.aborted)

    def test_nothing(self):
        """
        Data of which nothing comes is an error.
        """
        self.source.body = BrokenBody(b"")
        self.assertEqual(self.ask().status, 500)

    def test_client_gone(self):
        """
        When the client goes away, the data is stopped, and counts no more as
        being sent.
        """
        self.source.body = body = EndlessBody()
        wire, protocol = self.connect()
        self.assertEqual(self.source.downloads, 1)
        self.assertEqual(body.written, 1)
        wire.producer.resumeProducing()
        self.assertEqual(body.written, 2)
        protocol.connectionLost(Failure(ConnectionLost()))
        self.assertTrue(body.released)
        self.assertEqual(self.source.downloads, 0)
        self.assertEqual(body.written, 2)
