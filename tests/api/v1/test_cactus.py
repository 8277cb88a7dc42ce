"""
Tests for L{glance.api.v1.images}, as clients of 2011 know it.
"""

import orjson
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from glance.image import Status
from tests.api.v1.calling import DATA, ID, MD5, OCTETS, CallingTestCase, meta, raw

PUBLIC = meta(is_public="True", name="a")


class CactusTests(CallingTestCase):
    """
    The API without a version.
    """

    base = ""

    def test_headers(self):
        """
        Each field is a header, spelled with underscores, and what has no value
        is an empty one: so is the location.
        """
        image_id = self.create(PUBLIC)
        protocol, transport = self.service.connect()
        request = f"HEAD /images/{image_id} HTTP/1.1\r\nHost: a\r\n\r\n"
        protocol.dataReceived(request.encode())
        lines = [line.rstrip() for line in transport.value().split(b"\r\n")]
        for line in (
            b"X-Image-Meta-Id: " + image_id.encode(),
            b"X-Image-Meta-Name: a",
            b"X-Image-Meta-Disk_format:",
            b"X-Image-Meta-Container_format:",
            b"X-Image-Meta-Size: 0",
            b"X-Image-Meta-Checksum:",
            b"X-Image-Meta-Status: queued",
            b"X-Image-Meta-Is_public: True",
            b"X-Image-Meta-Location:",
            b"X-Image-Meta-Created_at: 2011-04-15T12:00:00.000000",
            b"X-Image-Meta-Deleted_at:",
            b"X-Image-Meta-Deleted: False",
            b"Content-Length: 0",
        ):
            with self.subTest(line):
                self.assertIn(line, lines)

    def test_where(self):
        """
        Each answer about one image says where that is, and what its data is.
        """
        image_id = self.create(raw(is_public="True"), DATA)
        where = f"http://glance.example:9292/images/{image_id}"
        for method in ("HEAD", "GET", "PUT"):
            with self.subTest(method):
                answer = self.ask(method, f"/{image_id}")
                self.assertEqual(answer.header("location"), where)
                self.assertEqual(answer.header("etag"), f'"{MD5}"')
        answer = self.ask("POST")
        self.assertIn("http://glance.example:9292/images/", answer.header("location"))
        self.assertIsNone(answer.header("etag"))

    def test_json(self):
        """
        The fields that clients of 2011 read are there, and no real location.
        """
        answer = self.ask("POST", "", [OCTETS, *PUBLIC], DATA)
        image = orjson.loads(answer.body)["image"]
        for name, value in (
            ("status", "active"),
            ("location", None),
            ("deleted", False),
            ("deleted_at", None),
            ("is_public", True),
            ("properties", {}),
        ):
            self.assertEqual(image[name], value)

    def test_lists(self):
        """
        All public images are listed, the oldest first, whatever is asked.
        """
        made = []
        for _ in range(30):
            self.service.clock.advance(1)
            made.append(self.create(PUBLIC))
        self.create(meta(name="private"))
        self.assertEqual(self.listed(), made)
        self.assertEqual(self.listed("limit=nonsense&marker=1", "/detail"), made)

    def test_killed(self):
        """
        That an upload failed is seen in lists.
        """
        self.ask("POST", "", [OCTETS, *PUBLIC, *meta(id=ID, size=1)], DATA)
        self.assertIs(self.known(ID).status, Status.KILLED)
        self.assertEqual(self.listed(), [ID])

    def test_deleted(self):
        """
        A deleted image isn't found.
        """
        image_id = self.create(PUBLIC)
        self.assertEqual(self.ask("DELETE", f"/{image_id}").status, 200)
        for method in ("HEAD", "GET", "PUT", "DELETE"):
            self.assertEqual(self.ask(method, f"/{image_id}").status, 404)

    def test_purge(self):
        """
        Properties that a PUT doesn't name go, also when it brings data.
        """
        for headers, body in (([], None), ([OCTETS], DATA)):
            image_id = self.create(meta(property_a="1"))
            self.ask("PUT", f"/{image_id}", headers, body)
            self.assertEqual(self.known(image_id).properties, {})

    def test_no_formats(self):
        """
        An image can be filled without formats, at once and later.
        """
        self.assertEqual(self.ask("POST", "", [OCTETS], DATA).status, 201)
        image_id = self.create()
        answer = self.ask("PUT", f"/{image_id}", [OCTETS], DATA)
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.ask("GET", f"/{image_id}").body, DATA)

    def test_size_unknown(self):
        """
        A size of zero, as clients of 2011 send back, is no promise.
        """
        image_id = self.create(meta(size=0))
        self.assertIs(self.known(image_id).status, Status.QUEUED)
        answer = self.ask("PUT", f"/{image_id}", [OCTETS, *meta(size=0)], DATA)
        self.assertEqual(answer.status, 200)

    def test_sent_back(self):
        """
        What HEAD tells can be sent back with a PUT, and changes nothing.
        """
        image_id = self.create([*raw(), *PUBLIC, *meta(property_a="1")], DATA)
        before = self.known(image_id)
        headers = [
            (name, value)
            for name, [value] in self.ask(
                "HEAD", f"/{image_id}"
            ).headers.getAllRawHeaders()
            if name.startswith(b"X-Image-Meta-")
        ]
        for base in ("/v1", ""):
            answer = self.service.ask("PUT", f"{base}/images/{image_id}", headers)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(self.known(image_id), before)


