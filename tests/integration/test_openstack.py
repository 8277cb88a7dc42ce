"""
OpenStack's clients of version 2 of the API, against daemons without a Keystone.
"""

import json
import subprocess
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.integration.provided import disk_images, openstack_client, program, sha512
from tests.integration.running import Clients

EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
"""The checksum of nothing."""


class OpenStackClients(Clients):
    """
    Runs OpenStack's clients.
    """

    def setUp(self):
        self.binaries = openstack_client()
        self.images = {image.name: image for image in disk_images()}
        super().setUp()

    def run_script(self, name):
        """
        Run a program of those beside this module.
        """
        script = Path(__file__).parent / name
        path = self.images["disk.qcow2"].path
        command = (self.binaries / "python", "-P", script, self.place.api, path)
        self.run_client(*command)
        self.assert_empty()


class Libraries(OpenStackClients):
    """
    Programs that use the libraries.
    """

    def test_sdk(self):
        """
        openstacksdk does all it can without an identity service.
        """
        self.run_script("with_sdk.py")

    def test_glanceclient(self):
        """
        So does python-glanceclient.
        """
        self.run_script("with_glanceclient.py")


class OneDaemonTests(Libraries, TestCase):
    """
    The libraries, with one daemon for all.
    """

    daemons = ("glance",)


class TwoDaemonsTests(Libraries, TestCase):
    """
    The libraries, with an API and a registry.
    """


