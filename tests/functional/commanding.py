"""
The C{glance} command as a process of its own.
"""

import fcntl
import os
import struct
import sys
import termios

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.trial.unittest import TestCase

from tests.functional.serving import serve
from tests.peer import Peer

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

    timeout = 120

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

    async def against(self, *acts):
        """
        Have the next command talk to a peer that does C{acts}.
        """
        self.peer = Peer(*acts)
        endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
        port = await endpoint.listen(self.peer)
        self.addCleanup(port.stopListening)
        self.environment["GLANCE_PORT"] = str(port.getHost().port)

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
