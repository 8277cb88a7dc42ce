"""
Daemons that are to meet misfortune, and uploads to meet it in.
"""

import os
import shutil
import socket
import subprocess
import threading
import time
import uuid
from typing import ClassVar

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import Place, get
from tests.functional.raw import Client, chunks, seeded
from tests.needs import need

LEASE = 2
"""Seconds for which a daemon is believed to live."""

PATIENCE = 40
"""How many seconds it may take until all is settled, on a busy machine."""


def head(image_id, length, **more):
    """
    Get the headers of the request that stores an image.

    @param length: the bytes that are announced; L{None} for chunks.
    @param more: other headers, with underscores for dashes.
    """
    fields = {
        "Content-Type": "application/octet-stream",
        "X-Image-Meta-Id": image_id,
        "X-Image-Meta-Name": "crash",
        "X-Image-Meta-Disk-Format": "raw",
        "X-Image-Meta-Container-Format": "bare",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    if length is None:
        fields["Transfer-Encoding"] = "chunked"
    else:
        fields["Content-Length"] = length
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST /v1/images HTTP/1.1\r\nHost: glance\r\n{lines}\r\n".encode()


def wire(image_id, data, chunked=False, **more):
    """
    Get the whole of a request that stores an image.
    """
    if chunked:
        return head(image_id, None, **more) + chunks(data, [1 << 16, 1, 70_000])
    return head(image_id, len(data), **more) + data


class SlowUpload(threading.Thread):
    """
    An upload that takes its time.
    """

    PIECES = 30

    def __init__(self, place, data, seconds, chunked=False):
        """
        @param seconds: how long it takes to send all.
        """
        super().__init__(daemon=True)
        self.id = str(uuid.uuid4())
        self.data = data
        self.status = None
        """What it was answered; None for nothing."""
        self._seconds = seconds
        self._wire = wire(self.id, data, chunked)
        self._client = Client(
            socket.create_connection(("127.0.0.1", place.api_port), PATIENCE)
        )
        self._client.socket.settimeout(PATIENCE)
        self.start()

    def run(self):
        step = len(self._wire) // self.PIECES + 1
        try:
            for at in range(0, len(self._wire), step):
                self._client.send(self._wire[at : at + step])
                time.sleep(self._seconds / self.PIECES)
            self.status = self._client.response()[0]
        except (OSError, EOFError):
            pass
        finally:
            self._client.close()

    def answer(self):
        """
        Wait for the answer.

        @return: its status; L{None} where there was none.
        """
        self.join(PATIENCE)
        assert not self.is_alive(), "The upload hangs."
        return self.status


class CrashCase(SynchronousTestCase):
    """
    Daemons in a place of their own.
    """

    options: ClassVar = {}
    """What is configured otherwise than usual."""

    def setUp(self):
        self.place = Place(self.mktemp())
        self.configure()

    def seeded(self):
        """
        Get chance, and print what makes it the same again.
        """
        return seeded()

    def configure(self, place=None, **options):
        """
        Write the configuration of daemons that are soon taken for dead.
        """
        return (place or self.place).configure(
            **{"lease_duration": LEASE, "reaper_interval": 1, **self.options, **options}
        )

    def start(self, name, place=None):
        """
        Run a daemon until the end of the test.
        """
        running = (place or self.place).start(name)
        self.addCleanup(lambda: running.process.poll() is None and running.kill())
        return running

    def bytes(self, count):
        """
        Get data to store.
        """
        return os.urandom(1 << 16) * (count >> 16) + os.urandom(count & 0xFFFF)

    def connect(self):
        """
        Get a connection to the API.
        """
        connected = socket.create_connection(("127.0.0.1", self.place.api_port), 60)
        self.addCleanup(connected.close)
        client = Client(connected)
        connected.settimeout(PATIENCE)
        return client

    def half_upload(self):
        """
        Begin an upload, and wait until data of it is kept.

        @return: the id of the image, all of its data, the client, and what it has
            yet to send.
        """
        image_id, data = str(uuid.uuid4()), self.bytes(1 << 20)
        client, whole = self.connect(), wire(image_id, data)
        client.send(whole[:400_000])
        self.until(self.place.files, lambda: "no file")
        return image_id, data, client, whole[400_000:]

    def store(self, data, chunked=False, **more):
        """
        Store an image: send it all, and only then look at the answer.

        @return: its id, the status of the answer, and what it says.
        """
        image_id = str(uuid.uuid4())
        client = self.connect()
        client.send(wire(image_id, data, chunked, **more))
        status, _, body = client.response()
        client.close()
        return image_id, status, body.decode()

    def status(self, image_id):
        """
        Get the status of an image; L{None} where there is no such image.
        """
        code, headers, _ = get(f"{self.place.api}/v1/images/{image_id}", method="HEAD")
        return None if code == 404 else headers["X-Image-Meta-Status"]

    def fetch(self, image_id):
        """
        Get the status of the answer, and the data of an image.
        """
        code, _, data = get(f"{self.place.api}/v1/images/{image_id}")
        return code, data

    def until(self, condition, why):
        """
        Wait until something is so.
        """
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                self.fail(why())
            time.sleep(0.1)

    def is_settled(self, known):
        """
        Whether nothing is under way, and the store has just what active images
        have.
        """
        self.statuses = {image_id: self.status(image_id) for image_id in known}
        active = [i for i, status in self.statuses.items() if status == "active"]
        files = [name.partition(".")[0] for name in self.place.files()]
        unsettled = {"saving", "pending_delete"} & set(self.statuses.values())
        return not unsettled and files == sorted(active)

    def assert_settles(self, known):
        """
        See that soon each image either is active with all of its data, or has
        left nothing.

        @param known: the data of each image by its id.

        @return: the ids of those that are active.
        """
        self.until(
            lambda: self.is_settled(known),
            lambda: f"{self.statuses} {self.place.files()}",
        )
        active = [i for i, status in self.statuses.items() if status == "active"]
        for image_id in active:
            code, data = self.fetch(image_id)
            self.assertEqual(code, 200)
            self.assertTrue(data == known[image_id], image_id)
        return active

    def mount(self, size):
        """
        Get a disk of its own in memory.

        @param size: as C{mount} takes it.
        """
        need(os.geteuid() == 0 and shutil.which("mount"), "root, to mount a disk,")
        disk = self.place.path / "disk"
        disk.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], check=True
        )
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        return disk