class OpenStackCommandTests(OpenStackClients, TestCase):
    """
    The command C{openstack}.
    """

    daemons = ("glance",)

    def openstack(self, *arguments, run=None, **how):
        """
        Run the command.
        """
        to = ("--os-auth-type", "none", "--os-endpoint", self.place.api)
        run = run or self.run_client
        return run(self.binaries / "openstack", *to, *arguments, **how)

    def openstack_json(self, *arguments, **how):
        """
        Run the command, and get the JSON that it prints.
        """
        return json.loads(self.openstack(*arguments, "-f", "json", **how))

    def assert_stored(self, told, image):
        """
        See that the command has said of an image what is so.
        """
        self.assertEqual(told["status"], "active")
        self.assertEqual(told["name"], image.name)
        self.assertEqual(told["disk_format"], image.disk_format)
        self.assertEqual(told["size"], image.size)
        self.assertEqual(told["checksum"], image.md5)
        self.assertEqual(told["properties"]["os_hash_value"], image.sha512)

    def assert_saved(self, name, image):
        """
        See that the command gets the data of an image.
        """
        self.openstack("image", "save", "--file", "saved", name)
        saved = self.place.path / "saved"
        self.assertEqual(sha512(saved), image.sha512)
        saved.unlink()

    def test_data(self):
        """
        Data goes in from a file and from a pipe, and is saved as it was.
        """
        qcow2, iso = self.images["disk.qcow2"], self.images["ipxe.iso"]
        create = ("image", "create", "--disk-format")
        told = self.openstack_json(
            *(*create, "qcow2", "--file", qcow2.path, qcow2.name),
            *("--property", "os_distro=debian", "--tag", "first", "--min-disk", "1"),
        )
        self.assert_stored(told, qcow2)
        self.assertEqual(told["visibility"], "shared")
        self.assertEqual(told["tags"], ["first"])
        self.assertEqual(told["min_disk"], 1)
        self.assertEqual(told["properties"]["os_distro"], "debian")
        with self.pipe(iso.path) as pipe:
            told = self.openstack_json(*create, "iso", iso.name, stdin=pipe)
        self.assert_stored(told, iso)
        self.assert_saved(qcow2.name, qcow2)
        self.assert_saved(told["id"], iso)
        listed = self.openstack_json("image", "list", "--sort", "name:asc")
        self.assertEqual(
            [(row["Name"], row["Status"]) for row in listed],
            [(qcow2.name, "active"), (iso.name, "active")],
        )
        self.openstack("image", "delete", qcow2.name, told["id"])
        self.assertEqual(self.openstack_json("image", "list"), [])
        self.openstack("image", "show", qcow2.name, status=1)
        self.assert_empty()

    def test_changes(self):
        """
        What is set and unset is shown so; who may have the image is listed.
        """
        raw = self.images["disk.raw"]
        create = ("image", "create", "--disk-format", "raw", "--file", raw.path)
        image_id = self.openstack_json(*create, "debian:12")["id"]
        self.openstack(
            *("image", "set", "debian:12", "--name", "debian:13", "--protected"),
            *("--property", "a=1", "--property", "b=2", "--tag", "x", "--tag", "y"),
            *("--min-ram", "64", "--architecture", "x86_64", "--hidden", "--private"),
        )
        told = self.openstack_json("image", "show", "debian:13")
        self.assertEqual(told["id"], image_id)
        self.assertEqual((told["protected"], told["min_ram"]), (True, 64))
        self.assertEqual((told["visibility"], told["tags"]), ("private", ["x", "y"]))
        properties = told["properties"]
        self.assertIs(properties["os_hidden"], True)
        self.assertEqual(properties["architecture"], "x86_64")
        self.assertEqual((properties["a"], properties["b"]), ("1", "2"))
        self.assertEqual(self.openstack_json("image", "list"), [])
        self.openstack("image", "delete", image_id, status=1)
        unset = ("--property", "a", "--tag", "x")
        self.openstack("image", "unset", *unset, image_id)
        flags = ("--unprotected", "--unhidden", "--shared", "--deactivate")
        self.openstack("image", "set", *flags, image_id)
        told = self.openstack_json("image", "show", image_id)
        self.assertEqual((told["status"], told["tags"]), ("deactivated", ["y"]))
        self.assertNotIn("a", told["properties"])
        self.assertEqual(told["properties"]["b"], "2")
        self.assertEqual(told["visibility"], "shared")
        # The command that adds one asks an identity service.
        members = f"{self.place.api}/v2/images/{image_id}/members"
        body = ("--json", '{"member": "beta"}')
        self.run_client(program("curl"), "-sS", "--fail-with-body", *body, members)
        [member] = self.openstack_json("image", "member", "list", image_id)
        self.assertEqual((member["Member ID"], member["Status"]), ("beta", "pending"))
        self.openstack("image", "delete", image_id)
        self.assert_empty()

    def test_refused(self):
        """
        The command says why data is refused in the middle of it; nothing is
        left of the image.
        """
        create = ("image", "create", "--disk-format", "qcow2", "wrong")
        with self.pipe(self.images["disk.raw"].path) as pipe:
            said = self.openstack(*create, stdin=pipe, run=self.refuse_client)
        self.assertIn(b"415", said)
        self.assertIn(b"the disk_format of the image is qcow2", said)
        self.assertEqual(self.openstack_json("image", "list"), [])
        self.assert_empty()

    def test_empty_input(self):
        """
        Where the command's input is no terminal and nothing comes from it, the
        command sends nothing as the data of the image, and gets an image of no
        bytes, which no data can follow; at a terminal it sends no data, and the
        image waits for it.
        """
        create = ("image", "create", "--disk-format", "qcow2", "-f", "json")
        said = self.openstack(*create, "trapped", stdin=subprocess.DEVNULL)
        told = json.loads(said)
        self.assertEqual((told["status"], told["size"]), ("active", 0))
        self.assertEqual(told["checksum"], EMPTY_MD5)
        said = self.openstack(*create, "waiting", run=self.run_at_terminal)
        waiting = json.loads(said)
        self.assertEqual((waiting["status"], waiting.get("size")), ("queued", None))
        path = self.images["disk.qcow2"].path
        for image, status in ((told, b"409"), (waiting, b"204")):
            sent = self.run_client(
                *(program("curl"), "-sS", "-o", "said", "-w", "%{http_code}"),
                *("-T", path, "-H", "Content-Type: application/octet-stream"),
                f"{self.place.api}{image['file']}",
            )
            self.assertEqual(sent, status)


