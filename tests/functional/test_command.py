"""
Tests for the C{glance} command as a process of its own.
"""

import json
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater

from glance.cli import statuses
from glance.image import Status
from glance.query import EVERYTHING, Query
from tests.functional.commanding import DATA, CommandCase

INTERRUPTING = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == os.environ["INTERRUPTED_BY"]:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
"""
"""
Interrupts a program when it imports a module.
"""


class DataTests(CommandCase):
    """
    Tests for data that goes in and out.
    """

    async def test_pipes(self):
        """
        What comes from a pipe goes out to one, the same.
        """
        image_id = await self.add()
        running = self.spawn("download", image_id)
        status, _, err = await running.ended
        self.assertEqual((status, err), (0, b""))
        self.assertTrue(running.out == DATA)

    async def test_redirected_file(self):
        """
        A file that is redirected is sent with its size.
        """
        path = Path(self.mktemp())
        path.write_bytes(DATA)
        with path.open("rb") as file:
            running = self.spawn(
                "add",
                "disk_format=raw",
                "container_format=bare",
                "-o",
                "json",
                fds={0: file.fileno(), 1: "r", 2: "r"},
            )
            status, out, err = await running.ended
        self.assertEqual((status, err), (0, b""))
        self.assertEqual(json.loads(out)["size"], len(DATA))

    async def test_file(self):
        """
        A download into a file goes on where it was cut.
        """
        image_id = await self.add()
        path = Path(self.mktemp())
        part = path.with_name(path.name + ".part")
        part.write_bytes(DATA[:1_000_000])
        status, _, err = await self.glance("download", image_id, "--file", str(path))
        self.assertEqual((status, err), (0, b""))
        self.assertTrue(path.read_bytes() == DATA)
        self.assertFalse(part.exists())

    async def test_closed_pipe(self):
        """
        Output that nobody reads any more ends a command without a word.
        """
        image_id = await self.add()
        running = self.spawn("download", image_id)
        running.process.closeStdout()
        status, _, err = await running.ended
        self.assertEqual((status, err), (statuses.CLOSED, b""))
        running = self.spawn("show", image_id)
        running.process.closeStdout()
        status, _, err = await running.ended
        self.assertEqual((status, err), (statuses.CLOSED, b""))

    async def test_interrupted(self):
        """
        An interrupted upload ends at once, though it waits for its input, and
        leaves nothing in the store.
        """
        running = self.spawn("add", "disk_format=raw", "container_format=bare")
        running.process.write(DATA)
        while not await self.service.registry.find(Query(scope=EVERYTHING)):
            await deferLater(reactor, 0.05)
        running.process.signalProcess("INT")
        status, out, err = await running.ended
        self.assertEqual((status, out, err), (statuses.INTERRUPTED, "", b""))
        while await self.service.store.keys():
            await deferLater(reactor, 0.05)

    async def test_closed_streams(self):
        """
        A closed input is no data; what a closed output would get is lost.
        """
        running = self.spawn("add", "name=x", fds={1: "r", 2: "r"})
        status, _, err = await running.ended
        self.assertEqual((status, err), (0, b""))
        [image] = await self.service.registry.find(Query(scope=EVERYTHING))
        self.assertIs(image.status, Status.QUEUED)
        image_id = await self.add()
        for args in (("index",), ("show", image_id), ("download", image_id)):
            for fds in ({0: "w", 2: "r"}, {2: "r"}, {0: "w"}, {}):
                running = self.spawn(*args, fds=fds)
                self.assertEqual(await running.ended, (0, "", b""), (args, fds))

    async def test_narrow_output(self):
        """
        What an output cannot show is shown as a number.
        """
        formats = ("disk_format=raw", "container_format=bare")
        await self.glance("add", "name=\xfcn\xef", "is_public=true", *formats)
        self.environment["PYTHONIOENCODING"] = "ascii"
        status, out, err = await self.glance("index")
        self.assertEqual((status, err), (0, b""))
        self.assertIn(r" \xfcn\xef ", out)

    async def test_interrupted_early(self):
        """
        A command is interrupted in the same way while it begins.
        """
        directory = Path(self.mktemp())
        directory.mkdir()
        (directory / "sitecustomize.py").write_text(INTERRUPTING)
        path = self.environment["PYTHONPATH"]
        self.environment["PYTHONPATH"] = f"{directory.absolute()}:{path}"
        upload = (str(directory / "sitecustomize.py"), "x")
        for point, module, args in (
            ("glance.cli.session", "glance.cli.main", ("index",)),
            ("twisted.internet.reactor", "glance.cli.main", ("index",)),
            # Once its first request is made.
            ("glance.client.tls", "glance.cli.main", ("--ssl", "index")),
            ("glance.cli.session", "glance.cli.upload", upload),
        ):
            self.environment["INTERRUPTED_BY"] = point
            ended = await self.glance(*args, module=module)
            self.assertEqual(ended, (statuses.INTERRUPTED, "", b""), point)

    async def test_upload_of_2011(self):
        """
        C{glance-upload} works, with the formats and without them.
        """
        path = Path(self.mktemp())
        path.write_bytes(DATA)
        for formats in ((), ("--disk-format=raw", "--container-format=bare")):
            status, out, err = await self.glance(
                str(path),
                "old",
                "--port",
                str(self.port),
                "--kernel=5",
                *formats,
                module="glance.cli.upload",
            )
            self.assertEqual((status, err), (0, b""))
            self.assertIn("Stored image. Got identifier: {", out)
            self.assertIn("'kernel_id': '5'", out)


class TerminalTests(CommandCase):
    """
    Tests for who sits at a terminal.
    """

    async def test_confirmed(self):
        """
        An image is deleted once that is confirmed.
        """
        image_id = await self.add()
        for said, status in ((b"n\n", 1), (b"\x03", 130), (b"y\n", 0)):
            running = self.spawn("delete", image_id, terminal=True)
            await running.until(f"Delete image {image_id} (x)? [y/N]".encode())
            running.process.write(said)
            ended = await running.ended
            self.assertEqual(ended[0], status, ended)
        self.assertIn("Deleted image", ended[1])

    async def test_bar(self):
        """
        A bar shows how far a transfer has come, and is gone when that is said.
        """
        image_id = await self.add()
        for args, shown in (((), True), (("--silent-upload",), False)):
            running = self.spawn(
                "download", image_id, "--file", self.mktemp(), *args, terminal=True
            )
            status, out, _ = await running.ended
            self.assertEqual(status, 0)
            self.assertEqual("Downloading" in out, shown, ascii(out))
            bar, _, _ = out.partition("Saved image")
            self.assertEqual(bar.rpartition("\r")[2], "", ascii(out))
