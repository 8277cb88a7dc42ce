"""
Tests of certificates that are changed while a daemon runs.
"""

import http.client
import os
import signal
import threading
from functools import partial

from tests.functional.securing import SecureCase
from tests.functional.working import WORKER, arguments, children

MIB = 1 << 20


class ReloadingTests(SecureCase):
    """
    SIGHUP has another certificate shown, and no connection is lost.
    """

    def reloaded(self, workers):
        """
        Change the certificate under connections that are in use.
        """
        self.configure(workers=workers)
        running = self.start_secure(workers=workers)
        first = self.shown()
        self.assertEqual(first, self.cert.read_text())
        kept = self.client()

        def use_kept():
            # One that is silent for long may be closed.
            self.assertEqual(self.ask("/healthcheck", client=kept)[0], 200)

        use_kept()
        image_id = self.create()
        upload = self.secure()
        self.begin_upload(upload, image_id, f"Content-Length: {MIB}")
        upload.sendall(bytes(MIB // 2))
        self.authority.issue("localhost", "127.0.0.1")
        self.reload(running, use_kept)
        second = self.cert.read_text()
        self.assertNotEqual(first, second)

        def all_show_it():
            # Processes that are to leave may still have accepted a connection.
            use_kept()
            return {self.shown() for _ in range(8)} == {second}

        running.wait_for(all_show_it)
        use_kept()
        upload.sendall(bytes(MIB // 2))
        self.assertIn(b"204", upload.recv(100))
        self.assertEqual(self.status(image_id), "active")
        return running, second

    def test_one(self):
        """
        One process does so.
        """
        self.reloaded(1)

    def test_several(self):
        """
        So do several.
        """
        self.reloaded(2)

    def test_registry(self):
        """
        The registry's port has its own certificate, which is changed likewise.
        """
        cert, key = self.authority.issue("localhost", stem="registry")
        for workers in (1, 2):
            told = {"registry_cert_file": cert, "registry_key_file": key}
            self.configure(workers=workers, **told)
            running = self.start_secure(workers=workers)
            port = self.place.registry_port
            self.assertEqual(self.shown(port), cert.read_text())
            self.assertEqual(self.shown(), self.cert.read_text())
            self.authority.issue("localhost", stem="registry")
            self.reload(running)
            running.wait_for(lambda: self.shown(port) == cert.read_text())  # noqa: B023
            self.assertEqual(running.stop(), -signal.SIGTERM)
            (self.place.path / "glance.log").unlink()

    def test_unusable(self):
        """
        One that doesn't do is not shown: the old one is, and the log says why.
        """
        running = self.start_secure()
        first = self.shown()
        self.key.write_text("nonsense")
        self.authority.issue("localhost", stem="other")
        self.reload(running)
        self.assertIn("key_file: ", running.log)
        self.assertIn("stays what it was", running.log)
        self.assertEqual(self.shown(), first)
        # The next one does.
        self.authority.issue("localhost")
        self.reload(running)
        self.assertEqual(self.shown(), self.cert.read_text())

    def test_unusable_in_several(self):
        """
        So it is with several processes, also with one that takes the place of
        another that dies.
        """
        self.configure(workers=2)
        running = self.start_secure(workers=2)
        first = self.shown()
        self.cert.unlink()
        self.reload(running)
        self.assertIn("cert_file: ", running.log)

        def workers():
            return {
                pid for pid in children(running.process.pid) if WORKER in arguments(pid)
            }

        for pid in workers():
            os.kill(pid, signal.SIGKILL)
        for _ in range(4):
            self.assertEqual(self.shown(), first)

    def test_turned(self):
        """
        Whether there is TLS stays until a restart, and the log says so.
        """
        running = self.start_secure()
        self.place.configure()
        self.reload(running)
        self.assertIn("cert_file takes effect after a restart only.", running.log)
        self.assertEqual(self.ask("/healthcheck")[0], 200)


class Load:
    """
    Requests on new connections and on one that is kept, none of which is tried
    again.
    """

    def __init__(self, case):
        self._case = case
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._go, args=(kept,)) for kept in (False, True)
        ]
        self.done = 0
        self.failures = []
        for thread in self._threads:
            thread.start()

    def has_done(self, count):
        """
        Tell whether so many requests are done.
        """
        return self.done >= count

    def end(self):
        """
        Let the requests under way come to their end.
        """
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _go(self, kept):
        client = None
        while not self._over.is_set():
            if client is None:
                port, context = self._case.place.api_port, self._case.context
                client = http.client.HTTPSConnection(
                    "localhost", port, timeout=60, context=context
                )
            try:
                client.request("GET", "/v2/images")
                answer = client.getresponse()
                answer.read()
            except OSError as error:
                self.failures.append(error)
            else:
                self.done += 1
                if kept and answer.getheader("Connection") != "close":
                    continue
            client.close()
            client = None
        if client is not None:
            client.close()


class LoadTests(SecureCase):
    """
    Nobody notices.
    """

    def under_load(self, workers):
        """
        Change the certificate twice, under requests.
        """
        self.configure(workers=workers)
        running = self.start_secure(workers=workers)
        load = Load(self)
        self.addCleanup(load.end)
        for count in (1, 2):
            running.wait_for(partial(load.has_done, 10 * count))
            self.authority.issue("localhost", "127.0.0.1")
            self.reload(running)
        load.end()
        self.assertEqual(load.failures, [])

    def test_one(self):
        """
        With one process, no request fails.
        """
        self.under_load(1)

    def test_several(self):
        """
        Nor with several.
        """
        self.under_load(2)
