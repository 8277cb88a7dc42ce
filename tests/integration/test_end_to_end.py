"""
Real disk images go into real daemons and out again, by all kinds of clients.
"""

import hashlib
import json
import sys
from pathlib import Path

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import TestCase

from glance.client import Client, NotFound
from glance.registry.engine import open_engines
from glance.registry.migrate import sync
from glance.registry.schema import metadata
from tests.bodies import collect
from tests.integration.provided import (
    disk_images,
    old_openstack_client,
    program,
    sha512,
)
from tests.integration.running import Clients
from tests.integration.servers import database


class EndToEnd(Clients):
    """
    All clients, against daemons that a subclass starts.
    """

    wanted = ("disk.qcow2", "ipxe.iso", "disk.raw")
    """The names of the images that there are; none for all."""

    def setUp(self):
        images = disk_images()
        self.images = [i for i in images if not self.wanted or i.name in self.wanted]
        # A command is a process each time: one of each format will do.
        self.few = list({i.disk_format: i for i in self.images}.values())
        super().setUp()

    # curl

    def curl(self, *arguments, **how):
        """
        Run curl, which fails where the server refuses.
        """
        return self.run_client(
            program("curl"), "-sS", "--fail-with-body", *arguments, **how
        )

    def curl_post(self, image, *arguments, **how):
        """
        Store an image with curl.

        @return: its URL, and what the API says of it.
        """
        fields = {
            "Name": image.name,
            "Disk-Format": image.disk_format,
            "Container-Format": image.container_format,
            "Is-Public": "true",
        }
        headers = ["-H", "Content-Type: application/octet-stream"]
        for name, value in fields.items():
            headers += ["-H", f"X-Image-Meta-{name}: {value}"]
        url = f"{self.place.api}/v1/images"
        said = self.curl("-X", "POST", *headers, *arguments, url, **how)
        told = json.loads(said)["image"]
        return f"{url}/{told['id']}", told

    def assert_told(self, told, image):
        """
        See that the API says of an image what is so.
        """
        self.assertEqual(told["status"], "active")
        self.assertEqual(told["name"], image.name)
        self.assertEqual(told["disk_format"], image.disk_format)
        self.assertEqual(told["container_format"], image.container_format)
        self.assertEqual(told["size"], image.size)
        self.assertEqual(told["checksum"], image.md5)

    def test_curl(self):
        """
        curl stores each image, and fetches it as it was.
        """
        for image in self.images:
            url, told = self.curl_post(image, "-T", image.path)
            self.assert_told(told, image)
            self.curl("-o", "fetched", url)
            self.assertEqual(sha512(self.place.path / "fetched"), image.sha512)
            self.curl("-X", "DELETE", url)
            self.run_client(
                program("curl"), "-sS", "--fail", "-o", "none", url, status=22
            )
        self.assert_empty()

    def test_curl_chunked(self):
        """
        curl stores an image from a pipe, without knowing its size.
        """
        for image in self.images:
            with self.pipe(image.path) as pipe:
                url, told = self.curl_post(image, "-T", "-", stdin=pipe)
            self.assert_told(told, image)
            got = self.curl(url)
            self.assertEqual(hashlib.sha512(got).hexdigest(), image.sha512)

    def test_curl_data(self):
        """
        curl stores an image as the data of a form would be sent.
        """
        image = self.images[0]
        _, told = self.curl_post(image, "--data-binary", f"@{image.path}")
        self.assert_told(told, image)

    def test_curl_parts(self):
        """
        curl fetches parts of an image, goes on where it was cut, asks whether
        there is anything new, and asks for the headers alone.
        """
        image = self.images[0]
        data = image.path.read_bytes()
        url, told = self.curl_post(image, "-T", image.path)
        self.assertTrue(self.curl("-r", "100-199", url) == data[100:200])
        self.assertTrue(self.curl("-r", "-5", url) == data[-5:])
        self.assertTrue(self.curl("-r", f"{image.size - 9}-", url) == data[-9:])
        part = self.place.path / "part"
        part.write_bytes(data[: image.size // 2])
        sent = self.curl("-C", "-", "-o", part, "-w", "%{size_download}", url)
        self.assertEqual(sha512(part), image.sha512)
        self.assertEqual(int(sent), image.size - image.size // 2)
        status = ("-o", "none", "-w", "%{http_code}")
        known = f'If-None-Match: "{told["checksum"]}"'
        self.assertEqual(self.curl(*status, "-H", known, url), b"304")
        other = 'If-None-Match: "other"'
        self.assertEqual(self.curl(*status, "-H", other, url), b"200")
        head = self.curl("-I", url).decode().lower()
        self.assertIn(f"x-image-meta-size: {image.size}\r\n", head)
        self.assertIn(f'etag: "{image.md5}"\r\n', head)
        too_far = ("-sS", *status, "-r", f"{image.size}-", url)
        self.assertEqual(self.run_client(program("curl"), *too_far), b"416")

    # The command

    def glance(self, *arguments, **how):
        """
        Run the C{glance} command; of what both versions have, the first.
        """
        arguments = (*arguments, "--api-version=1")
        return self.glance_v2(*arguments, **how)

    def glance_v2(self, *arguments, **how):
        """
        Run the C{glance} command.
        """
        url = ("--url", self.place.api)
        command = (sys.executable, "-m", "glance.cli.main", *url, *arguments)
        return self.run_client(*command, **how)

    def glance_json(self, *arguments, **how):
        """
        Run the C{glance} command, and get the JSON that it prints.
        """
        return json.loads(self.glance("-o", "json", *arguments, **how))

    def fields(self, image):
        """
        Get what the command is told of an image.
        """
        return (
            f"name={image.name}",
            f"disk_format={image.disk_format}",
            f"container_format={image.container_format}",
            "is_public=true",
        )

    def test_command(self):
        """
        The C{glance} command stores images, and fetches them as they were.
        """
        ids = []
        for image in self.few:
            told = self.glance_json("add", *self.fields(image), "--file", image.path)
            self.assert_told(told, image)
            ids.append(told["id"])
            self.glance("download", told["id"], "--file", "fetched")
            self.assertEqual(sha512(self.place.path / "fetched"), image.sha512)
            (self.place.path / "fetched").unlink()
        listed = self.glance_json("index", "--limit", "100")
        self.assertEqual({told["id"] for told in listed}, set(ids))
        self.glance("delete", "--force", *ids)
        self.assertEqual(self.glance("index"), b"")
        self.assert_empty()

    def test_command_v2(self):
        """
        So it does in version 2.
        """
        for image in self.few:
            made = self.glance_v2(
                "create",
                "-o",
                "json",
                "--name",
                image.name,
                "--disk-format",
                image.disk_format,
                "--container-format",
                image.container_format,
                "--file",
                image.path,
            )
            self.assert_told(json.loads(made), image)
            self.glance_v2("download", image.name, "--file", "fetched")
            self.assertEqual(sha512(self.place.path / "fetched"), image.sha512)
            (self.place.path / "fetched").unlink()
        names = {image.name for image in self.few}
        listed = self.glance_v2("list", "-o", "value", "-c", "name")
        self.assertEqual(set(listed.decode().splitlines()), names)
        self.glance_v2("delete", "--force", *names)
        self.assertEqual(self.glance_v2("list"), b"")
        self.assert_empty()

    def test_command_deeds(self):
        """
        The C{glance} command also changes, shows and lists images, reads a
        pipe, writes one, and goes on with a part.
        """
        image = self.images[0]
        with image.path.open("rb") as file:
            added = self.glance("add", *self.fields(image), "arch=x86", stdin=file)
        image_id = added.split()[-1].decode()
        self.glance("update", image_id, "name=renamed", "kind=new")
        shown = self.glance("show", image_id).decode()
        for text in (image_id, "renamed", str(image.size), "active", "kind"):
            self.assertIn(text, shown)
        self.assertNotIn("arch", shown)
        self.assertIn(b"renamed", self.glance("index"))
        self.assertIn(b"renamed", self.glance("details"))
        told = self.glance_json("show", image_id)
        self.assertEqual(told["properties"], {"kind": "new"})
        got = self.glance("download", image_id)
        self.assertEqual(hashlib.sha512(got).hexdigest(), image.sha512)
        part = self.place.path / "fetched.part"
        part.write_bytes(got[: image.size // 2])
        self.glance("download", image_id, "--file", "fetched")
        self.assertEqual(sha512(self.place.path / "fetched"), image.sha512)
        self.glance("member-add", image_id, "tenant")
        self.assertIn(b"tenant", self.glance("image-members", image_id))
        self.glance("delete", "--force", image_id)
        self.assertIn(b"Status: deleted", self.glance("show", image_id))
        self.glance("download", image_id, status=3)
        self.assert_empty()

    # The client class

    async def test_client(self):
        """
        L{Client} stores each image, and fetches it as it was.
        """
        from twisted.internet import reactor

        client = Client.from_url(self.place.api, reactor=reactor)
        self.addCleanup(client.close)
        for image in self.images:
            meta = {
                "name": image.name,
                "disk_format": image.disk_format,
                "container_format": image.container_format,
                "is_public": True,
            }
            told = await client.add_image(meta, image.path)
            self.assert_told(told, image)
            image_id = told["id"]
            described, body = await client.get_image(image_id)
            self.assertEqual(described["name"], image.name)
            data = await collect(body)
            self.assertEqual(hashlib.sha512(data).hexdigest(), image.sha512)
            saved = self.place.path / "saved"
            await client.save(image_id, saved)
            self.assertEqual(sha512(saved), image.sha512)
            saved.unlink()
            told = await client.update_image(image_id, {"name": "renamed"})
            self.assertEqual(told["name"], "renamed")
            [listed] = await client.get_images_detailed(name="renamed")
            self.assertEqual(listed["id"], image_id)
            self.assertTrue(await client.delete_image(image_id))
            got = maybeDeferred(client.get_image, image_id)
            await self.assertFailure(got, NotFound)
        self.assert_empty()

    # OpenStack's client

    def test_openstack_client(self):
        """
        OpenStack's client does with images all that it can.
        """
        python = old_openstack_client() / "python"
        manifest = self.place.path / "manifest.json"
        images = [
            {
                "path": str(image.path),
                "name": image.name,
                "disk_format": image.disk_format,
                "container_format": image.container_format,
                "size": image.size,
                "md5": image.md5,
                "sha512": image.sha512,
            }
            for image in self.images
        ]
        manifest.write_text(json.dumps(images))
        script = Path(__file__).parent / "openstack.py"
        self.run_client(python, "-P", script, self.place.api, manifest)
        self.assert_empty()


class TwoDaemonsTests(EndToEnd, TestCase):
    """
    An API and a registry, on SQLite.
    """

    wanted = ()

    def openstack(self, *arguments, **how):
        """
        Run the command of OpenStack's client.
        """
        return self.run_at_terminal(
            old_openstack_client() / "glance",
            *("--os-image-api-version", "1"),
            *("--os-image-url", self.place.api),
            *("--os-auth-token", "x"),
            *arguments,
            **how,
        ).decode()

    def test_openstack_command(self):
        """
        So does its command.
        """
        image = self.images[0]
        said = self.openstack(
            "image-create",
            *("--name", image.name),
            *("--disk-format", image.disk_format),
            *("--container-format", image.container_format),
            *("--file", image.path),
            *("--is-public", "True"),
            *("--property", "arch=x86"),
        )
        self.assertIn(image.md5, said)
        rows = [line.split("|") for line in said.splitlines() if "|" in line]
        told = {row[1].strip(): row[2].strip() for row in rows}
        self.assertEqual(told["status"], "active")
        image_id = told["id"]
        self.assertIn(image.name, self.openstack("image-list"))
        self.openstack("image-update", image_id, "--name", "renamed")
        self.assertIn("renamed", self.openstack("image-show", image_id))
        self.openstack("image-download", image_id, "--file", "fetched")
        self.assertEqual(sha512(self.place.path / "fetched"), image.sha512)
        self.openstack("member-create", image_id, "tenant")
        self.assertIn("tenant", self.openstack("member-list", "--image-id", image_id))
        self.openstack("member-delete", image_id, "tenant")
        self.openstack("image-delete", image_id)
        self.assert_empty()


class AllInOneTests(EndToEnd, TestCase):
    """
    One daemon for all, on SQLite.
    """

    daemons = ("glance",)


class ServerEndToEnd(EndToEnd):
    """
    Daemons on a database server.
    """

    wanted = ("disk.qcow2",)

    def options(self):
        url = database(self.kind).url
        sync(url)
        engines = open_engines(url, 1)
        with engines.writer.begin() as db:
            for table in reversed(metadata.sorted_tables):
                db.execute(table.delete())
        engines.dispose()
        return {"sql_connection": url}


class PostgreSQLTests(ServerEndToEnd, TestCase):
    """
    An API and a registry, on PostgreSQL.
    """

    kind = "postgres"


class MariaDBTests(ServerEndToEnd, TestCase):
    """
    An API and a registry, on MariaDB.
    """

    kind = "mariadb"
