"""
Tests for what the C{glance} command is told, and what it exits with.
"""

import os
import select
import subprocess
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from glance.cli import statuses
from tests.functional.commanding import ENVIRONMENT, CommandCase
from tests.peer import answer

ID = {"X-Image-Meta-Id": "x"}


class StatusTests(CommandCase):
    """
    Tests for what a command exits with.
    """

    async def test_denied(self):
        """
        A command that may not ends with 5.
        """
        for status in ("401 Who", "403 No"):
            await self.against(answer(status, {}, b"No."))
            ended = await self.glance("index")
            self.assertEqual(ended[0], statuses.DENIED)
            self.assertEqual(ended[2], b"Failed to show index. Got error:\nNo.\n")

    async def test_damaged(self):
        """
        Data that came damaged ends a command with 7.
        """
        meta = {**ID, "X-Image-Meta-Size": "4", "X-Image-Meta-Checksum": "0" * 32}
        await self.against(answer("200 OK", meta), answer("200 OK", meta, b"data"))
        status, out, err = await self.glance("--api-version=1", "download", "x")
        self.assertEqual((status, out), (statuses.DAMAGED, "data"))
        self.assertIn(b"damaged", err)

    async def test_interrupted_download(self):
        """
        What an interrupted download has fetched stays, to go on from.
        """
        path = Path(self.mktemp())
        part = path.with_name(path.name + ".part")
        meta = {**ID, "X-Image-Meta-Size": "9", "X-Image-Meta-Checksum": "0" * 32}
        await self.against(
            answer("200 OK", meta), answer("200 OK", meta, b"data", length=9)
        )
        running = self.spawn("download", "x", "--api-version", "1", "--file", str(path))
        while not part.exists() or not part.stat().st_size:
            await deferLater(reactor, 0.05)
        running.process.signalProcess("INT")
        self.assertEqual(await running.ended, (statuses.INTERRUPTED, "", b""))
        self.assertEqual(part.read_bytes(), b"data")
        self.assertFalse(path.exists())

    async def test_interrupted_output(self):
        """
        An interrupted download ends at once, though nobody takes its output.
        """
        data = bytes(1 << 20)
        await self.against(
            answer("200 OK", ID), answer("200 OK", ID, data, length=1 << 30)
        )
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        args = ("--api-version=1", "download", "x")
        running = self.spawn(*args, fds={0: "w", 1: writing, 2: "r"})
        os.close(writing)
        while not select.select([reading], [], [], 0)[0]:
            await deferLater(reactor, 0.05)
        running.process.signalProcess("INT")
        self.assertEqual(await running.ended, (statuses.INTERRUPTED, "", b""))


