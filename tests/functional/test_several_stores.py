"""
A daemon that has several stores.
"""

import hashlib
import json
import os
import socket
import threading
import time
import urllib.request

from attrs import evolve
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock

from glance.image import Location
from glance.registry.database import DatabaseRegistry
from glance.registry.engine import open_engines
from tests.functional.crashing import CrashCase
from tests.functional.daemons import PATIENCE, get

SIZE = 48 << 20
"""More than systems keep for a client that doesn't read."""

FEW = 1 << 20
"""How many bytes a client reads before something happens."""

SECTIONS = """
[glance_store]
default_backend = slow

[slow]
filesystem_store_datadir = {0}/slow
store_description = Disks that turn

[fast]
filesystem_store_datadir = {0}/fast
weight = 10
"""


class Download(threading.Thread):
    """
    A download that waits amid it.
    """

    def __init__(self, place, image_id, **headers):
        super().__init__(daemon=True)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(("127.0.0.1", place.api_port))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._socket.sendall(
            f"GET /v2/images/{image_id}/file HTTP/1.1\r\nHost: a\r\n"
            f"Connection: close\r\n{lines}\r\n".encode()
        )
        self.got = b""
        """All that came: headers, too."""
        while len(self.got) < FEW:
            self.got += self._socket.recv(1 << 16)
        # What the system has for the client is sent by now.
        time.sleep(0.5)

    def run(self):
        pieces = []
        try:
            while piece := self._socket.recv(1 << 20):
                pieces.append(piece)
        except ConnectionError:
            pass
        self._socket.close()
        self.got += b"".join(pieces)

    def rest(self):
        """
        Read on.

        @return: all of the data.
        """
        self.start()
        self.join(PATIENCE)
        assert not self.is_alive(), "The download hangs."
        return self.got.partition(b"\r\n\r\n")[2]


class SeveralStoresCase(CrashCase):
    """
    A daemon that has two stores.
    """

    sections = SECTIONS
    backends = "slow:file, fast:file"

    def setUp(self):
        super().setUp()
        conf = self.configure(enabled_backends=self.backends)
        with conf.open("a") as file:
            file.write(self.sections.format(self.place.path))
        self.prepare()
        self.daemon = self.start("glance")

    def prepare(self):
        """
        Do what has to be done before the daemon starts.
        """

    def ask(self, method, path, status, **headers):
        """
        Ask for something, and see the status of the answer.
        """
        url = f"{self.place.api}{path}"
        code, _, body = get(url, method, **headers)
        self.assertEqual(code, status, body)
        return body

    def shown(self, image_id):
        """
        Get an image as it is shown.
        """
        return json.loads(self.ask("GET", f"/v2/images/{image_id}", 200))

    def upload(self, data, **headers):
        """
        Make an image.

        @return: its id.
        """
        image = {"disk_format": "raw", "container_format": "bare"}
        for method, path, body, kind in (
            ("POST", "/v2/images", json.dumps(image).encode(), "application/json"),
            ("PUT", "/v2/images/{id}/file", data, "application/octet-stream"),
        ):
            request = urllib.request.Request(
                self.place.api + path.format(**image),
                body,
                {"Content-Type": kind, **headers},
                method=method,
            )
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                image |= json.loads(answer.read() or b"{}")
        return image["id"]

    def copied(self, data):
        """
        Make an image, and a copy of it in the other store.

        @return: its id.
        """
        image_id = self.upload(data)
        registry = self.registry()
        image = self.successResultOf(registry.get(image_id))
        [place] = image.locations
        copy = Location(store="fast", key=f"{image_id}.copy")
        (self.place.path / "fast" / copy.key).write_bytes(data)
        copied = evolve(image, locations=(place, copy))
        self.successResultOf(registry.replace(image, copied))
        return image_id

    def registry(self):
        """
        Get the registry of the daemon.
        """
        engines = open_engines(f"sqlite:///{self.place.path}/glance.sqlite", 1)
        self.addCleanup(engines.dispose)
        clock = Clock()
        clock.advance(time.time())
        return DatabaseRegistry(engines, maybeDeferred, maybeDeferred, clock)

    def file(self, store, image_id):
        """
        Get the path of an image's data in a store.
        """
        [path] = (self.place.path / store).glob(f"{image_id}.*")
        return path


