"""
Tests for L{glance.cli.v2.stores}.
"""

import json
from pathlib import Path

from attrs import evolve

from glance.cli import statuses
from glance.cli.v2 import data, stores
from glance.image import Location
from glance.storage import StoreInfo
from glance.stores.memory import MemoryStore
from glance.streams.bodies import BytesBody
from tests.api.assembly import Service
from tests.cli.v2.commanding import DATA, CommandCase


class StoresTests(CommandCase):
    """
    Tests for C{stores-info}, C{stores-delete}, and the option C{--store}.
    """

    def make_service(self):
        self.fast = MemoryStore()
        return Service(
            self,
            stores={"slow": MemoryStore(), "fast": self.fast},
            infos={"fast": StoreInfo(description="NVMe", weight=7)},
        )

    async def test_info(self):
        """
        The stores are listed, a line each.
        """
        _, out = await self.run_command(stores.info, False)
        rows = [line.split() for line in out.splitlines()[2:]]
        self.assertEqual(rows, [["slow", "true"], ["fast", "NVMe"]])
        _, out = await self.run_command(stores.info, True)
        self.assertEqual(
            out.splitlines()[3].split(), ["fast", "NVMe", "memory", "7", "{}"]
        )
        _, out = await self.run_command(stores.info, False, output="json")
        self.assertEqual([store["id"] for store in json.loads(out)], ["slow", "fast"])

    async def test_store(self):
        """
        Data goes to the store that is named.
        """
        status, out = await self.create(file=self.path(), store="fast", output="json")
        self.assertEqual(status, 0, self.errors.getvalue())
        self.assertEqual(json.loads(out)["stores"], "fast")
        later = await self.make(None)
        await self.run_command(data.upload, later, self.path(), False, "fast")
        self.assertEqual((await self.client.show(later))["stores"], "fast")

    def path(self):
        """
        Make a file of data.
        """
        path = self.mktemp()
        Path(path).write_bytes(DATA)
        return path

    async def copied(self):
        """
        Make an image that is in both stores.

        @return: its id.
        """
        image_id = await self.make(name="n")
        image = await self.service.registry.get(image_id)
        places = (*image.locations, Location(store="fast", key="copy"))
        copied = evolve(image, locations=places)
        await self.service.registry.replace(image, copied)
        await self.fast.add("copy", BytesBody(DATA))
        return image_id

    async def test_delete(self):
        """
        Data is removed from one store, if that is wanted.
        """
        image_id = await self.copied()
        remove = (stores.delete, "n", "slow")
        status, out = await self.run_command(*remove, dry_run=True)
        what = f"Delete the data of image {image_id} (n) from store slow\n"
        self.assertTrue(out.endswith(what), out)
        self.agree = False
        status, _ = await self.run_command(*remove, attended=True)
        self.assertEqual(status, statuses.FAILURE)
        self.assertEqual((await self.client.show(image_id))["stores"], "fast,slow")
        status, _ = await self.run_command(*remove, force=True)
        self.assertEqual(status, 0, self.errors.getvalue())
        self.assertEqual((await self.client.show(image_id))["stores"], "fast")
        status, _ = await self.run_command(stores.delete, "n", "fast", force=True)
        self.assertNotEqual(status, 0)
        self.assertIn("only copy", self.errors.getvalue())
