"""
Tests for L{glance.stores.watched}.
"""

from twisted.internet.defer import fail
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from glance.errors import (
    BodyTruncated,
    DataDamaged,
    DataExists,
    DataNotFound,
    Invalid,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from glance.interfaces import IStore
from glance.stores.memory import MemoryStore
from glance.stores.watched import WatchedStore
from glance.streams.bodies import BytesBody, pump
from tests.bodies import BrokenConsumer, Collector, FailingBody, SilentBody, collect
from tests.faults import FaultyStore
from tests.stores.contract import DATA, KEY, OTHER, StoreContract


class WatchedStoreTests(StoreContract, SynchronousTestCase):
    """
    L{WatchedStore} is a store.
    """

    def make_store(self):
        return WatchedStore(MemoryStore(), "memory", lambda name, error: None)

    def leftovers(self):
        return []


@implementer(IStore)
class BrokenStore(MemoryStore):
    """
    A store all of whose answers are one error, and whose data is broken off
    by it.
    """

    def __init__(self, error):
        super().__init__()
        self._error = error

    def add(self, key, body):
        body.stopProducing()
        return fail(self._error)

    def get(self, key, offset=0, length=None, size=None):
        body = FailingBody([b"some"], self._error, 100)
        return super().get(key).addCallbacks(lambda _: body, lambda _: body)

    def size(self, key):
        return fail(self._error)

    def delete(self, key):
        return fail(self._error)

    def keys(self):
        return fail(self._error)

    def sweep(self):
        return fail(self._error)

    def unfinished(self):
        return fail(self._error)

    def check(self):
        return fail(self._error)


class WatchingTests(SynchronousTestCase):
    """
    A store's own troubles are told, each once, and nothing else.
    """

    def setUp(self):
        self.told = []

    def watch(self, store):
        """
        Watch a store.
        """

        def failed(name, error):
            self.told.append((name, type(error)))

        return WatchedStore(store, "here", failed)

    def assert_told(self, *kinds):
        """
        See that just these errors were told, and forget them.
        """
        self.assertEqual(self.told, [("here", kind) for kind in kinds])
        self.told.clear()

    def test_kind(self):
        """
        It is of the kind of the store that it watches.
        """
        self.assertEqual(self.watch(MemoryStore()).kind, "memory")

    def test_well(self):
        """
        Nothing is told of what goes well.
        """
        store = self.watch(MemoryStore())
        self.successResultOf(store.add(KEY, BytesBody(DATA)))
        body = self.successResultOf(store.get(KEY, 10, 20))
        self.assertEqual(body.length, 20)
        self.assertEqual(self.successResultOf(collect(body)), DATA[10:30])
        self.successResultOf(store.delete(KEY))
        self.assert_told()

    def test_unavailable(self):
        """
        It is told of each request that the store does not work.
        """
        faulty = FaultyStore(MemoryStore())
        faulty.down = True
        store = self.watch(faulty)
        for ask in (
            lambda: store.add(KEY, BytesBody(DATA)),
            lambda: store.get(KEY),
            lambda: store.size(KEY),
            lambda: store.delete(KEY),
            store.keys,
            store.sweep,
            store.check,
        ):
            self.failureResultOf(ask(), StoreUnavailable)
            self.assert_told(StoreUnavailable)

    def test_full(self):
        """
        It is told that there is no room.
        """
        store = self.watch(MemoryStore(room=10))
        self.failureResultOf(store.add(KEY, BytesBody(DATA)), StoreFull)
        self.assert_told(StoreFull)

    def test_exists(self):
        """
        It is told that a key is taken.
        """
        store = self.watch(MemoryStore())
        self.successResultOf(store.add(KEY, BytesBody(DATA)))
        self.failureResultOf(store.add(KEY, BytesBody(DATA)), DataExists)
        self.assert_told(DataExists)

    def test_missing(self):
        """
        It is told that data is missing that somebody wants to read, but not
        that there is none to remove.
        """
        store = self.watch(MemoryStore())
        self.failureResultOf(store.get(KEY), DataNotFound)
        self.assert_told(DataNotFound)
        self.failureResultOf(store.delete(KEY), DataNotFound)
        self.failureResultOf(store.size(KEY), DataNotFound)
        self.assert_told()

    def test_unexpected(self):
        """
        It is told what no store should raise.
        """
        store = self.watch(BrokenStore(ZeroDivisionError()))
        self.failureResultOf(store.add(KEY, BytesBody(DATA)), ZeroDivisionError)
        self.assert_told(ZeroDivisionError)
        self.failureResultOf(store.keys(), ZeroDivisionError)
        self.assert_told(ZeroDivisionError)

    def test_refusals(self):
        """
        It isn't told that a store is asked for what it does not do.
        """
        for error in (StoreReadOnly("No data."), Invalid("No key.")):
            store = self.watch(BrokenStore(error))
            self.failureResultOf(store.add(KEY, BytesBody(DATA)), type(error))
        self.assert_told()

    def test_bodies(self):
        """
        It isn't told how the body of an upload fails, nor that it is given up.
        """
        store = self.watch(MemoryStore())
        for error in (
            BodyTruncated("gone"),
            ConnectionResetError("gone"),
            ZeroDivisionError(),
        ):
            body = FailingBody([b"some"], error, 100)
            self.failureResultOf(store.add(OTHER, body), type(error))
        adding = store.add(OTHER, SilentBody(100))
        adding.cancel()
        self.failureResultOf(adding)
        self.assert_told()

    def test_reading(self):
        """
        It is told that data ends or cannot be read on.
        """
        for error in (DataDamaged("short"), OSError(5, "Input/output error")):
            body = self.successResultOf(self.watch(BrokenStore(error)).get(KEY))
            self.failureResultOf(pump(body, Collector()), type(error))
            self.assert_told(type(error))

    def test_readers(self):
        """
        It isn't told what is wrong with a reader, nor that it has enough.
        """
        store = self.watch(MemoryStore())
        self.successResultOf(store.add(KEY, BytesBody(DATA)))
        for error in (ConnectionResetError("gone"), ZeroDivisionError()):
            body = self.successResultOf(store.get(KEY))
            reader = BrokenConsumer(1, error)
            self.failureResultOf(pump(body, reader), type(error))
        self.successResultOf(store.get(KEY)).stopProducing()
        self.assert_told()
