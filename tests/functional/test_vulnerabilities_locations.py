"""
What went wrong in Glance with the locations of data does not here.

The table of C{docs/security.md} names these tests, and says what it was.
"""

from typing import ClassVar

from tests.functional.personas import (
    ADMIN,
    ALICE,
    BOB,
    DATA,
    FACES,
    KEYED,
    OCTETS,
    PATCH,
    READER,
    V1,
    PersonasCase,
)

LOCATIONS = (
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "FILE:///etc/passwd",
    "File:///etc/passwd",
    " file:///etc/passwd",
    "file:/etc/passwd",
    "file%3A///etc/passwd",
    "%66ile:///etc/passwd",
    "file:///%65tc/passwd",
    "file:///{0}/../secret",
    "file:///{0}/%2e%2e/secret",
    "file://{0}/{1}",
    "filesystem:///etc/passwd",
    "filesystem://{0}/{1}",
    "FileSystem://{0}/{1}",
    "local:///etc/passwd",
    "swift+config://ref1/container/object",
    "Swift+Config://ref1/container/object",
    "swift://account:user:key@swift.example/v1/container/object",
    "swift+https://account:user:key@swift.example/v1/container/object",
    "s3://key:secret@s3.example/bucket/object",
    "s3+https://key:secret@s3.example/bucket/object",
    "cinder://9a6c2f6f-0a2f-8d3b-8000-000000000000",
    "rbd://fsid/pool/image/snap",
    "vsphere://host/folder/secret?dcPath=dc&dsName=ds",
    "sheepdog://10.0.0.1:7000:$(touch {2})",
    "sheepdog://10.0.0.1;touch {2}:7000:image",
    "sheepdog://`touch {2}`",
    "rbd://pool/;touch${{IFS}}{2}",
    "gopher://127.0.0.1/x",
    "ftp://127.0.0.1/x",
    "data:,secret",
    "jar:file:///etc/passwd!/",
    "//etc/passwd",
    "/etc/passwd",
    "../secret",
    "memory:{1}",
    "http://127.0.0.1/latest",
    "http+unix://%2Frun%2Fx.sock/",
)
"""
Where data should never be taken from, at the word of any client; what stands in
braces are the directory of the store, a file in it, and what must not come to be.
"""


