"""
Tests for lists of L{glance.api.v2.images}.
"""

from urllib.parse import quote, urlencode

import orjson
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from glance.api.v2 import filters
from glance.api.v2.filters import CHOICES, EXACT, MOMENTS, NUMBERS, PAGING
from glance.api.v2.images import PAGE
from glance.api.v2.schemas import KNOWN_PROPERTIES, READ_ONLY, WRITABLE
from glance.image import Status
from glance.limits import Limits
from glance.query import NEWEST_FIRST
from tests.api.v2.calling import ADMIN, MEMBER, OTHER, CallingTestCase

TAKEN = READ_ONLY | WRITABLE | set(KNOWN_PROPERTIES)
FILTERS = (
    CHOICES
    | EXACT
    | MOMENTS
    | NUMBERS
    | PAGING
    | {"tag", "deleted", "changes-since", "member_status"}
)
"""
What has a meaning of its own in a query.
"""

ANY = st.characters(codec="utf-8", exclude_characters="\0")


class ListTests(CallingTestCase):
    """
    GET /images lists images.
    """

    REFUSED = (
        "limit=-1",
        "limit=a",
        "limit=",
        "limit=1.0",
        "marker=",
        "marker=x",
        "marker=5d1f0a3e-7c52-4b3e-9d55-0b6a5e0c1a11",
        "sort=name:up",
        "sort=owner",
        "sort=",
        "sort=name&sort_key=name",
        "sort=name&sort_dir=asc",
        "sort_key=owner",
        "sort_dir=up",
        "sort_key=name&sort_key=id&sort_key=size&sort_dir=asc&sort_dir=desc",
        "name=neq:a",
        "name=gte:a",
        "status=a:b",
        "name=in:%22a",
        "name=in:a%22b",
        "name=in:%22a%22b",
        "created_at=neq:",
        "created_at=yesterday",
        "created_at=in:2011-04-15T12:00:00Z",
        "updated_at=gte:2011-13-15",
        "created_at=0001-01-01T00:00:00%2B14:00",
        "visibility=secret",
        "member_status=maybe",
        "os_hidden=2",
        "protected=maybe",
        "size_min=a",
        "size=-1",
        "bogus_min=1",
        "min_ram_max=x",
        "changes-since=2011-04-15",
        "name=%ff",
        "name=in:" + "+" * 8000 + "x%22",
        "&".join(f"tag={n}" for n in range(100))
        + "".join(f"&p{n}=" for n in range(29)),
        "name=%00",
    )

    def setUp(self):
        super().setUp()
        self.names = {}
        for name, how in (
            ("a", {"tags": ["x", "y"], "os_distro": "ubuntu", "min_ram": 512}),
            ("b", {"tags": ["x"], "os_distro": "debian", "visibility": "private"}),
            ("c", {"os_hidden": True, "tags": ["x"]}),
            ("d", {"protected": True, "visibility": "community"}),
        ):
            self.service.clock.advance(1)
            self.names[self.create(name=name, **how)] = name

    def found(self, query="", who=None):
        """
        Get the names of what is listed, in order.
        """
        if who is not None:
            self.service.context = who
        return "".join(self.names[path] for path in self.listed(query))

    def test_filters(self):
        """
        What is listed fits all that is said.
        """
        for query, names in (
            ("", "dba"),
            ("name=a", "a"),
            ("name=eq:a", "a"),
            ("name=in:a,b", "ba"),
            ("name=in:%22a%22,%22b%22", "ba"),
            ("name=in:a,%22x%5C%22,y%22", "a"),
            ("name=x&name=a", "a"),
            ("name=x", ""),
            ("status=queued", "dba"),
            ("status=active", ""),
            ("status=in:active,queued", "dba"),
            ("status=anything", ""),
            ("tag=x", "ba"),
            ("tag=x&tag=y", "a"),
            ("tag=y&tag=x&tag=z", ""),
            ("os_distro=ubuntu", "a"),
            ("os_distro=ubuntu&tag=x", "a"),
            ("os_distro=", ""),
            ("is_public=True", ""),
            ("os_hidden=true", "c"),
            ("os_hidden=True", "c"),
            ("os_hidden=false", "dba"),
            ("protected=true", "d"),
            ("protected=True", "d"),
            ("protected=false", "ba"),
            ("visibility=private", "b"),
            ("visibility=shared", "a"),
            ("visibility=community", "d"),
            ("visibility=public", ""),
            ("visibility=all", "dba"),
            ("owner=alpha", "dba"),
            ("owner=beta", ""),
            ("min_ram=512", "a"),
            ("min_ram_min=1", "a"),
            ("min_ram_max=511", "db"),
            ("size_min=1", ""),
            ("size_max=1", ""),
            ("created_at=2011-04-15T12:00:01Z", "a"),
            ("created_at=2011-04-15T12:00:01.000001Z", ""),
            ("created_at=eq:2011-04-15T12:00:01", "a"),
            ("created_at=gt:2011-04-15T12:00:01Z", "db"),
            ("created_at=gte:2011-04-15T14:00:01%2B02:00", "dba"),
            ("created_at=lt:2011-04-15T12:00:02Z", "a"),
            ("updated_at=lte:2011-04-15T12:00:02Z", "ba"),
            ("updated_at=neq:2011-04-15T12:00:01Z", "db"),
            ("updated_at=lt:9999-12-31T23:59:59Z", "dba"),
            ("updated_at=lte:9999-12-31T23:59:59Z", "dba"),
            ("updated_at=gt:9999-12-31T23:59:59Z", ""),
            ("deleted=true", "dba"),
            ("checksum=0123", ""),
            ("sort=name:asc", "abd"),
            ("sort=name", "dba"),
            ("sort=min_ram:desc", None),
            ("sort_key=name&sort_dir=asc", "abd"),
            ("sort_key=status&sort_key=name&sort_dir=asc", "abd"),
            ("sort_key=status&sort_key=name&sort_dir=desc&sort_dir=asc", "abd"),
            ("sort_dir=asc", "abd"),
            ("sort=created_at:asc,name:desc", "abd"),
            ("limit=0", ""),
            ("limit=2", "db"),
            ("limit=99999", "dba"),
        ):
            with self.subTest(query):
                if names is None:
                    answer = self.ask("GET", f"/images?{query}")
                    self.assertEqual(answer.status, 400)
                else:
                    self.assertEqual(self.found(query), names)

    def test_colons(self):
        """
        An image whose name has a colon is found by it, as clients ask for it,
        unless the name begins as a comparison does.
        """
        self.create(name="other")
        for name in ("debian:12", "http://a/b", ":", "in:a"):
            path = self.create(name=name)
            for query in (f"name=eq:{name}", f"name=in:%22{name}%22"):
                self.assertEqual(self.listed(query), [path])
            if name != "in:a":
                self.assertEqual(self.listed(f"name={name}"), [path])

    def test_ids(self):
        """
        Ids are found in either case, alone or among others.
        """
        (first, _), *_ = self.names.items()
        image_id = first[8:]
        self.assertEqual(self.found(f"id={image_id}"), "a")
        self.assertEqual(self.found(f"id=in:{image_id.upper()},x"), "a")
        self.assertEqual(self.found("id=x"), "")

    def test_hashes(self):
        """
        Data is found by what it hashes to.
        """
        path = self.stored()
        self.names[path] = "e"
        image = self.shown(path)
        for name in ("checksum", "os_hash_value", "os_hash_algo", "size"):
            self.assertEqual(self.found(f"{name}={image[name]}"), "e")

    def test_moments(self):
        """
        A time as an image is shown with finds the image, though it was made
        within that second; what came later is what comes after that.
        """
        self.service.clock.advance(0.5)
        path = self.create(name="e")
        self.names[path] = "e"
        for name in ("created_at", "updated_at"):
            shown = self.shown(path)[name]
            self.assertEqual(self.found(f"{name}={shown}")[0], "e")
            self.assertEqual(self.found(f"{name}=lte:{shown}"), "edba")
            self.assertEqual(self.found(f"{name}=gt:{shown}"), "")
            self.assertNotIn("e", self.found(f"{name}=lt:{shown}"))

    def test_refused(self):
        """
        What makes no sense is refused.
        """
        for query in self.REFUSED:
            with self.subTest(query):
                answer = self.ask("GET", f"/images?{query}")
                self.assertEqual(answer.status, 400, answer)

    def test_others(self):
        """
        Others see what is public or shared with them; administrators see all
        but the community's.
        """
        self.assertEqual(self.found(who=OTHER), "")
        self.assertEqual(self.found("visibility=community"), "d")
        admin = evolve(ADMIN, owner="x", tenant="x")
        self.assertEqual(self.found(who=admin), "ba")
        self.assertEqual(self.found("visibility=all"), "dba")
        self.assertEqual(self.found("visibility=private"), "b")
        self.assertEqual(self.found(who=ADMIN), "dba")

    def test_never(self):
        """
        What was deleted or killed is not listed.
        """
        (first, _), (second, _), *_ = self.names.items()
        self.ask("DELETE", first)
        self.successResultOf(
            self.service.registry.replace(
                self.known(second), evolve(self.known(second), status=Status.KILLED)
            )
        )
        self.assertEqual(self.found("visibility=all"), "d")

    def test_changed(self):
        """
        A list has images as they are now, though it was asked for before.
        """
        path = self.create(name="old")
        for name in ("new", "newer"):
            self.ask("GET", "/images")
            self.patch(path, {"op": "replace", "path": "/name", "value": name})
            answer = self.ask("GET", "/images")
            images = orjson.loads(answer.body)["images"]
            (shown,) = [i for i in images if i["self"] == f"/v2{path}"]
            self.assertEqual(shown, self.shown(path))
            self.assertEqual(shown["name"], name)

    def test_pages(self):
        """
        The links lead from page to page, and keep all that was asked for.
        """
        for n in range(5):
            self.service.clock.advance(1)
            self.names[self.create(name=f"{n}", tags=["x", "p"])] = str(n)
        query = "limit=2&sort_key=name&sort_dir=asc&tag=x&tag=p&a%26b="
        self.assertEqual(self.found(query), "")
        query = "limit=2&sort_key=name&sort_key=id&sort_dir=asc&tag=x&tag=p"
        path, names, pages = f"/images?{query}", "", 0
        while path is not None:
            document = orjson.loads(self.ask("GET", path).body)
            self.assertEqual(document["first"], f"/v2/images?{query}")
            self.assertEqual(document["schema"], "/v2/schemas/images")
            names += "".join(i["name"] for i in document["images"])
            path = document.get("next", "")[3:] or None
            pages += 1
        self.assertEqual((names, pages), ("01234", 3))

    def test_long_pages(self):
        """
        A page that would be very long ends early, and leads to the next.
        """
        text = "x" * 60_000
        for n in range(150):
            self.create(name=f"{n:03}", tags=["long"], text=text)
        query, names, lengths = "tag=long&limit=1000&sort=name:asc", [], []
        path = f"/images?{query}"
        while path is not None:
            answer = self.ask("GET", path)
            document = orjson.loads(answer.body)
            names += [image["name"] for image in document["images"]]
            lengths.append(len(answer.body))
            path = document.get("next", "")[3:] or None
        self.assertEqual(names, [f"{n:03}" for n in range(150)])
        self.assertGreater(len(lengths), 2)
        self.assertLess(max(lengths), PAGE + 1000)

    def test_links(self):
        """
        There is a next page only after a full one.
        """
        for query, has_next in (("", False), ("limit=3", True), ("limit=0", False)):
            document = orjson.loads(self.ask("GET", f"/images?{query}").body)
            self.assertEqual("next" in document, has_next, query)
        document = orjson.loads(self.ask("GET", "/images").body)
        self.assertEqual(document["first"], "/v2/images")

    def test_limits(self):
        """
        The operator says how long a page is.
        """
        self.service.limits = Limits(page_default=1, page_max=2)
        self.assertEqual(self.found(), "d")
        self.assertEqual(self.found("limit=3"), "db")


