"""
Tests for L{glance.client} over real sockets, against peers that misbehave.
"""

import hashlib
import io
from errno import ENOSPC
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase
from twisted.web.iweb import UNKNOWN_LENGTH

from glance.client import (
    ChecksumMismatch,
    Client,
    ClientConnectionError,
    DataCut,
    Invalid,
    LimitExceeded,
    NotAuthenticated,
    NotFound,
    RedirectException,
    RegistryClient,
    ServiceUnavailable,
    UnexpectedStatus,
)
from glance.client.errors import (
    AlreadyRunning,
    ConnectionTimeout,
    MaxRedirectsExceeded,
)
from glance.errors import BodyStopped
from glance.streams.bodies import Body, BytesBody, read_all
from tests.peer import Peer, answer

DATA = bytes(range(256)) * 1024
MD5 = hashlib.md5(DATA).hexdigest()
IMAGE = b'{"image": {"id": "an-id", "status": "active"}}'
LIST = b'{"images": []}'
META = {"X-Image-Meta-Size": str(len(DATA)), "X-Image-Meta-Checksum": MD5}


def cut_after(count):
    """
    Answer so many bytes of the data, and no more.
    """
    return answer(
        "200 OK",
        META,
        DATA[:count],
        length=len(DATA),
        then=lambda transport: transport.loseConnection(),
    )


class EndlessBody(Body):
    """
    A body that never ends.
    """

    length = UNKNOWN_LENGTH
    written = 0
    released = False

    async def produce(self, write):
        while True:
            await self.ready()
            self.written += 1 << 16
            write(bytes(1 << 16))
            await deferLater(reactor, 0)

    def release(self):
        self.released = True


class ClientCase(TestCase):
    """
    A client, and a peer that it talks to.
    """

    timeout = 20

    async def serve(self, *acts, address="tcp:0:interface=127.0.0.1"):
        """
        Have a peer do C{acts}.
        """
        peer = Peer(*acts)
        port = await serverFromString(reactor, address).listen(peer)

        def stop():
            for connection in peer.connections:
                connection.transport.abortConnection()
            return port.stopListening()

        self.addCleanup(stop)
        peer.port = port.getHost().port if address.startswith("tcp") else 0
        return peer

    def make_client(self, peer, host="127.0.0.1", **kwargs):
        """
        Make a client of C{peer}.
        """
        client = Client(host, peer.port, reactor=reactor, **kwargs)
        self.addCleanup(client.close)
        return client

    async def client(self, *acts, **kwargs):
        """
        Make a client of a new peer that does C{acts}.
        """
        self.peer = await self.serve(*acts)
        return self.make_client(self.peer, **kwargs)

    async def assert_fails(self, deferred, kind):
        """
        Wait for the error that must come.
        """
        with self.assertRaises(kind) as caught:
            await deferred
        return caught.exception


