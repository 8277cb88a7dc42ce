"""
What becomes of image data, by example.
"""

import hashlib

import orjson

from glance.limits import Limits
from tests.api.v2.calling import (
    ADMIN,
    DATA,
    MEMBER,
    OCTETS,
    RAW,
    CallingTestCase,
)
from tests.disks import qcow2


class DataTests(CallingTestCase):
    """
    What becomes of PUT and GET /images/ID/file.
    """

    RANGES = (
        ("bytes=0-4", 206, "bytes 0-4/10"),
        ("bytes=2-", 206, "bytes 2-9/10"),
        ("bytes=-3", 206, "bytes 7-9/10"),
        ("bytes=-100", 206, "bytes 0-9/10"),
        ("bytes=4-100", 206, "bytes 4-9/10"),
        ("bytes=0-9", 206, "bytes 0-9/10"),
        ("bytes=10-", 416, "bytes */10"),
        ("bytes=5-4", 416, "bytes */10"),
        ("bytes=a-b", 416, "bytes */10"),
        ("octets=1-2", 416, "bytes */10"),
        ("bytes=-0", 416, "bytes */10"),
        ("bytes=0-1,3-4", 400, None),
    )

    LEGACY = (
        ("bytes 0-4/10", 206, "bytes 0-4/10"),
        ("bytes 0-4/*", 206, "bytes 0-4/10"),
        ("bytes 0-10/*", 416, "bytes */10"),
        ("bytes 10-12/*", 416, "bytes */10"),
        ("bytes 0-4/11", 416, "bytes */10"),
        ("garbage", 416, "bytes */10"),
    )

    def refuse(self, headers, body, status, **said):
        """
        Check that data is refused, and that nothing is left of it.
        """
        path = self.create(**said)
        answer = self.ask("PUT", f"{path}/file", headers, body)
        self.assertEqual(answer.status, status, answer)
        image = self.shown(path)
        self.assertEqual(image["status"], "queued")
        for name in ("size", "virtual_size", "checksum", "os_hash_value"):
            self.assertIsNone(image[name])
        self.assertEqual(self.keys(), [])

    def test_refusals(self):
        """
        Data that cannot be taken leaves nothing behind.
        """
        size = "x-openstack-image-size"
        self.refuse(OCTETS, DATA, 400)
        self.refuse(OCTETS, DATA, 400, disk_format="raw")
        self.refuse({"Content-Type": "application/json"}, DATA, 415, **RAW)
        self.refuse({}, DATA, 415, **RAW)
        self.refuse({**OCTETS, size: "3"}, b"sixsix", 400, **RAW)
        self.refuse({**OCTETS, size: "9"}, b"sixsix", 400, **RAW)
        self.refuse({**OCTETS, size: "six"}, b"sixsix", 400, **RAW)
        self.refuse({**OCTETS, "x-image-meta-store": "none"}, DATA, 400, **RAW)
        self.service.limits = Limits(image_size_cap=5)
        self.refuse(OCTETS, DATA, 413, **RAW)

    def test_taken(self):
        """
        Data that is taken is known, and taken once.
        """
        path = self.create(**RAW)
        headers = {**OCTETS, "x-openstack-image-size": "10"}
        answer = self.ask("PUT", f"{path}/file", headers, DATA)
        self.assertEqual((answer.status, answer.body), (204, b""))
        image = self.shown(path)
        self.assertEqual(image["status"], "active")
        self.assertEqual((image["size"], image["virtual_size"]), (10, 10))
        self.assertEqual(image["checksum"], "781e5e245d69b566979b86e28d23f2c7")
        self.assertEqual(image["os_hash_algo"], "sha512")
        self.assertEqual(image["os_hash_value"], hashlib.sha512(DATA).hexdigest())
        self.assertEqual(self.ask("PUT", f"{path}/file", OCTETS, DATA).status, 409)

    def test_other_format(self):
        """
        What isn't what it is called is not taken, and may come again as what it
        is.
        """
        formats = {"disk_format": "qcow2", "container_format": "bare"}
        self.refuse(OCTETS, b"abc", 415, **formats)
        path = self.create(**formats)
        self.assertEqual(self.ask("PUT", f"{path}/file", OCTETS, DATA).status, 415)
        self.assertEqual(self.ask("GET", f"{path}/file").status, 204)
        change = {"op": "replace", "path": "/disk_format", "value": "raw"}
        self.assertEqual(self.patch(path, change), 200)
        self.assertEqual(self.ask("PUT", f"{path}/file", OCTETS, DATA).status, 204)
        self.assertEqual(self.ask("GET", f"{path}/file").body, DATA)

    def test_unsafe(self):
        """
        What would have a host open other files is not taken, whatever it is
        called.
        """
        unsafe = qcow2(backing=512)
        for disk_format in ("qcow2", "raw"):
            formats = {"disk_format": disk_format, "container_format": "bare"}
            self.refuse(OCTETS, unsafe, 415, **formats)

    def test_announced_elsewhere(self):
        """
        What was announced by version 1 is none of the data's matter here.
        """
        answer = self.service.ask(
            "POST",
            "/v1/images",
            {
                "x-image-meta-size": "3",
                "x-image-meta-disk_format": "raw",
                "x-image-meta-container_format": "bare",
            },
        )
        path = f"/images/{orjson.loads(answer.body)['image']['id']}"
        self.assertEqual(self.listed("size=3"), [])
        self.assertEqual(self.ask("PUT", f"{path}/file", OCTETS, DATA).status, 204)
        self.assertEqual(self.listed("size=10"), [path])

    def test_formats_by_the_first_version(self):
        """
        Data stays what it was looked into as, by version 1 as well.
        """
        path = self.stored()
        for name in ("disk_format", "container_format"):
            for base in ("/v1", ""):
                headers = {f"x-image-meta-{name}": "ami"}
                answer = self.service.ask("PUT", base + path, headers)
                self.assertIn(answer.status, (400, 403))
        answer = self.service.ask("PUT", path, {"x-image-meta-disk_format": "iso"})
        self.assertEqual(answer.status, 403)
        headers = {"x-image-meta-disk_format": "raw", "x-image-meta-name": "a"}
        self.assertEqual(self.service.ask("PUT", path, headers).status, 200)
        self.assertEqual(self.shown(path)["disk_format"], "raw")

    def test_empty(self):
        """
        No data at all is taken of any format, in chunks or not.
        """
        for how in ({"body": b""}, {"chunks": []}, {}):
            path = self.create(disk_format="qcow2", container_format="bare")
            answer = self.ask("PUT", f"{path}/file", OCTETS, **how)
            self.assertEqual(answer.status, 204, answer)
            image = self.shown(path)
            self.assertEqual((image["status"], image["size"]), ("active", 0))
            answer = self.ask("GET", f"{path}/file")
            self.assertEqual((answer.status, answer.body), (200, b""))
            self.assertEqual(answer.header("content-length"), "0")

    def test_queued(self):
        """
        While there is no data, that is what is answered.
        """
        path = self.create(**RAW)
        answer = self.ask("GET", f"{path}/file")
        self.assertEqual((answer.status, answer.body), (204, b""))

    def test_whole(self):
        """
        Data comes back as it was, with what clients need to know of it.
        """
        path = self.stored(name='ca\N{LATIN SMALL LETTER E WITH ACUTE} "1"')
        digest = hashlib.sha512(DATA).hexdigest()
        for method, body in (("GET", DATA), ("HEAD", b"")):
            answer = self.ask(method, f"{path}/file")
            self.assertEqual((answer.status, answer.body), (200, body))
            self.assertEqual(answer.header("content-length"), "10")
            self.assertEqual(answer.header("content-type"), "application/octet-stream")
            self.assertEqual(answer.header("accept-ranges"), "bytes")
            self.assertEqual(answer.header("etag"), f'"{digest}"')
            self.assertEqual(
                answer.header("content-md5"), "781e5e245d69b566979b86e28d23f2c7"
            )
            self.assertEqual(
                answer.header("content-disposition"),
                "attachment; filename=\"ca_ _1_.raw\"; filename*=UTF-8''"
                "ca%C3%A9%20%221%22.raw",
            )

    def test_ranges(self):
        """
        A part is what is asked for; what makes no sense is refused.
        """
        path = self.stored()
        for name, table in (("Range", self.RANGES), ("Content-Range", self.LEGACY)):
            for said, status, content_range in table:
                with self.subTest(said):
                    answer = self.ask("GET", f"{path}/file", {name: said})
                    self.assertEqual(answer.status, status)
                    self.assertEqual(answer.header("content-range"), content_range)
                    if status == 206:
                        first, last = content_range[6:].split("/")[0].split("-")
                        part = DATA[int(first) : int(last) + 1]
                        self.assertEqual(answer.body, part)
                        self.assertEqual(
                            answer.header("content-length"), str(len(part))
                        )

    def test_validators(self):
        """
        Who has the data already need not get it again, nor a part of other
        data.
        """
        path = self.stored()
        tag = self.ask("GET", f"{path}/file").header("etag")
        for said, headers, status in (
            ({"If-None-Match": tag}, {}, 304),
            ({"If-None-Match": '"other"'}, {}, 200),
            ({"If-Range": tag}, {"Range": "bytes=0-4"}, 206),
            ({"If-Range": '"other"'}, {"Range": "bytes=0-4"}, 200),
        ):
            answer = self.ask("GET", f"{path}/file", {**said, **headers})
            self.assertEqual(answer.status, status, said)

    def test_never_encoded(self):
        """
        Data is sent as it is, whatever a client likes.
        """
        path = self.stored()
        answer = self.ask("GET", f"{path}/file", {"Accept-Encoding": "gzip"})
        self.assertEqual(answer.body, DATA)
        self.assertIsNone(answer.header("content-encoding"))

    def test_deactivated(self):
        """
        Deactivated data is for administrators.
        """
        path = self.stored()
        self.assertEqual(self.ask("POST", f"{path}/actions/deactivate").status, 204)
        self.assertEqual(self.shown(path)["status"], "deactivated")
        self.assertEqual(self.ask("GET", f"{path}/file").status, 403)
        self.assertEqual(self.ask("GET", f"{path}/file", who=ADMIN).status, 200)
        for _ in range(2):
            answer = self.ask("POST", f"{path}/actions/reactivate", who=MEMBER)
            self.assertEqual(answer.status, 204)
        self.assertEqual(self.ask("GET", f"{path}/file").status, 200)

    def test_deactivating_nothing(self):
        """
        What has no data cannot be deactivated.
        """
        path = self.create()
        for action in ("deactivate", "reactivate"):
            self.assertEqual(self.ask("POST", f"{path}/actions/{action}").status, 403)
