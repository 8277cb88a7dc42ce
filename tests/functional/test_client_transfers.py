"""
Tests for data that L{glance.client} moves, to and from peers that misbehave.
"""

from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.web.iweb import UNKNOWN_LENGTH

from glance.client import (
    ChecksumMismatch,
    Client,
    ClientConnectionError,
    DataCut,
    Invalid,
    LimitExceeded,
    NotAuthenticated,
)
from glance.client.errors import (
    ConnectionTimeout,
)
from glance.errors import BodyStopped
from glance.streams.bodies import Body, BytesBody, read_all
from tests.functional.peering import DATA, MD5, META, ClientCase
from tests.peer import answer


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
        await self.until(lambda: body.released and self.peer.lost)
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
        await self.until(lambda: body.released)

    async def test_unreadable(self):
        """
        An answer that isn't HTTP, or is broken, ends an upload at once, whether
        the server goes on, closes the connection or just keeps it.  Nothing is
        logged of it.
        """
        refusal = b"HTTP/1.1 413 Too Large\r\n"
        for said in (
            b"SSH-2.0-OpenSSH_9.2p1\r\n",
            b"HTTP/1.1 2oo OK\r\n",
            refusal + b"Content-Length: abc\r\n\r\n",
            refusal + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        ):
            for then in ("write", "loseConnection", "getPeer"):
                body, acts = EndlessBody(), []

                def answers(connection, head, said=said, then=then, acts=acts):
                    more = [b"FOO\r\n"] if then == "write" else []
                    connection.transport.write(said)
                    act = getattr(connection.transport, then)
                    acts.append(reactor.callLater(0.02, act, *more))

                def is_over(body=body, acts=acts):
                    acted = acts and not acts[0].active()
                    return body.released and self.peer.lost and acted

                client = await self.client(answers)
                error = await self.assert_fails(
                    client.add_image({}, body), ClientConnectionError
                )
                self.assertNotIsInstance(error, ConnectionTimeout)
                await self.until(is_over)
                self.assertEqual(self.peer.lost, 1)

    async def test_unreadable_reason(self):
        """
        A refusal whose reason is broken is a refusal yet.
        """

        def refuse(connection, head):
            connection.transport.write(
                b"HTTP/1.1 413 Too Large\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
            )

        client = await self.client(refuse)
        error = await self.assert_fails(
            client.add_image({}, EndlessBody()), LimitExceeded
        )
        self.assertEqual(str(error), "413 Too Large")

    async def test_not_taken(self):
        """
        A server that takes no data is given up.
        """
        client = await self.client(
            lambda c, head: c.transport.pauseProducing(), timeout=0.2
        )
        body = EndlessBody()
        await self.assert_fails(client.add_image({}, body), ConnectionTimeout)
        await self.until(lambda: body.released)

    async def test_not_settled(self):
        """
        A server that says nothing once it has all data is given up, by who is
        less patient than others.
        """
        client = await self.client(lambda c, head: None, timeout=0.1)
        await self.assert_fails(client.add_image({}, b"data"), ConnectionTimeout)

    async def test_cancel(self):
        """
        A cancelled upload stops at once.
        """
        client = await self.client(lambda c, head: None)
        body = EndlessBody()
        adding = client.add_image({}, body)
        await self.until(lambda: self.peer.heads)
        adding.addErrback(lambda failure: None)
        adding.cancel()
        await self.until(lambda: body.released and self.peer.lost)
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

    async def test_wrong_length(self):
        """
        Data that isn't as long as it says is an error of whoever gives it.
        """
        for length in (len(DATA) - 1, len(DATA) + 1):
            body = BytesBody(DATA)
            body.length = length
            client = await self.client(lambda c, head: None)
            await self.assert_fails(client.add_image({}, body), Invalid)

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
                b"HTTP/1.1 200 OK\r\nX-Image-Meta-Id: x\r\n"
                b"X-Image-Meta-Size: %s\r\n\r\nda" % size
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
        await self.until(lambda: self.peer.lost)
        self.assertEqual(self.peer.lost, 1)

    async def test_back_pressure(self):
        """
        A consumer that has no room stops the server, and one that has goes on.
        """
        big = bytes(1 << 25)
        meta = {"X-Image-Meta-Id": "x", "X-Image-Meta-Size": str(len(big))}
        client = await self.client(answer("200 OK", meta, big))
        _, body = await client.get_image("an-id")
        # Meanwhile the first of the data is here.
        await deferLater(reactor, 0.05)
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
        await self.until(lambda: self.peer.lost)
        self.assertEqual(self.peer.lost, 1)