class GlanceCommandTests(OpenStackClients, TestCase):
    """
    The command C{glance} of python-glanceclient.
    """

    daemons = ("glance",)

    def glance(self, *arguments, run=None, **how):
        """
        Run the command.

        @return: what it prints.
        """
        to = ("--os-image-url", self.place.api, "--os-auth-token", "x")
        run = run or self.run_client
        return run(self.binaries / "glance", *to, *arguments, **how).decode()

    def told(self, *arguments, **how):
        """
        Run the command, and read the table that it prints.

        @return: the values by the words in front of them.
        """
        return dict(row[:2] for row in self.rows(*arguments, **how))

    def rows(self, *arguments, **how):
        """
        Run the command, and get the rows of the table that it prints.
        """
        lines = self.glance(*arguments, **how).splitlines()
        rows = [line[1:-1].split("|") for line in lines if line.startswith("|")]
        return [[cell.strip() for cell in row] for row in rows[1:]]

    def test_schemas(self):
        """
        The command explains what images have, and makes options of it, as the
        service describes them.
        """
        schema = json.loads(
            self.run_client(
                program("curl"), "-sS", f"{self.place.api}/v2/schemas/image"
            )
        )
        explained = " ".join(self.glance("explain", "image").split())
        for name in schema["properties"]:
            self.assertIn(f"| {name} |", explained)
        helped = " ".join(self.glance("help", "image-create").split())
        for name in ("architecture", "os_distro", "min_disk", "visibility"):
            option = f"--{name.replace('_', '-')} <{name.upper()}>"
            self.assertIn(option, helped)
            what = schema["properties"][name]["description"]
            self.assertIn(f"{option} {what}", helped)

    def test_data(self):
        """
        Data goes in from a file and from a pipe, and is downloaded as it was.
        """
        qcow2, iso = self.images["disk.qcow2"], self.images["ipxe.iso"]
        create = ("image-create", "--container-format", "bare", "--disk-format")
        told = self.told(
            *(*create, "qcow2", "--name", qcow2.name, "--file", qcow2.path),
            *("--tags", "first", "--os-distro", "debian", "--property", "k=v"),
        )
        for name, value in (
            ("name", qcow2.name),
            ("status", "active"),
            ("size", str(qcow2.size)),
            ("checksum", qcow2.md5),
            ("virtual_size", str(self.images["disk.raw"].size)),
            ("visibility", "shared"),
            ("tags", '["first"]'),
            ("os_distro", "debian"),
            ("k", "v"),
        ):
            self.assertEqual(told[name], value)
        first = told["id"]
        with self.pipe(iso.path) as pipe:
            told = self.told(*create, "iso", "--name", iso.name, stdin=pipe)
        self.assertEqual((told["status"], told["checksum"]), ("active", iso.md5))
        rows = self.rows("image-list", "--sort", "name:asc")
        self.assertEqual(rows, [[first, qcow2.name], [told["id"], iso.name]])
        found = ("--property-filter", "k=v", "--tag", "first")
        self.assertEqual(self.rows("image-list", *found), [[first, qcow2.name]])
        self.glance("image-download", first, "--file", "downloaded")
        downloaded = self.place.path / "downloaded"
        self.assertEqual(sha512(downloaded), qcow2.sha512)
        self.glance("image-delete", first, told["id"])
        self.assertEqual(self.rows("image-list"), [])
        self.glance("image-show", first, status=1)
        self.assert_empty()

    def test_changes(self):
        """
        What is changed is shown so, and so are members, tags, and an image
        that is deactivated.
        """
        create = ("image-create", "--name", "a", "--property", "k=v")
        queued = self.told(*create, run=self.run_at_terminal)
        self.assertEqual((queued["status"], queued["size"]), ("queued", "None"))
        image_id = queued["id"]
        formats = ("--disk-format", "raw", "--container-format", "bare")
        change = ("--name", "b", "--remove-property", "k", "--property", "new=1")
        told = self.told("image-update", image_id, *formats, *change)
        self.assertEqual((told["name"], told["new"]), ("b", "1"))
        self.assertNotIn("k", told)
        raw = self.images["disk.raw"]
        self.glance("image-update", image_id, "--disk-format", "qcow2")
        upload = ("image-upload", image_id, "--file", raw.path)
        said = self.glance(*upload, run=self.refuse_client)
        self.assertIn("the disk_format of the image is qcow2", said)
        self.glance("image-update", image_id, "--disk-format", "raw")
        self.glance(*upload)
        self.assertEqual(self.told("image-show", image_id)["checksum"], raw.md5)
        self.glance("image-deactivate", image_id)
        self.assertEqual(self.told("image-show", image_id)["status"], "deactivated")
        self.glance("image-reactivate", image_id)
        self.glance("image-tag-update", image_id, "x")
        told = self.told("image-show", image_id)
        self.assertEqual((told["status"], told["tags"]), ("active", '["x"]'))
        self.glance("image-tag-delete", image_id, "x")
        created = self.rows("member-create", image_id, "beta")
        self.assertEqual(created, [[image_id, "beta", "pending"]])
        changed = self.rows("member-update", image_id, "beta", "accepted")
        self.assertEqual(changed, [[image_id, "beta", "accepted"]])
        self.assertEqual(self.rows("member-list", "--image-id", image_id), changed)
        self.glance("member-delete", image_id, "beta")
        self.assertEqual(self.rows("member-list", "--image-id", image_id), [])
        self.assertEqual(self.told("image-show", image_id)["tags"], "[]")
        self.glance("image-delete", image_id)
        self.assert_empty()
