"""
What went wrong in Glance with what clients say of an image does not here, nor with
what there is none of.

The table of C{docs/security.md} names these tests, and says what it was.
"""

from typing import ClassVar

from tests.functional.personas import (
    ADMIN,
    ALICE,
    DATA,
    FACES,
    KEYED,
    V1,
    PersonasCase,
    ask,
)


class StatusTests(PersonasCase):
    """
    What the service finds out is not for clients to say.
    """

    SAID: ClassVar[dict] = {
        "status": "active",
        "size": "7",
        "checksum": "0" * 32,
        "location": "file:///etc/passwd",
        "created_at": "2001-01-01T00:00:00.000000",
        "updated_at": "2001-01-01T00:00:00.000000",
        "deleted_at": "2001-01-01T00:00:00.000000",
        "deleted": "True",
        "owner": "bolt",
        "id": "11111111-1111-4111-8111-111111111111",
        "virtual_size": "7",
    }

    def test_header(self):
        """
        Headers of version 1 change no status, size, checksum, time or owner,
        whatever image and whatever way to write them.
        """
        active = self.keep()
        deactivated = self.keep()
        path = f"/v2/images/{deactivated}/actions/deactivate"
        self.assertEqual(self.ask(ADMIN, "POST", path).status, 204)
        queued = self.make()
        for image_id in (active, deactivated, queued):
            before = self.show(image_id)
            for name, value in self.SAID.items():
                if (name, image_id) in (("size", queued), ("checksum", queued)):
                    # What is to come may be announced.
                    continue
                for face in FACES:
                    for header in (
                        f"X-Image-Meta-{name}",
                        f"x_image_meta_{name}",
                        f"X-IMAGE-META-{name.upper().replace('_', '-')}",
                        f"X-Image-Meta%2D{name}",
                    ):
                        if (name, value) == ("status", before["status"]):
                            value = "queued"
                        said = {
                            header: value,
                            "X-Glance-Registry-Purge-Props": "false",
                        }
                        answer = self.say(ALICE, "PUT", f"{face}/{image_id}", said)
                        self.assertIn(answer.status, (200, 400, 403), answer.text)
            after = self.show(image_id)
            self.assertGreaterEqual(after.pop("updated_at"), before.pop("updated_at"))
            self.assertEqual(after, before)
        for path in ("/v2/images/{}/file", "/v1/images/{}", "/images/{}"):
            answer = self.ask(ALICE, "GET", path.format(deactivated))
            self.assertEqual(answer.status, 403, answer.text)

    def test_new(self):
        """
        Nor are they believed of a new image, without data.
        """
        for face in FACES:
            said = {f"X-Image-Meta-{k}": v for k, v in self.SAID.items()}
            del said["X-Image-Meta-location"], said["X-Image-Meta-id"]
            answer = self.say(ALICE, "POST", face, {**V1, **said})
            self.assertEqual(answer.status, 201, answer.text)
            image = answer.json["image"]
            self.assertEqual(image["status"], "queued")
            self.assertEqual((image["owner"], image["deleted"]), ("acme", False))
            self.assertGreater(image["created_at"], "2020")
            path = f"/v2/images/{image['id']}/file"
            self.assertEqual(self.ask(ALICE, "GET", path).status, 204)

    def test_v2(self):
        """
        Version 2 says so.
        """
        image_id = self.keep()
        before = self.show(image_id)
        names = {*self.SAID, "os_hash_algo", "os_hash_value", "self", "file", "schema"}
        for name in sorted(names - {"owner", "id"}):
            value = self.SAID.get(name, "x")
            answer = self.ask(ALICE, "POST", "/v2/images", {name: value})
            self.assertEqual(answer.status, 403, (name, answer.text))
            for op in ("add", "replace", "remove"):
                said = {"op": op, "path": f"/{name}", "value": value}
                answer = self.patch(ALICE, image_id, said)
                self.assertEqual(answer.status, 403, (name, answer.text))
                keyed = {op: f"/{name}", "value": value}
                answer = self.patch(ALICE, image_id, keyed, dialect=KEYED)
                self.assertEqual(answer.status, 403, (name, answer.text))
        self.assertEqual(self.show(image_id), before)

    def test_registry(self):
        """
        Nor does the registry believe them, of those whom the API would send there.
        """
        image_id = self.keep()
        port = self.place.registry_port
        for face in ("/images", "/v1/images"):
            for said in (
                {"status": "deleted"},
                {"status": "pending_delete"},
                {"status": "queued"},
                {"status": "saving"},
                {"size": 7},
                {"checksum": "0" * 32},
                {"location": "file:///etc/passwd"},
                {"location_data": [{"url": "file:///etc/passwd", "metadata": {}}]},
                {"id": self.SAID["id"]},
            ):
                answer = ask(
                    port, "PUT", f"{face}/{image_id}", {"image": said}, headers=ALICE
                )
                self.assertIn(answer.status, (400, 403, 409), (said, answer.text))
            for said in ({"owner": "bolt"}, {"deleted": True}):
                ask(port, "PUT", f"{face}/{image_id}", {"image": said}, headers=ALICE)
        image = self.show(image_id)
        self.assertEqual((image["status"], image["owner"]), ("active", "acme"))
        self.assertEqual(self.fetch(image_id), DATA)


class UnbuiltTests(PersonasCase):
    """
    What isn't there has no holes.
    """

    def test_nothing(self):
        """
        There are no tasks, imports, staging areas, caches and definitions of
        metadata to be asked for, for nobody.
        """
        image_id = self.make()
        url = "http://169.254.169.254/latest/meta-data/"
        task = {"type": "import", "input": {"import_from": url}}
        method = {"name": "web-download", "uri": url}
        for who in (ALICE, ADMIN):
            for verb, path, body in (
                ("POST", "/v2/tasks", task),
                ("GET", "/v2/tasks", None),
                ("POST", f"/v2/images/{image_id}/import", {"method": method}),
                ("PUT", f"/v2/images/{image_id}/stage", {"a": 1}),
                ("POST", "/v2/metadefs/namespaces", {"namespace": "x"}),
                ("DELETE", "/v2/metadefs/namespaces/x", None),
                ("GET", "/v2/metadefs/resource_types", None),
                ("GET", "/v2/cache", None),
                ("DELETE", "/v2/cache", None),
                ("PUT", f"/v2/cache/{image_id}", None),
                ("GET", "/v2/cached_images", None),
                ("PUT", f"/v2/queued_images/{image_id}", None),
                ("GET", "/v1/cached_images", None),
            ):
                answer = self.ask(who, verb, path, body)
                self.assertEqual(answer.status, 404, (path, answer.text))
        methods = self.ask(ALICE, "GET", "/v2/info/import").json["import-methods"]
        self.assertEqual(methods["value"], [])
        self.assertEqual(self.show(image_id)["status"], "queued")


class UnbuiltStoreTests(PersonasCase):
    """
    Nor has a store that isn't there.
    """

    def test_refused(self):
        """
        A daemon that is to have it doesn't start, and says so.
        """
        self.daemon.stop()
        for name in ("cinder", "sheepdog", "vmware", "rbd"):
            self.place.configure()
            path = self.place.path / "glance.conf"
            section = f"[glance_store]\nstores = file, {name}\n"
            path.write_text(path.read_text() + section)
            done = self.place.run(self.place.twistd("glance"))
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(name, (done.stdout + done.stderr).splitlines()[-1])
