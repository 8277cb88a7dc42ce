"""
Tests for L{glance.client.ImageClient} against servers that differ from ours, or
misbehave.
"""

import fcntl
import hashlib
import json
import uuid

from twisted.internet.defer import Deferred

from glance.client import (
    ChecksumMismatch,
    ClientConnectionError,
    DataCut,
    Duplicate,
    Forbidden,
    Gone,
    ImageClient,
    Invalid,
    MultipleChoices,
    NoData,
    NotFound,
    UnexpectedStatus,
    UnsupportedMediaType,
)
from glance.client.errors import AlreadyRunning
from tests.functional.peering import DATA, MD5, ClientCase, SavingCase
from tests.peer import answer

SHA512 = hashlib.sha512(DATA).hexdigest()
HASHED = {
    "id": "an-id",
    "size": len(DATA),
    "checksum": MD5,
    "os_hash_algo": "sha512",
    "os_hash_value": SHA512,
}
JSON = {"Content-Type": "application/json"}


def document(said, status="200 OK"):
    """
    Answer in JSON.
    """
    return answer(status, JSON, json.dumps(said).encode())


def cut(at):
    """
    Answer data that ends too early.
    """
    return answer(
        "200 OK",
        {},
        DATA[:at],
        length=len(DATA),
        then=lambda transport: transport.loseConnection(),
    )


def rest(at, data=DATA):
    """
    Answer the rest of the data, as OpenStack's Glance does: without an ETag.
    """
    span = {"Content-Range": f"bytes {at}-{len(DATA) - 1}/{len(DATA)}"}
    return answer("206 Partial Content", span, data[at:])


class SaveTests(SavingCase):
    """
    Tests for downloads into files.
    """

    kind = ImageClient

    def assert_saved(self):
        """
        The file is there and right, and nothing beside it.
        """
        self.assertTrue(self.path.read_bytes() == DATA)
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    async def test_resume(self):
        """
        A download that was cut goes on where it was.
        """
        client = await self.client(
            document(HASHED), cut(999), document(HASHED), rest(999)
        )
        await self.assert_fails(client.save("an-id", self.path), DataCut)
        self.assertEqual(self.part.read_bytes(), DATA[:999])
        self.assertFalse(self.path.exists())
        came = []
        await client.save("an-id", self.path, progress=came.append)
        self.assert_saved()
        self.assertEqual(sum(came), len(DATA))
        self.assertIn(b"Range: bytes=999-", self.peer.heads[3])
        self.assertIn(f'\r\nIf-Range: "{SHA512}"'.encode(), self.peer.heads[3])

    async def test_changed(self):
        """
        If the image is another by now, all of it is fetched.
        """
        self.part.write_bytes(b"x" * 999)
        client = await self.client(document(HASHED), answer("200 OK", {}, DATA))
        await client.save("an-id", self.path)
        self.assert_saved()

    async def test_changed_unseen(self):
        """
        So it is where the server doesn't know C{If-Range}.
        """
        self.part.write_bytes(b"x" * 999)
        client = await self.client(
            document(HASHED), rest(999), answer("200 OK", {}, DATA)
        )
        came = []
        await client.save("an-id", self.path, progress=came.append)
        self.assert_saved()
        self.assertEqual(sum(came), len(DATA))

    async def test_too_much(self):
        """
        A part that is larger than the image is no part of it.
        """
        self.part.write_bytes(DATA + b"x")
        client = await self.client(document(HASHED), answer("200 OK", {}, DATA))
        await client.save("an-id", self.path)
        self.assert_saved()

    async def test_damaged(self):
        """
        Damaged data never gets the name of the file, and isn't kept.
        """
        for image in (
            HASHED,
            {**HASHED, "os_hash_value": None, "os_hash_algo": None},
            {**HASHED, "os_hash_algo": "unheard-of"},
        ):
            bad = answer("200 OK", {}, DATA[:-1] + b"x")
            client = await self.client(document(image), bad)
            await self.assert_fails(client.save("an-id", self.path), ChecksumMismatch)
            self.assertEqual(list(self.path.parent.iterdir()), [])

    async def test_damaged_replaces_nothing(self):
        """
        What had the name of the file keeps it.
        """
        self.path.write_bytes(b"old")
        bad = answer("200 OK", {}, DATA[:-1] + b"x")
        client = await self.client(document(HASHED), bad)
        await self.assert_fails(client.save("an-id", self.path), ChecksumMismatch)
        self.assertEqual(self.path.read_bytes(), b"old")

    async def test_no_hash(self):
        """
        Where nothing is known of the data, a part of it is not trusted.
        """
        self.part.write_bytes(DATA[:999])
        image = {"id": "an-id", "size": len(DATA)}
        client = await self.client(document(image), answer("200 OK", {}, DATA))
        await client.save("an-id", self.path)
        self.assert_saved()
        self.assertNotIn(b"Range:", self.peer.heads[1])

    async def test_no_data(self):
        """
        An image without data makes no file.
        """
        client = await self.client(
            document({"id": "an-id", "size": None}), answer("204 No Content")
        )
        await self.assert_fails(client.save("an-id", self.path), NoData)
        self.assertEqual(list(self.path.parent.iterdir()), [])

    async def test_finished_meanwhile(self):
        """
        A part that somebody else finishes just then is no part any more.
        """
        self.part.write_bytes(b"finished")
        lock = fcntl.flock

        def finish(fd, how):
            if self.part.exists() and not self.path.exists():
                self.part.rename(self.path)
            lock(fd, how)

        self.patch(fcntl, "flock", finish)
        client = await self.client(document(HASHED), answer("403 Forbidden"))
        saving = client.save("an-id", self.path, resume=False)
        await self.assert_fails(saving, Forbidden)
        self.assertEqual(self.path.read_bytes(), b"finished")

    async def test_twice(self):
        """
        Two don't write one file.
        """
        waiting = Deferred()
        client = await self.client(
            document(HASHED), lambda c, head: waiting.callback(None), document(HASHED)
        )
        saving = client.save("an-id", self.path)
        await waiting
        await self.assert_fails(client.save("an-id", self.path), AlreadyRunning)
        saving.addErrback(lambda failure: None)
        saving.cancel()
        await saving


