"""
Uploads that go wrong, against a daemon in a process of its own: they are
refused so that the client sees it, and leave nothing.
"""

import shutil
import subprocess
import time
import uuid
from typing import ClassVar

from tests.functional.crashing import CrashCase, head, wire
from tests.functional.daemons import is_read
from tests.needs import need

MEBIBYTE = 1 << 20

CUTS = 25
"""At how many places each kind of upload is cut; there are four kinds."""


class CutTests(CrashCase):
    """
    A client that goes away in an upload.
    """

    def cut(self, chunked, how):
        """
        Cut uploads wherever it may be, and see that they come to nothing.

        @param how: the name of the method that ends the connection.
        """
        chance = self.seeded()
        self.start("glance")
        data = self.bytes(200_000)
        known = {}
        for number in range(CUTS):
            image_id = str(uuid.uuid4())
            whole = wire(image_id, data, chunked)
            at = chance.randrange(1, len(whole))
            client = self.connect()
            client.send(whole[:at])
            # A reset takes with it what nobody has read yet.
            if number % 3:
                self.until(lambda client=client: is_read(client.socket), str)
            else:
                time.sleep(chance.uniform(0, 0.05))
            getattr(client, how)()
            known[image_id] = data
        self.until(lambda: self.are_killed(known), lambda: self.statuses)
        image_id, status, _ = self.store(data)
        self.assertEqual(status, 201)
        known[image_id] = data
        self.assertEqual(self.assert_settles(known), [image_id])

    def are_killed(self, known):
        """
        Whether images are killed, but for a few that came to nothing at all.
        """
        self.statuses = {image_id: self.status(image_id) for image_id in known}
        killed = [i for i, status in self.statuses.items() if status == "killed"]
        others = set(self.statuses.values()) - {"killed", None}
        return len(killed) >= CUTS // 2 and not others

    def test_closed_length(self):
        """
        It closes the connection; how long the data is was known.
        """
        self.cut(False, "close")

    def test_closed_chunked(self):
        """
        It closes the connection, amid chunks.
        """
        self.cut(True, "close")

    def test_reset_length(self):
        """
        It resets the connection; how long the data is was known.
        """
        self.cut(False, "reset")

    def test_reset_chunked(self):
        """
        It resets the connection, amid chunks.
        """
        self.cut(True, "reset")


class RefusalTests(CrashCase):
    """
    Data that isn't what was said, or too much.
    """

    options: ClassVar = {"image_size_cap": MEBIBYTE, "client_socket_timeout": 2}

    def setUp(self):
        super().setUp()
        self.api = self.start("glance")

    def assert_refused(self, statuses, data, text, chunked=False, **more):
        """
        See that data is refused, and that the client sees that though it looks
        only after it has sent it all.
        """
        image_id, status, said = self.store(data, chunked, **more)
        self.assertIn(status, statuses, said)
        self.assertIn(text, said)
        self.assertIn(self.status(image_id), (None, "killed"))
        self.assertEqual(self.place.files(), [])

    def test_wrong_checksum(self):
        """
        A wrong checksum.
        """
        for chunked in (False, True):
            self.assert_refused(
                {400}, b"data", "checksum", chunked, X_Image_Meta_Checksum="0" * 32
            )

    def test_wrong_size(self):
        """
        More bytes or fewer than were announced.
        """
        for size in (3, 5):
            for chunked in (False, True):
                self.assert_refused(
                    {400}, b"data", "size", chunked, X_Image_Meta_Size=size
                )

    def test_too_large(self):
        """
        More than is allowed.
        """
        data = self.bytes(8 * MEBIBYTE)
        self.assert_refused({400, 413}, data, str(MEBIBYTE))
        self.assert_refused({413}, data, str(MEBIBYTE), chunked=True)
        self.assert_refused({413}, self.bytes(MEBIBYTE + 1), "", chunked=True)
        self.assertEqual(self.store(self.bytes(MEBIBYTE), True)[1], 201)

    def test_curl_sees_it(self):
        """
        curl sees the answer too.
        """
        need(shutil.which("curl"), "curl")
        big = self.place.path / "big"
        big.write_bytes(self.bytes(8 * MEBIBYTE))
        for how in (("-T", big), ("-T", "-"), ("-T", big, "-H", "Expect:")):
            command = ["curl", "-sS", "-X", "POST", *how]
            for name, value in (
                ("Content-Type", "application/octet-stream"),
                ("X-Image-Meta-Disk-Format", "raw"),
                ("X-Image-Meta-Container-Format", "bare"),
            ):
                command += ["-H", f"{name}: {value}"]
            command += ["-w", " %{http_code}", f"{self.place.api}/v1/images"]
            with big.open("rb") as stdin:
                done = subprocess.run(
                    command, stdin=stdin, capture_output=True, text=True, check=False
                )
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(done.stdout.split()[-1], ("400", "413"))
            self.assertIn(str(MEBIBYTE), done.stdout)
            self.assertEqual(self.place.files(), [])

    def test_expect(self):
        """
        Who waits for a word before sending too much hears the refusal.
        """
        client = self.connect()
        image_id = str(uuid.uuid4())
        client.send(head(image_id, 8 * MEBIBYTE, Expect="100-continue"))
        self.assertIn(client.response()[0], (400, 413))

    def test_stalled(self):
        """
        A client that stalls is given up in time, and told so if it listens.
        """
        began = time.monotonic()
        for chunked in (False, True):
            image_id = str(uuid.uuid4())
            client = self.connect()
            client.send(wire(image_id, self.bytes(200_000), chunked)[:-100])
            self.until(
                lambda image_id=image_id: self.status(image_id) == "killed",
                lambda image_id=image_id: self.status(image_id),
            )
            self.assertEqual(self.place.files(), [])
            self.assertEqual(client.response()[0], 408)
        self.assertGreater(time.monotonic() - began, 3)

    def test_slow_is_not_stalled(self):
        """
        A client that is slow, but does not stall, is served.
        """
        data = self.bytes(1000)
        client = self.connect()
        image_id = str(uuid.uuid4())
        whole = wire(image_id, data)
        client.send(whole[:-4])
        for at in range(len(whole) - 4, len(whole)):
            time.sleep(0.8)
            client.send(whole[at : at + 1])
        self.assertEqual(client.response()[0], 201)
        self.assertEqual(self.assert_settles({image_id: data}), [image_id])