class NotCopiedTests(CallingTestCase):
    """
    What was wrong in 2011 isn't.
    """

    base = ""

    def test_taken(self):
        """
        An id that is taken is refused with 409, not 500.
        """
        self.create(meta(id=ID))
        self.assertEqual(self.ask("POST", "", meta(id=ID)).status, 409)

    def test_truncated(self):
        """
        An upload that ends too soon does not make an active image.
        """
        protocol, _ = self.service.connect()
        lines = ["POST /images HTTP/1.1", "Host: a", "Content-Length: 100"]
        lines += [f"{n}: {v}" for n, v in [OCTETS, *meta(id=ID)]]
        protocol.dataReceived("\r\n".join([*lines, "", "abc"]).encode())
        protocol.connectionLost(Failure(ConnectionDone()))
        self.assertIs(self.known(ID).status, Status.KILLED)
        self.assertEqual(self.keys(), [])

    def test_orphans(self):
        """
        Data of another checksum than was said is removed, and the image does
        not keep the checksum as if it were the data's.
        """
        headers = [OCTETS, *meta(id=ID, checksum="0" * 32)]
        self.assertEqual(self.ask("POST", "", headers, DATA).status, 400)
        self.assertEqual(self.keys(), [])
        self.assertIs(self.known(ID).status, Status.KILLED)

    def test_status_and_id(self):
        """
        A PUT changes neither status nor id.
        """
        image_id = self.create()
        for headers in (meta(status="active"), meta(id=ID)):
            answer = self.ask("PUT", f"/{image_id}", headers)
            self.assertEqual(answer.status, 403)
        self.assertIs(self.known(image_id).status, Status.QUEUED)

    def test_file_gone(self):
        """
        An image whose data is missing can be deleted.
        """
        image_id = self.create([OCTETS], DATA)
        for key in self.keys():
            self.successResultOf(self.service.store.delete(key))
        self.assertEqual(self.ask("DELETE", f"/{image_id}").status, 200)
        self.assertEqual(self.ask("HEAD", f"/{image_id}").status, 404)

    def test_locations(self):
        """
        No file of the server, nor anything else, becomes an image's data.
        """
        image_id = self.create()
        for location in ("file:///etc/passwd", "foo://bar", "http://localhost/"):
            for method, path in (("POST", ""), ("PUT", f"/{image_id}")):
                answer = self.ask(method, path, meta(location=location))
                self.assert_refused(answer, 400, b"External sources are not supported")

    def test_no_tag(self):
        """
        What has no checksum has no entity tag: not the word None.
        """
        image_id = self.create()
        self.assertIsNone(self.ask("HEAD", f"/{image_id}").header("etag"))

    def test_not_escaped(self):
        """
        What a client sends is text in an error that is a page.
        """
        headers = [("Accept", "text/html"), *meta(disk_format="<script>")]
        answer = self.ask("POST", "", headers)
        self.assert_refused(answer, 400, b"Invalid disk format '&lt;script&gt;'")
        self.assertEqual(answer.header("content-type"), "text/html; charset=UTF-8")

    def test_created_at(self):
        """
        A time that the client gives is ignored, not an error of the server's.
        """
        answer = self.ask("POST", "", meta(created_at="yesterday"))
        self.assertEqual(answer.status, 201)