class AnswerTests(ClientCase):
    """
    Tests for what servers answer.
    """

    kind = ImageClient

    async def test_reasons(self):
        """
        A refusal tells its reason, however it is written.
        """
        html = (
            b"<html>\n <head>\n  <title>403 Forbidden</title>\n </head>\n <body>\n"
            b"  <h1>403 Forbidden</h1>\n  You &lt;may&gt; not.<br /><br />\n\n\n\n"
            b" </body>\n</html>"
        )
        for status, body, kind, reason in (
            ("403 Forbidden", html, Forbidden, "You <may> not."),
            ("403 Forbidden", b"403 Forbidden\n\nNo.\n\n   ", Forbidden, "No."),
            (
                "404 Not Found",
                b'{"message": "None such.<br /><br />\\n\\n\\n", "code": "404"}',
                NotFound,
                "None such.",
            ),
            ("409 Conflict", b'{"error": {"message": "No."}}', Duplicate, "No."),
            ("410 Gone", b"Gone.", Gone, "Gone."),
            ("400 Bad Request", b"", Invalid, "400 Bad Request"),
            ("415 No", b"<b>", UnsupportedMediaType, "<b>"),
            ("300 Multiple Choices", b"{}", MultipleChoices, "{}"),
        ):
            client = await self.client(answer(status, {}, body))
            error = await self.assert_fails(client.show("an-id"), kind)
            self.assertEqual(str(error), reason)

    async def test_redirected(self):
        """
        A redirection is followed.
        """
        client = await self.client(
            answer("302 Found", {"Location": "/v2/images/other"}),
            document({"id": "other"}),
        )
        self.assertEqual((await client.show("an-id"))["id"], "other")

    async def test_no_glance(self):
        """
        What is no answer of Glance is told so.
        """
        for act in (
            document([]),
            document({"images": 5}),
            answer("200 OK", {}, b"<html>"),
            answer("204 No Content"),
        ):
            client = await self.client(act)
            await self.assert_fails(client.list(), UnexpectedStatus)

    async def test_prefix(self):
        """
        The next page is asked for where the first was, behind whatever proxy.
        """
        image = {"id": "a"}
        pages = (
            document({"images": [image], "next": "/v2/images?limit=1&tag=a&tag=b+c"}),
            document({"images": [image]}),
        )
        self.peer = await self.serve(*pages)
        client = self.make_client(self.peer, doc_root="/image/v2")
        self.assertEqual(await client.list(tag=["a", "b c"]), [image] * 2)
        for head in self.peer.heads:
            self.assertTrue(head.startswith(b"GET /image/v2/images?"), head)
        self.assertIn(b"limit=1&tag=a&tag=b+c ", self.peer.heads[1])

    async def test_whole_id(self):
        """
        What is a whole ID is not looked for among the beginnings of all.
        """
        none = document({"images": []})
        client = await self.client(answer("404 Not Found"), none, none)
        unknown = str(uuid.uuid4())
        await self.assert_fails(client.find(unknown), NotFound)
        self.assertEqual(len(self.peer.heads), 3)

    async def test_endless(self):
        """
        A list that goes on with the same page is given up.
        """
        page = {"images": [{"id": "a"}], "next": "/v2/images?marker=a"}
        client = await self.client(document(page), document(page), document(page))
        await self.assert_fails(client.list(), UnexpectedStatus)

    async def test_lost_upload(self):
        """
        If the server goes away while it is sent data, the image is taken back.
        """
        gone = answer("204 No Content")
        client = await self.client(
            document({"id": "an-id"}, "201 Created"),
            lambda connection, head: connection.transport.abortConnection(),
            gone,
        )
        await self.assert_fails(client.create({}, DATA), ClientConnectionError)
        self.assertTrue(self.peer.heads[2].startswith(b"DELETE /v2/images/an-id "))

    async def test_upload(self):
        """
        An upload says what it is, and how much.
        """
        client = await self.client(answer("204 No Content"))
        await client.upload("an-id", b"data")
        [head] = self.peer.heads
        self.assertTrue(head.startswith(b"PUT /v2/images/an-id/file "), head)
        for header in (
            b"Content-Length: 4",
            b"Content-Type: application/octet-stream",
            b"X-Openstack-Image-Size: 4",
        ):
            self.assertIn(header.lower(), head.lower())
