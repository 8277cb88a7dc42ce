"""
Tests for uploads through L{glance.api.v1.images}, as the last v1.
"""

import orjson
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from glance.image import Status
from glance.limits import Limits
from glance.stores.memory import MemoryStore
from tests.api.assembly import Service, member_of
from tests.api.v1.calling import (
    DATA,
    ID,
    MD5,
    NOTHING_MD5,
    OCTETS,
    CallingTestCase,
    meta,
    raw,
)


class UploadTests(CallingTestCase):
    """
    POST and PUT fill images.
    """

    def assert_killed(self, image_id=ID):
        """
        Check that an image is killed, and that nothing is left of its data.
        """
        self.assertIs(self.known(image_id).status, Status.KILLED)
        self.assertEqual(self.keys(), [])

    def test_active(self):
        """
        The image is active, and its data is in the store.
        """
        image_id = self.create(raw(), DATA)
        image = self.known(image_id)
        self.assertIs(image.status, Status.ACTIVE)
        self.assertEqual((image.size, image.checksum), (len(DATA), MD5))
        self.assertEqual(image.os_hash_algo, "sha512")
        self.assertEqual(len(self.keys()), 1)

    def test_chunked(self):
        """
        How much data there is need not be said.
        """
        answer = self.ask("POST", "", raw(id=ID), chunks=[DATA[:5], DATA[5:]])
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.header("etag"), f'"{MD5}"')
        self.assertEqual(self.ask("GET", f"/{ID}").body, DATA)

    def test_empty_chunked(self):
        """
        A body that turns out to be empty makes an image without any data.
        """
        answer = self.ask("POST", "", raw(id=ID), chunks=[])
        image = orjson.loads(answer.body)["image"]
        self.assertEqual(image["status"], "active")
        self.assertEqual((image["size"], image["checksum"]), (0, NOTHING_MD5))
        answer = self.ask("GET", f"/{ID}")
        self.assertEqual((answer.status, answer.body), (200, b""))

    def test_size_zero(self):
        """
        So does a size of zero.
        """
        self.create(meta(id=ID, size=0))
        answer = self.ask("GET", f"/{ID}")
        self.assertEqual((answer.status, answer.body), (200, b""))

    def test_no_length(self):
        """
        A body of no bytes is none: the image waits for its data.
        """
        answer = self.ask("POST", "", raw(id=ID), b"")
        self.assertEqual(answer.status, 201)
        self.assertIs(self.known(ID).status, Status.QUEUED)

    def test_later(self):
        """
        The data can follow, and the formats with it.
        """
        self.create(meta(id=ID))
        answer = self.ask("PUT", f"/{ID}", raw(), DATA)
        self.assertEqual(answer.status, 200)
        self.assertIsNone(answer.header("location"))
        self.assertEqual(self.ask("GET", f"/{ID}").body, DATA)

    def test_content_type(self):
        """
        Data of any type but the one kills the image, before it is read.
        """
        for content_type in (
            "text/plain",
            "application/octet-stream; charset=utf-8",
            "application/x-www-form-urlencoded",
            None,
        ):
            for method, path in (("POST", ""), ("PUT", f"/{ID}")):
                with self.subTest(method, content_type=content_type):
                    self.setUp()
                    if method == "PUT":
                        self.create(meta(id=ID))
                    headers = raw(**({"id": ID} if method == "POST" else {}))[1:]
                    if content_type is not None:
                        headers.append(("Content-Type", content_type))
                    protocol, transport = self.service.connect()
                    lines = [f"{method} /v1/images{path} HTTP/1.1", "Host: a"]
                    lines += [f"{name}: {value}" for name, value in headers]
                    lines += ["Content-Length: 1000000", "", ""]
                    protocol.dataReceived("\r\n".join(lines).encode())
                    answer = transport.value()
                    self.assertIn(b"HTTP/1.1 400 ", answer)
                    self.assertIn(
                        b"Content-Type must be application/octet-stream", answer
                    )
                    self.assert_killed()

    def test_mismatch(self):
        """
        Data that isn't as was said kills the image.
        """
        for said, message in (
            ({"size": 10}, b"Supplied size (10) and size generated from uploaded"),
            ({"size": 0}, b"Supplied size (0)"),
            ({"checksum": "0" * 32}, b"did not match"),
        ):
            for chunked in (False, True):
                with self.subTest(said, chunked=chunked):
                    self.setUp()
                    how = {"chunks": [DATA]} if chunked else {"body": DATA}
                    answer = self.ask("POST", "", raw(id=ID, **said), **how)
                    self.assert_refused(answer, 400, message)
                    self.assert_killed()

    def test_mismatch_with_what_was_said_before(self):
        """
        What was said when the image was made counts as well.
        """
        self.create(raw(id=ID, checksum="0" * 32))
        answer = self.ask("PUT", f"/{ID}", raw(), DATA)
        self.assert_refused(answer, 400, b"did not match")
        self.assert_killed()

    def test_killed(self):
        """
        A killed image cannot be filled again.
        """
        self.ask("POST", "", raw(id=ID, size=1), DATA)
        answer = self.ask("PUT", f"/{ID}", [OCTETS], DATA)
        self.assert_refused(answer, 409, b"Cannot upload to an unqueued image")

    def test_too_large(self):
        """
        Data that is known to be too much is refused, and what turns out to be
        kills the image.
        """
        self.service.limits = Limits(image_size_cap=10)
        for headers, body in ((raw(id=ID), DATA), (raw(id=ID, size=11), b"short")):
            answer = self.ask("POST", "", headers, body)
            self.assert_refused(answer, 400, b"larger than the 10 bytes allowed")
        self.assertEqual(self.ask("HEAD", f"/{ID}").status, 404)
        answer = self.ask("POST", "", raw(id=ID), chunks=[DATA[:5], DATA[5:]])
        self.assert_refused(answer, 413)
        self.assert_killed()

    def test_full(self):
        """
        Where the store has no room, that is said.
        """
        self.service = Service(self, {"memory": MemoryStore(room=5)})
        answer = self.ask("POST", "", raw(id=ID), DATA)
        self.assert_refused(answer, 413)
        self.assert_killed()

    def test_store(self):
        """
        The data goes to the store that is asked for.
        """
        stores = {"first": MemoryStore(), "second": MemoryStore()}
        self.service = Service(self, stores)
        self.create(raw(id=ID, store="second"), DATA)
        self.assertEqual(self.keys(), [])
        self.assertEqual(self.known(ID).locations[0].store, "second")
        answer = self.ask("PUT", f"/{ID}", meta(store="third"))
        self.assertEqual(answer.status, 400)

    def test_others(self):
        """
        Nobody fills an image that it may not change.
        """
        self.create(raw(id=ID, owner="a", is_public="True"))
        image = self.known(ID)
        self.service.context = member_of("b")
        self.assertEqual(self.ask("PUT", f"/{ID}", raw(), DATA).status, 403)
        self.assertEqual(self.known(ID), image)


