"""
What went wrong in Glance with what data is, and with who gets it, does not here.

The table of C{docs/security.md} names these tests, and says what it was.
"""

import hashlib
import json
from typing import ClassVar

from tests import disks
from tests.functional.personas import (
    ADMIN,
    ALICE,
    BOB,
    DATA,
    FACES,
    OCTETS,
    PATCH,
    READER,
    V1,
    HalfUpload,
    PersonasCase,
)
from tests.functional.working import children


class FormatTests(PersonasCase):
    """
    Data that would harm whoever uses it is refused.
    """

    HOSTILE = (
        ("qcow2", disks.qcow2(backing=512)),
        ("raw", disks.qcow2(backing=512)),
        ("qcow2", disks.qcow2(features=4)),
        ("raw", disks.qcow2(features=4)),
        ("vmdk", disks.qcow2(features=4)),
        ("vmdk", disks.vmdk(text=disks.descriptor("monolithicFlat"))),
        ("vmdk", disks.vmdk(text=disks.descriptor(extent='RW 1 FLAT "/etc/passwd" 0'))),
        ("raw", disks.descriptor("vmfs", 'RW 1 VMFS "/etc/passwd"')),
        ("raw", disks.descriptor("monolithicFlat", 'RW 1 FLAT "/etc/passwd" 0')),
        ("vhdx", disks.vhdx(parent=True)),
        ("vhd", disks.vhd(kind=4)),
        ("raw", disks.qed()),
        ("iso", disks.iso(begin=disks.qcow2()[:512])),
    )

    def test_refused(self):
        """
        Whatever it is declared as, whole or in chunks; the image waits on, without
        data, and takes what is better.
        """
        for disk_format, data in self.HOSTILE:
            image_id = self.make(disk_format=disk_format)
            for body in (data, (data[:100], data[100:])):
                answer = self.fill(image_id, body)
                self.assertEqual(answer.status, 415, (disk_format, data[:9]))
            self.assertEqual(self.place.files(), [])
            image = self.show(image_id)
            self.assertEqual((image["status"], image["checksum"]), ("queued", None))
            self.assertEqual((image["size"], image["os_hash_value"]), (None, None))
            answer = self.ask(ALICE, "GET", f"/v2/images/{image_id}/file")
            self.assertEqual((answer.status, answer.body), (204, b""))
            said = {"op": "replace", "path": "/disk_format", "value": "raw"}
            self.assertEqual(self.patch(ALICE, image_id, said).status, 200)
            self.assertEqual(self.fill(image_id).status, 204)
            self.assertEqual(self.fetch(image_id), DATA)
            self.ask(ALICE, "DELETE", f"/v2/images/{image_id}")
            self.daemon.wait_for(lambda: self.place.files() == [])
        self.assertNotIn("Traceback", self.daemon.log)

    def test_not_called_otherwise(self):
        """
        What wasn't looked into as a disk, since it was said to be none, is never
        called one, while it comes neither.
        """
        hostile = disks.qcow2(backing=512)
        image_id = self.make(container_format="ova")
        path = f"/v2/images/{image_id}/file"
        upload = HalfUpload(self, path, ALICE)
        self.daemon.wait_for(lambda: self.show(image_id)["status"] == "saving")
        self.assert_formats_stay(image_id)
        self.assertEqual(upload.end(), 204)
        self.assert_formats_stay(image_id)
        image_id = self.keep(hostile, container_format="ova", disk_format="qcow2")
        self.assert_formats_stay(image_id)

    def assert_formats_stay(self, image_id):
        """
        See that nobody changes the formats of an image.
        """
        for who in (ALICE, ADMIN):
            for name, value in (("container_format", "bare"), ("disk_format", "iso")):
                said = {"op": "replace", "path": f"/{name}", "value": value}
                self.assertEqual(self.patch(who, image_id, said).status, 403)
                for face in FACES:
                    told = {f"X-Image-Meta-{name}": value}
                    answer = self.say(who, "PUT", f"{face}/{image_id}", told)
                    self.assertEqual(answer.status, 403, answer.text)

    def test_costs(self):
        """
        To look into an image made to be costly costs next to nothing, and nobody
        else is asked to.
        """
        huge = [
            disks.qcow2(size=(1 << 63) - 512),
            disks.vmdk(size=(1 << 63) - 512),
            disks.vmdk(text=b"# Disk DescriptorFile\n" + b"RW 1 SPARSE \n" * 700),
            disks.vhdx(size=(1 << 63) - 512),
            b"QFI\xfb" + b"\xff" * (1 << 20),
            b"KDMV" + b"\xff" * (1 << 20),
            b"vhdxfile" + b"\xff" * (1 << 22),
            b"conectix" + b"\xff" * (1 << 20),
            b"# Disk DescriptorFile\n" + b'createType="x"\n' * 70_000,
            disks.vmdk(text=b"# Disk DescriptorFile\n" + b"=" * 10_000),
        ]
        memory, began = self.daemon.memory(), self.daemon.cpu_seconds()
        for data in huge:
            for disk_format in ("raw", "qcow2", "vmdk", "vhdx"):
                image_id = self.make(disk_format=disk_format)
                self.assertIn(self.fill(image_id, data).status, (204, 415))
        self.assertLess(self.daemon.cpu_seconds() - began, 10)
        self.assertLess(self.daemon.memory() - memory, 100 << 20)
        self.assertEqual(children(self.daemon.process.pid), [])
        self.assertNotIn("Traceback", self.daemon.log)

    def test_hashes(self):
        """
        Hashes are of what is there, and found by the service; an announced MD5 that
        isn't that of the data is refused, and words about signatures change nothing.
        """
        image_id = self.keep(
            img_signature="x",
            img_signature_hash_method="MD5",
            img_signature_key_type="RSA-PSS",
            img_signature_certificate_uuid="0",
        )
        image = self.show(image_id)
        self.assertEqual(image["os_hash_algo"], "sha512")
        self.assertEqual(image["os_hash_value"], hashlib.sha512(DATA).hexdigest())
        flipped = bytes([DATA[0] ^ 1]) + DATA[1:]
        said = {**V1, **OCTETS, "X-Image-Meta-Checksum": hashlib.md5(DATA).hexdigest()}
        for face in FACES:
            answer = self.say(ALICE, "POST", face, said, flipped)
            self.assertEqual(answer.status, 400, answer.text)
        self.assertEqual(len(self.place.files()), 1)

    def test_compressed(self):
        """
        What is compressed is stored as it comes: nothing unpacks it.
        """
        bomb = b"\x1f\x8b\x08\x00" + bytes(1000)
        image_id = self.make()
        path = f"/v2/images/{image_id}/file"
        said = {**OCTETS, "Content-Encoding": "gzip"}
        answer = self.say(ALICE, "PUT", path, said, bomb)
        self.assertEqual(answer.status, 204, answer.text)
        self.assertEqual(self.show(image_id)["size"], len(bomb))
        answer = self.ask(ALICE, "GET", path, Accept_Encoding="gzip, br")
        self.assertEqual(answer.body, bomb)
        self.assertIsNone(answer.headers["content-encoding"])

    def test_link(self):
        """
        A symbolic link in the place of data leads nowhere.
        """
        secret = self.place.path / "secret"
        secret.write_bytes(b"x" * len(DATA))
        image_id = self.keep()
        [name] = self.place.files()
        (self.place.data / name).unlink()
        (self.place.data / name).symlink_to(secret)
        for path in ("/v2/images/{}/file", "/v1/images/{}", "/images/{}"):
            answer = self.ask(ALICE, "GET", path.format(image_id))
            self.assertIn(answer.status, (404, 500))
            self.assertNotIn(b"xxx", answer.body)
        self.ask(ALICE, "DELETE", f"/v2/images/{image_id}")
        self.assertEqual(secret.read_bytes(), b"x" * len(DATA))


