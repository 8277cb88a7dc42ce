"""
Tests for L{glance.api.v1.filters}.
"""

import contextlib
from datetime import UTC, datetime

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from glance.api.v1.filters import all_public, arguments, query
from glance.errors import Invalid
from glance.image import Consent, Status, Visibility
from glance.limits import Limits
from glance.query import EVERYTHING, Condition, Operator, Order, Query, seen_by
from tests.api.assembly import NOBODY, member_of

ID = "71c675ab-d94f-49cd-a114-e12490b328d9"
LIMITS = Limits(page_default=25, page_max=1000)
KNOWN = (
    "name",
    "status",
    "size_min",
    "min_disk",
    "is_public",
    "protected",
    "changes-since",
    "limit",
    "marker",
    "sort_key",
    "sort_dir",
    "property-a",
)
LIVING = Condition("status", Operator.NE, Status.KILLED)


def seen_at_once(context):
    """
    Get what lists show somebody, of what it hasn't accepted too.
    """
    consents = frozenset({Consent.PENDING, Consent.ACCEPTED})
    return evolve(seen_by(context), consents=consents)


PLAIN = Query(
    scope=seen_at_once(NOBODY),
    conditions=(LIVING,),
    order=(Order("created_at"),),
    limit=25,
)


class QueryTests(SynchronousTestCase):
    """
    L{query} understands what lists are asked for.
    """

    def ask(self, query_string="", context=NOBODY):
        uri = f"/v1/images?{query_string}".encode()
        return query(arguments(uri), context, LIMITS)

    def assert_conditions(self, query_string, *conditions):
        expected = evolve(PLAIN, conditions=(LIVING, *conditions))
        self.assertEqual(self.ask(query_string), expected)

    def test_plain(self):
        """
        Without arguments, the newest images of those that a plain user sees
        are listed, killed and hidden ones left out.
        """
        self.assertEqual(self.ask(), PLAIN)
        self.assertIs(PLAIN.hidden, False)

    def test_unknown(self):
        """
        Arguments that mean nothing are ignored.
        """
        asked = self.ask("nonsense=1&deleted=true&owner=a&=&&%ff=%fe&x")
        self.assertEqual(asked, PLAIN)

    def test_filters(self):
        """
        Attributes are compared as the filters say.
        """
        for asked, attribute, operator, value in (
            ("name=a%20b", "name", Operator.EQ, "a b"),
            ("disk_format=raw", "disk_format", Operator.EQ, "raw"),
            ("container_format=ovf", "container_format", Operator.EQ, "ovf"),
            ("min_ram=5", "min_ram", Operator.EQ, 5),
            ("min_disk=5", "min_disk", Operator.EQ, 5),
            ("size_min=5", "size", Operator.GE, 5),
            ("size_max=5", "size", Operator.LE, 5),
            ("protected=True", "protected", Operator.EQ, True),
            ("protected=0", "protected", Operator.EQ, False),
            ("status=active", "status", Operator.IN, (Status.ACTIVE,)),
            ("status=nonsense", "status", Operator.IN, ()),
        ):
            with self.subTest(asked):
                self.assert_conditions(asked, Condition(attribute, operator, value))

    def test_properties(self):
        """
        Custom properties are compared.
        """
        asked = self.ask("property-distro=a&property-b-c=")
        self.assertEqual(asked.properties, (("distro", "a"), ("b-c", "")))

    def test_public(self):
        """
        Administrators may ask for what isn't public, or for everything.
        """
        for word in ("True", "1", "t"):
            self.assertEqual(self.ask(f"is_public={word}"), PLAIN)
        self.assertEqual(self.ask("is_public=None").scope, EVERYTHING)
        for word in ("False", "0"):
            asked = self.ask(f"is_public={word}")
            self.assertEqual(asked.scope, EVERYTHING)
            private = Condition("visibility", Operator.NE, Visibility.PUBLIC)
            self.assertIn(private, asked.conditions)

    def test_public_for_others(self):
        """
        Nobody else may: the filter is ignored.
        """
        member = member_of("a")
        for word in ("None", "False", "nonsense"):
            asked = self.ask(f"is_public={word}", member)
            self.assertEqual(asked, evolve(PLAIN, scope=seen_at_once(member)))

    def test_changes_since(self):
        """
        What changed since a time includes what was deleted.
        """
        for text in (
            "2011-04-15T12:00:00Z",
            "2011-04-15T12:00:00",
            "2011-04-15%2012:00:00",
            "2011-04-15T14:00:00+02:00",
            "2011-04-15T14:00:00%2B02:00",
        ):
            with self.subTest(text):
                asked = self.ask(f"changes-since={text}")
                self.assertIsNone(asked.deleted)
                noon = datetime(2011, 4, 15, 12, tzinfo=UTC)
                since = Condition("updated_at", Operator.GT, noon)
                self.assertEqual(asked.conditions, (LIVING, since))

    def test_order(self):
        """
        Lists are sorted by what is asked for, downwards unless asked.
        """
        self.assertEqual(self.ask("sort_key=name").order, (Order("name", True),))
        self.assertEqual(
            self.ask("sort_key=id&sort_dir=asc").order, (Order("id", False),)
        )
        self.assertEqual(self.ask("sort_key=&sort_dir="), PLAIN)

    def test_pages(self):
        """
        Pages are as long as asked for, within the operator's limit, and begin
        after the marker.
        """
        self.assertEqual(self.ask("limit=20").limit, 20)
        self.assertEqual(self.ask("limit=0").limit, 0)
        self.assertEqual(self.ask("limit=5000").limit, 1000)
        self.assertEqual(self.ask(f"marker={ID.upper()}").marker, ID)

    def test_narrow_default(self):
        """
        A page is never longer than the operator's limit.
        """
        self.assertEqual(query({}, NOBODY, evolve(LIMITS, page_max=7)).limit, 7)

    def test_bad_values(self):
        """
        What makes no sense is refused, and why is said.
        """
        for asked, message in (
            ("limit=a", "limit param must be an integer"),
            ("limit=", "limit param must be an integer"),
            ("limit=-1", "limit param must be positive"),
            ("limit=" + "9" * 5000, "limit param must be an integer"),
            ("marker=1", "Invalid marker format"),
            ("marker=", "Invalid marker format"),
            ("sort_key=owner", "Unsupported sort_key. Acceptable values: name"),
            ("sort_dir=up", "Unsupported sort_dir"),
            ("changes-since=yesterday", "Unrecognized changes-since value"),
            ("changes-since=", "Unrecognized changes-since value"),
            (
                "changes-since=0001-01-01T00:00:00%2B10:00",
                "Unrecognized changes-since value",
            ),
            ("size_min=abc", "Bad value passed to filter size_min got abc"),
            ("size_max=-1", "Bad value passed to filter size_max got -1"),
            ("min_ram=1.5", "Bad value passed to filter min_ram got 1.5"),
            ("protected=perhaps", "Bad value passed to filter protected got perhaps"),
            ("is_public=perhaps", "Bad value passed to filter is_public got perhaps"),
        ):
            with self.subTest(asked):
                raised = self.assertRaises(Invalid, self.ask, asked)
                self.assertTrue(str(raised).startswith(message), raised)

    @settings(deadline=None)
    @given(st.dictionaries(st.sampled_from(KNOWN), st.text()))
    def test_anything(self, given):
        """
        Whatever is asked for is either understood or refused.
        """
        with contextlib.suppress(Invalid):
            query(given, NOBODY, LIMITS)


class CactusTests(SynchronousTestCase):
    """
    L{all_public} is what lists of 2011 hold.
    """

    def test_query_string(self):
        """
        It is ignored.
        """
        asked = all_public({"limit": "nonsense"}, NOBODY, LIMITS)
        self.assertEqual(asked, all_public({}, NOBODY, LIMITS))
        self.assertEqual(asked.scope.visibilities, {Visibility.PUBLIC})
        self.assertEqual((asked.limit, asked.conditions), (None, ()))
