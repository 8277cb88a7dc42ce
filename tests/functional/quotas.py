"""
What daemons do whose projects have quotas.
"""

import json
import os
import select
import signal
import socket
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from tests.functional.crashing import LEASE
from tests.functional.daemons import get
from tests.functional.raw import chunks

SIZE = 300_007
"""How many bytes an image of these tests has."""

FITTING = 10
"""How many of them a project has room for."""

CALLERS = 100
"""How many ask at the same time."""

PATIENCE = 120
"""How many seconds their answers may take, on a busy machine."""


class Upload:
    """
    An upload to an image.
    """

    def __init__(self, place, image_id, size, chunked):
        """
        @param size: how many bytes are announced, if not chunked.
        """
        self._chunked = chunked
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        self._sock = socket.create_connection(("127.0.0.1", place.api_port), PATIENCE)
        self._sock.sendall(
            f"PUT /v2/images/{image_id}/file HTTP/1.1\r\nHost: glance\r\n"
            f"Content-Type: application/octet-stream\r\n{framing}\r\n\r\n".encode()
        )

    def send(self, data):
        """
        Send some of the data, as far as it is taken.

        @return: whether it was.
        """
        try:
            self._sock.sendall(chunks(data, [1 << 16])[:-5] if self._chunked else data)
        except OSError:
            return False
        return True

    def answered(self):
        """
        Tell whether there is an answer.
        """
        return bool(select.select([self._sock], [], [], 0)[0])

    def end(self):
        """
        Say that this was all, and get the status of the answer; L{None} if there is
        none.
        """
        try:
            if self._chunked:
                self._sock.sendall(b"0\r\n\r\n")
        except OSError:
            pass
        try:
            answer = self._sock.recv(65536)
        except OSError:
            answer = b""
        self._sock.close()
        return int(answer.split()[1]) if answer else None


class QuotasContract:
    """
    Not more gets in than an owner may have; and what fits, does.

    A test case that inherits this is a
    L{CrashCase <tests.functional.crashing.CrashCase>}.
    """

    options: ClassVar = {"workers": 2, "lease_duration": 60}

    @property
    def places(self):
        """
        The places of the daemons whose API is used, in turn.
        """
        return [self.place]

    def begin(self, **options):
        """
        Run a daemon of two processes.
        """
        self.configure(**options)
        running = self.start("glance")
        if (self.options | options)["workers"] == 2:
            running.wait_for_log("2 processes serve.")
        return running

    def create(self):
        """
        Make an image; get its id, or the status of a refusal.
        """
        body = json.dumps({"disk_format": "raw", "container_format": "bare"})
        request = urllib.request.Request(
            f"{self.place.api}/v2/images",
            data=body.encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["id"]
        except urllib.error.HTTPError as error:
            return error.code

    def usage(self):
        """
        Get what is used, each beside its limit.
        """
        told = json.loads(get(f"{self.place.api}/v2/info/usage")[2])["usage"]
        return {name: (each["usage"], each["limit"]) for name, each in told.items()}

    def shown(self, image_id):
        """
        Get the status of an image.
        """
        return json.loads(get(f"{self.place.api}/v2/images/{image_id}")[2])["status"]

    def upload(self, ids, chunked):
        """
        Send data to many images at the same time.

        @param chunked: tells it for each of them.

        @return: the statuses of the answers.
        """
        data = os.urandom(SIZE)
        together = threading.Barrier(len(ids))

        def send(n):
            together.wait(PATIENCE)
            place = self.places[n % len(self.places)]
            upload = Upload(place, ids[n], SIZE, chunked(n))
            for at in range(0, SIZE, 50_000):
                if not upload.send(data[at : at + 50_000]):
                    break
            return upload.end()

        with ThreadPoolExecutor(len(ids)) as threads:
            return list(threads.map(send, range(len(ids))))

    def test_storage(self):
        """
        Of a hundred images that are sent at once, whole or in chunks, as many become
        active as there is room for; of the others nothing is left, and when some are
        deleted there is room again.
        """
        self.begin(user_storage_quota=f"{SIZE * FITTING}B")
        ids = [self.create() for _ in range(CALLERS)]
        for chunked in (
            lambda n: False,
            lambda n: True,
            lambda n: n % 3 == 0,
        ):
            statuses = self.upload(ids, chunked)
            self.assertEqual(
                {each: statuses.count(each) for each in statuses},
                {204: FITTING, 413: CALLERS - FITTING},
            )
            active = [i for i in ids if self.shown(i) == "active"]
            self.assertEqual(len(active), FITTING)
            self.assertEqual(
                self.usage()["image_size_total"],
                (SIZE * FITTING >> 20, SIZE * FITTING >> 20),
            )
            left = [i for i in ids if self.shown(i) != "queued"]
            self.assertEqual(left, active)
            kept = [name.partition(".")[0] for name in self.place.files()]
            self.assertEqual(kept, sorted(active))
            for image_id in active:
                get(f"{self.place.api}/v2/images/{image_id}", "DELETE")
            self.assertEqual(self.usage()["image_size_total"][0], 0)
            self.assertEqual(self.place.files(), [])
            ids = [i for i in ids if i not in active]
            ids += [self.create() for _ in active]

    def test_images(self):
        """
        Of a hundred images that are made at once as many are as there may be.
        """
        self.begin(image_count_total=FITTING)
        with ThreadPoolExecutor(CALLERS) as threads:
            made = list(threads.map(lambda _: self.create(), range(CALLERS)))
        self.assertEqual(made.count(413), CALLERS - FITTING)
        self.assertEqual(self.usage()["image_count_total"], (FITTING, FITTING))
        (gone, *_) = [each for each in made if each != 413]
        get(f"{self.place.api}/v2/images/{gone}", "DELETE")
        self.assertNotEqual(self.create(), 413)

    def test_killed(self):
        """
        What uploads of a process that was killed had booked is free again.
        """
        # Of two processes one takes the other for dead that stands still for longer.
        options = {"user_storage_quota": f"{4 * SIZE}B", "lease_duration": 3 * LEASE}
        running = self.begin(**options, workers=1)
        ids = [self.create() for _ in range(4)]
        uploads = [Upload(self.place, each, SIZE, n % 2) for n, each in enumerate(ids)]
        for upload in uploads:
            upload.send(os.urandom(SIZE - 7))
        self.until(
            lambda: (
                self.usage()["image_size_total"][0] >= (4 * SIZE - 99) >> 20
                and self.usage()["image_count_uploading"][0] == 4
            ),
            lambda: str(self.usage()),
        )
        running.signal(signal.SIGKILL)
        running.process.wait()
        for upload in uploads:
            upload.end()
        self.begin(**options)
        self.until(
            lambda: (
                self.usage()["image_count_uploading"][0] == 0
                and self.usage()["image_size_total"][0] == 0
                and self.place.files() == []
            ),
            lambda: f"{self.usage()} {self.place.files()}",
        )
        self.assertEqual(self.upload(ids, lambda n: n % 2), [204] * 4)
