"""
Tests for L{glance.tap.ports}.
"""

import fcntl
import os
import shutil
import socket
import tempfile
import threading
from pathlib import Path

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from glance.config.settings import ConfigurationError, Endpoint
from glance.tap import ports
from glance.tap.ports import listen, probe
from glance.tap.sockets import adopt, hold


class ProbeTests(SynchronousTestCase):
    """
    A port that cannot be had is refused by one line, that names the option that
    is to blame and the cure.
    """

    def refusal(self, endpoint, option="bind_port"):
        """
        Say why a port cannot be had.
        """
        return str(self.assertRaises(ConfigurationError, probe, endpoint, option))

    def test_taken(self):
        """
        Of a port that is taken, the port is to blame.
        """
        with socket.create_server(("127.0.0.1", 0)) as taken:
            said = self.refusal(Endpoint("127.0.0.1", taken.getsockname()[1], 1))
        self.assertTrue(said.startswith("bind_port: cannot listen at 127.0.0.1:"))
        self.assertIn("stop the program that does", said)

    def test_address_of_another(self):
        """
        Of an address that this machine doesn't have, the address is.
        """
        said = self.refusal(Endpoint("192.0.2.1", 0, 1), "registry_bind_port")
        self.assertTrue(said.startswith("registry_bind_host: cannot listen at 192.0"))
        self.assertIn("choose an address of this machine", said)

    def test_no_directory(self):
        """
        Of a UNIX socket that has no directory, the address is.
        """
        path = str(Path(self.mktemp()).absolute() / "socket")
        said = self.refusal(Endpoint("", 0, 1, path))
        self.assertTrue(said.startswith("bind_host: no socket can be made in /"))


class HoldTests(TestCase):
    """
    L{hold} listens for several processes.
    """

    def hold(self, port, count):
        """
        Listen at a port until the end of the test.
        """
        held = hold(Endpoint("127.0.0.1", port, 5), "bind_port", count)
        for each in held:
            self.addCleanup(each.sock.close)
        return held, held[0].sock.getsockname()[1]

    def test_one_port(self):
        """
        Each has a socket of its own, all at one port.
        """
        held, port = self.hold(0, 3)
        self.assertEqual({each.sock.getsockname()[1] for each in held}, {port})
        self.assertEqual(len({each.sock.fileno() for each in held}), 3)

    def test_alone(self):
        """
        Nobody else can have the port, not even another such daemon.
        """
        _, port = self.hold(0, 2)
        error = self.assertRaises(ConfigurationError, self.hold, port, 2)
        self.assertTrue(str(error).startswith("bind_port: cannot listen at"))

    async def test_left_open(self):
        """
        What accepts from a socket can end, and clients that wait are there for
        the next one.
        """
        for endpoint in (
            Endpoint("127.0.0.1", 0, 5),
            Endpoint("", 0, 5, str(Path(tempfile.mkdtemp()) / "s")),
        ):
            [held] = hold(endpoint, "bind_port", 1)
            self.addCleanup(held.sock.close)
            again = evolve(held, sock=held.sock.dup())
            port = adopt(reactor, again, Factory.forProtocol(Protocol))
            await port.stopListening()
            with socket.socket(held.sock.family) as client:
                client.settimeout(5)
                client.connect(held.sock.getsockname())
                held.sock.accept()[0].close()


class SocketTests(TestCase):
    """
    A UNIX socket is taken where nobody listens at it any more, and only there.
    """

    def setUp(self):
        # The path of a socket is short.
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = self.directory / "r.sock"
        self.endpoint = Endpoint("", 0, 5, str(self.path))

    def left(self, backlog=None):
        """
        Make a socket.

        @param backlog: how many may wait at it; L{None} for one that nobody
            listens at.
        """
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.bind(str(self.path))
        if backlog is not None:
            made.listen(backlog)
        self.addCleanup(made.close)
        return made

    def listen(self):
        """
        Listen at the socket until the end of the test.
        """
        port = listen(
            reactor, self.endpoint, Factory.forProtocol(Protocol), "bind_port"
        )
        self.addCleanup(port.stopListening)
        return port

    def refusal(self, use=probe):
        """
        Say why the socket cannot be had.
        """
        before = sorted(self.directory.iterdir())
        arguments = (self.endpoint, "bind_port")
        if use is listen:
            arguments = (reactor, self.endpoint, Factory(), "bind_port")
        said = str(self.assertRaises(ConfigurationError, use, *arguments))
        self.assertEqual(sorted(self.directory.iterdir()), before)
        self.assertTrue(said.startswith("bind_host: "), said)
        return said

    async def test_left_by_the_same_number(self):
        """
        One that was left is taken, though a process has the number of the
        daemon that left it, as each daemon in a container has; and without its
        lock, too.
        """
        for lock in (True, False):
            self.left().close()
            if lock:
                self.path.with_name("r.sock.lock").symlink_to(str(os.getpid()))
            probe(self.endpoint, "bind_port")
            await self.listen().stopListening()
            self.assertEqual(list(self.directory.iterdir()), [])

    def test_left_after_the_probe(self):
        """
        One that is left between the look and the start is taken.
        """
        self.left().close()
        self.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.path))

    def test_in_use(self):
        """
        One that somebody listens at is left to them, even if they are too busy
        to answer.
        """
        self.left(0)
        for use in (probe, listen, probe):
            self.assertIn("another program listens at", self.refusal(use))

    def test_no_socket(self):
        """
        What is there and is no socket is left as it is.
        """
        for make in (Path.touch, Path.mkdir, lambda path: path.symlink_to("none")):
            make(self.path)
            for use in (probe, listen):
                self.assertIn("is no socket: use another path", self.refusal(use))
            shutil.move(self.path, self.mktemp())

    def test_one_at_a_time(self):
        """
        Another daemon that is about to listen in the directory is waited for.
        """
        descriptor = os.open(self.directory, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        threading.Timer(0.2, self.left, [1]).start()
        threading.Timer(0.3, fcntl.flock, [descriptor, fcntl.LOCK_UN]).start()
        arguments = (reactor, self.endpoint, Factory(), "bind_port")
        error = self.assertRaises(ConfigurationError, listen, *arguments)
        self.assertIn("another program listens", str(error))

    def test_locked_for_long(self):
        """
        But not for ever.
        """
        descriptor = os.open(self.directory, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self.patch(ports, "PATIENCE", 0.1)
        self.assertIn("locked: end it", self.refusal())
