"""
Protected properties: each right of each role, by both versions of the API.
"""

import orjson
from attrs import evolve

from glance.policy.protections import Protections
from glance.policy.rules import DEFAULT_RULES, Rules
from tests.api.matrix.casting import of
from tests.api.v2.calling import CallingTestCase

ROLES = """
[^open]
create = @
read = @
update = @
delete = @

[^closed]
create = !
read = !
update = !
delete = !

[^mark]
create = member
read = @
update = admin
delete = admin

[^secret]
create = member
read = admin,billing
update = billing
delete = billing

[^bill]
create = admin,billing
read = admin,Billing
update = admin
delete = billing
"""

POLICIES = """
[^open]
create = @
read = @
update = @
delete = @

[^closed]
create = !
read = !
update = !
delete = !

[^mark]
create = members
read = @
update = admins
delete = admins

[^secret]
create = members
read = knowing
update = billing
delete = billing

[^bill]
create = knowing
read = knowing
update = admins
delete = billing
"""

NAMED = {
    "members": "role:member",
    "admins": "role:admin",
    "billing": "role:Billing",
    "knowing": "rule:admins or rule:billing",
}

RIGHTS = """
          member  billing  admin
open_a    CRUD    CRUD     CRUD
closed_a  ----    ----     ----
mark_a    CR--    CR--     CRUD
secret_a  C---    CRUD     CR--
bill_a    ----    CR-D     CRU-
other     ----    ----     ----
"""
"""
By hand, from both files: what each may do with a property, which is to create, read,
update or delete it.
"""

WHO = {
    "member": of("alpha", "member"),
    "billing": of("alpha", "member", "billing"),
    "admin": of("alpha", "admin", is_admin=True),
}


def rights():
    """
    Read the table: who, a property, and what may be done.
    """
    heading, *rows = (line.split() for line in RIGHTS.strip().splitlines())
    for name, *cells in rows:
        for who, cell in zip(heading, cells, strict=True):
            yield who, name, frozenset(cell) - {"-"}


