"""
What went wrong in Glance with data on its way in does not here.

The table of C{docs/security.md} names these tests, and says what it was.
"""

import time
from typing import ClassVar

from tests.badhttp import HOST, BadHTTP
from tests.functional.personas import (
    ADMIN,
    ALICE,
    BOB,
    DATA,
    FACES,
    OCTETS,
    PROMPT,
    V1,
    HalfUpload,
    PersonasCase,
)

CAP = 100_000
"""How many bytes an image may have where that is limited."""


class SizeTests(PersonasCase):
    """
    No more is stored than an image may have.
    """

    options: ClassVar[dict] = {"image_size_cap": CAP}

    def test_cap(self):
        """
        One byte more than may be is refused by each face, whether it is announced
        or not, and nothing of it is left.
        """
        data = bytes(CAP + 1)
        for body in (data, (data,), (data[:1], data[1:])):
            image_id = self.make()
            self.assertEqual(self.fill(image_id, body).status, 413)
            self.assertEqual(self.show(image_id)["status"], "queued")
            for said in ({}, {"X-OpenStack-Image-Size": "7"}):
                path = f"/v2/images/{image_id}/file"
                answer = self.say(ALICE, "PUT", path, OCTETS | said, body)
                self.assertIn(answer.status, (400, 413), answer.text)
            for face in FACES:
                for said in ({}, {"X-Image-Meta-Size": "7"}):
                    told = {**V1, **OCTETS, **said}
                    answer = self.say(ALICE, "POST", face, told, body)
                    self.assertIn(answer.status, (400, 413), answer.text)
        for face in FACES:
            told = {**V1, "X-Image-Meta-Size": str(CAP + 1)}
            told["X-Image-Meta-Location"] = "http://192.0.2.1/"
            self.assertEqual(self.say(ALICE, "POST", face, told).status, 400)
        self.assertEqual(self.place.files(), [])
        self.keep(data[:-1])


class DeletedUploadTests(PersonasCase):
    """
    What is deleted while it is uploaded takes no room.
    """

    def delete(self, image_id, who=ALICE, path="/v2/images"):
        """
        Delete an image.
        """
        answer = self.ask(who, "DELETE", f"{path}/{image_id}")
        self.assertIn(answer.status, (200, 204), answer.text)

    def test_deleted(self):
        """
        An upload whose image is deleted ends promptly with 410, though its client
        sends on, and its bytes go, whichever face deletes.
        """
        for face in ("/v2/images", *FACES):
            image_id = self.make()
            upload = HalfUpload(self, f"/v2/images/{image_id}/file", ALICE)
            self.daemon.wait_for(
                lambda image_id=image_id: self.show(image_id)["status"] == "saving"
            )
            self.delete(image_id, path=face)
            status, seconds = upload.go_on()
            self.assertIn(status, (410, None))
            self.assertLess(seconds, PROMPT)
            self.daemon.wait_for(lambda: self.place.files() == [])

    def test_loop(self):
        """
        Nor does it in a loop, at whatever moment the image is deleted.
        """
        uploads = []
        for pause in (0, 0.01, 0.05, 0.1, 0, 0.02, 0.2, 0):
            image_id = self.make()
            uploads.append(HalfUpload(self, f"/v2/images/{image_id}/file", ALICE))
            time.sleep(pause)
            self.delete(image_id)
        ends = [upload.end() for upload in uploads]
        self.assertTrue(set(ends) <= {404, 410}, ends)
        self.daemon.wait_for(lambda: self.place.files() == [])
        self.assertEqual(self.ask(ALICE, "GET", "/v2/images").json["images"], [])

    def test_new_upload(self):
        """
        Nor is what was deleted brought back by a late upload.
        """
        image_id = self.make()
        self.delete(image_id)
        self.assertIn(self.fill(image_id).status, (404, 410))
        for face in FACES:
            path = f"{face}/{image_id}"
            answer = self.say(ALICE, "PUT", path, OCTETS, DATA)
            self.assertIn(answer.status, (403, 404), answer.text)
        self.assertEqual(self.place.files(), [])


