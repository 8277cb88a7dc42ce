"""
OpenStack's clients, against a daemon that has several stores.
"""

import json

from tests.functional.test_several_stores import SeveralStoresCase
from tests.integration.provided import openstack_client
from tests.integration.running import Clients

DATA = b"the data of an image" * 1000

LIBRARY = """
import io, sys
from glanceclient import Client, exc

images = Client("2", endpoint=sys.argv[1], token="x").images
stores = images.get_stores_info()["stores"]
assert [store["id"] for store in stores] == ["slow", "fast"], stores
detail = images.get_stores_info_detail()["stores"]
assert [store["weight"] for store in detail] == [0, 10], detail
made = images.create(name="a", disk_format="raw", container_format="bare")
images.upload(made.id, io.BytesIO(b"data"), backend="fast")
assert images.get(made.id).stores == "fast", images.get(made.id)
assert b"".join(images.data(made.id)) == b"data"
for store, error in (
    ("fast", exc.HTTPForbidden), ("slow", exc.HTTPNotFound), ("x", exc.HTTPConflict)
):
    try:
        images.delete_from_store(store, made.id)
    except error:
        continue
    raise AssertionError(store)
images.delete(made.id)
"""


class SeveralStoresTests(SeveralStoresCase, Clients):
    """
    They list the stores, choose among them, and remove data from one.
    """

    def setUp(self):
        self.binaries = openstack_client()
        super().setUp()

    def glance(self, *arguments, **how):
        """
        Run OpenStack's command C{glance}.
        """
        to = ("--os-image-url", self.place.api, "--os-auth-token", "x")
        run = self.refuse_client if how.pop("refused", False) else self.run_client
        return run(self.binaries / "glance", *to, *arguments, **how).decode()

    def test_library(self):
        """
        So does python-glanceclient.
        """
        python = self.binaries / "python"
        self.run_client(python, "-P", "-c", LIBRARY, self.place.api)

    def test_glance(self):
        """
        So does its command.
        """
        told = self.glance("stores-info")
        self.assertIn("Disks that turn", told)
        self.assertIn("data_dir", self.glance("stores-info", "--detail"))
        path = self.place.path / "disk"
        path.write_bytes(DATA)
        formats = ("--disk-format", "raw", "--container-format", "bare")
        told = self.glance(
            *("image-create", *formats, "--store", "fast", "--file", path)
        )
        self.assertRegex(told, r"stores +\| fast ")
        image_id = self.copied(DATA)
        self.assertIn("fast,slow", self.glance("image-list", "--include-stores"))
        self.glance("stores-delete", "--store", "slow", image_id)
        self.assertEqual(self.shown(image_id)["stores"], "fast")
        said = self.glance("stores-delete", "--store", "fast", image_id, refused=True)
        self.assertIn("only copy", said)
        self.glance("image-download", "--file", self.place.path / "got", image_id)
        self.assertEqual((self.place.path / "got").read_bytes(), DATA)

    def test_openstack(self):
        """
        So does the command C{openstack}, as far as it knows of stores.
        """
        to = ("--os-auth-type", "none", "--os-endpoint", self.place.api)
        command = (self.binaries / "openstack", *to, "image", "stores", "list")
        listed = json.loads(self.run_client(*command, "-f", "json"))
        self.assertEqual([store["ID"] for store in listed], ["slow", "fast"])
        self.run_client(*command, "--detail")
