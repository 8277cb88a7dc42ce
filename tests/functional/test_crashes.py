"""
Daemons that are killed: no image is ever active without its data, and nothing
is left behind.
"""

import signal
import time
from typing import ClassVar

from tests.functional.crashing import LEASE, PATIENCE, CrashCase, SlowUpload
from tests.functional.daemons import Place, get

MOMENTS = 20
"""At how many moments of an upload a daemon is killed."""

MEBIBYTE = 1 << 20


class KillTests(CrashCase):
    """
    A daemon is killed at any moment of an upload, and started again.
    """

    options: ClassVar = {"registry_retry": 20}

    def setUp(self):
        super().setUp()
        self.random = self.seeded()

    def assert_harmless(self, uploads):
        """
        See what became of uploads: those that were said to be there are.
        """
        answers = {upload.id: upload.answer() for upload in uploads}
        known = {upload.id: upload.data for upload in uploads}
        active = self.assert_settles(known)
        for image_id, status in answers.items():
            if status == 201:
                self.assertIn(image_id, active)
        return active

    def moments(self):
        """
        Get moments, in seconds from the beginning of an upload: some in the
        midst, and some near its end.
        """
        last = self.random.uniform
        half = MOMENTS // 2
        moments = [last(0, 0.4) for _ in range(half)]
        moments += [last(0.28, 0.4) for _ in range(MOMENTS - half)]
        self.random.shuffle(moments)
        return moments

    def upload(self, number):
        """
        Begin an upload that takes a third of a second.
        """
        size = self.random.randrange(MEBIBYTE, 4 * MEBIBYTE)
        return SlowUpload(self.place, self.bytes(size), 0.3, bool(number % 2))

    def test_api(self):
        """
        The API.
        """
        self.start("glance-registry")
        uploads = []
        for number, moment in enumerate(self.moments()):
            api = self.start("glance-api")
            uploads.append(self.upload(number))
            time.sleep(moment)
            api.kill()
        self.start("glance-api")
        active = self.assert_harmless(uploads)
        self.assertLess(len(active), MOMENTS)

    def test_registry(self):
        """
        The registry: the API goes on, and each upload ends, well or not.
        """
        registry, api = self.start("glance-registry"), self.start("glance-api")
        uploads = []
        for number, moment in enumerate(self.moments()):
            uploads.append(self.upload(number))
            time.sleep(moment)
            registry.kill()
            registry = self.start("glance-registry")
        self.assertIs(api.process.poll(), None)
        active = self.assert_harmless(uploads)
        self.assertNotIn(None, {upload.status for upload in uploads})
        self.assertTrue(active)
        self.assertNotIn("Traceback", api.log)

    def test_registry_back_in_time(self):
        """
        A registry that dies in an upload and comes back is told of its end, though
        the lease has run out meanwhile.
        """
        self.configure(registry_retry=PATIENCE)
        registry = self.start("glance-registry")
        self.start("glance-api")
        image_id, data, client, rest = self.half_upload()
        registry.kill()
        client.send(rest)
        time.sleep(1.5 * LEASE)
        self.start("glance-registry")
        self.assertEqual(client.response()[0], 201)
        self.assertEqual(self.assert_settles({image_id: data}), [image_id])

    def test_registry_gone_for_long(self):
        """
        One that doesn't come back in time costs the upload, and nothing else.
        """
        self.configure(registry_retry=1)
        registry = self.start("glance-registry")
        self.start("glance-api")
        image_id, data, client, rest = self.half_upload()
        registry.kill()
        client.send(rest)
        self.assertEqual(client.response()[0], 503)
        self.start("glance-registry")
        self.assertEqual(self.assert_settles({image_id: data}), [])
        self.assertEqual(self.status(image_id), "killed")

    def test_all_in_one_after_answer(self):
        """
        What was answered to be there is there, though everything is killed
        right then.
        """
        known = {}
        for _ in range(5):
            running = self.start("glance")
            data = self.bytes(100_000)
            image_id, status, _ = self.store(data)
            running.kill()
            self.assertEqual(status, 201)
            known[image_id] = data
        self.start("glance")
        self.assertEqual(set(self.assert_settles(known)), set(known))

    def test_deletion(self):
        """
        An image whose deletion is cut short is gone in the end, with its data.
        """
        known = {}
        running = self.start("glance")
        for _ in range(10):
            data = self.bytes(10_000)
            known[self.store(data)[0]] = data
        for image_id in known:
            client = self.connect()
            client.send(
                f"DELETE /v1/images/{image_id} HTTP/1.1\r\nHost: g\r\n\r\n".encode()
            )
        time.sleep(self.random.uniform(0, 0.05))
        running.kill()
        self.start("glance")
        active = self.assert_settles(known)
        self.assertFalse(set(self.statuses.values()) - {"active", "deleted"})
        for image_id in active:
            get(f"{self.place.api}/v1/images/{image_id}", method="DELETE")
        self.assertEqual(self.assert_settles(known), [])


class SecondDaemonTests(CrashCase):
    """
    Two API daemons have one directory and one registry.
    """

    lease = 2 * LEASE
    """For longer than that, none may stand still on a busy machine."""

    options: ClassVar = {"lease_duration": lease, "reaper_interval": 0.3}

    def setUp(self):
        super().setUp()
        self.start("glance-registry")
        self.first = self.start("glance-api")
        self.other = Place(self.mktemp())
        self.other.registry_port = self.place.registry_port
        self.configure(self.other, filesystem_store_datadir=self.place.data)

    def switch(self):
        """
        Ask the other daemon from here on.
        """
        self.place.api_port = self.other.api_port

    def test_live(self):
        """
        One that is started while another has an upload under way, for longer
        than a lease lasts, does it no harm.
        """
        image_id, data, client, rest = self.half_upload()
        second = self.start("glance-api", self.other)
        time.sleep(1.5 * self.lease)
        client.send(rest[:300_000])
        second.kill()
        second = self.start("glance-api", self.other)
        time.sleep(1)
        self.assertEqual(self.status(image_id), "saving")
        client.send(rest[300_000:])
        self.assertEqual(client.response()[0], 201)
        self.switch()
        self.assertEqual(self.assert_settles({image_id: data}), [image_id])
        self.assertNotIn("Traceback", second.log)

    def test_dead(self):
        """
        What a dead one has left is settled by the other, soon after the lease.
        """
        self.start("glance-api", self.other)
        image_id, data, _, _ = self.half_upload()
        self.first.kill()
        self.switch()
        self.assertEqual(self.assert_settles({image_id: data}), [])
        self.assertEqual(self.status(image_id), "killed")

    def test_asleep(self):
        """
        One that was asleep for longer than its lease doesn't finish what the
        other has given up.
        """
        self.start("glance-api", self.other)
        image_id, data, client, rest = self.half_upload()
        self.first.signal(signal.SIGSTOP)
        mine = self.place.api_port
        self.switch()
        self.until(
            lambda: self.status(image_id) == "killed", lambda: self.status(image_id)
        )
        self.first.signal(signal.SIGCONT)
        client.send(rest)
        self.assertGreaterEqual(client.response()[0], 400)
        self.assertEqual(self.assert_settles({image_id: data}), [])
        self.place.api_port = mine
        data = self.bytes(1000)
        image_id, status, _ = self.store(data)
        self.assertEqual(status, 201)
        self.assertEqual(self.assert_settles({image_id: data}), [image_id])
