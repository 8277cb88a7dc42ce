"""
Rules and protections of operators, as they are felt by clients.
"""

import orjson
from twisted.internet.defer import Deferred

from glance.api.links import peer_address
from glance.api.site import context_of
from glance.context import Context
from glance.identity.nobody import NoAuth
from glance.image import Visibility
from glance.policy.protections import Protections
from glance.policy.rules import DEFAULT_RULES, Rules
from glance.query import Query, Scope
from tests.api.v2.calling import (
    DATA,
    MEMBER,
    OCTETS,
    OTHER,
    RAW,
    READER,
    CallingTestCase,
)

PROTECTED = """
[^billing]
create = admin
read = admin,reviewer
update = admin
delete = admin

[^license]
create = member
read = @
update = admin
delete = admin

[.*]
create = @
read = @
update = @
delete = @
"""

RENAMING = {"x-image-meta-name": "n", "x-glance-registry-purge-props": "false"}

PROTECTIONS = Protections(PROTECTED, "roles", DEFAULT_RULES)


def under(context, **rules):
    """
    Get somebody where these rules hold.
    """
    return context.under(Rules(rules))


class BindingTests(CallingTestCase):
    """
    Each request is under the rules that hold when it comes.
    """

    def test_bound(self):
        """
        Who asks is put under them.
        """
        rules = Rules({"get_images": "!"})
        who = context_of(NoAuth(), peer_address, lambda context: context.under(rules))
        request = _Request()
        context = self.successResultOf(who(request))
        self.assertIs(context.rules, rules)
        self.assertTrue(context.is_admin)


class _Request:
    """
    As much of a request as identity needs.
    """

    requestHeaders = None  # noqa: N815

    def getClientAddress(self):  # noqa: N802
        """
        There is none.
        """


