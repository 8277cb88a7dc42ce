"""
Tests of L{glance.swift.large}.
"""

import hashlib

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.iweb import UNKNOWN_LENGTH
from zope.interface import implementer

import glance.swift.large
from glance.streams.bodies import BytesBody
from glance.swift.errors import (
    Corrupt,
    Forbidden,
    Full,
    NotAllDeleted,
    NotFound,
    PreconditionFailed,
    TooManySegments,
    Unavailable,
    WrongLength,
)
from glance.swift.large import SEGMENTS, Cutting, LargeObjects, Place
from glance.swift.sending import IHashed
from tests.bodies import FailingBody, ManualBody, collect
from tests.swift.fake import Stored, md5
from tests.swift.serving import Serving
from tests.swift.test_transfers import Endless, settled

SIZE = 100_000
DATA = hashlib.shake_256(b"data").digest(SIZE * 4 + 1)
PLACE = Place("segments", "one")


class CuttingTests(SynchronousTestCase):
    """
    L{Cutting} says how large segments are.
    """

    def test_size(self):
        """
        So large that a thousand are enough, where that can be known.
        """
        cutting = Cutting(above=10, size=100, memory=0)
        self.assertEqual(cutting.size_for(None), 100)
        self.assertEqual(cutting.size_for(100 * SEGMENTS), 100)
        self.assertEqual(cutting.size_for(100 * SEGMENTS + 1), 101)

    def test_first(self):
        """
        The first may be as large as an object without any.
        """
        self.assertEqual(Cutting(above=200, size=100, memory=0).first, 200)
        self.assertEqual(Cutting(above=10, size=100, memory=0).first, 100)


@implementer(IHashed)
class Hashed(BytesBody):
    """
    Data of unknown length, whose MD5 is known once all of it has gone out.
    """

    length = property(lambda self: UNKNOWN_LENGTH, lambda self, length: None)

    def __init__(self, data, wrong=False):
        super().__init__([data[at : at + 7001] for at in range(0, len(data), 7001)])
        self._data = b"other" if wrong else data
        self.remembered = None
        self.given = 0

    async def produce(self, write):
        def count(data):
            self.given += len(data)
            write(data)

        await super().produce(count)

    def remember(self, first):
        assert not self.started
        self.remembered = first

    def md5(self, first=None):
        assert self.given >= len(self._data), "Nobody knows it yet."
        assert first in (None, self.remembered)
        return md5(self._data[:first])