class ReachingTests(ClientCase):
    """
    Tests for how servers are reached.
    """

    async def test_refused(self):
        """
        A server that isn't there is a connection error, which names it.
        """
        peer = await self.serve()
        client = Client("127.0.0.1", 1, reactor=reactor)
        error = await self.assert_fails(client.get_images(), ClientConnectionError)
        self.assertIn("Unable to connect to http://127.0.0.1:1", str(error))
        self.assertEqual(peer.heads, [])

    async def test_ipv6(self):
        """
        A host may be an address of IPv6.
        """
        peer = await self.serve(
            answer("200 OK", {}, LIST), address="tcp:0:interface=\\:\\:1"
        )
        client = self.make_client(peer, "::1")
        self.assertEqual(await client.get_images(), [])
        self.assertIn(f"Host: [::1]:{peer.port}".encode(), peer.heads[0])

    async def test_unix(self):
        """
        A host may be a UNIX socket.
        """
        path = f"s{id(self):x}"
        peer = await self.serve(answer("200 OK", {}, LIST), address=f"unix:{path}")
        client = self.make_client(peer, f"unix:{path}")
        self.assertEqual(await client.get_images(), [])

    async def test_silent(self):
        """
        A server that says nothing is given up.
        """
        client = await self.client(lambda connection, head: None, timeout=0.1)
        await self.assert_fails(client.get_images(), ConnectionTimeout)

    async def test_kept_connection(self):
        """
        What only reads uses a connection again.
        """
        client = await self.client(
            answer("200 OK", {}, LIST), answer("200 OK", {}, LIST)
        )
        await client.get_images()
        await client.get_images()
        self.assertEqual(len(self.peer.connections), 1)

    async def test_dropped_connection(self):
        """
        A kept connection that the server has dropped harms neither what reads
        nor what writes.
        """

        def drop(connection, head):
            connection.transport.loseConnection()

        client = await self.client(
            answer("200 OK", {}, LIST),
            drop,
            answer("200 OK", {}, LIST),
            answer("200 OK", {}, IMAGE),
        )
        await client.get_images()
        await client.get_images()
        image = await client.update_image("an-id", {"name": "x"})
        self.assertEqual(image["id"], "an-id")
        self.assertEqual(len(self.peer.heads), 4)

    async def test_cut_answer(self):
        """
        An answer that is cut is a connection error.
        """
        client = await self.client(
            answer("200 OK", {}, LIST, length=100, then=lambda t: t.loseConnection())
        )
        await self.assert_fails(client.get_images(), ClientConnectionError)

    async def test_no_answer(self):
        """
        A connection that is lost before the answer is a connection error.
        """
        client = await self.client(lambda c, head: c.transport.loseConnection())
        await self.assert_fails(client.update_image("an-id", {}), ClientConnectionError)

    async def test_other_service(self):
        """
        What isn't an answer of Glance is told from one.
        """
        client = await self.client(
            answer("200 OK", {}, b"<html>"), answer("200 OK", {}, b"[1]")
        )
        await self.assert_fails(client.get_images(), UnexpectedStatus)
        await self.assert_fails(client.get_images(), UnexpectedStatus)

    async def test_errors(self):
        """
        A refusal is raised by its status, with what the server says.
        """
        said = b'{"error": {"code": 404, "message": "No such image."}}'
        client = await self.client(
            answer("404 Not Found", {}, said),
            answer("503 Busy", {"Retry-After": "7"}, b"Later."),
            answer("418 Teapot"),
        )
        error = await self.assert_fails(client.get_images(), NotFound)
        self.assertEqual(str(error), "No such image.")
        error = await self.assert_fails(client.get_images(), ServiceUnavailable)
        self.assertEqual((str(error), error.retry_after), ("Later.", 7))
        error = await self.assert_fails(client.get_images(), UnexpectedStatus)
        self.assertEqual((str(error), error.status), ("418 Teapot", 418))

    async def test_registry(self):
        """
        The registry's client speaks as that of 2011.
        """
        self.peer = await self.serve(
            answer("200 OK", {}, LIST),
            answer("200 OK", {}, IMAGE),
            answer("200 OK", {}, IMAGE),
            answer("200 OK"),
        )
        client = RegistryClient("127.0.0.1", self.peer.port, reactor=reactor)
        self.addCleanup(client.close)
        self.assertEqual(await client.get_images(), [])
        await client.add_image({"name": "x"})
        await client.update_image("an-id", {"name": "y"}, purge_props=True)
        self.assertIs(await client.delete_image("an-id"), True)
        lines = [head.split(b" HTTP")[0] for head in self.peer.heads]
        self.assertEqual(
            lines,
            [
                b"GET /images",
                b"POST /images",
                b"PUT /images/an-id",
                b"DELETE /images/an-id",
            ],
        )
        self.assertIn(b"X-Glance-Registry-Purge-Props: true", self.peer.heads[2])


