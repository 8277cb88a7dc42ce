"""
What went wrong in Glance with whose an image is does not here.

The table of C{docs/security.md} names these tests, and says what it was.
"""

import json
import uuid
from typing import ClassVar

from tests.functional.daemons import get
from tests.functional.operating import run_program
from tests.functional.personas import (
    ADMIN,
    ALICE,
    BOB,
    DATA,
    FACES,
    KEYED,
    OCTETS,
    READER,
    V1,
    PersonasCase,
    ask,
)


class DeletionTests(PersonasCase):
    """
    Nobody deletes what isn't theirs.
    """

    def doors(self, image_id):
        """
        List all ways to ask for the deletion of an image: the API's, and those of
        the registry's faces.
        """
        api, registry = self.place.api_port, self.place.registry_port
        return (
            (api, f"/v1/images/{image_id}"),
            (api, f"/v1.0/images/{image_id}"),
            (api, f"/images/{image_id}"),
            (api, f"/v2/images/{image_id}"),
            (api, f"/v2/images/{image_id.upper()}"),
            (api, f"/v2/stores/file/{image_id}"),
            (registry, f"/images/{image_id}"),
            (registry, f"/v1/images/{image_id}"),
        )

    def test_others(self):
        """
        A stranger's, a recipient's and a reader's DELETE is refused by each face,
        and nothing of the data goes.
        """
        image_id = self.keep()
        kept = self.place.files()
        for prepare in (lambda: None, lambda: self.share(image_id)):
            prepare()
            for port, path in self.doors(image_id):
                for who in (BOB, READER):
                    answer = ask(port, "DELETE", path, headers=who)
                    self.assertIn(answer.status, (403, 404), (path, answer.text))
        answer = self.ask({}, "DELETE", f"/v2/images/{image_id}")
        self.assertEqual(answer.status, 401)
        self.assertEqual(self.place.files(), kept)
        self.assertEqual(self.show(image_id)["status"], "active")
        self.assertEqual(self.fetch(image_id), DATA)

    def test_others_public(self):
        """
        That all see an image doesn't make it theirs.
        """
        image_id = self.keep(who=ADMIN, visibility="public")
        for port, path in self.doors(image_id):
            for who in (ALICE, BOB):
                answer = ask(port, "DELETE", path, headers=who)
                self.assertIn(answer.status, (403, 404), (path, answer.text))
        self.assertEqual(self.fetch(image_id, BOB), DATA)

    def test_deleted_is_gone(self):
        """
        What its owner deletes is gone for all, its data too, by whatever way it is
        asked for.
        """
        image_id = self.keep()
        answer = self.ask(ALICE, "DELETE", f"/v2/images/{image_id}")
        self.assertEqual(answer.status, 204)
        for who in (ALICE, BOB, ADMIN):
            for path in ("/v2/images/{}/file", "/v1/images/{}", "/images/{}"):
                answer = self.ask(who, "GET", path.format(image_id))
                self.assertEqual(answer.status, 404)
                self.assertNotIn(DATA[:100], answer.body)
        self.daemon.wait_for(lambda: self.expected())

    def expected(self):
        """
        Tell whether the data is as it has to be once the image is deleted.
        """
        return self.place.files() == []


class DelayedDeletionTests(DeletionTests):
    """
    Nor where the data of deleted images stays for a while.
    """

    options: ClassVar[dict] = {"delayed_delete": "true", "scrub_time": 3600}

    def expected(self):
        return len(self.place.files()) == 1