class ReadingTests(SeveralStoresCase):
    """
    Who downloads gets the data as long as one store has it.
    """

    def setUp(self):
        super().setUp()
        self.data = self.bytes(SIZE)
        self.image_id = self.copied(self.data)
        self.fast = self.file("fast", self.image_id)

    def assert_whole(self, data):
        """
        See that data is what was stored.
        """
        self.assertEqual(len(data), SIZE)
        digest = hashlib.sha256(data).digest()
        self.assertEqual(digest, hashlib.sha256(self.data).digest())

    def test_before(self):
        """
        A copy that is missing, or is too short, is passed over, and the log says
        so.
        """
        self.assertEqual(self.shown(self.image_id)["stores"], "fast,slow")
        os.truncate(self.fast, SIZE - 1)
        self.assert_whole(self.ask("GET", f"/v2/images/{self.image_id}/file", 200))
        self.fast.unlink()
        self.assert_whole(self.ask("GET", f"/v2/images/{self.image_id}/file", 200))
        self.assertIn("cannot be read from store fast", self.daemon.log)
        self.file("slow", self.image_id).unlink()
        self.ask("GET", f"/v2/images/{self.image_id}/file", 404)

    def test_amid(self):
        """
        One that is cut amid a download is gone on with from the other: the client
        notices nothing, and the log says it.
        """
        download = Download(self.place, self.image_id)
        os.truncate(self.fast, 30 << 20)
        self.assert_whole(download.rest())
        self.assertIn("cannot be read further from store fast", self.daemon.log)
        self.assertNotIn(f"{self.image_id}.copy", self.daemon.log)

    def test_part(self):
        """
        So is a part of the data.
        """
        download = Download(self.place, self.image_id, Range="bytes=1000-")
        os.truncate(self.fast, 30 << 20)
        self.assertTrue(download.rest() == self.data[1000:])

    def test_both(self):
        """
        If both are cut, the connection is broken off.
        """
        download = Download(self.place, self.image_id)
        os.truncate(self.fast, 30 << 20)
        self.file("slow", self.image_id).unlink()
        got = download.rest()
        self.assertTrue(got == self.data[: len(got)])
        self.assertLess(len(got), SIZE)
        self.ask("GET", "/healthcheck", 200)

    def test_removed(self):
        """
        A copy that is removed amid a download is read to its end.
        """
        download = Download(self.place, self.image_id)
        self.ask("DELETE", f"/v2/stores/fast/{self.image_id}", 204)
        self.assertEqual(self.shown(self.image_id)["stores"], "slow")
        self.assertFalse(self.fast.exists())
        self.assert_whole(download.rest())
        self.ask("DELETE", f"/v2/stores/slow/{self.image_id}", 403)

    def test_metrics(self):
        """
        The metrics say which store failed.
        """
        os.truncate(self.fast, SIZE - 1)
        self.ask("GET", f"/v2/images/{self.image_id}/file", 200)
        metrics = self.ask("GET", "/metrics", 200).decode()
        count = 'glance_store_errors_total{error="DataDamaged",store="fast"} 1.0'
        self.assertIn(count, metrics)


class ChosenTests(SeveralStoresCase):
    """
    Data is where its client wants it.
    """

    def test_listed(self):
        """
        The stores are listed, and their health is told.
        """
        listed = json.loads(self.ask("GET", "/v2/info/stores/detail", 200))
        self.assertEqual(
            listed["stores"],
            [
                {
                    "id": "slow",
                    "description": "Disks that turn",
                    "default": "true",
                    "type": "file",
                    "weight": 0,
                    "properties": {
                        "data_dir": f"{self.place.path}/slow",
                        "thin_provisioning": False,
                    },
                },
                {
                    "id": "fast",
                    "type": "file",
                    "weight": 10,
                    "properties": {
                        "data_dir": f"{self.place.path}/fast",
                        "thin_provisioning": False,
                    },
                },
            ],
        )
        health = json.loads(
            self.ask("GET", "/healthcheck", 200, Accept="application/json")
        )
        self.assertLessEqual({"store slow", "store fast"}, set(health["parts"]))

    def test_chosen(self):
        """
        It goes to the store that is named, or to the default one.
        """
        for headers, name in (({}, "slow"), ({"X-Image-Meta-Store": "fast"}, "fast")):
            image_id = self.upload(b"some data", **headers)
            self.assertEqual(self.shown(image_id)["stores"], name)
            self.assertTrue(self.file(name, image_id).exists())