class DownloadTests(PersonasCase):
    """
    Whoever may not have the data doesn't get it, however often others did.
    """

    files: ClassVar[dict] = {
        "policy.yaml": json.dumps(
            {
                "download_image": "rule:context_is_admin or "
                "(role:member and not 'yes':%(locked)s)"
            }
        )
    }

    def assert_refused(self, who, image_id, status):
        """
        See that somebody doesn't get the data of an image, in no way.
        """
        for path in ("/v2/images/{}/file", "/v1/images/{}", "/images/{}"):
            for said in (
                {},
                {"Range": "bytes=0-9"},
                {"If-None-Match": "*"},
                {"If-None-Match": f'"{hashlib.md5(DATA).hexdigest()}"'},
                {"If-Range": f'"{hashlib.md5(DATA).hexdigest()}"', "Range": "bytes=1-"},
            ):
                answer = self.say(who, "GET", path.format(image_id), said)
                self.assertEqual(answer.status, status, (path, said))
                self.assertNotIn(DATA[:10], answer.body)
        path = f"/v2/images/{image_id}/file"
        self.assertEqual(self.ask(who, "HEAD", path).status, status)

    def test_rule(self):
        """
        The rule about downloads holds for data that was fetched before, in each
        version.
        """
        image_id = self.keep()
        self.share(image_id)
        for who in (ALICE, BOB):
            for path in ("/v2/images/{}/file", "/v1/images/{}", "/images/{}"):
                self.assertEqual(self.ask(who, "GET", path.format(image_id)).body, DATA)
        said = {"op": "add", "path": "/locked", "value": "yes"}
        self.assertEqual(self.patch(ALICE, image_id, said).status, 200)
        for who in (ALICE, BOB, READER):
            self.assert_refused(who, image_id, 403)
        self.assertEqual(self.fetch(image_id, ADMIN), DATA)

    def test_deactivated(self):
        """
        So does it that an image is deactivated.
        """
        image_id = self.keep()
        self.share(image_id)
        self.assertEqual(self.fetch(image_id), DATA)
        self.assertEqual(self.fetch(image_id, BOB), DATA)
        path = f"/v2/images/{image_id}/actions/deactivate"
        self.assertEqual(self.ask(ADMIN, "POST", path).status, 204)
        for who in (ALICE, BOB):
            self.assert_refused(who, image_id, 403)
        self.assertEqual(self.fetch(image_id, ADMIN), DATA)
        path = f"/v2/images/{image_id}/members/bolt"
        self.assertEqual(self.ask(ALICE, "DELETE", path).status, 204)
        self.assert_refused(BOB, image_id, 404)


