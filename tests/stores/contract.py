"""
What every store does.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError
from twisted.web.iweb import UNKNOWN_LENGTH
from zope.interface.verify import verifyObject

from glance.errors import (
    BodyStopped,
    BodyTruncated,
    DataDamaged,
    DataExists,
    DataNotFound,
    Invalid,
)
from glance.interfaces import IStore
from glance.streams.bodies import BytesBody, pump
from tests.bodies import (
    BrokenConsumer,
    Collector,
    FailingBody,
    ManualBody,
    SilentBody,
    SlowConsumer,
    collect,
)

KEY = "71c675ab-d94f-49cd-a114-e12490b328d9.1"
OTHER = "71c675ab-d94f-49cd-a114-e12490b328d9.2"
DATA = bytes(range(256)) * 1000

ESCAPES = [
    "",
    ".",
    "..",
    ".incoming",
    ".hidden",
    "../outside",
    "a/../../outside",
    "/etc/passwd",
    "a/b",
    "a\0b",
    "a\nb",
    "a b",
    "a..b",
    "ä",
    "-option",
    "k" * 201,
    "k" * 5000,
]
"""
What can never be a key.
"""


class StoreContract:
    """
    Mixed in with a C{SynchronousTestCase}; C{make_store} makes an empty store
    that does everything at once, and C{leftovers} lists what lies in it that is
    not the data of a key.
    """

    def setUp(self):
        self.store = self.make_store()

    def tearDown(self):
        self.assertEqual(self.leftovers(), [])

    def add(self, key=KEY, data=DATA):
        return self.successResultOf(self.store.add(key, BytesBody(data)))

    def read(self, key=KEY, offset=0, length=None):
        body = self.successResultOf(self.store.get(key, offset, length))
        return self.successResultOf(collect(body))

    def assert_empty(self):
        self.assertEqual(self.successResultOf(self.store.keys()), [])
        self.assertEqual(self.leftovers(), [])

    def test_interface(self):
        """
        It provides L{IStore}.
        """
        verifyObject(IStore, self.store)
        self.assertIsInstance(self.store.kind, str)

    def test_add(self):
        """
        What is added is kept, and its size told.
        """
        self.assertEqual(self.add(), len(DATA))
        self.assertEqual(self.read(), DATA)

    def test_add_nothing(self):
        """
        No data at all is data, too.
        """
        self.assertEqual(self.add(data=b""), 0)
        self.assertEqual(self.read(), b"")
        self.assertEqual(self.successResultOf(self.store.size(KEY)), 0)

    def test_add_unknown_length(self):
        """
        A body need not know its length.
        """
        body = ManualBody(UNKNOWN_LENGTH)
        adding = self.store.add(KEY, body)
        body.data(DATA)
        body.data(b"")
        body.data(b"more")
        self.assertNoResult(adding)
        body.end()
        self.assertEqual(self.successResultOf(adding), len(DATA) + 4)
        self.assertEqual(self.read(), DATA + b"more")

    def test_add_other_than_announced(self):
        """
        All that a body gives is kept, be it more or less than it said.
        """
        for key, length in ((KEY, 5), (OTHER, len(DATA) + 5)):
            body = ManualBody(length)
            adding = self.store.add(key, body)
            body.data(DATA)
            body.end()
            self.assertEqual(self.successResultOf(adding), len(DATA))
            self.assertEqual(self.read(key), DATA)

    def test_add_many_pieces(self):
        """
        It doesn't matter how the data is cut into pieces.
        """
        pieces = [DATA[at : at + 7] for at in range(0, 35_000, 7)]
        body = BytesBody(pieces)
        self.assertEqual(
            self.successResultOf(self.store.add(KEY, body)), sum(map(len, pieces))
        )
        self.assertEqual(self.read(), b"".join(pieces))

    def test_not_there_before_whole(self):
        """
        Data is not found before all of it is there.
        """
        body = ManualBody(4)
        adding = self.store.add(KEY, body)
        body.data(b"data")
        self.failureResultOf(self.store.get(KEY), DataNotFound)
        self.failureResultOf(self.store.size(KEY), DataNotFound)
        self.assertEqual(self.successResultOf(self.store.keys()), [])
        body.end()
        self.successResultOf(adding)
        self.assertEqual(self.read(), b"data")

    def test_add_twice(self):
        """
        Data that is there is never replaced, and the second body is stopped.
        """
        self.add()
        body = SilentBody(5)
        self.failureResultOf(self.store.add(KEY, body), DataExists)
        self.assertTrue(body.stopped)
        self.assertEqual(self.read(), DATA)

    def test_add_twice_at_once(self):
        """
        Of two that add under one key at a time, one succeeds, and its data is
        whole.
        """
        bodies = {}
        for data in (b"one", b"two"):
            body = ManualBody(3)
            bodies[data] = (self.store.add(KEY, body), body)
        for data, (_, body) in bodies.items():
            if not body.over:
                body.data(data)
        for _, body in bodies.values():
            body.end()
        kept = []
        for data, (adding, _) in bodies.items():
            adding.addErrback(lambda failure: failure.trap(DataExists))
            if self.successResultOf(adding) == 3:
                kept.append(data)
        self.assertEqual([self.read()], kept)

    def test_concurrent_adds(self):
        """
        Adds of several keys don't disturb each other.
        """
        bodies = {f"key.{i}": ManualBody() for i in range(20)}
        adding = [self.store.add(key, body) for key, body in bodies.items()]
        for _ in range(3):
            for key, body in bodies.items():
                body.data(key.encode())
        for body in bodies.values():
            body.end()
        for add in adding:
            self.successResultOf(add)
        for key in bodies:
            self.assertEqual(self.read(key), key.encode() * 3)
        self.assertEqual(
            sorted(self.successResultOf(self.store.keys())), sorted(bodies)
        )

    def test_failing_body(self):
        """
        When the body fails, so does the add, and nothing is left.
        """
        for length in (UNKNOWN_LENGTH, 100, len(DATA)):
            for pieces in ([], [b"some"], [DATA]):
                body = FailingBody(pieces, BodyTruncated("gone"), length)
                self.failureResultOf(self.store.add(KEY, body), BodyTruncated)
                self.assertTrue(body.released)
                self.assert_empty()

    def test_failing_body_with_system_error(self):
        """
        A failure of the body is not taken for one of the store.
        """
        body = FailingBody([b"some"], ConnectionResetError("gone"), 100)
        self.failureResultOf(self.store.add(KEY, body), ConnectionResetError)
        self.assert_empty()

    def test_stopped_body(self):
        """
        When the body is stopped by others, the add fails and nothing is left.
        """
        body = ManualBody(100)
        adding = self.store.add(KEY, body)
        body.data(b"some")
        body.stopProducing()
        self.failureResultOf(adding, BodyStopped)
        self.assert_empty()

    def test_body_stopped_before(self):
        """
        A body that was stopped before it is added makes the add fail.
        """
        body = BytesBody(DATA)
        body.stopProducing()
        self.failureResultOf(self.store.add(KEY, body), BodyStopped)
        self.assert_empty()

    def test_cancelled(self):
        """
        An add that is cancelled stops the body and leaves nothing behind.
        """
        for data in (None, b"some", DATA):
            body = ManualBody(len(DATA))
            adding = self.store.add(KEY, body)
            if data is not None:
                body.data(data)
            self.assertNoResult(adding)
            adding.cancel()
            self.failureResultOf(adding, CancelledError)
            self.assertTrue(body.stopped)
            self.assert_empty()

    def test_add_after_failure(self):
        """
        After an add that failed its key can be used.
        """
        body = FailingBody([DATA], BodyTruncated("gone"), UNKNOWN_LENGTH)
        self.failureResultOf(self.store.add(KEY, body), BodyTruncated)
        self.add(data=b"other")
        self.assertEqual(self.read(), b"other")

    def test_failed_add_harms_no_other(self):
        """
        An add that fails leaves the data of other keys alone.
        """
        self.add(OTHER)
        body = FailingBody([b"some"], BodyTruncated("gone"), 100)
        self.failureResultOf(self.store.add(KEY, body), BodyTruncated)
        self.assertEqual(self.read(OTHER), DATA)
        self.assertEqual(self.successResultOf(self.store.keys()), [OTHER])

    def test_get_part(self):
        """
        A part of the data is what slicing it gives, and the body knows how
        long that is.
        """
        data = DATA[:2000]
        self.add(data=data)

        @settings(max_examples=200, deadline=None)
        @given(st.integers(0, 3000), st.one_of(st.none(), st.integers(0, 3000)))
        def check(offset, length):
            expected = data[offset : None if length is None else offset + length]
            body = self.successResultOf(self.store.get(KEY, offset, length))
            self.assertEqual(body.length, len(expected))
            self.assertEqual(self.successResultOf(collect(body)), expected)

        check()

    def test_get_of_size(self):
        """
        Of data that has not the size that it has to have, no part is given.
        """
        self.add()
        for offset, length in ((0, None), (1, 1)):
            body = self.successResultOf(
                self.store.get(KEY, offset, length, size=len(DATA))
            )
            body.stopProducing()
            for size in (len(DATA) - 1, len(DATA) + 1):
                getting = self.store.get(KEY, offset, length, size=size)
                self.failureResultOf(getting, DataDamaged)

    def test_get_several_at_once(self):
        """
        Data can be read by several at a time.
        """
        self.add()
        consumers = [SlowConsumer() for _ in range(5)]
        pumps = []
        for consumer in consumers:
            body = self.successResultOf(self.store.get(KEY))
            pumps.append(pump(body, consumer))
        while any(consumer.producer for consumer in consumers):
            for consumer in consumers:
                consumer.more()
        for pumping, consumer in zip(pumps, consumers, strict=True):
            self.successResultOf(pumping)
            self.assertEqual(consumer.data, DATA)

    def test_get_paused(self):
        """
        A consumer that pauses gets nothing until it resumes, and then all.
        """
        self.add(data=DATA * 5)
        consumer = SlowConsumer()
        pumping = pump(self.successResultOf(self.store.get(KEY)), consumer)
        pieces = 1
        while consumer.producer is not None:
            self.assertEqual(len(consumer.pieces), pieces)
            consumer.more()
            pieces += 1
        self.assertGreater(pieces, 2)
        self.successResultOf(pumping)
        self.assertEqual(consumer.data, DATA * 5)

    def test_get_stopped(self):
        """
        A consumer that stops gets no more, and the body fails.
        """
        self.add(data=DATA * 5)
        body = self.successResultOf(self.store.get(KEY))
        consumer = SlowConsumer()
        pumping = pump(body, consumer)
        body.stopProducing()
        self.failureResultOf(pumping, BodyStopped)
        self.assertEqual(len(consumer.pieces), 1)

    def test_get_stopped_before_start(self):
        """
        A body that is stopped before it was started gives nothing.
        """
        self.add()
        body = self.successResultOf(self.store.get(KEY))
        body.stopProducing()
        collector = Collector()
        self.failureResultOf(pump(body, collector), BodyStopped)
        self.assertEqual(collector.pieces, [])

    def test_get_cancelled(self):
        """
        Cancelling what a body is written by stops the body.
        """
        self.add(data=DATA * 5)
        consumer = SlowConsumer()
        pumping = pump(self.successResultOf(self.store.get(KEY)), consumer)
        pumping.cancel()
        self.failureResultOf(pumping, BodyStopped)
        self.assertIs(consumer.producer, None)

    def test_get_into_broken(self):
        """
        A consumer that raises makes the body fail so.
        """
        self.add(data=DATA * 5)
        body = self.successResultOf(self.store.get(KEY))
        consumer = BrokenConsumer(1, ZeroDivisionError())
        self.failureResultOf(pump(body, consumer), ZeroDivisionError)

    def test_get_while_deleted(self):
        """
        Who has begun to read data gets all of it, or an error.
        """
        self.add(data=DATA * 5)
        consumer = SlowConsumer()
        pumping = pump(self.successResultOf(self.store.get(KEY)), consumer)
        self.successResultOf(self.store.delete(KEY))
        while consumer.producer is not None:
            consumer.more()
        self.successResultOf(
            pumping.addCallbacks(
                lambda _: self.assertEqual(consumer.data, DATA * 5), lambda _: None
            )
        )

    def test_copy(self):
        """
        What one key has can be added under another.
        """
        self.add()
        body = self.successResultOf(self.store.get(KEY))
        self.assertEqual(self.successResultOf(self.store.add(OTHER, body)), len(DATA))
        self.assertEqual(self.read(OTHER), DATA)

    def test_nothing_there(self):
        """
        Nothing is found where nothing was added.
        """
        self.failureResultOf(self.store.get(KEY), DataNotFound)
        self.failureResultOf(self.store.size(KEY), DataNotFound)
        self.failureResultOf(self.store.delete(KEY), DataNotFound)

    def test_size(self):
        """
        The size of data is how many bytes it has.
        """
        self.add()
        self.assertEqual(self.successResultOf(self.store.size(KEY)), len(DATA))

    def test_delete(self):
        """
        Data that is deleted is gone; that of other keys isn't.
        """
        self.add()
        self.add(OTHER, b"other")
        self.successResultOf(self.store.delete(KEY))
        self.failureResultOf(self.store.get(KEY), DataNotFound)
        self.failureResultOf(self.store.delete(KEY), DataNotFound)
        self.assertEqual(self.successResultOf(self.store.keys()), [OTHER])
        self.assertEqual(self.read(OTHER), b"other")

    def test_old_keys(self):
        """
        The data of older Glances, called by the bare id of its image, can be
        kept.
        """
        for key in ("71c675ab-d94f-49cd-a114-e12490b328d9", "1", "k" * 200):
            self.add(key)
            self.assertEqual(self.read(key), DATA)

    def test_keys(self):
        """
        All keys are listed.
        """
        self.assertEqual(self.successResultOf(self.store.keys()), [])
        self.add()
        self.add(OTHER)
        self.assertEqual(
            sorted(self.successResultOf(self.store.keys())), sorted([KEY, OTHER])
        )

    def test_sweep_nothing(self):
        """
        Sweeping leaves whole data alone.
        """
        self.add()
        self.assertEqual(self.successResultOf(self.store.sweep()), 0)
        self.assertEqual(self.read(), DATA)

    def test_sweep_while_adding(self):
        """
        Sweeping leaves alone what is being added.
        """
        body = ManualBody()
        adding = self.store.add(KEY, body)
        body.data(b"some ")
        self.assertEqual(self.successResultOf(self.store.sweep()), 0)
        body.data(b"more")
        self.assertEqual(self.successResultOf(self.store.sweep()), 0)
        body.end()
        self.successResultOf(adding)
        self.assertEqual(self.read(), b"some more")

    def test_unfinished_nothing(self):
        """
        What is whole is not unfinished, nor is what was deleted.
        """
        self.add()
        self.add(OTHER)
        self.successResultOf(self.store.delete(OTHER))
        self.assertEqual(self.successResultOf(self.store.unfinished()), [])

    def test_adopt_nothing(self):
        """
        What is elsewhere is not adopted, nor is what makes no sense.
        """
        for uri in (
            "",
            "rbd://cluster/pool/image/snap",
            "file:///etc/passwd",
            "swift://account:user:key@elsewhere.example/container/object",
            "s3://access:secret@elsewhere.example/bucket/object",
            "http://[::1/image",
            "://",
        ):
            self.assertIsNone(self.store.adopt(uri), uri)

    def test_check(self):
        """
        A store that works says so, and checking changes nothing.
        """
        self.successResultOf(self.store.check())
        self.assert_empty()

    def test_bad_keys(self):
        """
        What cannot be a key is refused, and the body stopped.
        """
        for key in ESCAPES:
            body = SilentBody(4)
            self.failureResultOf(self.store.add(key, body), Invalid)
            self.assertTrue(body.stopped)
            self.failureResultOf(self.store.get(key), DataNotFound)
            self.failureResultOf(self.store.size(key), DataNotFound)
            self.failureResultOf(self.store.delete(key), DataNotFound)
        self.assert_empty()