class OwnerTests(PersonasCase):
    """
    Nobody gives an image to others, or takes one.
    """

    def test_patch(self):
        """
        A refused change of the owner changes nothing, however it is written, alone
        or among others.
        """
        image_id = self.make()
        plain = {"op": "replace", "path": "/name", "value": "planted"}
        for op in ("add", "replace"):
            said = {"op": op, "path": "/owner", "value": "bolt"}
            for operations in ((said,), (plain, said), (said, plain)):
                answer = self.patch(ALICE, image_id, *operations)
                self.assertEqual(answer.status, 403, answer.text)
            keyed = {op: "/owner", "value": "bolt"}
            answer = self.patch(ALICE, image_id, keyed, dialect=KEYED)
            self.assertIn(answer.status, (403, 409), answer.text)
        said = {"op": "remove", "path": "/owner"}
        self.assertEqual(self.patch(ALICE, image_id, said).status, 403)
        # There and back again is no change.
        back = [
            {"op": "replace", "path": "/owner", "value": owner}
            for owner in ("bolt", "acme")
        ]
        self.assertEqual(self.patch(ALICE, image_id, *back).status, 200)
        for face in FACES:
            said = {"X-Image-Meta-Owner": "bolt"}
            self.say(ALICE, "PUT", f"{face}/{image_id}", said)
        image = self.show(image_id)
        self.assertEqual((image["owner"], image["name"]), ("acme", "first"))
        self.assertEqual(self.ask(BOB, "GET", "/v2/images").json["images"], [])

    def test_planted(self):
        """
        Nobody makes an image that is somebody else's, or shares one unasked into
        the lists of another.
        """
        answer = self.ask(ALICE, "POST", "/v2/images", {"owner": "bolt"})
        self.assertEqual(answer.status, 403)
        for face in FACES:
            said = {**V1, "X-Image-Meta-Owner": "bolt"}
            answer = self.say(ALICE, "POST", face, said)
            self.assertEqual(answer.json["image"]["owner"], "acme")
        image_id = self.make()
        self.share(image_id)
        path = f"/v2/images/{image_id}/members/bolt"
        answer = self.ask(ALICE, "PUT", path, {"status": "accepted"})
        self.assertEqual(answer.status, 403, answer.text)
        for shared in (image_id, self.make()):
            path = f"/v1/images/{shared}/members"
            for said in ("bolt", "bolt?status=accepted"):
                answer = self.ask(ALICE, "PUT", f"{path}/{said}", {"member": {}})
                self.assertEqual(answer.status, 204, answer.text)
            members = [{"member_id": "bolt", "status": "accepted"}]
            answer = self.ask(ALICE, "PUT", path, {"memberships": members})
            self.assertEqual(answer.status, 204, answer.text)
        self.assertEqual(self.ask(BOB, "GET", "/v2/images").json["images"], [])


class OthersTests(PersonasCase):
    """
    Nobody changes an image by a request that is wrong, either.
    """

    def test_spoiled(self):
        """
        Who sees an image that waits for its data, and may not send it, neither
        fills nor spoils it.
        """
        image_id = self.make()
        self.share(image_id)
        for kind in ("application/octet-stream", "text/plain"):
            said = {"Content-Type": kind, "X-Image-Meta-Checksum": "0" * 32}
            for path in (
                f"/v2/images/{image_id}/file",
                f"/v1/images/{image_id}",
                f"/images/{image_id}",
            ):
                for body in (b"data", (b"da", b"ta")):
                    for who in (BOB, READER):
                        answer = self.say(who, "PUT", path, said, body)
                        self.assertIn(answer.status, (403, 404, 415), answer.text)
        image = self.show(image_id)
        self.assertEqual((image["status"], image["checksum"]), ("queued", None))
        self.assertEqual(self.fill(image_id).status, 204)
        self.assertEqual(self.fetch(image_id), DATA)