class RedirectTests(ClientCase):
    """
    Tests for redirects.
    """

    async def test_same_origin(self):
        """
        A redirect is followed, and the token goes along.
        """
        client = await self.client(
            answer("302 Found", {"Location": "/v1/elsewhere"}),
            answer("200 OK", {}, LIST),
            auth_tok="secret",
        )
        self.assertEqual(await client.get_images(), [])
        self.assertIn(b"GET /v1/elsewhere", self.peer.heads[1])
        self.assertIn(b"X-Auth-Token: secret", self.peer.heads[1])

    async def test_other_origin(self):
        """
        The token is never sent to another server.
        """
        other = await self.serve(answer("200 OK", {}, LIST))
        location = f"http://127.0.0.1:{other.port}/v1/images"
        client = await self.client(
            answer("307 Go", {"Location": location}), auth_tok="secret"
        )
        self.assertEqual(await client.get_images(), [])
        self.assertIn(b"X-Auth-Token: secret", self.peer.heads[0])
        self.assertNotIn(b"secret", other.heads[0])

    async def test_write_to_other_origin(self):
        """
        Nothing is written to another server.
        """
        other = await self.serve(answer("200 OK", {}, IMAGE))
        location = f"http://127.0.0.1:{other.port}/v1/images"
        client = await self.client(answer("307 Go", {"Location": location}))
        await self.assert_fails(client.add_image({}, DATA), RedirectException)
        self.assertEqual(other.heads, [])

    async def test_endless(self):
        """
        Five redirects are followed, and no sixth.
        """
        client = await self.client(*[answer("301 Go", {"Location": "/v1/x"})] * 7)
        await self.assert_fails(client.get_images(), MaxRedirectsExceeded)
        self.assertEqual(len(self.peer.heads), 6)

    async def test_data_again(self):
        """
        Data that can be sent again is, where the server redirects it.
        """
        client = await self.client(
            answer("307 Go", {"Location": "/v1/x"}),
            answer("201 Created", {}, IMAGE),
        )
        await client.add_image({}, io.BytesIO(b"data"))
        await deferLater(reactor, 0.05)
        self.assertEqual(self.peer.connections[1].data, b"data")

    async def test_data_once(self):
        """
        Data that cannot be sent again is an error there.
        """
        client = await self.client(answer("307 Go", {"Location": "/v1/x"}))
        await self.assert_fails(
            client.add_image({}, BytesBody(b"data")), RedirectException
        )


class UploadTests(ClientCase):
    """
    Tests for what happens to an upload.
    """

    async def test_early_refusal(self):
        """
        A refusal that comes before all data is sent is what is raised, and
        stops the upload; also where it comes in pieces.
        """
        said = b"Too much."

        def refuse(connection, head):
            write = connection.transport.write
            write(b"HTTP/1.1 413 Too Large\r\nContent-Length: %d\r\n\r\n" % len(said))
            reactor.callLater(0.05, write, said)

        client = await self.client(refuse)
        body = EndlessBody()
        error = await self.assert_fails(client.add_image({}, body), LimitExceeded)
        self.assertEqual(str(error), "Too much.")
        await deferLater(reactor, 0.05)
        self.assertTrue(body.released)
        self.assertEqual(self.peer.lost, 1)

    async def test_early_refusal_and_close(self):
        """
        A refusal is also raised where the server closes the connection then.
        """
        client = await self.client(
            answer("401 No", {}, b"Who?", then=lambda t: t.loseConnection())
        )
        await self.assert_fails(client.add_image({}, EndlessBody()), NotAuthenticated)

    async def test_lost(self):
        """
        A connection that is lost meanwhile is a connection error, and stops
        the body.
        """
        client = await self.client(lambda c, head: c.transport.abortConnection())
        body = EndlessBody()
        await self.assert_fails(client.add_image({}, body), ClientConnectionError)
        await deferLater(reactor, 0.05)
        self.assertTrue(body.released)

    async def test_not_taken(self):
        """
        A server that takes no data is given up.
        """
        client = await self.client(
            lambda c, head: c.transport.pauseProducing(), timeout=0.2
        )
        body = EndlessBody()
        await self.assert_fails(client.add_image({}, body), ConnectionTimeout)
        await deferLater(reactor, 0.05)
        self.assertTrue(body.released)

    async def test_cancel(self):
        """
        A cancelled upload stops at once.
        """
        client = await self.client(lambda c, head: None)
        body = EndlessBody()
        adding = client.add_image({}, body)
        await deferLater(reactor, 0.1)
        adding.addErrback(lambda failure: None)
        adding.cancel()
        await deferLater(reactor, 0.05)
        self.assertTrue(body.released)
        self.assertEqual(self.peer.lost, 1)

    async def test_body_fails(self):
        """
        An upload whose data fails is raised as that failure.
        """

        class Broken(Body):
            async def produce(self, write):
                write(b"x")
                raise ZeroDivisionError

        client = await self.client(lambda c, head: None)
        await self.assert_fails(client.add_image({}, Broken()), ZeroDivisionError)

    async def test_file_shrinks(self):
        """
        A file that becomes shorter while it is sent is an error.
        """
        path = Path(self.mktemp())
        path.write_bytes(bytes(1 << 24))

        def shrink(connection, head):
            with path.open("r+b") as file:
                file.truncate(10)

        client = await self.client(shrink)
        await self.assert_fails(client.add_image({}, path), Invalid)

    async def test_unreachable(self):
        """
        Data for a server that isn't there is let go of.
        """
        client = Client("127.0.0.1", 1, reactor=reactor)
        body = EndlessBody()
        await self.assert_fails(client.add_image({}, body), ClientConnectionError)
        self.assertTrue(body.released)