class RulesTests(CallingTestCase):
    """
    Operators replace rules.
    """

    def test_listing(self):
        """
        Who may list none is told so, by both versions.
        """
        self.service.context = under(MEMBER, get_images="role:admin")
        self.assertEqual(self.ask("GET", "/images").status, 403)
        self.assertEqual(self.ask("GET", "/images?limit=0").status, 403)
        self.assertEqual(self.service.ask("GET", "/v1/images").status, 403)

    def test_pages(self):
        """
        A rule about single images is asked of each in a list; pages go on from
        what the caller sees, and never end early.
        """
        seen = []
        for number in range(12):
            kept = number in (1, 2, 11)
            path = self.create(name="shown" if kept else "not")
            seen += [path] if kept else []
            self.service.clock.advance(1)
        self.service.context = under(MEMBER, get_image="'shown':%(name)s")
        for limit in (1, 2, 3, 5, 25):
            found = []
            url = f"/v2/images?limit={limit}&sort=created_at:asc"
            while url is not None:
                page = orjson.loads(self.service.ask("GET", url).body)
                found += [f"/images/{image['id']}" for image in page["images"]]
                url = page.get("next")
            self.assertEqual(found, seen, limit)
        self.assertEqual(self.listed("limit=1&sort=created_at:desc"), [seen[-1]])
        answer = self.service.ask("GET", "/v1/images?limit=1000")
        ids = {f"/images/{i['id']}" for i in orjson.loads(answer.body)["images"]}
        self.assertEqual(ids, set(seen))

    def test_pages_asked(self):
        """
        However few of the images a caller sees, the registry is not asked for one
        after the other.
        """
        for name in ("shown", *["not"] * 30):
            self.create(name=name)
            self.service.clock.advance(1)
        registry = self.service.registry
        find, asked = registry.find, []

        def counted(query):
            asked.append(query)
            return find(query)

        registry.find = counted
        self.service.context = under(MEMBER, get_image="'shown':%(name)s")
        self.assertEqual(len(self.listed("limit=1")), 1)
        self.assertEqual(len(asked), 2)

    def test_pages_cost(self):
        """
        Rules that are not about that are asked of none.
        """
        self.create()
        asked = []

        class Counted(Rules):
            def allow(self, name, caller, target):
                asked.append(name)
                return super().allow(name, caller, target)

            def bound(self, name, caller, attribute):
                asked.append(name)
                return super().bound(name, caller, attribute)

        for said, expected in (
            ({}, ["get_images"]),
            ({"delete_image": "!"}, ["get_images"]),
            ({"get_image": "@"}, ["get_images", "get_image"]),
        ):
            del asked[:]
            self.service.context = MEMBER.under(Counted(said))
            self.assertEqual(len(self.listed()), 1)
            self.assertEqual(asked, expected)

    def test_markers(self):
        """
        A page goes on only from an image that a rule shows: whether another is
        there is nobody's to know.
        """
        markers = {}
        for name in ("shown", "hidden"):
            markers[name] = self.create(name=name).rpartition("/")[2]
        self.service.context = under(MEMBER, get_image="'shown':%(name)s")
        for version in ("v1", "v2"):
            for name, status in (("shown", 200), ("hidden", 400)):
                path = f"/{version}/images?marker={markers[name]}"
                answer = self.service.ask("GET", path)
                self.assertEqual(answer.status, status, (version, name))
            unknown = answer.body.replace(markers[name].encode(), b"")
            path = f"/{version}/images?marker=5a5a5a5a-5a5a-4a5a-8a5a-5a5a5a5a5a5a"
            self.assertEqual(self.service.ask("GET", path).body, unknown)

    def test_unseen(self):
        """
        What a rule hides is not there, whatever is asked of it.
        """
        path = self.stored()
        self.service.context = under(MEMBER, get_image="role:admin")
        for method, below, body in (
            ("GET", "", None),
            ("GET", "/file", None),
            ("DELETE", "", None),
            ("PUT", "/tags/a", None),
        ):
            self.assertEqual(self.ask(method, path + below, None, body).status, 404)

    def test_separate(self):
        """
        Each deed has a rule of its own.
        """
        for rule, method, below, headers, body in (
            ("download_image", "GET", "/file", {}, None),
            ("delete_image", "DELETE", "", {}, None),
            ("modify_image", "PUT", "/tags/a", {}, None),
            ("deactivate", "POST", "/actions/deactivate", {}, None),
            ("reactivate", "POST", "/actions/reactivate", {}, None),
            ("get_members", "GET", "/members", {}, None),
            ("add_member", "POST", "/members", {}, {"member": "beta"}),
            ("delete_member", "DELETE", "/members/beta", {}, None),
            ("upload_image", "PUT", "/file", OCTETS, DATA),
        ):
            with self.subTest(rule):
                path = self.stored(who=MEMBER)
                if rule == "upload_image":
                    path = self.create(who=MEMBER, **RAW)
                if rule == "delete_member":
                    self.ask("POST", f"{path}/members", body={"member": "beta"})
                others = {name: "!" for name in SEPARATE if name != rule}
                refused = under(MEMBER, **{rule: "!"})
                answer = self.ask(method, path + below, headers, body, who=refused)
                self.assertEqual(answer.status, 403)
                allowed = under(MEMBER, **others)
                answer = self.ask(method, path + below, headers, body, who=allowed)
                self.assertIn(answer.status, (200, 204))

    def test_making(self):
        """
        A rule decides by what an image is to be.
        """
        self.service.context = under(MEMBER, add_image="'raw':%(disk_format)s")
        self.create(**RAW)
        for said in ({}, {**RAW, "disk_format": "iso"}):
            self.assertEqual(self.ask("POST", "/images", body=said).status, 403)
        headers = {"x-image-meta-location": "http://127.0.0.1/data"}
        self.assertEqual(self.service.ask("POST", "/v1/images", headers).status, 403)

    def test_communitize(self):
        """
        Nobody makes images community ones by a new image or a change, where a rule
        says so.
        """
        path = self.create(who=MEMBER)
        self.service.context = under(MEMBER, communitize_image="role:admin")
        answer = self.ask("POST", "/images", body={"visibility": "community"})
        self.assertEqual(answer.status, 403)
        change = {"op": "add", "path": "/visibility", "value": "community"}
        self.assertEqual(self.patch(path, change), 403)
        self.assertEqual(self.known(path).visibility, Visibility.SHARED)

    def test_publicize(self):
        """
        Who else makes images public, by either version, is what a rule says; nobody
        is more of an administrator for it.
        """
        self.service.context = under(MEMBER, publicize_image="role:member")
        answer = self.ask("POST", "/images", body={"visibility": "public"})
        self.assertEqual(answer.status, 201)
        path = self.create()
        public = {"x-image-meta-is_public": "true", "x-image-meta-owner": "beta"}
        self.assertEqual(self.service.ask("POST", "/v1/images", public).status, 201)
        self.assertEqual(self.service.ask("PUT", f"/v1{path}", public).status, 200)
        self.assertIs(self.known(path).visibility, Visibility.PUBLIC)
        self.assertEqual(self.known(path).owner, "alpha")
        change = {"op": "add", "path": "/owner", "value": "beta"}
        self.assertEqual(self.patch(path, change), 403)
        # Whose it isn't has nothing to say, though it may make its own public.
        other = under(OTHER, publicize_image="role:member")
        change = {"op": "add", "path": "/visibility", "value": "public"}
        path = self.create(who=MEMBER, visibility="community")
        self.service.context = other
        self.assertEqual(self.patch(path, change), 403)
        self.assertEqual(self.service.ask("PUT", f"/v1{path}", public).status, 404)

    def test_described_by_uploads(self):
        """
        Data that is let in changes nothing else on the way, where that is not.
        """
        path = self.create(who=MEMBER, **RAW)
        self.service.context = under(MEMBER, modify_image="!")
        headers = {**OCTETS, "x-image-meta-name": "other"}
        answer = self.service.ask("PUT", f"/v1{path}", headers, DATA)
        self.assertEqual(answer.status, 403)
        self.assertEqual(self.known(path).name, None)
        answer = self.service.ask("PUT", f"/v1{path}", OCTETS, DATA)
        self.assertEqual(answer.status, 200)

    def test_anonymous(self):
        """
        Who is nobody lists what is public, whatever the query would show.
        """
        self.create(who=MEMBER, visibility="community")
        query = Query(scope=Scope(everything=True))
        finding = self.service.images.find(Context(), query)
        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(finding)), [])


