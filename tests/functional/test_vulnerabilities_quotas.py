"""
Quotas that Glance let be exceeded hold here.

The table of C{docs/security.md} names these tests, and says what it was.
"""

import threading
import time
from typing import ClassVar

from tests.badhttp import HOST, BadHTTP
from tests.functional.personas import (
    ALICE,
    BOB,
    FACES,
    OCTETS,
    V1,
    HalfUpload,
    PersonasCase,
    ask,
)

QUOTA = 1 << 20

PIECE = 300_000

TURNS = 5
"""How many uploads there are at least."""


class Watch(threading.Thread):
    """
    Watches how much there is in a directory.
    """

    def __init__(self, case):
        super().__init__(daemon=True)
        self._directory = case.place.data
        self._over = threading.Event()
        self.most = 0
        """The most bytes that there were."""
        case.addCleanup(self._over.set)
        self.start()

    def run(self):
        while not self._over.wait(0.01):
            size = 0
            for path in self._directory.rglob("*"):
                try:
                    about = path.stat()
                except FileNotFoundError:
                    continue
                if path.is_file():
                    # What is set aside beforehand counts as much as what is there.
                    size += max(about.st_size, about.st_blocks * 512)
            self.most = max(self.most, size)

    def end(self):
        """
        Watch no more, and get the most bytes that there were.
        """
        self._over.set()
        self.join()
        return self.most


class StorageTests(PersonasCase):
    """
    No project has more bytes than it may, at any moment.
    """

    def setUp(self):
        self.web = BadHTTP()
        self.web.start()
        self.addCleanup(self.web.stop)
        self.options = {
            "user_storage_quota": "1MB",
            "http_allowed_networks": HOST,
            "http_allowed_ports": f"{self.web.port}, {self.web.canary_port}",
            "reaper_interval": 1,
        }
        super().setUp()

    def test_deleted(self):
        """
        Images that are deleted amid their upload, again and again, count until
        their bytes are gone, however their clients send on.
        """
        watch = Watch(self)
        uploads, begun = [], 0
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline or begun < TURNS:
            image_id = self.make()
            try:
                upload = HalfUpload(self, f"/v2/images/{image_id}/file", ALICE, size=1)
                upload.send(PIECE)
            except OSError:
                pass
            else:
                uploads.append(upload)
            begun += 1
            time.sleep(0.05)
            self.ask(ALICE, "DELETE", f"/v2/images/{image_id}")
        for upload in uploads:
            upload.go_on()
        self.daemon.wait_for(lambda: self.place.files() == [])
        self.assertGreater(watch.end(), PIECE)
        self.assertLessEqual(watch.most, QUOTA + begun * 4096)
        # All of the room is there again, and none that isn't.
        self.keep(bytes(QUOTA))
        self.assertEqual(self.fill(self.make(), b"x").status, 413)
        self.assertEqual(self.fill(self.make(BOB), b"x", BOB).status, 204)

    def test_each_way(self):
        """
        It counts whichever way they come.
        """
        self.keep(bytes(QUOTA - 1000))
        data = bytes(1001)
        for body in (data, (data,)):
            image_id = self.make()
            self.assertEqual(self.fill(image_id, body).status, 413)
            for face in FACES:
                for said in ({}, {"X-Image-Meta-Size": "1"}):
                    told = {**V1, **OCTETS, **said}
                    answer = self.say(ALICE, "POST", face, told, body)
                    self.assertIn(answer.status, (400, 413), answer.text)
        copies = []
        for path in ("ok/1M", "chunked/1M", "no-length/1M"):
            said = {**V1, "X-Image-Meta-Copy-From": f"{self.web.url}/{path}"}
            if path == "no-length/1M":
                said["X-Image-Meta-Size"] = str(1 << 20)
            answer = self.say(ALICE, "POST", "/v1/images", said)
            self.assertIn(answer.status, (201, 413), answer.text)
            if answer.status == 201:
                copies.append(answer.json["image"]["id"])
        for image_id in copies:
            self.daemon.wait_for(
                lambda image_id=image_id: self.show(image_id)["status"] == "killed"
            )
        # Its data goes a moment after that.
        self.daemon.wait_for(lambda: len(self.place.files()) == 1)
        [kept] = self.place.files()
        self.assertEqual((self.place.data / kept).stat().st_size, QUOTA - 1000)


class CountTests(PersonasCase):
    """
    No project has more images than it may.
    """

    options: ClassVar[dict] = {"image_count_total": 5}

    def test_each_way(self):
        """
        Whichever face makes them; a deleted one makes room for one.
        """
        ids = [self.make() for _ in range(5)]
        registry = {"image": {"name": "x", "status": "queued", "is_public": False}}
        for _ in range(2):
            answer = self.ask(ALICE, "POST", "/v2/images", {"name": "x"})
            self.assertEqual(answer.status, 413, answer.text)
            for face in FACES:
                self.assertEqual(self.say(ALICE, "POST", face, V1).status, 413)
                told = {**V1, **OCTETS}
                answer = self.say(ALICE, "POST", face, told, b"data")
                self.assertEqual(answer.status, 413, answer.text)
            for face in ("/images", "/v1/images"):
                port = self.place.registry_port
                answer = ask(port, "POST", face, registry, headers=ALICE)
                self.assertEqual(answer.status, 413, answer.text)
            self.make(BOB)
        self.assertEqual(self.place.files(), [])
        self.ask(ALICE, "DELETE", f"/v2/images/{ids[0]}")
        self.make()
        answer = self.ask(ALICE, "POST", "/v2/images", {"name": "x"})
        self.assertEqual(answer.status, 413)
        listed = self.ask(ALICE, "GET", "/v2/images?limit=100").json["images"]
        self.assertEqual(len(listed), 5)