class IdTests(PersonasCase):
    """
    An id means one image for ever.
    """

    def test_purged(self):
        """
        That of a deleted image is never another's, also once all else of it is
        forgotten.
        """
        image_id = self.keep()
        self.ask(ALICE, "DELETE", f"/v2/images/{image_id}")
        self.assert_taken(image_id)
        self.daemon.wait_for(lambda: self.place.files() == [])
        conf = self.place.path / "glance.conf"
        done = run_program(
            "glance.tap.manage",
            *("--config-file", conf, "db", "purge", "--age-in-days", "0"),
        )
        self.assertEqual(done.returncode, 0, done)
        self.assert_taken(image_id)

    def assert_taken(self, image_id):
        """
        See that nobody makes an image of that id.
        """
        for who in (ALICE, BOB, ADMIN):
            for said in (image_id, image_id.upper()):
                answer = self.ask(who, "POST", "/v2/images", {"id": said})
                self.assertEqual(answer.status, 409, answer.text)
                for face in FACES:
                    answer = self.say(
                        who, "POST", face, {**V1, "X-Image-Meta-Id": said}
                    )
                    self.assertEqual(answer.status, 409, answer.text)
            said = {"image": {"id": image_id, "name": "x", "status": "queued"}}
            port = self.place.registry_port
            answer = ask(port, "POST", "/v1/images", said, headers=who)
            self.assertEqual(answer.status, 409, answer.text)

    def test_paths(self):
        """
        An id is no path, and neither is the name of a store.
        """
        secret = self.place.path / "secret"
        secret.write_text("root:x:0:0")
        for piece in (
            "..%2f..%2fsecret",
            "..%2fsecret",
            "%2e%2e/%2e%2e/secret",
            "../../secret",
            "..",
            ".incoming",
            f"%2f{str(secret)[1:]}",
            "a%00b",
            "%00",
            f"{uuid.uuid4()}%2f..%2f..%2fsecret",
            "%252e%252e%252fsecret",
            "..%5csecret",
        ):
            for path in (
                f"/v2/images/{piece}",
                f"/v2/images/{piece}/file",
                f"/v1/images/{piece}",
                f"/images/{piece}",
                f"/v2/stores/{piece}/{uuid.uuid4()}",
                f"/v2/stores/file/{piece}",
            ):
                for method in ("GET", "PUT", "DELETE"):
                    said = OCTETS if method == "PUT" else {}
                    body = b"data" if method == "PUT" else None
                    answer = self.say(ADMIN, method, path, said, body)
                    self.assertIn(answer.status, (400, 404, 405), (path, answer.text))
                    self.assertNotIn("root:x", answer.text)
        for name in ("X-Image-Meta-Store", "X-Image-Meta-Id"):
            said = {**V1, **OCTETS, name: "../../../secret"}
            answer = self.say(ADMIN, "POST", "/v1/images", said, b"data")
            self.assertEqual(answer.status, 400, answer.text)
        answer = self.ask(ADMIN, "POST", "/v2/images", {"id": "../secret"})
        self.assertEqual(answer.status, 400)
        self.assertEqual(secret.read_text(), "root:x:0:0")
        self.assertEqual(self.place.files(), [])


class RegistryTests(PersonasCase):
    """
    The registry knows who may ask it what.
    """

    options: ClassVar[dict] = {"registry_secret": "the-registry-secret"}

    def test_key(self):
        """
        Without its key it answers nothing but whether it is well; with it, the old
        faces see who asks, and treat them so: there is no administrator that the
        API would be for all.
        """
        image_id = self.keep()
        port = self.place.registry_port
        paths = (
            "/images",
            f"/images/{image_id}",
            f"/v1/images/{image_id}",
            f"/registry/1/images/{image_id}",
            "/registry/1/unsettled?limit=10",
            "/metrics",
        )
        for path in paths:
            for said in (
                {},
                ADMIN,
                {"Authorization": "Bearer wrong"},
                {"Authorization": "Bearer "},
                {"Authorization": "Basic the-registry-secret"},
                {"Authorization": "Bearer the-registry-secret, Bearer x"},
            ):
                answer = ask(port, "GET", path, headers={**ADMIN, **said})
                self.assertEqual(answer.status, 401, (path, said))
        self.assertEqual(get(f"{self.place.registry}/healthcheck")[0], 200)
        key = {"Authorization": "Bearer the-registry-secret"}
        for face in ("/images", "/v1/images"):
            path = f"{face}/{image_id}"
            for method, body in (
                ("GET", None),
                ("PUT", {"image": {"name": "x"}}),
                ("DELETE", None),
            ):
                answer = ask(port, method, path, body, headers={**BOB, **key})
                self.assertEqual(answer.status, 404, (method, path))
                answer = ask(port, method, path, body, headers=key)
                self.assertEqual(answer.status, 401, (method, path))
            answer = ask(port, "GET", path, headers={**ALICE, **key})
            self.assertEqual(answer.status, 200)
            listed = ask(port, "GET", f"{face}/detail", headers={**BOB, **key})
            self.assertEqual(json.loads(listed.body), {"images": []})
        self.assertEqual(self.fetch(image_id), DATA)