class ConnectionTests(CallingTestCase):
    """
    Data comes as the client sends it, or doesn't.
    """

    def start(self, **attributes):
        """
        Begin an upload, without its data.
        """
        protocol, transport = self.service.connect()
        lines = ["POST /v1/images HTTP/1.1", "Host: a", "Content-Length: 10"]
        lines += [f"{n}: {v}" for n, v in raw(id=ID, **attributes)]
        protocol.dataReceived("\r\n".join([*lines, "", ""]).encode())
        return protocol, transport

    def test_streams(self):
        """
        The image is being saved as soon as the headers are in.
        """
        protocol, transport = self.start()
        self.assertIs(self.known(ID).status, Status.SAVING)
        protocol.dataReceived(b"01234")
        self.assertEqual(transport.value(), b"")
        protocol.dataReceived(b"56789")
        self.assertIn(b"HTTP/1.1 201 ", transport.value())
        self.assertEqual(self.ask("GET", f"/{ID}").body, b"0123456789")

    def test_lost(self):
        """
        A client that goes away kills the image; nothing is left of its data.
        """
        protocol, _ = self.start()
        protocol.dataReceived(b"012")
        protocol.connectionLost(Failure(ConnectionLost()))
        self.assertIs(self.known(ID).status, Status.KILLED)
        self.assertEqual(self.keys(), [])

    def test_deleted_meanwhile(self):
        """
        An image that is deleted while its data comes stays deleted, and
        nothing is left of the data.
        """
        protocol, transport = self.start()
        self.assertEqual(self.ask("DELETE", f"/{ID}").status, 200)
        protocol.dataReceived(b"0123456789")
        self.assertIn(b"HTTP/1.1 412 ", transport.value())
        self.assertEqual(self.ask("GET", f"/{ID}").status, 404)
        self.assertEqual(self.keys(), [])

    def test_twice(self):
        """
        Of two uploads to one image, the second is refused, and the first goes
        on.
        """
        protocol, transport = self.start()
        answer = self.ask("PUT", f"/{ID}", [OCTETS], DATA)
        self.assert_refused(answer, 409)
        protocol.dataReceived(b"0123456789")
        self.assertIn(b"HTTP/1.1 201 ", transport.value())
        self.assertEqual(self.ask("GET", f"/{ID}").body, b"0123456789")

    def test_continue(self):
        """
        A client that waits to be told is told to send data that is wanted, and
        only such.
        """
        for size, expected in (("10", b"100 Continue"), ("nonsense", b"400 Bad")):
            self.setUp()
            protocol, transport = self.service.connect()
            lines = ["POST /v1/images HTTP/1.1", "Host: a", "Content-Length: 10"]
            lines += ["Expect: 100-continue"]
            lines += [f"{n}: {v}" for n, v in raw(id=ID, size=size)]
            protocol.dataReceived("\r\n".join([*lines, "", ""]).encode())
            self.assertTrue(transport.value().startswith(b"HTTP/1.1 " + expected))
            self.assertEqual(transport.value().count(b"HTTP/1.1 "), 1)
