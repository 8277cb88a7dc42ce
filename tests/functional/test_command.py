"""
Tests for the C{glance} command as a process of its own.
"""

import fcntl
import json
import os
import struct
import subprocess
import sys
import termios
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from glance.cli import statuses
from glance.query import EVERYTHING, Query
from tests.functional.serving import serve
from tests.peer import Peer, answer

DATA = os.urandom(3_000_000)
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": os.pathsep.join(sys.path),
    "LC_ALL": "C.UTF-8",
}


class Running(ProcessProtocol):
    """
    A command that runs.
    """

    def __init__(self):
        self.out = b""
        self.err = b""
        self.ended = Deferred()
        self.awaited = b""
        self.begun = None

    def until(self, said):
        """
        Wait until the command has said something.
        """
        self.awaited = said
        self.begun = Deferred()
        self.outReceived(b"")
        return self.begun or succeed(None)

    def outReceived(self, data):  # noqa: N802
        self.out += data
        if self.begun is not None and self.awaited in self.out:
            begun, self.begun = self.begun, None
            begun.callback(None)

    def errReceived(self, data):  # noqa: N802
        self.err += data

    def processEnded(self, reason):  # noqa: N802
        status = 0 if reason.check(ProcessDone) else reason.value.exitCode
        self.ended.callback((status, self.out.decode(errors="replace"), self.err))


class CommandCase(TestCase):
    """
    Commands, and an API that they talk to.
    """

    timeout = 60

    async def setUp(self):
        self.service, self.port = await serve(self)
        self.environment = {**ENVIRONMENT, "GLANCE_PORT": str(self.port)}

    def spawn(self, *args, fds=None, module="glance.cli.main", terminal=False):
        """
        Start a command.
        """
        running = Running()
        argv = [sys.executable, "-m", module, *args]
        running.process = reactor.spawnProcess(
            running,
            sys.executable,
            argv,
            self.environment,
            childFDs=fds,
            usePTY=terminal,
        )
        if terminal:
            # Rows and columns.
            size = struct.pack("HHHH", 24, 80, 0, 0)
            fcntl.ioctl(running.process.fd, termios.TIOCSWINSZ, size)

        def stop():
            if not running.ended.called:
                running.process.signalProcess("KILL")
                return running.ended
            return None

        self.addCleanup(stop)
        return running

    async def glance(self, *args, stdin=b"", **kwargs):
        """
        Run a command whose input is a pipe.

        @return: what it exits with and prints.
        """
        running = self.spawn(*args, **kwargs)
        running.process.write(stdin)
        running.process.closeStdin()
        return await running.ended

    async def add(self):
        """
        Add an image.

        @return: its id.
        """
        status, out, err = await self.glance(
            "add", "name=x", "disk_format=raw", "container_format=bare", stdin=DATA
        )
        self.assertEqual((status, err), (0, b""))
        return out.split()[-1]


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
        await deferLater(reactor, 0.2)
        self.assertEqual(await self.service.store.keys(), [])

    async def test_upload_of_2011(self):
        """
        C{glance-upload} works.
        """
        path = Path(self.mktemp())
        path.write_bytes(DATA)
        status, out, err = await self.glance(
            str(path),
            "old",
            "--port",
            str(self.port),
            "--disk-format=raw",
            "--container-format=bare",
            module="glance.cli.upload",
        )
        self.assertEqual((status, err), (0, b""))
        self.assertIn("Stored image. Got identifier: {", out)


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
            await running.until(f"Delete image {image_id}? [y/N]".encode())
            running.process.write(said)
            ended = await running.ended
            self.assertEqual(ended[0], status, ended)
        self.assertIn("Deleted image", ended[1])

    async def test_bar(self):
        """
        A bar shows how far a transfer has come.
        """
        image_id = await self.add()
        for args, shown in (((), True), (("--silent-upload",), False)):
            running = self.spawn(
                "download", image_id, "--file", self.mktemp(), *args, terminal=True
            )
            status, out, _ = await running.ended
            self.assertEqual(status, 0)
            self.assertEqual("Downloading" in out, shown, ascii(out))


class StatusTests(CommandCase):
    """
    Tests for what a command exits with.
    """

    async def against(self, *acts):
        """
        Have the next command talk to a peer that does C{acts}.
        """
        self.peer = Peer(*acts)
        endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
        port = await endpoint.listen(self.peer)
        self.addCleanup(port.stopListening)
        self.environment["GLANCE_PORT"] = str(port.getHost().port)

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
        meta = {"X-Image-Meta-Size": "4", "X-Image-Meta-Checksum": "0" * 32}
        await self.against(answer("200 OK", meta), answer("200 OK", meta, b"data"))
        status, out, err = await self.glance("download", "x")
        self.assertEqual((status, out), (statuses.DAMAGED, "data"))
        self.assertIn(b"damaged", err)

    async def test_interrupted_download(self):
        """
        What an interrupted download has fetched stays, to go on from.
        """
        path = Path(self.mktemp())
        part = path.with_name(path.name + ".part")
        meta = {"X-Image-Meta-Size": "9", "X-Image-Meta-Checksum": "0" * 32}
        await self.against(
            answer("200 OK", meta), answer("200 OK", meta, b"data", length=9)
        )
        running = self.spawn("download", "x", "--file", str(path))
        while not part.exists() or not part.stat().st_size:
            await deferLater(reactor, 0.05)
        running.process.signalProcess("INT")
        self.assertEqual(await running.ended, (statuses.INTERRUPTED, "", b""))
        self.assertEqual(part.read_bytes(), b"data")
        self.assertFalse(path.exists())


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

    async def test_unattended(self):
        """
        Nothing is deleted unasked where nobody can be asked.
        """
        image_id = await self.add()
        status, _, err = await self.glance("delete", image_id)
        self.assertEqual(
            (status, err), (1, f"Not deleting image {image_id}\n".encode())
        )
        status, out, _ = await self.glance("delete", image_id, "-f")
        self.assertEqual((status, out), (0, f"Deleted image {image_id}\n"))
        status, _, _ = await self.glance("-f", "delete", image_id)
        self.assertEqual(status, statuses.NOT_FOUND)


class HelpTests(SynchronousTestCase):
    """
    Tests for what needs no server.
    """

    def glance(self, *args):
        """
        Run a command.
        """
        return subprocess.run(
            [sys.executable, "-m", "glance.cli.main", *args],
            env=ENVIRONMENT,
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
        for name in ("add", "update", "members-replace", "download"):
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

    def test_completion(self):
        """
        Shells can complete commands.
        """
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("_GLANCE_COMPLETE", self.glance("completion", shell).stdout)