class WordsTests(PersonasCase):
    """
    What clients say is text, wherever it comes out.
    """

    EVIL = "a\r\nX-Evil: 1\r\n\r\n<script>alert(1)</script>\x1b[31m\u2028"

    def test_names(self):
        """
        No name, property or tag begins a header, or a line of the log.
        """
        image_id = self.keep(
            name=self.EVIL, **{self.EVIL[:60]: self.EVIL}, tags=[self.EVIL]
        )
        for path in ("/v2/images/{}/file", "/v1/images/{}", "/images/{}"):
            for method in ("GET", "HEAD"):
                answer = self.ask(ALICE, method, path.format(image_id))
                self.assertEqual(answer.status, 200)
                self.assertIsNone(answer.headers["x-evil"])
                if method == "GET":
                    self.assertEqual(answer.body, DATA)
        for name in ("X-Image-Meta-Store", "X-Image-Meta-Status", "X-Image-Meta-Size"):
            said = {**V1, **OCTETS, name: "<script>alert(1)</script>"}
            answer = self.say(
                ALICE, "POST", "/v1/images", {**said, "Accept": "text/html"}, b"x"
            )
            self.assertNotIn(b"<script>", answer.body)
        answer = self.ask(
            ALICE, "GET", "/v2/%3Cscript%3E%0d%0aX-Evil:%201", Accept="text/html"
        )
        self.assertIsNone(answer.headers["x-evil"])
        self.assertNotIn(b"<script>", answer.body)
        lines = self.daemon.log.splitlines()
        self.assertFalse([line for line in lines if line.startswith("X-Evil")])
        self.assertNotIn("\x1b[31m", self.daemon.log)

    def test_json(self):
        """
        JSON that is too deep or too long costs little and is refused; a number that
        is none, too.
        """
        deep = b"[" * 100_000 + b"]" * 100_000
        objects = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
        long = json.dumps({"name": "x" * (2 << 20)}).encode()
        began = self.daemon.cpu_seconds()
        image_id = self.make()
        for method, path in (
            ("POST", "/v2/images"),
            ("PATCH", f"/v2/images/{image_id}"),
            ("POST", f"/v2/images/{image_id}/members"),
            ("PUT", f"/v1/images/{image_id}/members"),
        ):
            said = {"Content-Type": "application/json"}
            said |= PATCH if method == "PATCH" else {}
            for body in (deep, objects, b'{"min_ram": NaN}', b'{"a": 1e999999}'):
                answer = self.say(ALICE, method, path, said, body)
                self.assertEqual(answer.status, 400, answer.text[:300])
            answer = self.say(ALICE, method, path, said, long)
            self.assertEqual(answer.status, 413, answer.text[:300])
        self.assertLess(self.daemon.cpu_seconds() - began, 5)
        self.assertEqual(self.show(image_id)["name"], "first")
        self.assertNotIn("Traceback", self.daemon.log)
