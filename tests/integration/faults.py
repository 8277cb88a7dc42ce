"""
A daemon whose store is behind a network that fails.
"""

import hashlib
import http.client
import json
import random
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from tests.functional.daemons import PATIENCE, Place, free_port, get

SCRIPT = Path(__file__).parent.parent / "servers" / "tcpfault.py"

SMALL = 900_000
"""How many one has that is kept in one piece."""

POSITIONS = 20
"""At how many places of a transfer something goes wrong."""

AGAIN = 400_000
"""After how many bytes it goes wrong again and again."""

LEASE = 3
"""After how many seconds a daemon that says nothing is taken for dead."""

LONGEST = 40
"""
How many seconds a transfer may take in which something goes wrong, on a busy machine: a
few attempts, and a few silences where these are short.
"""


class Proxy:
    """
    The way to a server, on which things go wrong.
    """

    def __init__(self, upstream):
        """
        @param upstream: the port of the server.
        """
        self.port = free_port()
        self._control = free_port()
        ports = (self.port, upstream, self._control)
        self._process = subprocess.Popen(
            [sys.executable, SCRIPT, *map(str, ports)], stdout=subprocess.PIPE
        )
        assert self._process.stdout.readline() == b"up\n"

    def set(self, **wanted):
        """
        Have something go wrong, as C{tcpfault.py} says.

        @return: how many bytes have gone each way since this was called before.
        """
        with socket.create_connection(("127.0.0.1", self._control)) as control:
            control.sendall(json.dumps(wanted).encode() + b"\n")
            return json.loads(control.makefile().readline())

    def stop(self):
        """
        End it.
        """
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


