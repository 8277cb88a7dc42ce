"""
Packer, with users of the service's own, and a stand-in for Nova.
"""

import base64
import json

from twisted.trial.unittest import TestCase

from tests.integration.compute import Compute
from tests.integration.provided import program
from tests.integration.test_local_identity import EVA, Users

BUILDER = {
    "type": "openstack",
    "flavor": "small",
    # There is no server that could be logged in to.
    "communicator": "none",
    "ssh_password": "unused",
    "image_name": "built",
    "metadata": {"os_distro": "debian"},
    "image_tags": ["built", "nightly"],
    "image_visibility": "shared",
    "image_min_disk": 2,
    "source_image_filter": {
        "filters": {
            "name": "base",
            "tags": ["lts"],
            "visibility": "shared",
            "properties": {"stage": "tested"},
        },
        "most_recent": True,
    },
}


class PackerTests(Users, TestCase):
    """
    C{packer build}, with its builder for OpenStack.
    """

    def setUp(self):
        self.packer = program("packer")
        super().setUp()
        self.compute = Compute(self.url)
        self.compute.start()
        self.addCleanup(self.compute.stop)
        self.eva = self.as_user("eva", EVA, "acme")
        pair = base64.b64encode(f"eva:{EVA}".encode()).decode()
        self.basic = {"Authorization": f"Basic {pair}"}

    def environment(self):
        """
        Get the environment of clients, in which Packer doesn't ask for a newer one
        of itself.
        """
        return {**super().environment(), "CHECKPOINT_DISABLE": "1"}

    def builds(self, status=0, **options):
        """
        Let Packer build an image, and get what it says.
        """
        template = self.place.path / "template.json"
        template.write_text(json.dumps({"builders": [{**BUILDER, **options}]}))
        self.user = {**self.eva, "OS_AUTH_URL": f"{self.compute.url}/v3"}
        command = (self.packer, "build", "-machine-readable", template)
        return self.run_client(*command, status=status).decode()

    def source(self, **more):
        """
        Make an image that may be what Packer begins with, and get its id.
        """
        formats = {"disk_format": "qcow2", "container_format": "bare"}
        described = {"name": "base", "tags": ["lts"], **formats, **more}
        return self.compute.make(described, self.image.path.read_bytes(), **self.basic)

    def shown(self, path):
        """
        Get what the service says of something.
        """
        return json.loads(self.compute.ask("GET", path, **self.basic)[1])

    def test_build(self):
        """
        Packer finds the newest image of those that it looks for, waits for the one
        that is made of it, and gives that tags, a visibility, a least disk and
        members.  Without the password, or such an image, no server is begun.
        """
        self.eva["OS_PASSWORD"] = "wrong"
        self.assertIn("Authentication failed", self.builds(status=1))
        self.eva["OS_PASSWORD"] = EVA
        self.assertIn("No image was found matching", self.builds(status=1))
        self.assertNotIn(("POST", "/servers"), self.compute.asked)
        self.source(stage="tested")
        newest = self.source(stage="tested")
        self.source()
        other = self.file.read().project_named("other").id
        said = self.builds(image_members=[other])
        self.assertIn(f"Found Image ID: {newest}", said)
        [artifact] = [line for line in said.splitlines() if ",artifact,0,id," in line]
        path = f"/v2/images/{artifact.rpartition(',')[2]}"
        built = self.shown(path)
        self.assertEqual((built["name"], built["status"]), ("built", "active"))
        self.assertEqual(built["checksum"], self.image.md5)
        self.assertEqual(sorted(built["tags"]), ["built", "nightly"])
        self.assertEqual((built["visibility"], built["min_disk"]), ("shared", 2))
        self.assertEqual(built["os_distro"], "debian")
        [member] = self.shown(f"{path}/members")["members"]
        self.assertEqual((member["member_id"], member["status"]), (other, "pending"))
        self.assertEqual(self.compute.servers, {})
