"""
Tests for L{glance.client.stores}.
"""

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import TestCase

from glance.client import Forbidden, ImageClient, Invalid, NotFound
from glance.storage import StoreInfo
from glance.stores.memory import MemoryStore
from tests.api.assembly import Service, member_of
from tests.client.contract import DATA, FORMATS, Failing


class StoresTests(Failing, TestCase):
    """
    L{ImageClient} asks about stores.
    """

    def serve(self, **how):
        """
        Have a service, and a client of it.
        """
        self.service = Service(self, **how)
        self.client = ImageClient(
            "glance.example",
            reactor=self.service.clock,
            agent=self.service.client._agent,
            in_thread=maybeDeferred,
        )

    def setUp(self):
        self.serve(
            stores={"slow": MemoryStore(), "fast": MemoryStore()},
            infos={"fast": StoreInfo(description="NVMe", weight=7)},
        )

    async def test_listed(self):
        """
        Stores are listed, for administrators with all that is told.
        """
        self.assertEqual(
            await self.client.stores(),
            [{"id": "slow", "default": "true"}, {"id": "fast", "description": "NVMe"}],
        )
        detail = await self.client.stores(detail=True)
        self.assertEqual([store["weight"] for store in detail], [0, 7])
        self.service.context = member_of("a")
        await self.fails(self.client.stores(detail=True), Forbidden)

    async def test_chosen(self):
        """
        Data goes to the store that is named.
        """
        made = await self.client.create(FORMATS, DATA, store="fast")
        self.assertEqual(made["stores"], "fast")
        later = await self.client.create(FORMATS)
        await self.client.upload(later["id"], DATA, store="fast")
        self.assertEqual((await self.client.show(later["id"]))["stores"], "fast")
        await self.fails(self.client.create(FORMATS, DATA, store="none"), Invalid)
        self.assertEqual(len(await self.client.list()), 2)

    async def test_deleted(self):
        """
        Data is removed from a store that has not the only copy.
        """
        image = await self.client.create(FORMATS, DATA)
        for store, error in (("slow", Forbidden), ("fast", NotFound)):
            await self.fails(self.client.delete_from_store(store, image["id"]), error)

    async def test_one(self):
        """
        A server that has one store has none to speak of.
        """
        self.serve()
        await self.fails(self.client.stores(), NotFound)
