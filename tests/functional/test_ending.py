"""
Tests of how daemons end while what they need hangs.
"""

import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

from tests.functional.daemons import is_read
from tests.functional.test_daemons import DaemonCase

HANGING = """
import threading, glance.registry.database as database
def transact(*_):
    print("It hangs.", flush=True)
    threading.Event().wait()
database.transact = transact
from glance.tap.scripts import registry
registry()
"""
"""
Runs a daemon whose database lets it in, and then says nothing any more.
"""


class HangingTests(DaemonCase):
    """
    A daemon that is told to end does, whatever hangs.
    """

    def ask(self, port, path):
        """
        Ask for something, and don't wait for the answer.
        """
        client = socket.create_connection(("127.0.0.1", port))
        self.addCleanup(client.close)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: glance\r\n\r\n".encode())
        return client

    def assert_ends(self, running, status=-signal.SIGTERM):
        """
        See that a daemon ends in time.
        """
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait(), status)
        self.assertIn("Ended.", running.log)

    def test_registry(self):
        """
        The API ends while its registry says nothing.
        """
        self.place.configure(graceful_shutdown_timeout=1)
        registry, api = self.start("glance-registry"), self.start("glance-api")
        registry.signal(signal.SIGSTOP)
        self.addCleanup(registry.signal, signal.SIGCONT)
        client = self.ask(self.place.api_port, "/v1/images")
        api.wait_for(lambda: is_read(client))
        self.assert_ends(api)
        self.assertIn("Lease.stop hangs, and is given up.", api.log)

    def test_database(self):
        """
        The registry ends while its database says nothing.
        """
        self.place.configure(graceful_shutdown_timeout=1)
        config = str(self.place.path / "glance.conf")
        command = [sys.executable, "-c", HANGING, config]
        registry = self.start("glance-registry", command=command, wait=False)
        registry.wait_for_log("Listening")
        self.ask(self.place.registry_port, "/images")
        registry.wait_for_log("It hangs.")
        self.assert_ends(registry, 0)
        self.assertIn("Leaving calls that hang: database-read.", registry.log)

    def test_socket_is_gone(self):
        """
        That somebody has removed its socket doesn't matter.
        """
        config = self.place.configure()
        # The path of a socket is short.
        path = Path(tempfile.mkdtemp()) / "r.sock"
        self.addCleanup(path.parent.rmdir)
        text = config.read_text().replace(
            "[app:glance-registry]\nbind_host = 127.0.0.1",
            f"[app:glance-registry]\nbind_host = unix:{path}",
        )
        config.write_text(text)
        registry = self.start("glance-registry", wait=False)
        registry.wait_for_log("Listening")
        # Who answers heeds signals, too.
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET /healthcheck HTTP/1.1\r\nHost: glance\r\n\r\n")
            self.assertIn(b" 200 ", client.recv(1000))
        path.unlink()
        self.assert_ends(registry)


class LeavingTests(DaemonCase):
    """
    A daemon that is told to end answers all who have come in.
    """

    CLIENTS = 8

    def ask(self):
        """
        Make connections one after the other, as long as they are taken, each with a
        request; note those that get no answer.
        """
        while True:
            try:
                client = socket.create_connection(("127.0.0.1", self.place.api_port))
            except ConnectionRefusedError:
                return
            with client:
                try:
                    client.sendall(b"GET /versions HTTP/1.1\r\nHost: glance\r\n\r\n")
                    answer = client.recv(1000)
                except OSError as error:
                    answer = repr(error).encode()
            if answer.startswith(b"HTTP/1.1 "):
                self.answered += 1
            else:
                self.unanswered.append(answer)

    def test_processes(self):
        """
        Nothing goes wrong with what several processes listen at.
        """
        self.place.configure(workers=2)
        running = self.start("glance")
        running.wait_for_log("2 processes serve.")
        self.assertEqual(running.stop(), -signal.SIGTERM)
        self.assertNotIn("Traceback", running.log)

    def test_all_answered(self):
        """
        Those too who wait at the port, or have said nothing yet.
        """
        running = self.start("glance")
        self.answered, self.unanswered = 0, []
        threads = [threading.Thread(target=self.ask) for _ in range(self.CLIENTS)]
        for thread in threads:
            thread.start()
        running.wait_for(lambda: self.answered > self.CLIENTS)
        self.assertEqual(running.stop(), -signal.SIGTERM)
        for thread in threads:
            thread.join()
        self.assertEqual(self.unanswered, [])
