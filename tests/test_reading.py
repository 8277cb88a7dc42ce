"""
Tests for L{glance.reading}.
"""

from attrs import evolve
from twisted.internet.defer import Deferred, fail

from glance.errors import (
    BodyStopped,
    DataDamaged,
    DataNotFound,
    StoreNotFound,
    StoreUnavailable,
)
from glance.image import Location
from glance.storage import Storage, StoreInfo
from glance.streams.bodies import read_all
from tests.bodies import FailingBody, SilentBody
from tests.test_copies import CopiesCase
from tests.test_transfers import DATA


class ReadingTests(CopiesCase):
    """
    Data is had from whichever store works.
    """

    def setUp(self):
        super().setUp()
        self.image = self.copied()
        self.read_from = []
        for name, store in self.world.storage.stores.items():
            self.note(name, store)

    def note(self, name, store):
        """
        Take note of what is read from a store.
        """
        get = store.get

        def noted(key, offset=0, length=None, size=None):
            self.read_from.append((name, offset, length))
            return get(key, offset, length, size)

        store.get = noted

    def breaks(self, store, count, length=None):
        """
        Have a store break off after so many bytes.
        """

        def get(key, offset=0, length=None, size=None):
            wanted = len(DATA) - offset if length is None else length
            part = DATA[offset : offset + min(count, wanted)]
            return Deferred.fromCoroutine(self._broken(part, wanted))

        store.get = get

    async def _broken(self, part, length):
        return FailingBody([part], StoreUnavailable("It is down."), length)

    def read(self, *part, image=None):
        """
        Get data.
        """

        async def read():
            body = await self.world.transfers.open(image or self.image, *part)
            return await read_all(body, 1 << 20)

        return Deferred.fromCoroutine(read())

    def weigh(self, **weights):
        """
        Give stores weights.
        """
        infos = {name: StoreInfo(weight=weight) for name, weight in weights.items()}
        stores = self.world.storage.stores
        self.world.storage = Storage(stores, "fast", infos, several=True)
        self.world.transfers._storage = self.world.storage

    def test_weight(self):
        """
        The heaviest store is read.
        """
        for fast, slow in ((1, 0), (0, 1), (-1, 0)):
            self.weigh(fast=fast, slow=slow)
            self.read_from.clear()
            self.assertEqual(self.successResultOf(self.read()), DATA)
            name = "fast" if fast > slow else "slow"
            self.assertEqual(self.read_from, [(name, 0, None)])

    def test_down(self):
        """
        A store that does not work is passed over.
        """
        self.slow.down = True
        self.assertEqual(self.successResultOf(self.read()), DATA)

    def test_cut(self):
        """
        What a store breaks off comes from the next: just what is missing, of all
        of the data as of a part.
        """
        self.breaks(self.slow, 7)
        for part, rest in (
            ((), (7, None)),
            ((5,), (12, None)),
            ((5, 100), (12, 93)),
        ):
            self.read_from.clear()
            end = None if len(part) < 2 else sum(part)
            expected = DATA[part[0] if part else 0 : end]
            self.assertEqual(self.successResultOf(self.read(*part)), expected)
            self.assertEqual(self.read_from, [("fast", *rest)])

    def test_both_cut(self):
        """
        If the last one breaks off, so does the data.
        """
        self.breaks(self.slow, 7)
        self.breaks(self.fast, 9)
        self.failureResultOf(self.read(), StoreUnavailable)

    def test_next_is_damaged(self):
        """
        Nothing is taken from a copy of another length.
        """
        self.breaks(self.slow, 7)
        key = self.image.locations[1].key
        self.fast._store._data[key] = DATA + b"more"
        self.failureResultOf(self.read(), DataDamaged)

    def test_unknown_hash(self):
        """
        Without a hash nothing is gone on with, but what hasn't begun may.
        """
        image = evolve(self.image, checksum=None, os_hash_value=None)
        self.breaks(self.slow, 7)
        self.failureResultOf(self.read(image=image), StoreUnavailable)
        self.breaks(self.slow, 0)
        self.assertEqual(self.successResultOf(self.read(image=image)), DATA)

    def test_bug(self):
        """
        A store that fails otherwise is passed over all the same.
        """
        self.slow.get = lambda *_: fail(ZeroDivisionError())
        self.assertEqual(self.successResultOf(self.read()), DATA)

    def test_unknown_store(self):
        """
        So is one that isn't configured here any more.
        """
        gone = Location(store="gone", key="key")
        places = (gone, *self.image.locations)
        image = evolve(self.image, locations=places)
        self.assertEqual(self.successResultOf(self.read(image=image)), DATA)
        image = evolve(self.image, locations=(gone,))
        self.failureResultOf(self.read(image=image), StoreNotFound)
        image = evolve(self.image, locations=())
        self.failureResultOf(self.read(image=image), DataNotFound)

    def test_given_up(self):
        """
        Who gives up makes nothing go on elsewhere.
        """
        silent = SilentBody(len(DATA))

        async def get():
            return silent

        self.slow.get = lambda *_: Deferred.fromCoroutine(get())
        reading = self.read()
        reading.cancel()
        self.failureResultOf(reading, BodyStopped)
        self.assertTrue(silent.stopped)
        self.assertEqual(self.read_from, [])
