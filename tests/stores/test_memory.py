"""
Tests for L{glance.stores.memory}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from glance.errors import StoreFull
from glance.stores.memory import MemoryStore
from glance.streams.bodies import BytesBody
from tests.bodies import ManualBody
from tests.stores.contract import KEY, OTHER, StoreContract


class MemoryStoreTests(StoreContract, SynchronousTestCase):
    """
    L{MemoryStore} is a store.
    """

    def make_store(self):
        return MemoryStore()

    def leftovers(self):
        return []

    def test_full(self):
        """
        It takes no more than it has room for, announced or not.
        """
        store = MemoryStore(room=10)
        self.successResultOf(store.add(KEY, BytesBody(b"12345")))
        self.failureResultOf(store.add(OTHER, BytesBody(b"123456")), StoreFull)
        body = ManualBody()
        adding = store.add(OTHER, body)
        body.data(b"12345")
        body.data(b"6")
        self.failureResultOf(adding, StoreFull)
        self.assertEqual(self.successResultOf(store.keys()), [KEY])

    def test_filled_meanwhile(self):
        """
        What others took meanwhile is not there twice.
        """
        store = MemoryStore(room=10)
        body = ManualBody()
        adding = store.add(KEY, body)
        body.data(b"123456")
        self.successResultOf(store.add(OTHER, BytesBody(b"12345")))
        body.end()
        self.failureResultOf(adding, StoreFull)