SEPARATE = (
    "download_image",
    "delete_image",
    "modify_image",
    "deactivate",
    "reactivate",
    "get_members",
    "add_member",
    "delete_member",
    "upload_image",
)


class ProtectionTests(CallingTestCase):
    """
    Properties are protected.
    """

    def setUp(self):
        super().setUp()
        self.path = self.stored(who=MEMBER, billing="7", license="free", other="o")
        self.bind(MEMBER)

    def bind(self, context):
        """
        Have somebody ask where properties are protected.
        """
        self.service.context = context.under(DEFAULT_RULES, PROTECTIONS)

    def test_unread(self):
        """
        Who may not read a property sees nothing of it, in no answer; another may,
        whoever asked before.
        """
        reviewer = Context(
            user="r",
            tenant="alpha",
            owner="alpha",
            roles=frozenset({"reader", "reviewer"}),
        )
        for _ in range(2):
            self.bind(MEMBER)
            for answer in (
                self.ask("GET", self.path),
                self.ask("GET", "/images"),
                self.service.ask("HEAD", f"/v1{self.path}"),
                self.service.ask("GET", f"/v1{self.path}"),
                self.service.ask("GET", "/v1/images/detail"),
                self.service.ask("PUT", f"/v1{self.path}", RENAMING),
            ):
                self.assertEqual(answer.status, 200)
                everything = answer.body + b"".join(
                    name + b"".join(values)
                    for name, values in answer.headers.getAllRawHeaders()
                )
                self.assertNotIn(b"billing", everything)
            self.bind(reviewer)
            self.assertEqual(self.shown(self.path)["billing"], "7")
            self.assertIn(b"billing", self.ask("GET", "/images").body)

    def test_begun(self):
        """
        Once properties are protected nobody is told what was told before, though an
        image hasn't another.
        """
        self.service.context = MEMBER
        path = self.create(name="alone", billing="7")
        self.assertIn(b"billing", self.ask("GET", "/images?name=alone").body)
        self.bind(MEMBER)
        for _ in range(2):
            answer = self.ask("GET", "/images?name=alone")
            self.assertEqual(answer.status, 200)
            self.assertNotIn(b"billing", answer.body)
        self.assertEqual(self.listed("name=alone"), [path])

    def test_unguessed(self):
        """
        Nor is it found out by what a list holds.
        """
        for query in ("billing=7", "billing=8", "billing=7&other=o"):
            self.assertEqual(self.listed(query), [])
        self.assertEqual(self.listed("other=o&license=free"), [self.path])
        answer = self.service.ask("GET", "/v1/images?property-billing=7")
        self.assertEqual(orjson.loads(answer.body), {"images": []})

    def test_changes(self):
        """
        Each change of a property needs its right.
        """
        for op, name, value, status in (
            ("add", "billing", "8", 403),
            # It isn't there, to this caller.
            ("replace", "billing", "8", 409),
            ("remove", "billing", None, 409),
            ("replace", "license", "other", 403),
            ("remove", "license", None, 403),
            ("add", "license_2", "x", 200),
            ("add", "billing_2", "x", 403),
            ("replace", "other", "p", 200),
            ("remove", "other", None, 200),
        ):
            with self.subTest(f"{op} {name}"):
                change = {"op": op, "path": f"/{name}", "value": value}
                self.assertEqual(self.patch(self.path, change), status)
        self.assertEqual(
            self.known(self.path).properties,
            {"billing": "7", "license": "free", "license_2": "x"},
        )

    def test_kept(self):
        """
        What a caller may not read stays, where it replaces all properties; what it
        may read, and not delete, it is told of.
        """
        headers = {"x-image-meta-property-license": "free"}
        answer = self.service.ask("PUT", f"/v1{self.path}", headers)
        self.assertEqual(answer.status, 200)
        kept = {"billing": "7", "license": "free"}
        self.assertEqual(self.known(self.path).properties, kept)
        headers = {"x-image-meta-property-a": "b"}
        answer = self.service.ask("PUT", f"/v1{self.path}", headers)
        self.assertEqual(answer.status, 403)
        self.assertEqual(self.known(self.path).properties, kept)

    def test_made(self):
        """
        Nobody makes an image with what it may not create, by either version.
        """
        answer = self.ask("POST", "/images", body={"billing": "1"})
        self.assertEqual(answer.status, 403)
        headers = {"x-image-meta-property-billing": "1"}
        self.assertEqual(self.service.ask("POST", "/v1/images", headers).status, 403)
        answer = self.ask("POST", "/images", body={"license": "1"})
        self.assertEqual(answer.status, 201)
        self.assertEqual(len(self.listed()), 2)

    def test_filled(self):
        """
        What is told of an image that is filled is no more than of any.
        """
        self.service.context = MEMBER
        path = self.create(**RAW, billing="1")
        self.bind(MEMBER)
        answer = self.service.ask("PUT", f"/v1{path}", OCTETS, DATA)
        self.assertEqual(answer.status, 200)
        self.assertNotIn(b"billing", answer.body)
        self.assertEqual(self.known(path).properties, {"billing": "1"})

    def test_other_changes(self):
        """
        Other changes leave alone what isn't read: tags, members, data and all.
        """
        for method, below, body in (
            ("PUT", "/tags/a", None),
            ("POST", "/actions/deactivate", None),
            ("POST", "/members", {"member": "beta"}),
            ("DELETE", "/members/beta", None),
        ):
            answer = self.ask(method, self.path + below, None, body)
            self.assertIn(answer.status, (200, 204))
            self.assertEqual(self.known(self.path).properties["billing"], "7")
        for who in (OTHER, READER):
            self.bind(who)
            self.assertIn(self.ask("DELETE", self.path).status, (403, 404))
        self.bind(MEMBER)
        self.assertEqual(self.ask("DELETE", self.path).status, 204)