class LocationTests(PersonasCase):
    """
    Clients don't say where the service has its data.
    """

    def setUp(self):
        super().setUp()
        self.secret = self.place.path / "secret"
        self.secret.write_text("root:x:0:0")
        self.image_id = self.keep()
        [self.file] = self.place.files()
        self.touched = self.place.path / "touched"

    def locations(self):
        """
        List the places.
        """
        for text in LOCATIONS:
            yield text.format(self.place.data, self.file, self.touched)
        yield f"file://{self.secret}"

    def assert_untouched(self):
        """
        See that nothing was read or removed.
        """
        self.assertEqual(self.secret.read_text(), "root:x:0:0")
        self.assertFalse(self.touched.exists())
        self.assertEqual(self.place.files(), [self.file])
        self.assertEqual(self.fetch(self.image_id), DATA)

    def test_v1(self):
        """
        Version 1 takes no such location, not for a new image and not for one that
        waits for its data, neither to stay nor to be copied, from nobody.
        """
        queued = {who["X-User-Id"]: self.make(who) for who in (ALICE, ADMIN)}
        for location in self.locations():
            for who in (ALICE, ADMIN):
                for name in ("X-Image-Meta-Location", "X-Glance-Api-Copy-From"):
                    for face in FACES:
                        said = {**V1, name: location}
                        answer = self.say(who, "POST", face, said)
                        self.assertEqual(answer.status, 400, (location, answer.text))
                        path = f"{face}/{queued[who['X-User-Id']]}"
                        answer = self.say(who, "PUT", path, {name: location})
                        self.assertEqual(answer.status, 400, (location, answer.text))
        for listed in self.ask(ADMIN, "GET", "/v2/images").json["images"]:
            if listed["id"] != self.image_id:
                self.assertEqual(listed["status"], "queued")
                self.ask(ADMIN, "DELETE", f"/v2/images/{listed['id']}")
        self.assert_untouched()

    def test_v2(self):
        """
        Version 2 takes none at all.
        """
        queued = self.make()
        for location in self.locations():
            value = {"url": location, "metadata": {}}
            for image_id in (self.image_id, queued):
                for who in (ALICE, ADMIN):
                    for op in ("add", "replace"):
                        for path in ("/locations/-", "/locations/0", "/locations"):
                            said = {"op": op, "path": path, "value": value}
                            answer = self.patch(who, image_id, said)
                            self.assertIn(answer.status, (400, 403), answer.text)
            for where in ("locations", "location", "direct_url"):
                said = {"name": "x", where: [value]}
                answer = self.ask(ALICE, "POST", "/v2/images", said)
                self.assertIn(answer.status, (400, 403), answer.text)
        path = f"/v2/images/{self.image_id}/locations"
        for method in ("POST", "PUT", "GET"):
            answer = self.ask(ADMIN, method, path, {"url": f"file://{self.secret}"})
            self.assertEqual(answer.status, 404)
        self.assert_untouched()

    def test_hidden(self):
        """
        Nor are they told where it is, administrators neither, whatever is asked.
        """
        for who in (ALICE, ADMIN):
            for method, path in (
                ("GET", f"/v2/images/{self.image_id}"),
                ("GET", "/v2/images"),
                ("GET", f"/v2/images/{self.image_id}/file"),
                ("HEAD", f"/v2/images/{self.image_id}/file"),
                ("PATCH", f"/v2/images/{self.image_id}"),
                ("GET", f"/v1/images/{self.image_id}"),
                ("HEAD", f"/v1/images/{self.image_id}"),
                ("GET", "/v1/images/detail"),
                ("PUT", f"/v1/images/{self.image_id}"),
                ("GET", f"/images/{self.image_id}"),
                ("HEAD", f"/images/{self.image_id}"),
                ("GET", "/images/detail"),
                ("GET", "/v2/info/stores/detail"),
                ("GET", "/v2/schemas/image"),
            ):
                body = [] if method == "PATCH" else None
                said = PATCH if method == "PATCH" else {}
                answer = self.say(who, method, path, said, body)
                for secret in (self.file, str(self.place.data), "file://"):
                    self.assertNotIn(secret, answer.text, (method, path))
                self.assertFalse(answer.headers["x-image-meta-location"])

    def test_last(self):
        """
        Nobody takes the data from an image, to give it other data under its name.
        """
        for operation in (
            {"op": "replace", "path": "/locations", "value": []},
            {"op": "remove", "path": "/locations/0"},
            {"op": "remove", "path": "/locations"},
            {"op": "replace", "path": "/status", "value": "queued"},
            {"op": "add", "path": "/checksum", "value": "0" * 32},
            {"op": "replace", "path": "/os_hash_value", "value": "0" * 128},
            {"op": "replace", "path": "/size", "value": 1},
        ):
            for who in (ALICE, ADMIN):
                answer = self.patch(who, self.image_id, operation)
                self.assertEqual(answer.status, 403, (operation, answer.text))
        for operation in ({"replace": "/locations", "value": []},):
            answer = self.patch(ALICE, self.image_id, operation, dialect=KEYED)
            self.assertEqual(answer.status, 403, answer.text)
        self.assertEqual(self.fill(self.image_id, b"other data").status, 409)
        for face in FACES:
            path = f"{face}/{self.image_id}"
            for said in ({}, {"X-Image-Meta-Size": "10"}):
                answer = self.say(ALICE, "PUT", path, OCTETS | said, b"other data")
                self.assertIn(answer.status, (400, 403, 409), answer.text)
            said = {"X-Image-Meta-Location": f"file://{self.secret}"}
            self.assertEqual(self.say(ADMIN, "PUT", path, said).status, 400)
        answer = self.ask(ADMIN, "DELETE", f"/v2/stores/file/{self.image_id}")
        self.assertEqual(answer.status, 404)
        self.assert_untouched()

    def test_told_nothing(self):
        """
        A refusal tells no location and no credential of those that it was said.
        """
        secret = "swift+https://acc:user:hunter2@swift.example/v1/c/o"
        said = {"op": "replace", "path": "/locations", "value": [{"url": secret}]}
        answers = [self.patch(ADMIN, self.image_id, said)]
        for face in FACES:
            for name in ("X-Image-Meta-Location", "X-Image-Meta-Copy-From"):
                answers.append(self.say(ADMIN, "POST", face, {**V1, name: secret}))
        for answer in answers:
            self.assertIn(answer.status, (400, 403))
            self.assertNotIn("hunter2", answer.text)
            self.assertNotIn("swift.example", answer.text)
        self.assertNotIn("hunter2", self.daemon.log)


class SeveralStoresTests(PersonasCase):
    """
    Nor do they take from an image the only copy of its data that there is.
    """

    options: ClassVar[dict] = {"enabled_backends": "one:file, two:file"}

    def prepare(self):
        sections = "\n[glance_store]\ndefault_backend = one\n"
        for name in ("one", "two"):
            where = self.place.data / name
            where.mkdir(parents=True)
            sections += f"[{name}]\nfilesystem_store_datadir = {where}\n"
        path = self.place.path / "glance.conf"
        path.write_text(path.read_text() + sections)

    def test_last(self):
        """
        Be they its owner, an administrator, who it is shared with or a stranger,
        and whatever store they name.
        """
        image_id = self.keep()
        shared = self.keep()
        self.share(shared)
        kept = self.place.files()
        for who, store, which, status in (
            (ALICE, "one", image_id, 403),
            (ADMIN, "one", image_id, 403),
            (ALICE, "two", image_id, 403),
            (ADMIN, "two", image_id, 404),
            (ALICE, "three", image_id, 409),
            (BOB, "one", image_id, 404),
            (BOB, "one", shared, 403),
            (BOB, "two", shared, 403),
            (READER, "one", image_id, 403),
        ):
            path = f"/v2/stores/{store}/{which}"
            answer = self.ask(who, "DELETE", path)
            self.assertEqual(answer.status, status, (path, answer.text))
        self.assertEqual(self.place.files(), kept)
        self.assertEqual(self.fill(image_id, b"other data").status, 409)
        self.assertEqual(self.fetch(image_id), DATA)
        self.assertNotIn(str(self.place.data), answer.text)
