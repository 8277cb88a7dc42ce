"""
Tests for the C{glance} command, version 2, as a process of its own.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater

from glance.cli import statuses
from glance.image import Status
from glance.query import EVERYTHING, Query
from tests.functional.commanding import DATA, CommandCase
from tests.peer import answer

SMALL = b"data" * 1000
IMAGE = {
    "id": "an-id",
    "name": "x",
    "size": len(SMALL),
    "os_hash_algo": "sha512",
    "os_hash_value": hashlib.sha512(SMALL).hexdigest(),
}
FOUND = answer("200 OK", {}, json.dumps({"images": [IMAGE]}).encode())
SHOWN = answer("200 OK", {}, json.dumps(IMAGE).encode())


class DataTests(CommandCase):
    """
    Tests for data that goes in and out.
    """

    async def images(self):
        """
        List what is known of images.
        """
        return await self.service.registry.find(Query(scope=EVERYTHING))

    async def test_pipes(self):
        """
        What comes from a pipe goes out to one, the same.
        """
        status, out, err = await self.glance("create", "--name", "x", stdin=DATA)
        self.assertEqual((status, err), (0, b""))
        self.assertRegex(out, r"\ACreated image [0-9a-f-]{36} \(x\)\n\Z")
        for args in ((), ("--file", "-")):
            running = self.spawn("download", "x", *args)
            status, _, err = await running.ended
            self.assertEqual((status, err), (0, b""))
            self.assertTrue(running.out == DATA)

    async def test_files(self):
        """
        What comes from a file goes to one, the same.
        """
        path, copy = Path(self.mktemp()), Path(self.mktemp())
        path.write_bytes(DATA)
        await self.glance("create", "--name=x", "--file", str(path))
        part = copy.with_name(f"{copy.name}.part")
        part.write_bytes(DATA[:1_000_000])
        status, _, err = await self.glance("download", "x", "--file", str(copy))
        self.assertEqual((status, err), (0, b""))
        self.assertTrue(copy.read_bytes() == DATA)
        self.assertFalse(part.exists())

    async def test_redirected(self):
        """
        A file that is redirected is sent with its size.
        """
        path = Path(self.mktemp())
        path.write_bytes(DATA)
        with path.open("rb") as file:
            fds = {0: file.fileno(), 1: "r", 2: "r"}
            running = self.spawn("create", "-o", "json", fds=fds)
            status, out, _ = await running.ended
        self.assertEqual(status, 0)
        self.assertEqual(json.loads(out)["size"], len(DATA))

    async def test_empty(self):
        """
        An input that is empty makes no image, unless it may be empty.
        """
        with Path(os.devnull).open("rb") as null:
            for fds in (None, {0: null.fileno(), 1: "r", 2: "r"}):
                running = self.spawn("create", fds=fds)
                if fds is None:
                    running.process.closeStdin()
                status, out, err = await running.ended
                self.assertEqual((status, out), (statuses.USAGE, ""))
                self.assertIn(b"The standard input is empty", err)
        self.assertEqual(await self.images(), [])
        status, _, err = await self.glance("create", "--empty")
        self.assertEqual((status, err), (0, b""))
        self.assertEqual([image.size for image in await self.images()], [0])

    async def test_terminal(self):
        """
        At a terminal an image without data is made.
        """
        running = self.spawn("create", "--name", "x", terminal=True)
        status, out, _ = await running.ended
        self.assertEqual(status, 0, out)
        self.assertEqual([i.status.value for i in await self.images()], ["queued"])
        status, out, _ = await self.spawn("upload", "x", terminal=True).ended
        self.assertEqual(status, statuses.USAGE)
        status, _, err = await self.glance("upload", "x", stdin=DATA)
        self.assertEqual((status, err), (0, b""))

    async def test_interrupted(self):
        """
        An interrupted upload leaves no image, and no data.
        """
        running = self.spawn("create")
        running.process.write(DATA)
        while [one.status for one in await self.images()] != [Status.SAVING]:
            await deferLater(reactor, 0.05)
        running.process.signalProcess("INT")
        status, out, err = await running.ended
        self.assertEqual((status, out, err), (statuses.INTERRUPTED, "", b""))
        self.assertEqual(await self.images(), [])
        self.assertEqual(await self.service.store.keys(), [])


class PeerTests(CommandCase):
    """
    Tests for servers that misbehave.
    """

    def place(self):
        """
        Get a path to write to, and that of its part.
        """
        path = Path(self.mktemp())
        return path, path.with_name(f"{path.name}.part")

    async def test_damaged(self):
        """
        Data that came damaged gets no name, and isn't kept.
        """
        path, part = self.place()
        await self.against(FOUND, SHOWN, answer("200 OK", {}, b"x" * len(SMALL)))
        status, out, err = await self.glance("download", "x", "--file", str(path))
        self.assertEqual((status, out), (statuses.DAMAGED, ""))
        self.assertIn(b"The data that came is damaged: its SHA512 is ", err)
        self.assertFalse(path.exists() or part.exists())

    async def test_cut(self):
        """
        A download that is cut leaves what came, and goes on from there.
        """
        path, part = self.place()
        cut = answer(
            "200 OK",
            {},
            SMALL[:99],
            length=len(SMALL),
            then=lambda transport: transport.loseConnection(),
        )
        rest = answer("206 Partial Content", {}, SMALL[99:])
        await self.against(FOUND, SHOWN, cut, FOUND, SHOWN, rest)
        args = ("download", "x", "--file", str(path))
        status, _, err = await self.glance(*args)
        self.assertEqual(status, statuses.UNREACHABLE, err)
        self.assertEqual(part.read_bytes(), SMALL[:99])
        status, _, err = await self.glance(*args)
        self.assertEqual((status, err), (0, b""))
        self.assertEqual(path.read_bytes(), SMALL)
        self.assertIn(b"Range: bytes=99-\r\n", self.peer.heads[-1])

    async def test_interrupted(self):
        """
        What an interrupted download has fetched stays, to go on from.
        """
        path, part = self.place()
        begun = answer("200 OK", {}, SMALL[:99], length=len(SMALL))
        await self.against(FOUND, SHOWN, begun)
        running = self.spawn("download", "x", "--file", str(path))
        while not part.exists() or not part.stat().st_size:
            await deferLater(reactor, 0.05)
        running.process.signalProcess("INT")
        self.assertEqual(await running.ended, (statuses.INTERRUPTED, "", b""))
        self.assertEqual(part.read_bytes(), SMALL[:99])
        self.assertFalse(path.exists())

    async def test_refused(self):
        """
        A refusal is told, with a status that says of which kind it is.
        """
        for said, status in (
            ("401 Who", statuses.DENIED),
            ("403 No", statuses.DENIED),
            ("404 Nothing", statuses.NOT_FOUND),
            ("409 Conflict", statuses.CONFLICT),
            ("500 Oh", statuses.FAILURE),
        ):
            await self.against(answer(said, {}, b"No."))
            ended = await self.glance("list")
            self.assertEqual(ended[0], status)
            self.assertEqual(ended[2], b"Failed to list images. Got error:\nNo.\n")


class CompletionTests(CommandCase):
    """
    Tests for completion.
    """

    def test_words(self):
        """
        Commands, options and their values are completed.
        """
        for typed, completed in (
            ("glance crea", "create"),
            ("glance create --vis", "--visibility"),
            ("glance create --visibility p", "public"),
            ("glance share x --acc", "--accept"),
        ):
            words = typed.split()
            environment = {
                **self.environment,
                "_GLANCE_COMPLETE": "bash_complete",
                "COMP_WORDS": typed,
                "COMP_CWORD": str(len(words) - 1),
            }
            code = "from glance.cli.main import GLANCE; GLANCE.main(prog_name='glance')"
            done = subprocess.run(
                [sys.executable, "-c", code],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertIn(f"plain,{completed}\n", done.stdout)
