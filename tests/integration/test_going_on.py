"""
Downloads that go on from another store, where the first is a server of S3 that is
cut off.
"""

import contextlib
import hashlib
import socket
import threading
import time

from attrs import evolve

from tests.functional.daemons import PATIENCE
from tests.functional.test_several_stores import SeveralStoresCase
from tests.integration.servers import s3_server

SIZE = 24 << 20


class Proxy:
    """
    What is between the daemon and the server, and gives as many bytes of it as it
    is told.
    """

    def __init__(self, port):
        """
        @param port: the server's.
        """
        self.after = None
        """After how many bytes each answer ends; L{None} for never."""
        self.stalls = False
        """Whether it then is silent, rather than cut."""
        self._server = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """
        Take no more connections.
        """
        self._listening.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._server))
            for ends in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source, target, limited):
        passed = 0
        try:
            while data := source.recv(1 << 16):
                left = len(data)
                if limited and self.after is not None:
                    left = max(0, self.after - passed)
                target.sendall(data[:left])
                passed += len(data)
                if left < len(data):
                    if self.stalls:
                        time.sleep(PATIENCE)
                    break
        except OSError:
            pass
        for end in (source, target):
            # Closed alone it stays open as long as the other thread reads it.
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class GoingOnCase(SeveralStoresCase):
    """
    An image that is in two stores.
    """

    backends = "slow:file, fast:s3"
    idle = 60
    """For how many seconds the server may be silent."""

    @property
    def sections(self):
        server = s3_server()
        self.proxy = Proxy(server.port)
        self.addCleanup(self.proxy.close)
        return f"""
[glance_store]
default_backend = slow

[slow]
filesystem_store_datadir = {{0}}/slow

[fast]
s3_store_host = http://127.0.0.1:{self.proxy.port}
s3_store_access_key = glance-access
s3_store_secret_key = glance-secret
s3_store_bucket = going-on
s3_store_create_bucket_on_put = true
s3_store_bucket_url_format = path
s3_store_idle_timeout = {self.idle}
weight = 10
"""

    def setUp(self):
        super().setUp()
        self.data = self.bytes(SIZE)
        self.image_id = self.upload(self.data)
        other = self.upload(self.data, **{"X-Image-Meta-Store": "fast"})
        registry = self.registry()
        image = self.successResultOf(registry.get(self.image_id))
        [place] = self.successResultOf(registry.get(other)).locations
        copied = evolve(image, locations=(*image.locations, place))
        self.successResultOf(registry.replace(image, copied))

    def assert_whole(self):
        """
        See that the image is had, whole.
        """
        got = self.ask("GET", f"/v2/images/{self.image_id}/file", 200)
        self.assertEqual(len(got), SIZE)
        digest = hashlib.sha256(got).digest()
        self.assertEqual(digest, hashlib.sha256(self.data).digest())


class GoingOnTests(GoingOnCase):
    """
    A client gets all of its data, whatever becomes of the server amid it.
    """

    def test_whole(self):
        """
        As long as it works the data comes from the server.
        """
        self.assertEqual(self.shown(self.image_id)["stores"], "fast,slow")
        self.file("slow", self.image_id).rename(self.place.path / "away")
        self.assert_whole()

    def test_cut(self):
        """
        It is cut before, at and amid the data, at many places.
        """
        for after in (0, 10, 300, 1000, *(SIZE * n // 8 for n in range(1, 9))):
            self.proxy.after = after
            self.assert_whole()
        self.assertIn("cannot be read further from store fast", self.daemon.log)


class StalledTests(GoingOnCase):
    """
    So it does where the server is silent for too long.
    """

    idle = 3

    def test_stalled(self):
        """
        That is noticed amid the data, and before its last byte.
        """
        self.proxy.stalls = True
        for after in (SIZE // 3, SIZE - 1):
            self.proxy.after = after
            started = time.monotonic()
            self.assert_whole()
            self.assertGreater(time.monotonic() - started, self.idle)