class DownloadTests(ClientCase):
    """
    Tests for what happens to a download.
    """

    async def fetch(self, client):
        """
        Fetch an image into memory.
        """
        _, body = await client.get_image("an-id")
        return await read_all(body, 1 << 20)

    async def test_whole(self):
        """
        Data comes as it was stored, and is asked for as it is.
        """
        client = await self.client(
            answer("200 OK", {**META, "Content-Encoding": "gzip"}, DATA)
        )
        self.assertEqual(await self.fetch(client), DATA)
        self.assertIn(b"Accept-Encoding: identity", self.peer.heads[0])

    async def test_cut(self):
        """
        Data that is cut is an error.
        """
        client = await self.client(
            answer(
                "200 OK",
                META,
                DATA[:9],
                length=len(DATA),
                then=lambda t: t.loseConnection(),
            )
        )
        await self.assert_fails(self.fetch(client), DataCut)

    async def test_cut_without_length(self):
        """
        Data that is cut is an error, also where the connection's end is its
        end.
        """

        def cut(connection, head):
            size = META["X-Image-Meta-Size"].encode()
            connection.transport.write(
                b"HTTP/1.1 200 OK\r\nX-Image-Meta-Size: %s\r\n\r\nda" % size
            )
            connection.transport.loseConnection()

        client = await self.client(cut)
        await self.assert_fails(self.fetch(client), DataCut)

    async def test_damaged(self):
        """
        Data that isn't what was stored is an error.
        """
        client = await self.client(answer("200 OK", META, DATA[:-1] + b"x"))
        error = await self.assert_fails(self.fetch(client), ChecksumMismatch)
        self.assertIn(MD5, str(error))

    async def test_silent(self):
        """
        A download that no longer moves is given up.
        """
        client = await self.client(
            answer("200 OK", META, DATA[:9], length=len(DATA)), timeout=0.2
        )
        await self.assert_fails(self.fetch(client), ConnectionTimeout)

    async def test_stopped_before_its_start(self):
        """
        A body that nobody wants gives its connection up.
        """
        client = await self.client(answer("200 OK", META, DATA * 64, length=1 << 24))
        _, body = await client.get_image("an-id")
        body.stopProducing()
        await deferLater(reactor, 0.05)
        self.assertEqual(self.peer.lost, 1)

    async def test_back_pressure(self):
        """
        A consumer that has no room stops the server, and one that has goes on.
        """
        big = bytes(1 << 25)
        meta = {"X-Image-Meta-Size": str(len(big))}
        client = await self.client(answer("200 OK", meta, big))
        _, body = await client.get_image("an-id")
        taken = []

        class Consumer:
            def write(self, data):
                taken.append(len(data))
                if len(taken) == 1:
                    body.pauseProducing()

        done = body.startProducing(Consumer())
        await deferLater(reactor, 0.3)
        self.assertLess(sum(taken), 1 << 21)
        body.resumeProducing()
        await done
        self.assertEqual(sum(taken), len(big))

    async def test_consumer_fails(self):
        """
        A consumer that fails ends the download with its error.
        """

        class Consumer:
            def write(self, data):
                raise ZeroDivisionError

        client = await self.client(answer("200 OK", META, DATA))
        _, body = await client.get_image("an-id")
        await self.assert_fails(body.startProducing(Consumer()), ZeroDivisionError)

    async def test_stopped(self):
        """
        A body that is stopped says so to who waits for it.
        """
        client = await self.client(answer("200 OK", META, DATA[:9], length=len(DATA)))
        _, body = await client.get_image("an-id")

        class Consumer:
            def write(self, data):
                pass

        done = body.startProducing(Consumer())
        body.stopProducing()
        await self.assert_fails(done, BodyStopped)
        await deferLater(reactor, 0.05)
        self.assertEqual(self.peer.lost, 1)