class OrderTests(CallingTestCase):
    """
    L{glance.api.v2.filters} makes orders total.
    """

    def test_default(self):
        """
        Without a word the newest is first.
        """
        asked = filters.query([], MEMBER, Limits())
        self.assertEqual(asked.order, NEWEST_FIRST)


class AnyNameTests(CallingTestCase):
    """
    Images are found by whatever they are called.
    """

    @given(name=st.text(ANY, max_size=60))
    def test_quoted(self, name):
        """
        A name in quotes finds the image of that name, whatever is in it.
        """
        self.setUp()
        path = self.create(name=name)
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        self.assertEqual(
            self.listed(f"name=in:{quote(chr(34) + escaped + chr(34))}"), [path]
        )
        self.assertEqual(self.shown(path)["name"], name)

    @given(
        st.dictionaries(
            st.text(ANY, min_size=1, max_size=40).filter(
                lambda name: name not in TAKEN and not name.startswith("os_glance")
            ),
            st.text(ANY, max_size=40),
            max_size=5,
        )
    )
    def test_properties(self, properties):
        """
        Custom properties come back as they were given.
        """
        self.setUp()
        path = self.create(**properties)
        image = self.shown(path)
        self.assertEqual({k: image[k] for k in properties}, properties)
        for name, value in properties.items():
            if name not in FILTERS and name[-4:] not in ("_min", "_max"):
                self.assertEqual(self.listed(urlencode({name: value})), [path])
