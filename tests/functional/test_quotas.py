"""
Tests of quotas of daemons that have several processes, or are several.
"""

import time
from functools import cached_property
from typing import ClassVar

from tests.functional.crashing import CrashCase
from tests.functional.daemons import Place, get
from tests.functional.quotas import SIZE, QuotasContract, Upload


class QuotaTests(QuotasContract, CrashCase):
    """
    Two processes with SQLite.
    """

    def test_uploads(self):
        """
        Not more uploads than may be are under way, whichever process has them.
        """
        self.begin(image_count_uploading=3)
        ids = [self.create() for _ in range(12)]
        started = [Upload(self.place, each, 10, False) for each in ids[:3]]
        for upload in started:
            upload.send(b"12345")
        self.until(
            lambda: self.usage()["image_count_uploading"] == (3, 3),
            lambda: str(self.usage()),
        )
        for n in range(3, 12):
            refused = Upload(self.place, ids[n], 10, n % 2 == 0)
            refused.send(b"1234567890")
            self.assertEqual(refused.end(), 413)
            self.assertEqual(self.shown(ids[n]), "queued")
        for upload in started:
            upload.send(b"67890")
            self.assertEqual(upload.end(), 204)
        late = Upload(self.place, ids[3], 10, False)
        late.send(b"1234567890")
        self.assertEqual(late.end(), 204)

    def test_deleted_meanwhile(self):
        """
        To delete an image while its data comes is no way round the quota: the upload
        soon ends, and whoever does so again and again has no more room than others.
        """
        self.begin(user_storage_quota=f"{SIZE}B")
        for turn in range(4):
            image_id = self.create()
            upload = Upload(self.place, image_id, SIZE, turn % 2)
            upload.send(bytes(SIZE // 2))
            self.until(lambda: self.place.files(), lambda: "nothing came")
            begun = time.monotonic()
            url = f"{self.place.api}/v2/images/{image_id}"
            self.assertEqual(get(url, "DELETE")[0], 204)
            self.assertEqual(upload.end() if turn > 1 else self.on(upload), 410)
            self.assertLess(time.monotonic() - begun, 40)
            self.until(lambda: not self.place.files(), self.place.files)
        self.assertEqual(self.upload([self.create()], lambda n: True), [204])

    def on(self, upload):
        """
        Go on to send, slowly, until nobody listens any more.

        @return: the status of the answer.
        """
        while upload.send(b"\0"):
            time.sleep(0.01)
            if upload.answered():
                break
        return upload.end()


class SeveralDaemonsTests(QuotasContract, CrashCase):
    """
    Two daemons for the API, and one for the registry.
    """

    options: ClassVar = {"workers": 1, "lease_duration": 60}

    @cached_property
    def places(self):
        """
        The places of both.
        """
        other = Place(self.mktemp())
        other.registry_port, other.data = self.place.registry_port, self.place.data
        return [self.place, other]

    def setUp(self):
        super().setUp()
        self.running = {}

    def begin(self, **options):
        """
        Run those that don't run.
        """
        for place in self.places:
            self.configure(place, **options)
        wanted = [("glance-registry", self.place)]
        wanted += [("glance-api", place) for place in self.places]
        for one in wanted:
            running = self.running.get(one)
            if running is None or running.process.poll() is not None:
                self.running[one] = self.start(*one)
        return self.running["glance-api", self.place]
