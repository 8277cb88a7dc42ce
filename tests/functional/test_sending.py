"""
Files that the system sends to sockets by itself.
"""

import contextlib
import errno
import os
import random
import socket
import struct
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from time import monotonic, sleep

from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from glance.errors import DataDamaged
from glance.streams.bodies import pump
from glance.streams.files import FileBody, FileCut
from glance.streams.site import StreamingSite
from tests.functional.raw import in_client

SIZE = 24 << 20
IDLE = 1
"""After how many seconds a client that reads nothing is given up."""


class Files(Resource):
    """
    Answers with a file, in the way in which image data is answered.
    """

    isLeaf = True

    def __init__(self, file):
        super().__init__()
        self.file = file
        self.cancels = True
        """Whether an answer is stopped by who sends it when the client goes."""
        self.ends = []
        """What became of each answer: nothing, or its failure."""

    def render_GET(self, request):
        """
        Send the file, or as much of it as the path says.
        """
        count = int(request.uri[1:] or SIZE)
        fd = os.dup(self.file.fileno())
        request.setHeader(b"content-length", str(count))
        sending = pump(FileBody(fd, 0, count, maybeDeferred), request)
        request.notifyFinish().addErrback(
            lambda _: sending.cancel() if self.cancels else None
        )

        def over(result):
            self.ends.append(result)
            if result is None:
                request.finish()
            elif request.channel is not None:
                request.channel.transport.abortConnection()

        sending.addBoth(over)
        return NOT_DONE_YET