class ProtectedMixin:
    """
    Just those deal with properties who may.
    """

    def image(self, **properties):
        """
        Make an image of the project; get its path.
        """
        self.service.context = WHO["member"]
        path = self.create()
        old = self.known(path)
        new = evolve(old, properties=properties)
        self.successResultOf(self.service.registry.replace(old, new))
        return path

    def left(self, path):
        """
        Get the properties of an image.
        """
        return dict(self.known(path).properties)

    def bind(self, who):
        """
        Have somebody ask, where properties are protected.
        """
        self.service.context = WHO[who].under(*self.said())

    def changed(self, who, before, op, name, value=None):
        """
        Have a property changed by version 2.

        @param before: the properties that the image has.

        @return: the status, and the properties that it has then.
        """
        path = self.image(**before)
        self.bind(who)
        status = self.patch(path, {"op": op, "path": f"/{name}", "value": value})
        return status, self.left(path)

    def put(self, who, before, headers):
        """
        Have properties changed by version 1.
        """
        path = self.image(**before)
        self.bind(who)
        status = self.service.ask("PUT", f"/v1{path}", headers).status
        return status, self.left(path)

    def test_created(self):
        """
        One is created, alone, with others, or with the image.
        """
        for who, name, may in rights():
            header = {f"x-image-meta-property-{name}": "v"}
            keeping = {**header, "x-glance-registry-purge-props": "false"}
            created = "C" in may
            expected = (200, {name: "v"}) if created else (403, {})
            told = (who, name)
            self.assertEqual(self.changed(who, {}, "add", name, "v"), expected, told)
            self.assertEqual(self.put(who, {}, header), expected, told)
            self.assertEqual(self.put(who, {}, keeping), expected, told)
            self.bind(who)
            status = 201 if created else 403
            answer = self.ask("POST", "/images", body={name: "v"})
            self.assertEqual(answer.status, status, told)
            shown = answer.status == 201 and name in orjson.loads(answer.body)
            self.assertEqual(shown, {"C", "R"} <= may, told)
            answer = self.service.ask("POST", "/v1/images", header)
            self.assertEqual(answer.status, status, told)

    def test_read(self):
        """
        One is seen, and looked for.
        """
        for who, name, may in rights():
            path = self.image(**{name: "value-of-it"})
            self.bind(who)
            for url in (
                f"/v2{path}",
                "/v2/images?limit=1000",
                "/v1/images/detail?limit=1000",
            ):
                answer = self.service.ask("GET", url)
                self.assertEqual(answer.status, 200)
                listed = orjson.loads(answer.body)
                ours = [
                    each
                    for each in listed.get("images", [listed])
                    if each["id"] == path.rpartition("/")[2]
                ]
                told = orjson.dumps(ours)
                self.assertEqual(b"value-of-it" in told, "R" in may, (who, name, url))
                self.assertEqual(name.encode() in told, "R" in may, (who, name, url))
            answer = self.service.ask("HEAD", f"/v1{path}")
            shown = answer.header(f"x-image-meta-property-{name}")
            self.assertEqual(shown, "value-of-it" if "R" in may else None, (who, name))
            for query in (
                f"/v2/images?{name}=value-of-it",
                f"/v1/images?property-{name}=value-of-it",
            ):
                answer = self.service.ask("GET", query)
                found = orjson.loads(answer.body)["images"]
                self.assertEqual(bool(found), "R" in may, (who, query))

    def test_listed_in_turn(self):
        """
        Who lists what others have listed sees what it may, and no more.
        """
        names = dict.fromkeys(name for _, name, _ in rights())
        path = self.image(**dict.fromkeys(names, "v"))
        for who in (*WHO, *WHO):
            self.bind(who)
            for _ in range(2):
                answer = self.ask("GET", "/images")
                [listed] = orjson.loads(answer.body)["images"]
                self.assertEqual(f"/images/{listed['id']}", path)
                found = {name for name in names if name in listed}
                expected = {n for w, n, may in rights() if w == who and "R" in may}
                self.assertEqual(found, expected, who)

    def test_updated(self):
        """
        One gets another value.  What isn't seen isn't there; and where it would be
        new, it is kept as it is.
        """
        for who, name, may in rights():
            before, after = {name: "v"}, {name: "w"}
            header = {f"x-image-meta-property-{name}": "w"}
            keeping = {**header, "x-glance-registry-purge-props": "false"}
            updated = {"R", "U"} <= may
            for told in (
                self.changed(who, before, "add", name, "w"),
                self.put(who, before, header),
                self.put(who, before, keeping),
            ):
                expected = (200, after) if updated else (403, before)
                self.assertEqual(told, expected, (who, name))
            told = self.changed(who, before, "replace", name, "w")
            unseen = (409 if "R" not in may else 403, before)
            expected = (200, after) if updated else unseen
            self.assertEqual(told, expected, (who, name))

    def test_same(self):
        """
        To say what is so already tells nobody whether it is.
        """
        for who, name, may in rights():
            if "R" not in may:
                for value in ("v", "w"):
                    header = {f"x-image-meta-property-{name}": value}
                    told = self.put(who, {name: "v"}, header)
                    self.assertEqual(told, (403, {name: "v"}), (who, name))
                    told = self.changed(who, {name: "v"}, "add", name, value)
                    self.assertEqual(told, (403, {name: "v"}), (who, name))

    def test_deleted(self):
        """
        One is removed, alone or with all that isn't named; what isn't seen stays.
        """
        for who, name, may in rights():
            before = {name: "v"}
            deleted = {"R", "D"} <= may
            told = self.changed(who, before, "remove", name)
            unseen = (409 if "R" not in may else 403, before)
            self.assertEqual(told, (200, {}) if deleted else unseen, (who, name))
            told = self.put(who, before, {"x-image-meta-min_ram": "1"})
            unseen = (200 if "R" not in may else 403, before)
            self.assertEqual(told, (200, {}) if deleted else unseen, (who, name))

    def test_renewed(self):
        """
        One that is removed and added by one patch is updated.
        """
        for who, name, may in rights():
            path = self.image(**{name: "v"})
            self.bind(who)
            status = self.patch(
                path,
                {"op": "remove", "path": f"/{name}"},
                {"op": "add", "path": f"/{name}", "value": "w"},
            )
            updated = {"R", "U"} <= may
            expected = 200 if updated else (403 if "R" in may else 409)
            self.assertEqual(status, expected, (who, name))
            left = {name: "w" if updated else "v"}
            self.assertEqual(self.left(path), left, (who, name))


class RolesTests(ProtectedMixin, CallingTestCase):
    """
    Rights are those of roles.
    """

    def said(self):
        """
        Get the rules, and the protections.
        """
        return DEFAULT_RULES, Protections(ROLES, "roles", DEFAULT_RULES)


class PoliciesTests(ProtectedMixin, CallingTestCase):
    """
    Rights are those that rules give.
    """

    def said(self):
        """
        Get the rules, and the protections.
        """
        rules = Rules(NAMED)
        return rules, Protections(POLICIES, "policies", rules)
