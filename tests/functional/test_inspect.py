"""
C{glance-manage inspect} over an SQLite file and files of image data.
"""

import json

from glance.image import Location, Status
from tests import disks
from tests.functional.test_manage import ManageCase, image_id


class InspectTests(ManageCase):
    """
    Stored data is looked into.
    """

    def setUp(self):
        super().setUp()
        self.registry = self.open_registry()
        self.put(1, disks.qcow2())

    def put(self, number, data, **attributes):
        """
        Have the registry know an image with data, and the store have that.
        """
        location = Location(store="file", key=f"{image_id(number)}.1")
        (self.data / location.key).write_bytes(data)
        attributes.setdefault("disk_format", "qcow2")
        attributes.setdefault("container_format", "bare")
        self.keep(
            self.registry,
            number,
            status=Status.ACTIVE,
            size=len(data),
            locations=(location,),
            **attributes,
        )

    def image(self, number):
        """
        Get an image.
        """
        return self.successResultOf(self.registry.get(image_id(number)))

    def inspect(self, *arguments, status=1):
        """
        Look into data, and get what is said of it.
        """
        return json.loads(
            self.manage("inspect", "-o", "json", *arguments, status=status)
        )

    def test_right(self):
        """
        If all is right, that is said, with status 0, and sizes are recorded.
        """
        self.put(2, disks.stream_vmdk(), disk_format="vmdk")
        self.put(3, bytes(1000), disk_format="raw")
        self.assertEqual(
            self.manage("inspect").splitlines()[1], "Recorded the size of 3 disks."
        )
        sizes = [self.image(number).virtual_size for number in (1, 2, 3)]
        self.assertEqual(sizes, [disks.SIZE, disks.SIZE, 1000])
        self.assertEqual(
            self.manage("inspect"),
            "Looked at 0 images (0 bytes): no findings.\n"
            "Recorded the size of 0 disks.\n",
        )
        self.assertEqual(self.inspect("--all", status=0)["images"], 3)

    def test_wrong(self):
        """
        What isn't safe, isn't what it claims or isn't there is listed, with
        status 1, and left as it is.
        """
        self.put(2, disks.qcow2(backing=512))
        self.put(3, disks.vdi())
        self.put(4, disks.qcow2())
        (self.data / f"{image_id(4)}.1").unlink()
        for rate in ("0", "9"):
            said = self.inspect("--rate", rate)
            faults = {row["image"]: row["fault"] for row in said["findings"]}
            self.assertEqual(
                faults,
                {
                    image_id(2): "unsafe",
                    image_id(3): "mismatch",
                    image_id(4): "missing",
                },
            )
            self.assertEqual({row["deactivated"] for row in said["findings"]}, {False})
        said = self.manage("inspect", status=1)
        self.assertIn("based on another file", said)
        self.assertEqual(len(said.splitlines()), 5)
        self.assertEqual(self.image(2).status, Status.ACTIVE)
        self.manage("inspect", "--image", image_id(1))

    def test_deactivate(self):
        """
        Downloads of what isn't safe, or isn't what it claims, are stopped on
        request; those of what is missing are not.
        """
        self.put(2, disks.qcow2(backing=512))
        self.put(3, disks.vdi())
        self.put(4, disks.qcow2())
        (self.data / f"{image_id(4)}.1").unlink()
        self.inspect("--deactivate")
        statuses = [self.image(number).status.value for number in (1, 2, 3, 4)]
        self.assertEqual(statuses, ["active", "deactivated", "deactivated", "active"])

    def test_configured(self):
        """
        The operator's options say what is right.
        """
        self.put(2, disks.vdi())
        with self.conf.open("a") as conf:
            conf.write("[image_format]\nrequire_image_format_match = false\n")
        self.inspect(status=0)

    def test_cannot(self):
        """
        What cannot be looked into is told in a line, with status 2.
        """
        line = self.refused("inspect", "--image", "none", status=2)
        self.assertIn("No image with ID none was found", line)
        other = f"sqlite:///{self.here / 'other.sqlite'}"
        self.refused("--sql-connection", other, "inspect", status=2)