class CopyTests(PersonasCase):
    """
    Nor does what is deleted while it is copied from elsewhere.
    """

    def setUp(self):
        self.web = BadHTTP()
        self.web.start()
        self.addCleanup(self.web.stop)
        self.options = {
            "http_allowed_networks": HOST,
            "http_allowed_ports": f"{self.web.port}, {self.web.canary_port}",
            "image_size_cap": 1 << 20,
            "reaper_interval": 1,
        }
        super().setUp()

    def copy(self, path, who=ALICE, **formats):
        """
        Have an image filled from the web.
        """
        said = {**V1, "X-Image-Meta-Copy-From": f"{self.web.url}/{path}", **formats}
        answer = self.say(who, "POST", "/v1/images", said)
        self.assertEqual(answer.status, 201, answer.text)
        return answer.json["image"]["id"]

    def status(self, image_id):
        """
        Get the status of an image; L{None} where there is no such image.
        """
        answer = self.ask(ALICE, "HEAD", f"/v1/images/{image_id}")
        return answer.headers["X-Image-Meta-Status"]

    def settled(self, image_id):
        """
        Wait until an image is neither queued nor saving, and get its status.
        """
        self.daemon.wait_for(lambda: self.status(image_id) not in ("queued", "saving"))
        return self.status(image_id)

    def test_deleted(self):
        """
        At whatever moment it is, nothing is left in the end.
        """
        for path in ("ok/1M", "slow/1M/100k", "slow/1M/1M"):
            for pause in (0, 0.01, 0.05, 0.2, 0, 0.02, 0.1):
                image_id = self.copy(path)
                time.sleep(pause)
                answer = self.ask(ALICE, "DELETE", f"/v2/images/{image_id}")
                self.assertEqual(answer.status, 204, answer.text)
        self.daemon.wait_for(lambda: self.place.files() == [])
        self.assertEqual(self.ask(ALICE, "GET", "/v2/images").json["images"], [])

    def test_cap(self):
        """
        What is too long is not taken from elsewhere either.
        """
        said = {**V1, "X-Image-Meta-Copy-From": f"{self.web.url}/ok/2M"}
        self.assertEqual(self.say(ALICE, "POST", "/v1/images", said).status, 400)
        for path in ("chunked/2M", "endless"):
            self.assertEqual(self.settled(self.copy(path)), "killed")
        self.assertEqual(self.place.files(), [])

    def test_format(self):
        """
        What isn't what it is said to be isn't taken, and nothing waits for it for
        ever.
        """
        image_id = self.copy("ok/1M", **{"X-Image-Meta-Disk_format": "qcow2"})
        self.assertEqual(self.settled(image_id), "killed")
        self.assertEqual(self.place.files(), [])
        self.assertEqual(
            self.ask(ALICE, "DELETE", f"/v2/images/{image_id}").status, 204
        )

    def test_located(self):
        """
        What stays elsewhere is its maker's: nobody else changes where an image has
        its data, nor does its maker once it has; nor is anybody told where that is.
        """
        url = f"http://user:hunter2@{HOST}:{self.web.port}/ok/1M?key=s3cret"
        said = {**V1, "X-Image-Meta-Location": url}
        answer = self.say(ALICE, "POST", "/v1/images", said)
        self.assertEqual(answer.status, 201, answer.text)
        answers = [answer]
        image_id = answer.json["image"]["id"]
        self.share(image_id)
        before = self.fetch(image_id)
        for who, refused in ((ALICE, 403), (BOB, 404), (ADMIN, 403)):
            for face in FACES:
                for name in ("Location", "Copy-From"):
                    told = {f"X-Image-Meta-{name}": f"{self.web.url}/ok/2M"}
                    answer = self.say(who, "PUT", f"{face}/{image_id}", told)
                    self.assertIn(answer.status, (400, refused), answer.text)
                    answers.append(answer)
            for path in ("/v2/images/{}", "/v1/images/{}", "/images/{}"):
                # Twice: the second may know it already.
                for method in ("GET", "HEAD", "GET", "HEAD"):
                    if (method, path) != ("HEAD", "/v2/images/{}"):
                        answers.append(self.ask(who, method, path.format(image_id)))
        self.assertTrue(self.fetch(image_id, BOB) == before)
        for answer in answers:
            self.assertFalse(answer.headers["x-image-meta-location"])
            for secret in ("hunter2", "s3cret", HOST):
                self.assertNotIn(secret, answer.text)
        self.assertNotIn("hunter2", self.daemon.log)
        self.assertNotIn("s3cret", self.daemon.log)
