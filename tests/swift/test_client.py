"""
Tests of L{glance.swift.client}.
"""

import gc
import sys

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase
from twisted.web.iweb import UNKNOWN_LENGTH

from glance.streams.bodies import BytesBody
from glance.swift import client
from glance.swift.errors import (
    BadAnswer,
    Corrupt,
    NotFound,
    RangeNotSatisfiable,
    SwiftError,
    TooLarge,
    Unavailable,
    Unreachable,
    WrongLength,
)
from glance.swift.sending import BytesBody as OwnBytes
from tests.bodies import FailingBody, ManualBody, SilentBody, collect
from tests.swift.fake import KEY, STEM, Stored, md5
from tests.swift.serving import Serving

DATA = bytes(range(256)) * 4096


class Expected(Exception):
    """
    What a test has a body fail with.
    """


class ClientTests(Serving, TestCase):
    """
    L{SwiftClient} does what Swift can do.
    """

    def setUp(self):
        return Deferred.fromCoroutine(self.serve())

    async def put(self, name="one", data=DATA, length=None):
        body = BytesBody([data[at : at + 50_000] for at in range(0, len(data), 50_000)])
        if length is not None:
            body.length = length
        return await self.client.put_object("images", name, body)

    def stored(self, name="one"):
        return self.fake.containers["images"][name].data

    async def test_put(self):
        """
        An object is put, with a length that is known or not.
        """
        for name, length in (("known", None), ("unknown", UNKNOWN_LENGTH)):
            sent = await self.put(name, length=length)
            self.assertEqual(sent.size, len(DATA))
            self.assertEqual(sent.etag, md5(DATA))
            self.assertEqual(self.stored(name), DATA)

    async def test_put_nothing(self):
        """
        An object may be empty.
        """
        for length in (None, UNKNOWN_LENGTH):
            sent = await self.put(data=b"", length=length)
            self.assertEqual(sent.size, 0)
            self.assertEqual(self.stored(), b"")

    async def test_own_bytes(self):
        """
        L{OwnBytes} gives all its pieces, however they are taken.
        """
        body = OwnBytes([DATA, b"", b"more"])
        self.assertEqual(body.length, len(DATA) + 4)
        self.assertEqual(await collect(body), DATA + b"more")

    async def test_names(self):
        """
        A name may have any characters.
        """
        for name in ("a b", "a/b", "a%2Fb", "ä?&=#+~", "x" * 500):
            await self.put(name, b"data")
            self.assertEqual(self.stored(name), b"data")
            body = await self.client.get_object("images", name)
            self.assertEqual(await collect(body), b"data")

    async def test_get(self):
        """
        An object is got, whole or in part.
        """
        await self.put()
        for offset, length in (
            (0, None),
            (7, None),
            (0, 5),
            (1000, 70_000),
            (7, 1 << 30),
        ):
            body = await self.client.get_object("images", "one", offset, length)
            end = len(DATA) if length is None else min(len(DATA), offset + length)
            self.assertEqual(body.length, end - offset)
            self.assertEqual(await collect(body), DATA[offset:end])

    async def test_other_part(self):
        """
        Another part than was asked for isn't taken for it.
        """

        async def ignore(request):
            request.requestHeaders.removeHeader("range")

        async def shift(request):
            request.requestHeaders.setRawHeaders("range", ["bytes=8-"])

        await self.put()
        for other in (ignore, shift):
            self.fake.fail("GET", "one", other)
            with self.assertRaises(BadAnswer):
                await self.client.get_object("images", "one", 7)

    async def test_memory(self):
        """
        Nothing holds on to what was sent from memory, whether it went well or
        not.
        """
        gc.disable()
        self.addCleanup(gc.enable)
        for status, count in ((None, 1), (403, 1)):
            if status is not None:
                self.fake.fail("PUT", "one", status, times=count)
            pieces = [bytes(1 << 20)]
            before = sys.getrefcount(pieces[0])
            try:
                await self.client.put_bytes("images", "one", pieces)
            except SwiftError as error:
                self.assertEqual(error.status, status)
            self.assertEqual(sys.getrefcount(pieces[0]), before)

    async def test_get_nothing(self):
        """
        What isn't there is told apart.
        """
        await self.put(data=b"data")
        with self.assertRaises(NotFound) as caught:
            await self.client.get_object("images", "other")
        self.assertEqual(caught.exception.status, 404)
        self.assertRegex(caught.exception.transaction, "^tx[0-9]+$")
        with self.assertRaises(RangeNotSatisfiable):
            await self.client.get_object("images", "one", 4)

    async def test_head(self):
        """
        It is told what an object is.
        """
        await self.put()
        found = await self.client.head_object("images", "one")
        self.assertEqual((found.size, found.etag), (len(DATA), md5(DATA)))
        self.assertFalse(found.static)
        self.assertIsNone(found.dynamic)

    async def test_head_dynamic(self):
        """
        It is told where the segments of an object are.
        """
        self.fake.containers["images"]["dlo"] = Stored(
            headers={"X-Object-Manifest": "segments/a%20b-"}
        )
        self.fake.containers["segments"] = {}
        found = await self.client.head_object("images", "dlo")
        self.assertEqual(found.dynamic, ("segments", "a b-"))

    async def test_delete(self):
        """
        An object is deleted.
        """
        await self.put()
        await self.client.delete_object("images", "one")
        self.assertEqual(self.fake.containers["images"], {})
        with self.assertRaises(NotFound):
            await self.client.delete_object("images", "one")

    async def test_list(self):
        """
        Objects are listed, by prefix and page by page.
        """
        for name in ("a1", "a2", "a3", "b"):
            await self.put(name, b"data")
        listed = await self.client.list_objects("images", "a", "a1", 1)
        self.assertEqual([one.name for one in listed], ["a2"])
        self.assertEqual((listed[0].size, listed[0].etag), (4, md5(b"data")))
        names = [one.name async for one in self.client.all_objects("images")]
        self.assertEqual(names, ["a1", "a2", "a3", "b"])

    async def test_names_until_delimiter(self):
        """
        Names are listed page by page, those that go on after a delimiter once.
        """
        self.patch(client, "PAGE", 2)
        for name in ("a", "a/1", "a/2", "a/3", "b/1", "b/2", "c", "d/1"):
            await self.put(name, b"data")
        names = [name async for name in self.client.all_names("images", "/")]
        self.assertEqual(names, ["a", "a/", "b/", "c", "d/"])

    async def test_nonsense(self):
        """
        Answers that make no sense are told apart.
        """
        for method, part, ask in (
            ("GET", "format=json", lambda: self.client.list_objects("images")),
            ("GET", "manifest=get", lambda: self.client.get_manifest("images", "one")),
            (
                "DELETE",
                "manifest=delete",
                lambda: self.client.delete_manifest("images", "one"),
            ),
        ):
            self.fake.fail(method, part, 200)
            with self.assertRaises(BadAnswer) as caught:
                await ask()
            self.assertRegex(caught.exception.transaction, "^tx[0-9]+$")

    async def test_create_container(self):
        """
        A container is created unless it is there.
        """
        await self.client.create_container("new")
        await self.client.create_container("images")
        self.assertEqual(self.fake.asked("PUT"), ["/v1/AUTH_test/new"])
        with self.assertRaises(NotFound):
            await self.client.check("other")

    async def test_refused_before(self):
        """
        Data that is refused isn't begun, and is told to stop.
        """
        self.fake.max_file_size = 10
        body = SilentBody(100)
        with self.assertRaises(TooLarge):
            await self.client.put_object("images", "one", body)
        self.assertIsNone(body.consumer)
        self.assertTrue(body.stopped)

    async def test_refused_in_between(self):
        """
        A refusal is seen while the data is still being sent.
        """
        body = ManualBody()

        async def begin_and_refuse(request):
            first = Deferred()
            request.body.startProducing(Telling(first)).addErrback(lambda _: None)
            while body.consumer is None:
                await deferLater(reactor, 0.01)
            body.data(b"some")
            await first
            return 413

        self.fake.fail("PUT", "one", begin_and_refuse)
        with self.assertRaises(TooLarge):
            await self.client.put_object("images", "one", body)
        self.assertTrue(body.stopped)

    async def test_corrupt(self):
        """
        It is noticed when Swift has got something else.
        """
        self.fake.etag = md5(b"other")
        with self.assertRaises(Corrupt):
            await self.put()

    async def test_other_length(self):
        """
        Data that isn't as long as it says isn't kept.
        """
        for length in (len(DATA) - 1, len(DATA) + 1, 0):
            with self.assertRaises(WrongLength):
                await self.put(length=length)
        self.assertEqual(self.fake.containers["images"], {})

    async def test_longer(self):
        """
        Also data that fails at once when it is stopped.
        """
        body = ManualBody(4)
        putting = self.client.put_object("images", "one", body)
        while body.consumer is None:
            await deferLater(reactor, 0.01)
        body.data(b"data and more")
        with self.assertRaises(WrongLength):
            await putting

    async def test_empty_pieces(self):
        """
        Pieces of nothing are none.
        """
        body = BytesBody([b"", b"da", b"", b"ta", b""])
        body.length = UNKNOWN_LENGTH
        await self.client.put_object("images", "one", body)
        self.assertEqual(self.stored(), b"data")
        await self.client.put_bytes("images", "one", [b"", b"da", b"", b"ta"])
        self.assertEqual(self.stored(), b"data")

    async def test_failing(self):
        """
        What data fails with is what comes of it, and nothing is kept.
        """
        for length in (UNKNOWN_LENGTH, 1 << 20):
            body = FailingBody([b"some"], Expected(), length)
            with self.assertRaises(Expected):
                await self.client.put_object("images", "one", body)
            self.assertTrue(body.released)
        self.assertEqual(self.fake.containers["images"], {})

    async def test_stream_retried(self):
        """
        Data that was not begun is sent again.
        """
        self.fake.fail("PUT", "one", 503, times=2)
        await self.put()
        self.assertEqual(self.stored(), DATA)

    async def test_bytes_retried(self):
        """
        Data in memory is sent again, however far it came.
        """

        def drop(request):
            request.loseConnection()

        self.fake.fail("PUT", "one", drop, times=2)
        await self.client.put_bytes("images", "one", [b"da", b"ta"])
        self.assertEqual(self.stored(), b"data")

    async def test_not_for_ever(self):
        """
        What fails again and again isn't tried for ever.
        """
        self.fake.fail("PUT", "one", 503, times=10)
        with self.assertRaises(Unavailable) as caught:
            await self.put()
        self.assertEqual(caught.exception.status, 503)
        self.assertEqual(len(self.fake.asked("PUT")), 3)

    async def test_begun_is_not_retried(self):
        """
        Data that was begun isn't sent again.
        """
        body = ManualBody()

        async def begin_and_drop(request):
            request.body.startProducing(Telling(None)).addErrback(lambda _: None)
            while body.consumer is None:
                await deferLater(reactor, 0.01)
            request.loseConnection()

        self.fake.fail("PUT", "one", begin_and_drop)
        with self.assertRaises(Unreachable):
            await self.client.put_object("images", "one", body)
        self.assertTrue(body.stopped)
        self.assertEqual(len(self.fake.asked("PUT")), 1)

    async def test_nobody_there(self):
        """
        Where nothing listens, that is told, and data is told to stop.
        """
        await self.client.check("images")
        await self.connections.close()
        await self.port.stopListening()
        body = SilentBody(100)
        with self.assertRaises(Unreachable):
            await self.client.put_object("images", "one", body)
        self.assertTrue(body.stopped)

    async def test_secrets(self):
        """
        No error holds what is secret, or where it went wrong.
        """
        self.fake.fail("HEAD", "images", 500, times=10)
        with self.assertRaises(SwiftError) as caught:
            await self.client.check("images")
        for text in (str(caught.exception), repr(caught.exception)):
            for secret in (KEY, STEM, "images", "127.0.0.1"):
                self.assertNotIn(secret, text)
        token = await self.tokens.get()
        self.assertNotIn(STEM, repr(token))


class Telling:
    """
    A consumer that forgets everything, and tells when something comes.
    """

    def __init__(self, first):
        self._first = first

    def registerProducer(self, producer, streaming):
        pass

    def unregisterProducer(self):
        pass

    def write(self, data):
        first, self._first = self._first, None
        if first is not None:
            first.callback(None)
