"""
Tests for L{glance.api.v1.members}.
"""

import orjson
from attrs import evolve

from glance.context import Context
from glance.image import Consent, Visibility
from glance.limits import Limits
from tests.api.assembly import NOBODY, member_of
from tests.api.v1.calling import CallingTestCase, meta


class MembersTests(CallingTestCase):
    """
    Images are shared.
    """

    def setUp(self):
        super().setUp()
        self.image_id = self.create(meta(owner="a"))

    def call(self, method, path="", value=None, body=None):
        """
        Ask for something below an image.
        """
        if value is not None:
            body = orjson.dumps(value)
        headers = {"Content-Type": "application/json"}
        return self.ask(method, f"/{self.image_id}/members{path}", headers, body)

    def members(self):
        """
        Get whom the image is shared with, and whether they may share it.
        """
        answer = self.call("GET")
        self.assertEqual(answer.status, 200, answer)
        listed = orjson.loads(answer.body)["members"]
        return {each["member_id"]: each["can_share"] for each in listed}

    def test_put(self):
        """
        A new member may share only if that is said, and one that there is may
        do what it could.
        """
        for value, expected in (
            (None, False),
            ({"member": {"can_share": True}}, True),
            (None, True),
            ({"member": {}}, True),
            ({"member": {"can_share": False}}, False),
        ):
            answer = self.call("PUT", "/b", value)
            self.assertEqual((answer.status, answer.body), (204, b""))
            self.assertEqual(self.members(), {"b": expected})

    def test_listed(self):
        """
        A member sees the image at once, in lists too; but those of version 2 have it
        only once the member says so, lest anybody fill them.
        """
        for method, path, value in (
            ("PUT", "/b", None),
            ("PUT", "", {"memberships": [{"member_id": "b"}]}),
        ):
            self.service.context = NOBODY
            self.call(method, path, value)
            self.assertIs(self.known(self.image_id).members[0].status, Consent.PENDING)
            self.service.context = member_of("b")
            self.assertEqual(self.listed(), [self.image_id])
            answer = self.service.ask("GET", "/v2/images")
            self.assertEqual(orjson.loads(answer.body)["images"], [])
        self.assertEqual(self.ask("HEAD", f"/{self.image_id}").status, 200)

    def test_private(self):
        """
        A private image becomes shared.
        """
        old = self.known(self.image_id)
        new = evolve(old, visibility=Visibility.PRIVATE)
        self.successResultOf(self.service.registry.replace(old, new))
        self.call("PUT", "/b")
        self.assertIs(self.known(self.image_id).visibility, Visibility.SHARED)

    def test_replace(self):
        """
        All members are replaced at once.
        """
        self.call("PUT", "/b", {"member": {"can_share": True}})
        self.call("PUT", "/c")
        answer = self.call(
            "PUT",
            "",
            {
                "memberships": [
                    {"member_id": "b"},
                    {"member_id": "d", "can_share": True},
                ]
            },
        )
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(self.members(), {"b": True, "d": True})
        self.call("PUT", "", {"memberships": []})
        self.assertEqual(self.members(), {})

    def test_remove(self):
        """
        A member is removed once.
        """
        self.call("PUT", "/b")
        self.assertEqual(self.call("DELETE", "/b").status, 204)
        self.assertEqual(self.members(), {})
        self.assertEqual(self.call("DELETE", "/b").status, 404)

    def test_shared(self):
        """
        It is listed what is shared with a member.
        """
        self.call("PUT", "/b", {"member": {"can_share": True}})
        answer = self.service.ask("GET", "/v1/shared-images/b")
        expected = {"shared_images": [{"image_id": self.image_id, "can_share": True}]}
        self.assertEqual(orjson.loads(answer.body), expected)
        answer = self.service.ask("GET", "/v1/shared-images/c")
        self.assertEqual(orjson.loads(answer.body), {"shared_images": []})

    def test_nonsense(self):
        """
        A body that makes no sense is refused, and changes nothing.
        """
        for path, body in (
            ("", b""),
            ("", b"{"),
            ("", b"[]"),
            ("", b'{"memberships": {}}'),
            ("", b'{"memberships": [1]}'),
            ("", b'{"memberships": [{"member_id": 1}]}'),
            ("", b'{"memberships": [{"member_id": ""}]}'),
            ("", b'{"memberships": [{"member_id": "b", "can_share": 1}]}'),
            ("", b'{"memberships": [{"member_id": "b"}, {}]}'),
            ("", b"[" * 100_000),
            ("/b", b"\xff"),
            ("/b", b'{"member": 1}'),
            ("/b", b'{"member": {"can_share": "yes"}}'),
            ("/" + "b" * 256, b""),
        ):
            with self.subTest(path=path[:5], body=body[:50]):
                self.assertEqual(self.call("PUT", path, body=body).status, 400)
                self.assertEqual(self.members(), {})

    def test_too_much(self):
        """
        A body that is too long isn't read, and there are only so many members.
        """
        answer = self.call("PUT", "", body=b" " * ((1 << 20) + 1))
        self.assertEqual(answer.status, 413)
        self.service.limits = Limits(members=1)
        self.assertEqual(self.call("PUT", "/b").status, 204)
        self.assertEqual(self.call("PUT", "/c").status, 413)

    def test_others(self):
        """
        Members of somebody else's image aren't found; only a member that may
        share does so.
        """
        self.service.context = member_of("c")
        for method, path in (("GET", ""), ("PUT", "/c"), ("DELETE", "/b")):
            self.assertEqual(self.call(method, path).status, 404)
        for can_share, expected in ((False, 404), (True, 204)):
            self.service.context = NOBODY
            self.call("PUT", "/b", {"member": {"can_share": can_share}})
            self.service.context = member_of("b")
            self.assertEqual(self.call("PUT", "/c").status, expected)

    def test_nobody(self):
        """
        Who doesn't say on whose behalf it asks is told to.
        """
        self.ask("PUT", f"/{self.image_id}", meta(is_public="True"))
        self.service.context = Context()
        self.assertEqual(self.call("PUT", "/c").status, 401)

    def test_deleted(self):
        """
        A deleted image has no members.
        """
        self.ask("DELETE", f"/{self.image_id}")
        for method, path in (("GET", ""), ("PUT", "/c"), ("DELETE", "/b")):
            self.assertEqual(self.call(method, path).status, 404)