class FaultyNetwork:
    """
    Mixed in with a C{TestCase}: a daemon, its store, and what is between them.

    A subclass has C{upstream}, the port of the store's server; C{store_options},
    which gets the port to use and returns options; and C{stored}, which lists
    all that is in the store, uploads of parts too.
    """

    timeout = 600
    secrets = ()
    """What must not be in an answer or a log."""
    size = (5 << 19) + 12345
    """How many bytes an image has: more than two segments."""
    idle = 60
    """For how many seconds the store may do nothing."""
    most_fail = True
    """Whether most uploads fail; else most are mended."""

    def setUp(self):
        self.proxy = Proxy(self.upstream())
        self.addCleanup(self.proxy.stop)
        self.place = Place(self.mktemp())
        self.place.configure(
            reaper_interval=1,
            lease_duration=LEASE,
            **self.store_options(self.proxy.port),
        )
        self.daemon = self.place.start("glance")
        self.addCleanup(self._stop)
        self.data = random.Random(5).randbytes(self.size)
        self.answers = []

    def _stop(self):
        self.assertEqual(self.daemon.stop(), -15, self.daemon.log)
        self.assertNotIn("Traceback", self.daemon.log)
        for text in (self.daemon.log, *self.answers):
            for secret in self.secrets:
                self.assertNotIn(secret, text)

    # Clients

    def ask(self, method, path, body=None, **headers):
        """
        Ask the API for something.

        @return: the status, the headers, and the body.
        """
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.place.api_port, timeout=PATIENCE
        )
        try:
            # The answer may come before all is sent.
            with suppress(ConnectionError):
                connection.request(
                    method,
                    path,
                    body,
                    headers,
                    encode_chunked=not isinstance(body, bytes),
                )
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            self.answers.append(f"{answer.headers}{data!r}")
        return answer.status, answer.headers, data

    def create(self):
        """
        Make an image without data; get its id.
        """
        told = json.dumps({"container_format": "bare", "disk_format": "raw"})
        status, _, body = self.ask(
            "POST",
            "/v2/images",
            told.encode(),
            **{"Content-Type": "application/json"},
        )
        self.assertEqual(status, 201, body)
        return json.loads(body)["id"]

    def upload(self, chunked=False):
        """
        Upload the data by version 2.

        @return: the image's id, and the status.
        """
        image_id = self.create()
        body = self.data
        headers = {"Content-Type": "application/octet-stream"}
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
            body = [body[at : at + 65536] for at in range(0, len(body), 65536)]
        path = f"/v2/images/{image_id}/file"
        status, answered, _ = self.ask("PUT", path, body, **headers)
        if status == 503:
            self.assertIn("Retry-After", answered)
        return image_id, status

    def upload_of_old(self):
        """
        Upload the data by version 1.

        @return: the image's id, and the status.
        """
        image_id = str(uuid4())
        headers = {
            "x-image-meta-id": image_id,
            "x-image-meta-name": "an image",
            "x-image-meta-disk_format": "raw",
            "x-image-meta-container_format": "bare",
            "Content-Type": "application/octet-stream",
        }
        status, _, _ = self.ask("POST", "/v1/images", self.data, **headers)
        return image_id, status

    def status_of(self, image_id):
        """
        Get the status of an image.
        """
        status, headers, _ = self.ask("HEAD", f"/v1/images/{image_id}")
        self.assertEqual(status, 200)
        return headers["x-image-meta-status"]

    def download(self, image_id):
        """
        Get what comes of an image's data, and whether that is said to be all.
        """
        try:
            status, headers, data = self.ask("GET", f"/v2/images/{image_id}/file")
        except http.client.IncompleteRead as error:
            return error.partial, False
        except OSError:
            return b"", False
        if status != 200:
            self.assertIn(status, (404, 500, 503), data)
            return b"", False
        self.assertEqual(headers["Content-MD5"], self.md5)
        return data, True

    @property
    def md5(self):
        """
        The checksum of the data.
        """
        return hashlib.md5(self.data, usedforsecurity=False).hexdigest()

    def delete(self, image_id):
        """
        Delete an image.
        """
        status, _, body = self.ask("DELETE", f"/v2/images/{image_id}")
        self.assertEqual(status, 204, body)

    def slowly(self, seconds):
        """
        Give the data, in so many seconds.
        """
        step = len(self.data) // 16
        for at in range(0, len(self.data), step):
            time.sleep(seconds / 16)
            yield self.data[at : at + step]

    # What has to be

    def see_slow_transfers(self, seconds):
        """
        See that transfers may take that long, and others may follow so much later.
        """
        image_id = self.create()
        headers = {"Content-Type": "application/octet-stream"}
        path = f"/v2/images/{image_id}/file"
        status, _, body = self.ask("PUT", path, self.slowly(seconds), **headers)
        self.assertEqual(status, 204, body)
        self.assertEqual(self.download(image_id), (self.data, True))
        time.sleep(seconds)
        with urllib.request.urlopen(f"{self.place.api}{path}") as answer:
            data = b""
            while piece := answer.read(len(self.data) // 16):
                data += piece
                time.sleep(seconds / 16)
        self.assertEqual(data, self.data)
        self.delete(image_id)
        self.wait_until([])

    def wait_until(self, expected):
        """
        See that the store has what is expected, soon.
        """
        deadline = time.monotonic() + PATIENCE
        while (stored := self.stored()) != expected and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(stored, expected, self.daemon.log)

    def positions(self, bytes_in_all):
        """
        Get places that are spread over a transfer.
        """
        return [bytes_in_all * n // POSITIONS for n in range(1, POSITIONS)] + [10]

    def see_upload(self, what, upload, left):
        """
        Upload while something goes wrong, and see what has become of it.

        @param what: what goes wrong.
        @param left: the status of an image whose upload failed.
        """
        self.proxy.set(**what)
        started = time.monotonic()
        image_id, status = upload()
        took = time.monotonic() - started
        self.proxy.set()
        self.assertLess(took, LONGEST, what)
        became = self.status_of(image_id)
        if status in (200, 201, 204):
            self.assertEqual(became, "active", what)
            self.assertEqual(self.download(image_id), (self.data, True), what)
            self.delete(image_id)
        else:
            self.assertIn(status, (503,), what)
            self.assertEqual(became, left, what)
        self.wait_until([])
        return status == 503

    def see_uploads(self, name, upload, left="queued"):
        """
        See uploads, each with something going wrong at another place.
        """
        self.proxy.set()
        image_id, status = upload()
        self.assertIn(status, (201, 204))
        passed = self.proxy.set()
        self.delete(image_id)
        self.wait_until([])
        failed = sum(
            self.see_upload({"up": {name: position}}, upload, left)
            for position in self.positions(passed["up"])
        )
        self.assertEqual(failed > POSITIONS // 2, self.most_fail, failed)

    def see_answers_lost(self, name):
        """
        See uploads whose answers don't come.
        """
        self.proxy.set()
        image_id, status = self.upload()
        self.assertEqual(status, 204)
        passed = self.proxy.set()
        self.delete(image_id)
        self.wait_until([])
        for position in (passed["down"] * n // 4 for n in (1, 2, 3)):
            self.see_upload({"down": {name: position}}, self.upload, "queued")

    def see_up_again(self, name):
        """
        See uploads of all kinds, with something going wrong again and again.
        """
        for upload, left in (
            (self.upload, "queued"),
            (lambda: self.upload(chunked=True), "queued"),
            (self.upload_of_old, "killed"),
        ):
            what = {"up": {name: AGAIN}, "again": True}
            self.assertTrue(self.see_upload(what, upload, left), what)

    def see_downloads(self, name):
        """
        See downloads, each with something going wrong at another place.

        @return: how many were not whole.
        """
        image_id, status = self.upload()
        self.assertEqual(status, 204)
        self.proxy.set()
        self.assertEqual(self.download(image_id), (self.data, True))
        passed = self.proxy.set()
        broken = 0
        for position in self.positions(passed["down"]):
            self.proxy.set(down={name: position})
            started = time.monotonic()
            data, whole = self.download(image_id)
            self.assertLess(time.monotonic() - started, LONGEST, position)
            if name == "flip":
                # The checksum that comes with it tells the client.
                self.assertEqual(len(data) if whole else self.size, self.size)
            elif whole:
                self.assertEqual(data, self.data, position)
            else:
                self.assertTrue(self.data.startswith(data), position)
            broken += data != self.data
        self.proxy.set()
        self.assertEqual(self.download(image_id), (self.data, True))
        self.delete(image_id)
        self.wait_until([])
        return broken


class FaultTests(FaultyNetwork):
    """
    Mixed in: what is seen where the network fails.
    """

    def test_cut_up(self):
        """
        An upload whose connection is lost fails or is whole, and leaves nothing.
        """
        self.see_uploads("cut", self.upload)

    def test_reset_up(self):
        """
        So does one whose connection is reset, also where nobody knew its length.
        """
        self.see_uploads("reset", lambda: self.upload(chunked=True))

    def test_flip_up(self):
        """
        One that is damaged on its way isn't taken for good.
        """
        self.see_uploads("flip", self.upload)

    def test_flip_up_small(self):
        """
        Nor is one of what the store keeps in one piece.
        """
        self.data = self.data[:SMALL]
        self.see_uploads("flip", self.upload)

    def test_cut_up_of_old(self):
        """
        With version 1 the image is killed then.
        """
        self.see_uploads("cut", self.upload_of_old, "killed")

    def test_answer_lost(self):
        """
        So is one whose store has done what it was asked, and couldn't say so.
        """
        self.see_answers_lost("cut")

    def test_up_again(self):
        """
        Where things go wrong again and again, an upload fails in time, whatever is
        sent twice, and leaves nothing.
        """
        for name in ("cut", "reset", "flip"):
            self.see_up_again(name)

    def test_down(self):
        """
        No download that isn't whole is said to be, and nobody waits for long.
        """
        for name in ("cut", "reset", "flip"):
            self.assertGreater(self.see_downloads(name), POSITIONS // 2, name)

    def test_refused(self):
        """
        Where nobody takes connections that is told at once, and it passes.
        """
        image_id, status = self.upload()
        self.assertEqual(status, 204)
        self.proxy.set(refuse=True)
        other_id, status = self.upload()
        self.assertEqual(status, 503)
        self.assertEqual(self.status_of(other_id), "queued")
        self.assertEqual(self.download(image_id), (b"", False))
        status, _, body = get(f"{self.place.api}/healthcheck")
        self.assertEqual(status, 503, body)
        self.proxy.set()
        self.assertEqual(self.download(image_id), (self.data, True))
        self.delete(image_id)
        self.wait_until([])

    def test_killed(self):
        """
        What a daemon that was killed has left of an upload is removed by the next.
        """
        image_id, _ = self.upload()
        self.delete(image_id)
        self.wait_until([])
        image_id = self.create()
        head = (
            f"PUT /v2/images/{image_id}/file HTTP/1.1\r\nHost: api\r\n"
            "Content-Type: application/octet-stream\r\n"
            f"Content-Length: {self.size}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self.place.api_port)) as client:
            client.sendall(head.encode() + self.data[:-1])
            self.daemon.wait_for(self.stored)
            self.daemon.kill()
        self.daemon = self.place.start("glance")
        self.wait_until([])
        self.assertEqual(self.status_of(image_id), "queued")


class StallTests(FaultyNetwork):
    """
    Mixed in: what is seen where the network stalls, and the store may be silent for a
    moment only.
    """

    idle = 1

    def test_up(self):
        """
        An upload that the store takes no more of fails or is whole, leaves nothing, and
        nobody waits for long.
        """
        self.see_uploads("stall", self.upload)

    def test_answer_lost(self):
        """
        So does one whose store has done what it was asked, and couldn't say so.
        """
        self.see_answers_lost("stall")

    def test_up_again(self):
        """
        So does one that stalls again and again.
        """
        self.see_up_again("stall")

    def test_down(self):
        """
        No download that isn't whole is said to be, and nobody waits for long.
        """
        self.assertGreater(self.see_downloads("stall"), POSITIONS // 2)