class SendingTests(TestCase):
    """
    What a client gets is the file, or visibly less, and nothing is held for one
    that doesn't want it.
    """

    timeout = 120

    def setUp(self):
        self.data = random.Random(5).randbytes(SIZE)
        # To write it for each answer would hold the server up where a disk is busy.
        file = self.enterContext(tempfile.TemporaryFile())
        file.write(self.data)
        file.flush()
        self.files = Files(file)
        self.over = []
        self.site = StreamingSite(
            self.files, reactor, idle_timeout=IDLE, finished=self.over.append
        )
        self.port = reactor.listenTCP(0, self.site, interface="127.0.0.1")
        self.number = self.port.getHost().port

    async def tearDown(self):
        self.site.abort()
        await self.site.drained()
        await self.port.stopListening()

    def connect(self, buffer=None):
        """
        Connect.

        @param buffer: how many bytes the system keeps for the client.
        """
        client = socket.socket()
        if buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(60)
        client.connect(("127.0.0.1", self.number))
        self.addCleanup(client.close)
        return client

    def ask(self, client, paths=("",)):
        """
        Ask for files, all at once.
        """
        for path in paths:
            client.sendall(f"GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

    def read(self, client, count):
        """
        Read an answer of that many bytes.
        """
        said = b""
        while b"\r\n\r\n" not in said:
            said += client.recv(1)
        parts, left = [], count
        while left:
            part = client.recv(min(left, 1 << 20))
            assert part, "the connection was closed"
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def assert_same(self, got, data):
        """
        See that data is what it is to be: to compare it as text takes minutes.
        """
        if got != data:
            at = next(n for n in range(len(data)) if got[n] != data[n])
            self.fail(f"Byte {at} of {len(data)} isn't what it is to be.")

    def wait_for(self, f):
        """
        Wait until something is so.
        """
        end = monotonic() + 60
        while not f():
            assert monotonic() < end, "it did not happen"
            sleep(0.02)

    def open_files(self):
        """
        Count the descriptors of files that are gone from their directory.
        """
        links = []
        for path in Path("/proc/self/fd").iterdir():
            # Others close theirs meanwhile.
            with contextlib.suppress(OSError):
                links.append(str(path.readlink()))
        return sum("(deleted)" in link for link in links)

    @in_client
    def test_one_after_the_other(self):
        """
        Several answers on one connection follow each other, whatever their
        sizes, though all were asked for at once.
        """
        client = self.connect()
        counts = [SIZE, 1, 70_000, SIZE, 5]
        self.ask(client, counts)
        for count in counts:
            self.assert_same(self.read(client, count), self.data[:count])
        self.wait_for(lambda: len(self.over) == len(counts))
        self.assertEqual([r.sentLength for r in self.over], counts)

    @in_client
    def test_many_at_once(self):
        """
        Several clients get theirs at the same time.
        """
        clients = [self.connect() for _ in range(6)]
        for client in clients:
            self.ask(client)
        with ThreadPoolExecutor() as pool:
            for got in pool.map(self.read, clients, repeat(SIZE)):
                self.assert_same(got, self.data)

    @in_client
    def test_gone(self):
        """
        When a client goes away, by FIN or RST, its file is closed.
        """
        before = self.open_files()
        for reset in (False, True):
            client = self.connect(buffer=1 << 14)
            self.ask(client)
            client.recv(1000)
            if reset:
                linger = struct.pack("ii", 1, 0)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.close()
        self.wait_for(lambda: len(self.files.ends) == 2)
        self.assertNotIn(None, self.files.ends)
        self.wait_for(lambda: self.open_files() == before)
        self.wait_for(lambda: len(self.over) == 2)
        for request in self.over:
            self.assertTrue(request.aborted)
            self.assertLess(request.sentLength, SIZE)

    @in_client
    def test_gone_unnoticed(self):
        """
        So it is where nobody but the connection hears of it, which stops what
        produces for it.
        """
        self.files.cancels = False
        before = self.open_files()
        client = self.connect(buffer=1 << 14)
        self.ask(client)
        client.recv(1000)
        client.close()
        self.wait_for(lambda: self.files.ends)
        self.wait_for(lambda: self.open_files() == before)

    @in_client
    def test_stalled(self):
        """
        A client that reads nothing for too long is given up.
        """
        client = self.connect(buffer=1 << 14)
        self.ask(client)
        self.wait_for(lambda: self.files.ends)
        self.assertNotIn(None, self.files.ends)
        self.wait_for(lambda: self.over)

    @in_client
    def test_slow(self):
        """
        One that reads slowly isn't.
        """
        client = self.connect(buffer=1 << 14)
        self.ask(client, [1 << 22])
        got, end = 0, monotonic() + 3 * IDLE
        while monotonic() < end:
            got += len(client.recv(1 << 14))
            sleep(0.05)
        self.assertEqual(self.files.ends, [])
        while got < 1 << 22:
            got += len(client.recv(1 << 20))
        self.wait_for(lambda: self.files.ends == [None])

    @in_client
    def test_short(self):
        """
        A file that ends before its end breaks the answer off.
        """
        client = self.connect()
        self.ask(client, [SIZE + 1])
        got = 0
        try:
            while part := client.recv(1 << 20):
                got += len(part)
        except ConnectionError:
            pass
        self.assertLess(got, SIZE + 500)
        self.wait_for(lambda: self.files.ends)
        self.assertIsInstance(self.files.ends[0].value, DataDamaged)

    @in_client
    def test_unreadable(self):
        """
        So does one that the disk cannot read, which is told from a client that
        went away.
        """
        calls = []

        def failing(f):
            def call(*arguments):
                calls.append(arguments)
                if len(calls) > 3:
                    raise OSError(errno.EIO, "Input/output error")
                return f(*arguments)

            return call

        # The one sends, the other reads what is sent through TLS.
        for name in ("sendfile", "pread"):
            self.patch(os, name, failing(getattr(os, name)))
        client = self.connect()
        self.ask(client)
        self.wait_for(lambda: self.files.ends)
        error = self.files.ends[0].value
        self.assertIsInstance(error, FileCut | OSError)
        self.assertNotIsInstance(error, ConnectionError)
        if isinstance(error, FileCut):
            self.assertGreater(error.sent, 0)
            self.assertLess(error.sent, SIZE)