class LargeTests(Serving, TestCase):
    """
    Objects of any size are put, got and deleted.
    """

    def setUp(self):
        return Deferred.fromCoroutine(self.prepare())

    async def prepare(self):
        await self.serve()
        self.fake.containers["segments"] = {}
        self.ways = {
            "buffered": LargeObjects(
                self.client, Cutting(above=SIZE, size=SIZE, memory=4 * SIZE)
            ),
            "passed": LargeObjects(
                self.client, Cutting(above=SIZE, size=SIZE, memory=0)
            ),
        }

    def body(self, data=DATA, known=True):
        body = BytesBody([data[at : at + 7001] for at in range(0, len(data), 7001)])
        if not known:
            body.length = UNKNOWN_LENGTH
        return body

    def put(self, way, body):
        return self.ways[way].put("images", "one", body, PLACE)

    @property
    def segments(self):
        return self.fake.containers["segments"]

    def assert_nothing_left(self):
        self.assertEqual(self.fake.containers, {"images": {}, "segments": {}})

    async def test_round_trip(self):
        """
        What is put in segments is got as a whole, in any part, and is deleted
        with all its segments.
        """
        for way, large in self.ways.items():
            for known in (True, False):
                size = await self.put(way, self.body(known=known))
                self.assertEqual(size, len(DATA))
                self.assertEqual(
                    [
                        (name, len(one.data))
                        for name, one in sorted(self.segments.items())
                    ],
                    [(f"one-0000{n}", SIZE) for n in range(1, 5)] + [("one-00005", 1)],
                )
                found = await self.client.head_object("images", "one")
                self.assertTrue(found.static)
                self.assertEqual(found.size, len(DATA))
                body = await self.client.get_object("images", "one", SIZE - 1, 2)
                self.assertEqual(await collect(body), DATA[SIZE - 1 : SIZE + 1])
                await large.delete("images", "one")
                self.assert_nothing_left()

    async def test_hashed(self):
        """
        Where all the data is hashed anyway and nobody knows its length, the first
        segment is as large as an object may be, and is compared with that hash.
        """
        large = LargeObjects(self.client, Cutting(above=2 * SIZE, size=SIZE, memory=0))
        for size, sizes in (
            (0, []),
            (SIZE + 1, [SIZE + 1]),
            (2 * SIZE, [2 * SIZE]),
            (3 * SIZE + 1, [2 * SIZE, SIZE, 1]),
        ):
            body = Hashed(DATA[:size])
            self.assertEqual(await large.put("images", "one", body, PLACE), size)
            found = [len(one.data) for _, one in sorted(self.segments.items())]
            self.assertEqual(found, sizes)
            got = await self.client.get_object("images", "one")
            self.assertEqual(await collect(got), DATA[:size])
            await large.delete("images", "one")
            self.assert_nothing_left()

    async def test_hashed_corrupt(self):
        """
        It fails where Swift has something else of the first segment, alone or not.
        """
        large = LargeObjects(self.client, Cutting(above=SIZE, size=SIZE, memory=0))
        for size in (SIZE - 1, 3 * SIZE):
            with self.assertRaises(Corrupt):
                await large.put("images", "one", Hashed(DATA[:size], wrong=True), PLACE)
            self.assert_nothing_left()

    async def test_small(self):
        """
        What is small has no segments.
        """
        for way, large in self.ways.items():
            await self.put(way, self.body(DATA[:SIZE]))
            self.assertEqual(self.segments, {})
            await large.delete("images", "one")
            self.assert_nothing_left()

    async def test_edges(self):
        """
        Segments end where they should.
        """
        for way, large in self.ways.items():
            for size, count in ((SIZE, 1), (SIZE + 1, 2), (2 * SIZE, 2)):
                await self.put(way, self.body(DATA[:size], known=False))
                self.assertEqual(len(self.segments), count)
                body = await self.client.get_object("images", "one")
                self.assertEqual(await collect(body), DATA[:size])
                await large.delete("images", "one")

    async def test_nothing(self):
        """
        Data of unknown length may be none.
        """
        for way, large in self.ways.items():
            self.assertEqual(await self.put(way, self.body(b"", known=False)), 0)
            body = await self.client.get_object("images", "one")
            self.assertEqual(await collect(body), b"")
            await large.delete("images", "one")
            self.assert_nothing_left()

    async def test_in_flight(self):
        """
        So many segments go out at the same time as fit in memory, beside the
        one that is being filled.
        """
        for way, most in (("buffered", 3), ("passed", 1)):
            self.fake.most = 0
            self.fake.pause = 0.1
            await self.put(way, self.body())
            self.assertEqual(self.fake.most, most)
            await self.ways[way].delete("images", "one")

    async def test_memory(self):
        """
        No more data is taken than may be kept in memory, and a piece.
        """

        async def for_ever(request):
            await Deferred()

        for way, most in (("buffered", 4 * SIZE), ("passed", SIZE)):
            self.fake.fail("PUT", "segments", for_ever, 4)
            body = Endless(1 << 30, 7001)
            putting = self.put(way, body)
            await settled(lambda: body.given)  # noqa: B023
            self.assertLessEqual(body.given, most + 2 * 7001)
            putting.cancel()
            with self.assertRaises(CancelledError):
                await putting
            self.assertTrue(body.stopped)

    async def test_segment_retried(self):
        """
        A segment that fails is sent again, the others aren't.
        """
        self.fake.fail("PUT", "one-00002", 503, times=2)
        await self.put("buffered", self.body())
        self.assertEqual(len(self.fake.asked("PUT")), 5 + 2 + 1)

    async def test_corrupt(self):
        """
        A segment that is stored as something else makes it fail.
        """
        for way in self.ways:
            self.fake.etag = md5(b"other")
            with self.assertRaises(Corrupt):
                await self.put(way, self.body())
            self.assert_nothing_left()

    async def test_segment_fails(self):
        """
        When a segment cannot be stored, nothing is left.
        """
        for way in self.ways:
            self.fake.fail("PUT", "one-00003", 507, times=3)
            with self.assertRaises(Full):
                await self.put(way, self.body())
            self.assert_nothing_left()

    async def test_segment_fails_while_waiting(self):
        """
        Who waits for data is told when a segment could not be stored.
        """
        body = ManualBody()
        self.fake.fail("PUT", "one-00001", 403)
        putting = self.put("buffered", body)
        body.data(DATA[: SIZE + 1])
        with self.assertRaises(Exception) as caught:
            await putting
        self.assertEqual(caught.exception.status, 403)
        self.assertTrue(body.stopped)
        self.assert_nothing_left()

    async def test_manifest_fails(self):
        """
        When the manifest cannot be stored, nothing is left; nor when it was, and
        nobody knows.
        """
        for way in self.ways:
            self.fake.fail("PUT", "manifest=put", 503, times=3)
            with self.assertRaises(Unavailable):
                await self.put(way, self.body())
            self.assert_nothing_left()
            self.fake.fail("PUT", "manifest=put", 400)
            with self.assertRaises(Corrupt):
                await self.put(way, self.body())
            self.assert_nothing_left()

    async def test_cannot_be_undone(self):
        """
        When what is left cannot be deleted either, the log tells, and what went
        wrong first is what is raised.
        """
        events = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        self.fake.fail("PUT", "one-00003", 403)
        self.fake.fail("DELETE", "one-00002", 500, times=3)
        with self.assertRaises(Forbidden):
            await self.put("passed", self.body())
        logged = [formatEvent(event) for event in events]
        self.assertTrue([line for line in logged if "answered 500" in line])
        self.assertEqual(list(self.segments), ["one-00002"])

    async def test_answer_lost(self):
        """
        An object of which it isn't known whether it was stored is deleted.
        """

        def stored(request):
            self.fake.containers["images"]["one"] = Stored(b"data")
            return 403

        self.fake.fail("PUT", "manifest=put", stored)
        with self.assertRaises(Exception) as caught:
            await self.put("buffered", self.body())
        self.assertEqual(caught.exception.status, 403)
        self.assert_nothing_left()

    async def test_manifest_answer_lost(self):
        """
        A manifest that was stored although the answer was another is seen to be
        there when it is sent again.
        """
        for way, large in self.ways.items():
            self.fake.forgetful = {"one"}
            await self.put(way, self.body())
            body = await self.client.get_object("images", "one")
            self.assertEqual(await collect(body), DATA)
            await large.delete("images", "one")
            self.assert_nothing_left()

    async def test_there_already(self):
        """
        An object that is there stays as it is.
        """
        large = self.ways["buffered"]
        for first in (DATA, b"data"):
            await self.put("buffered", self.body(first))
            for way in self.ways.values():
                for known in (True, False):
                    for data in (b"other", DATA):
                        with self.assertRaises(PreconditionFailed):
                            await way.put(
                                "images",
                                "one",
                                self.body(data, known),
                                Place("segments", "two"),
                            )
            body = await self.client.get_object("images", "one")
            self.assertEqual(await collect(body), first)
            await large.delete("images", "one")
            self.assert_nothing_left()

    async def test_data_fails(self):
        """
        When the data fails, nothing is left.
        """
        for way in self.ways:
            for length in (UNKNOWN_LENGTH, len(DATA), 10):
                body = FailingBody([DATA[: 2 * SIZE + 9]], Boom(), length)
                with self.assertRaises((Boom, WrongLength)):
                    await self.put(way, body)
                self.assertTrue(body.released)
                self.assert_nothing_left()

    async def test_other_length(self):
        """
        Data that isn't as long as it says isn't kept.
        """
        for way in self.ways:
            for length in (len(DATA) - 1, len(DATA) + 1):
                body = self.body()
                body.length = length
                with self.assertRaises(WrongLength):
                    await self.put(way, body)
                self.assert_nothing_left()

    async def test_cancelled(self):
        """
        When it is cancelled, nothing is left, and it ends only then.
        """
        for way in self.ways:
            body = ManualBody()
            putting = self.put(way, body)
            while not body.consumer:
                await deferLater(reactor, 0.01)
            body.data(DATA[: 2 * SIZE + 9])
            while not self.segments:
                await deferLater(reactor, 0.01)
            putting.cancel()
            with self.assertRaises(CancelledError):
                await putting
            self.assertTrue(body.stopped)
            self.assert_nothing_left()

    async def test_too_many(self):
        """
        There are no more segments than Swift takes.
        """
        self.assertEqual(SEGMENTS, 1000)
        self.patch(glance.swift.large, "SEGMENTS", 20)
        large = LargeObjects(self.client, Cutting(above=0, size=1, memory=9))
        await large.put("images", "one", self.body(DATA[:20], known=False), PLACE)
        await large.delete("images", "one")
        with self.assertRaises(TooManySegments):
            await large.put("images", "one", self.body(DATA[:21], known=False), PLACE)
        self.assert_nothing_left()

    async def test_not_all_deleted(self):
        """
        Segments that could not be deleted are told of, although the answer is a
        good one; they can be deleted by their prefix.
        """
        large = self.ways["buffered"]
        await self.put("buffered", self.body())
        self.fake.undeletable = {"one-00002"}
        with self.assertRaises(NotAllDeleted):
            await large.delete("images", "one")
        self.assertEqual(list(self.segments), ["one-00002"])
        self.assertEqual(await large.delete_all("segments", "one-"), 1)
        self.assert_nothing_left()

    async def test_dynamic(self):
        """
        An object whose segments are all that are called so is got, and deleted
        with them, and with nothing else.
        """
        for name in ("one-1", "one-2", "other"):
            self.segments[name] = Stored(name.encode())
        self.fake.containers["images"]["one"] = Stored(
            headers={"X-Object-Manifest": "segments/one-"}
        )
        body = await self.client.get_object("images", "one", 3)
        self.assertEqual(await collect(body), b"-1one-2")
        await self.ways["buffered"].delete("images", "one")
        self.assertEqual(list(self.segments), ["other"])
        self.assertEqual(self.fake.containers["images"], {})

    async def test_dynamic_of_others(self):
        """
        A manifest does not have others' objects deleted, or a whole container.
        """
        names = ["one", "one0", "oneself-1", "other"]
        for prefix in ("", "o", "other", "one"):
            self.segments.update((name, Stored(b"data")) for name in [*names, "one-1"])
            self.fake.containers["images"]["one"] = Stored(
                headers={"X-Object-Manifest": f"segments/{prefix}"}
            )
            await self.ways["buffered"].delete("images", "one")
            own = ["one-1"] if prefix != "one" else []
            self.assertEqual(sorted(self.segments), sorted(names + own), prefix)
            self.assertEqual(self.fake.containers["images"], {})

    async def test_delete_nothing(self):
        """
        What isn't there cannot be deleted.
        """
        with self.assertRaises(NotFound):
            await self.ways["buffered"].delete("images", "one")
        self.assertEqual(await self.ways["buffered"].delete_all("other", "one"), 0)


class Boom(Exception):
    """
    What a test has a body fail with.
    """
