"""
Tests for the lists of L{glance.api.v1.images}, as the last v1 has them.
"""

import orjson
from attrs import evolve

from glance.api.v1.dialect import LAST
from glance.image import Consent, Member, Status
from tests.api.assembly import NOBODY, member_of
from tests.api.v1.calling import ID, CallingTestCase, meta


class ListTests(CallingTestCase):
    """
    GET lists images.
    """

    def make(self, **attributes):
        self.service.clock.advance(1)
        return self.create(meta(**({"is_public": "True"} | attributes)))

    def test_forms(self):
        """
        The brief list has six fields, the detailed one all but the location.
        """
        self.make(name="a", property_b="c")
        [brief] = orjson.loads(self.ask("GET").body)["images"]
        expected = {
            "id": self.listed()[0],
            "name": "a",
            "size": 0,
            "disk_format": None,
            "container_format": None,
            "checksum": None,
        }
        self.assertEqual(brief, expected)
        [full] = orjson.loads(self.ask("GET", "/detail").body)["images"]
        self.assertEqual(full["properties"], {"b": "c"})
        self.assertNotIn("location", full)

    def test_pages(self):
        """
        Lists go on after a marker, and come to an end.
        """
        made = [self.make() for _ in range(5)][::-1]
        self.assertEqual(self.listed(), made)
        for path in ("", "/detail"):
            seen, marker = [], ""
            while page := self.listed(f"limit=2{marker}", path):
                seen += page
                marker = f"&marker={page[-1]}"
            self.assertEqual(seen, made)
        self.assertEqual(self.listed("limit=0"), [])
        answer = self.ask("GET", f"?marker={ID}")
        self.assert_refused(answer, 400, b"Invalid marker. Image could not be found.")

    def test_long_pages(self):
        """
        A list that would be very long ends early; the brief one doesn't.
        """
        long = {f"property_{n}": '"' * 15_000 for n in range(4)}
        made = [self.make(**long) for _ in range(150)][::-1]
        self.assertEqual(self.listed("limit=1000"), made)
        seen, lengths, marker = [], [], ""
        while True:
            answer = self.ask("GET", f"/detail?limit=1000{marker}")
            page = [image["id"] for image in orjson.loads(answer.body)["images"]]
            if not page:
                break
            seen += page
            lengths.append(len(answer.body))
            marker = f"&marker={page[-1]}"
        self.assertEqual(seen, made)
        self.assertEqual(len(lengths), 2)
        self.assertLess(max(lengths), LAST.page + 1000)

    def test_bad_value(self):
        """
        What makes no sense is refused.
        """
        answer = self.ask("GET", "?limit=a")
        self.assert_refused(answer, 400, b"limit param must be an integer")

    def test_filters(self):
        """
        Lists hold what is asked for.
        """
        first = self.make(name="a", size=10, property_x="1")
        second = self.make(name="b", size=20, min_ram=5, protected="True")
        for query, expected in (
            ("name=a", [first]),
            ("size_min=15", [second]),
            ("size_max=15", [first]),
            ("min_ram=5", [second]),
            ("protected=true", [second]),
            ("property-x=1", [first]),
            ("property-x=2", []),
            ("status=queued", [second, first]),
            ("status=active", []),
            ("sort_key=name&sort_dir=asc", [first, second]),
        ):
            with self.subTest(query):
                self.assertEqual(self.listed(query), expected)

    def test_left_out(self):
        """
        Killed, hidden and deleted images aren't listed.
        """
        killed, hidden, deleted = self.make(), self.make(), self.make()
        old = self.known(killed)
        self.successResultOf(
            self.service.registry.replace(old, old.becoming(Status.KILLED))
        )
        old = self.known(hidden)
        self.successResultOf(
            self.service.registry.replace(old, evolve(old, os_hidden=True))
        )
        self.ask("DELETE", f"/{deleted}")
        self.assertEqual(self.listed("is_public=None"), [])
        since = "changes-since=2011-04-15T00:00:00"
        self.assertEqual(self.listed(since), [deleted])

    def test_who_sees_what(self):
        """
        Members see what is public, their own, and what they didn't reject; only
        administrators see more, when they ask.
        """
        images = {}
        for owner, public in (("a", "True"), ("a", "False"), ("b", "False")):
            images[owner, public] = self.make(owner=owner, is_public=public)
        shared = images["b", "False"]
        now = self.service.images.now()
        for consent, expected in (
            (Consent.REJECTED, False),
            (Consent.PENDING, True),
            (Consent.ACCEPTED, True),
        ):
            old = self.known(shared)
            member = Member(id="c", status=consent, created_at=now, updated_at=now)
            self.successResultOf(
                self.service.registry.replace(old, evolve(old, members=(member,)))
            )
            self.service.context = member_of("c")
            self.assertEqual(shared in self.listed(), expected)
            self.assertNotIn(images["a", "False"], self.listed("is_public=None"))
        self.service.context = member_of("a")
        self.assertEqual(self.listed(), [images["a", "False"], images["a", "True"]])
        self.service.context = NOBODY
        self.assertEqual(self.listed(), [images["a", "True"]])
        self.assertEqual(len(self.listed("is_public=None")), 3)
        self.assertEqual(self.listed("is_public=False"), [shared, images["a", "False"]])
