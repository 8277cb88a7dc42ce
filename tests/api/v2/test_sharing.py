"""
What others may, by example.
"""

import orjson
from attrs import evolve

from glance.limits import Limits
from tests.api.v2.calling import (
    ADMIN,
    DATA,
    MEMBER,
    NAMING,
    OCTETS,
    OTHER,
    READER,
    CallingTestCase,
)


class StrangerTests(CallingTestCase):
    """
    What others may.
    """

    def test_unseen(self):
        """
        Who may not see an image is told that there is none, whatever it asks.
        """
        path = self.stored()
        self.service.context = OTHER
        for method, below, headers, body in (
            ("GET", "", {}, None),
            ("GET", "/file", {}, None),
            ("PUT", "/file", OCTETS, DATA),
            ("DELETE", "", {}, None),
            ("PATCH", "", {"Content-Type": NAMING}, []),
            ("PUT", "/tags/a", {}, None),
            ("DELETE", "/tags/a", {}, None),
            ("POST", "/actions/deactivate", {}, None),
            ("GET", "/members", {}, None),
            ("POST", "/members", {}, {"member": "beta"}),
            ("GET", "/members/beta", {}, None),
            ("PUT", "/members/beta", {}, {"status": "accepted"}),
            ("DELETE", "/members/beta", {}, None),
        ):
            with self.subTest(method + below):
                answer = self.ask(method, path + below, headers, body)
                self.assertEqual(answer.status, 404)

    def test_seen(self):
        """
        Who may see an image and not change it is told so.
        """
        path = self.stored(visibility="community")
        change = {"op": "add", "path": "/name", "value": "mine"}
        for who in (OTHER, READER):
            self.service.context = who
            for method, below, body in (
                ("DELETE", "", None),
                ("PUT", "/tags/a", None),
                ("DELETE", "/tags/a", None),
                ("POST", "/actions/deactivate", None),
                ("POST", "/members", {"member": "beta"}),
            ):
                with self.subTest(method + below):
                    self.assertEqual(
                        self.ask(method, path + below, None, body).status, 403
                    )
            self.assertEqual(self.patch(path, change), 403)
        self.assertEqual(self.ask("GET", f"{path}/file", who=OTHER).status, 200)
        self.assertEqual(self.ask("GET", f"{path}/file", who=READER).status, 403)

    def test_sharing(self):
        """
        A member finds the image, and lists it once it accepted it.
        """
        path = self.stored()
        answer = self.ask("POST", f"{path}/members", body={"member": "beta"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(
            orjson.loads(answer.body),
            {
                "member_id": "beta",
                "image_id": path[8:],
                "status": "pending",
                "created_at": "2011-04-15T12:00:00Z",
                "updated_at": "2011-04-15T12:00:00Z",
                "schema": "/v2/schemas/member",
            },
        )
        self.service.context = OTHER
        self.assertEqual(self.listed(), [])
        self.assertEqual(self.listed("member_status=pending"), [path])
        self.assertEqual(self.listed("member_status=all"), [path])
        self.assertEqual(self.ask("GET", path).status, 200)
        self.assertEqual(self.ask("GET", f"{path}/file").body, DATA)
        self.assertEqual(self.patch(path), 403)
        me = f"{path}/members/beta"
        self.assertEqual(self.ask("DELETE", me).status, 403)
        answer = self.ask("PUT", me, body={"status": "accepted"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(orjson.loads(answer.body)["status"], "accepted")
        self.assertEqual(self.listed(), [path])
        answer = self.ask("PUT", me, body={"status": "pending"}, who=MEMBER)
        self.assertEqual(answer.status, 403)
        self.assertEqual(self.ask("DELETE", me).status, 204)
        self.assertEqual(self.ask("DELETE", me).status, 404)
        self.assertEqual(self.ask("GET", path, who=OTHER).status, 404)

    def test_unshared(self):
        """
        Only shared images have members.
        """
        for visibility in ("private", "community"):
            path = self.create(visibility=visibility)
            for method, below, body, status in (
                ("POST", "", {"member": "beta"}, 403),
                ("GET", "", None, 403),
                ("GET", "/beta", None, 404),
                ("PUT", "/beta", {"status": "accepted"}, 404),
                ("DELETE", "/beta", None, 403),
            ):
                answer = self.ask(method, f"{path}/members{below}", None, body)
                self.assertEqual(answer.status, status, (method, below))

    def test_members(self):
        """
        An owner sees all members, a member itself; each is there once.
        """
        path = self.create()
        for said, status in (
            ({"member": "beta"}, 200),
            ({"member": "beta"}, 409),
            ({"member": "gamma"}, 200),
            ({"member": ""}, 400),
            ({"member": "a/b"}, 400),
            ({"member": 5}, 400),
            ({}, 400),
            ([], 400),
        ):
            answer = self.ask("POST", f"{path}/members", body=said)
            self.assertEqual(answer.status, status, said)
        for who, seen in ((MEMBER, ["beta", "gamma"]), (OTHER, ["beta"])):
            answer = self.ask("GET", f"{path}/members", who=who)
            document = orjson.loads(answer.body)
            self.assertEqual([m["member_id"] for m in document["members"]], seen)
            self.assertEqual(document["schema"], "/v2/schemas/members")
        self.assertEqual(self.ask("GET", f"{path}/members/gamma").status, 404)
        self.assertEqual(self.ask("GET", f"{path}/members/beta").status, 200)
        self.assertEqual(
            self.ask("PUT", f"{path}/members/beta", body={"status": "x"}).status, 400
        )
        before = self.shown(path)["updated_at"]
        self.service.clock.advance(10)
        self.ask("PUT", f"{path}/members/beta", body={"status": "rejected"})
        self.assertEqual(self.shown(path)["updated_at"], before)

    def test_sharers(self):
        """
        Who may share by version 1 is a member like others here.
        """
        path = self.create()
        headers = {"Content-Type": "application/json"}
        said = b'{"member": {"can_share": true}}'
        self.service.ask("PUT", f"/v1{path}/members/beta", headers, said)
        self.ask("POST", f"{path}/members", body={"member": "gamma"})
        answer = self.ask("GET", f"{path}/members", who=OTHER)
        (member,) = orjson.loads(answer.body)["members"]
        self.assertEqual(member["member_id"], "beta")
        for method, below, body in (
            ("POST", "", {"member": "delta"}),
            ("DELETE", "/beta", None),
            ("DELETE", "/gamma", None),
        ):
            answer = self.ask(method, f"{path}/members{below}", None, body)
            self.assertEqual(answer.status, 403)

    def test_too_many(self):
        """
        An image has so many members and no more.
        """
        self.service.limits = Limits(members=1)
        path = self.create()
        for member, status in (("a", 200), ("b", 413)):
            answer = self.ask("POST", f"{path}/members", body={"member": member})
            self.assertEqual(answer.status, status)

    def test_community(self):
        """
        A community image is in the lists of others only where they ask.
        """
        path = self.stored(visibility="community")
        self.assertEqual(self.listed(), [path])
        for who in (OTHER, evolve(ADMIN, tenant="x", owner="x")):
            self.service.context = who
            self.assertEqual(self.listed(), [])
            self.assertEqual(self.listed("visibility=community"), [path])
            self.assertEqual(self.listed("visibility=all"), [path])
        self.service.context = OTHER
        self.assertEqual(self.ask("GET", f"{path}/file").status, 200)
        self.assertEqual(self.patch(path), 403)