class OptionTests(CommandCase):
    """
    Tests for options.
    """

    async def test_anywhere(self):
        """
        Options stand before the command or after it, and over the environment.
        """
        self.environment["GLANCE_PORT"] = "1"
        port = str(self.port)
        for args in (
            ("-p", port, "index"),
            ("index", "-p", port),
            ("-p", "1", "index", "--port", port),
            ("index", "-U", f"http://127.0.0.1:{port}"),
        ):
            self.assertEqual(await self.glance(*args), (0, "", b""), args)

    async def test_environment(self):
        """
        The environment names a server, unless an option does.
        """
        self.environment["OS_IMAGE_URL"] = f"http://127.0.0.1:{self.port}/v1"
        self.environment["GLANCE_PORT"] = "1"
        self.assertEqual(await self.glance("index"), (0, "", b""))
        status, _, err = await self.glance("-H", "127.0.0.1", "-p", "1", "index")
        self.assertEqual(status, statuses.UNREACHABLE)
        self.assertTrue(
            err.startswith(
                b"Failed to connect to the Glance API server 127.0.0.1:1. "
                b"Is the server running?\n"
            ),
            err,
        )

    async def test_version(self):
        """
        Commands of one version speak that; others the one that is said, or the
        second.
        """
        image_id = await self.add()
        old, new = "Minimum Ram Required (MB): 0\n", "os_hash_algo"
        show = ("show", image_id)
        for args, variable, wanted in (
            (show, "", new),
            (("--api-version=1", *show), "", old),
            ((*show, "--api-version", "2"), "1", new),
            (show, "1", old),
            (show, "2.7", new),
            (show, "3", new),
            (("index", "is_public=none"), "2", "Disk Format"),
            (("list",), "1", "Visibility"),
        ):
            self.environment["OS_IMAGE_API_VERSION"] = variable
            status, out, _ = await self.glance(*args)
            self.assertEqual(status, 0)
            self.assertIn(wanted, out)
        for args in (("--api-version=1", "list"), ("index", "--api-version=2")):
            status, _, err = await self.glance(*args)
            self.assertEqual(status, statuses.USAGE)
            self.assertIn(b"of the API has no command", err)

    async def test_unattended(self):
        """
        Nothing is deleted unasked where nobody can be asked.
        """
        image_id = await self.add()
        status, _, err = await self.glance("delete", image_id)
        self.assertEqual(
            (status, err), (1, f"Not deleting image {image_id} (x)\n".encode())
        )
        status, out, _ = await self.glance("delete", image_id, "-f")
        self.assertEqual((status, out), (0, f"Deleted image {image_id} (x)\n"))
        status, _, _ = await self.glance("-f", "delete", image_id)
        self.assertEqual(status, statuses.NOT_FOUND)


class HelpTests(SynchronousTestCase):
    """
    Tests for what needs no server.
    """

    def glance(self, *args, **environment):
        """
        Run a command.
        """
        return subprocess.run(
            [sys.executable, "-m", "glance.cli.main", *args],
            env={**ENVIRONMENT, **environment},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    def test_help(self):
        """
        Each command is explained.
        """
        done = self.glance("--help")
        self.assertEqual(done.returncode, 0)
        for name in ("add", "create", "members-replace", "download"):
            self.assertIn(f"  {name} ", done.stdout)
            self.assertIn(f"Usage: glance {name} ", self.glance("help", name).stdout)

    def test_light(self):
        """
        Help waits for nothing big.
        """
        code = "import sys, glance.cli.main; print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        )
        loaded = {name.partition(".")[0] for name in done.stdout.split()}
        self.assertEqual(loaded & {"twisted", "treq", "attr", "tqdm", "OpenSSL"}, set())

    def test_usage(self):
        """
        What cannot be understood is told.
        """
        for args in (("nosuch",), ("show",), ("show", "a", "b"), ("-p", "x", "index")):
            done = self.glance(*args)
            self.assertEqual((done.returncode, done.stdout), (statuses.USAGE, ""))
            self.assertIn("Error: ", done.stderr)

    def test_what_cannot_be(self):
        """
        What can be no host, port, time, name or file is told in the same way.
        """
        for args, environment in (
            (("-H", "127.0.0.1:9292", "index"), {}),
            (("-H", "localhost:9292", "index"), {}),
            (("show", "x"), {"GLANCE_PORT": "99999"}),
            (("show", "x"), {"OS_AUTH_TOKEN": "\udcff"}),
            (("--timeout", "nan", "show", "x"), {}),
            (("index", "--timeout", "inf"), {}),
            (("download", "x", "--file", ""), {}),
            (("upload", "x", ""), {}),
            (("download", "x", "--file", "."), {}),
            (("add", "name=\udcff"), {}),
            (("show", "\udcff"), {}),
            (("index", "name=\udcff"), {}),
        ):
            done = self.glance(*args, **environment)
            self.assertEqual((done.returncode, done.stdout), (statuses.USAGE, ""))
            self.assertNotIn("Traceback", done.stderr)
            self.assertNotEqual(done.stderr, "")

    def test_completion(self):
        """
        Shells can complete commands.
        """
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("_GLANCE_COMPLETE", self.glance("completion", shell).stdout)
