"""
Tests for L{glance.client.registry} against the registry, in memory.
"""

from twisted.trial.unittest import TestCase

from glance.client import Invalid, NotFound, RegistryClient
from tests.registry.old import Asking


class RegistryClientTests(Asking, TestCase):
    """
    L{RegistryClient} speaks to both old faces of the registry.
    """

    doc_root = ""

    def setUp(self):
        super().setUp()
        self.api = RegistryClient(
            "registry",
            reactor=self.clock,
            agent=self.client._agent,
            doc_root=self.doc_root,
        )

    async def test_life(self):
        """
        An image is described, listed, changed and forgotten.
        """
        added = await self.api.add_image(
            {
                "name": "a",
                "status": "queued",
                "is_public": True,
                "disk_format": "raw",
                "container_format": "bare",
                "properties": {"x": "1"},
            }
        )
        image_id = added["id"]
        self.assertEqual((await self.api.get_image(image_id))["name"], "a")
        self.assertEqual([one["id"] for one in await self.api.get_images()], [image_id])
        await self.api.update_image(image_id, {"properties": {"y": "2"}})
        [found] = await self.api.get_images_detailed()
        self.assertEqual(found["properties"], {"x": "1", "y": "2"})
        changed = await self.api.update_image(
            image_id, {"properties": {"z": "3"}}, purge_props=True
        )
        self.assertEqual(changed["properties"], {"z": "3"})
        self.assertIs(await self.api.delete_image(image_id), True)
        with self.assertRaises(NotFound):
            await self.api.delete_image(image_id)

    async def test_refused(self):
        """
        What the registry refuses is raised with its reason.
        """
        with self.assertRaises(Invalid) as caught:
            await self.api.add_image({"name": "a", "status": "bad"})
        self.assertIn("Invalid image status 'bad' for image", str(caught.exception))


class LaterRegistryClientTests(RegistryClientTests):
    """
    The same, as the registry was later.
    """

    doc_root = "/v1"