class SaveTests(ClientCase):
    """
    Tests for downloads into files.
    """

    def setUp(self):
        directory = Path(self.mktemp())
        directory.mkdir()
        self.path = directory / "image"
        self.part = directory / "image.part"

    def head(self):
        """
        Answer a HEAD.
        """
        return answer("200 OK", META)

    def partial(self, at, data=None):
        """
        Answer the rest of the data.
        """
        span = {"Content-Range": f"bytes {at}-{len(DATA) - 1}/{len(DATA)}"}
        return answer("206 Partial", {**META, **span}, data or DATA[at:])

    async def test_whole(self):
        """
        The file holds the data, and no part of it stays.
        """
        came = []
        client = await self.client(answer("200 OK", META, DATA))
        meta = await client.save("an-id", self.path, progress=came.append)
        self.assertEqual(self.path.read_bytes(), DATA)
        self.assertFalse(self.part.exists())
        self.assertEqual(meta["checksum"], MD5)
        self.assertEqual(sum(came), len(DATA))

    async def test_resume(self):
        """
        A download that was cut goes on where it was.
        """
        client = await self.client(
            answer(
                "200 OK",
                META,
                DATA[:99],
                length=len(DATA),
                then=lambda t: t.loseConnection(),
            ),
            self.head(),
            self.partial(99),
        )
        came = []
        await self.assert_fails(client.save("an-id", self.path), DataCut)
        self.assertEqual(self.part.read_bytes(), DATA[:99])
        self.assertFalse(self.path.exists())
        await client.save("an-id", self.path, progress=came.append)
        self.assertEqual(self.path.read_bytes(), DATA)
        self.assertFalse(self.part.exists())
        self.assertEqual(sum(came), len(DATA))
        self.assertIn(b"Range: bytes=99-", self.peer.heads[2])
        self.assertIn(f'If-Range: "{MD5}"'.encode(), self.peer.heads[2])

    async def test_resume_of_another(self):
        """
        A part of something else is thrown away.
        """
        self.part.write_bytes(b"x" * 99)
        client = await self.client(
            self.head(), self.partial(99), answer("200 OK", META, DATA)
        )
        await client.save("an-id", self.path)
        self.assertEqual(self.path.read_bytes(), DATA)

    async def test_resume_without_ranges(self):
        """
        A server that sends all is taken at that.
        """
        self.part.write_bytes(DATA[:99])
        client = await self.client(self.head(), answer("200 OK", META, DATA))
        await client.save("an-id", self.path)
        self.assertEqual(self.path.read_bytes(), DATA)

    async def test_resume_of_all(self):
        """
        A part that lacks nothing needs no download.
        """
        self.part.write_bytes(DATA)
        client = await self.client(self.head())
        await client.save("an-id", self.path)
        self.assertEqual(self.path.read_bytes(), DATA)

    async def test_no_resume(self):
        """
        Nothing is resumed where that isn't wanted.
        """
        self.part.write_bytes(DATA[:99])
        client = await self.client(answer("200 OK", META, DATA))
        await client.save("an-id", self.path, resume=False)
        self.assertEqual(self.path.read_bytes(), DATA)
        self.assertNotIn(b"Range", self.peer.heads[0])

    async def test_damaged(self):
        """
        Damaged data never gets the name of the file.
        """
        client = await self.client(answer("200 OK", META, DATA[:-1] + b"x"))
        await self.assert_fails(client.save("an-id", self.path), ChecksumMismatch)
        self.assertFalse(self.path.exists())

    async def test_refused(self):
        """
        A refusal leaves nothing behind.
        """
        client = await self.client(answer("404 Not Found"))
        await self.assert_fails(client.save("an-id", self.path), NotFound)
        self.assertEqual(list(self.path.parent.iterdir()), [])

    async def test_twice(self):
        """
        Two don't write one file.
        """
        waiting = Deferred()
        client = await self.client(lambda c, head: waiting.callback(None))
        saving = client.save("an-id", self.path)
        await waiting
        await self.assert_fails(client.save("an-id", self.path), AlreadyRunning)
        saving.addErrback(lambda failure: None)
        saving.cancel()
        await saving

    async def test_disk_fails(self):
        """
        A disk that takes no data ends the download with its error.
        """

        def full(f, *args, **kwargs):
            if f.__name__ == "write":
                return fail(OSError(ENOSPC, "No space left on device"))
            return deferToThread(f, *args, **kwargs)

        client = await self.client(answer("200 OK", META, DATA), in_thread=full)
        await self.assert_fails(client.save("an-id", self.path), OSError)
        self.assertFalse(self.path.exists())

    async def test_link(self):
        """
        A part that is a link to elsewhere is not followed.
        """
        elsewhere = self.path.with_name("elsewhere")
        self.part.symlink_to(elsewhere)
        client = await self.client(answer("200 OK", META, DATA))
        await self.assert_fails(client.save("an-id", self.path), OSError)
        self.assertFalse(elsewhere.exists())
