"""
Tests for L{glance.registry.wire}.
"""

from datetime import UTC, datetime

import attrs
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import Invalid
from glance.image import Attempt, Consent, Image, Location, Member, Status, Visibility
from glance.query import (
    COMPARABLE,
    EVERYTHING,
    Condition,
    Operator,
    Order,
    Query,
    Scope,
)
from glance.registry.wire import (
    dump,
    load,
    pack,
    read_fields,
    read_image,
    read_query,
    read_seconds,
    read_whole,
)
from tests.registry.served import IMAGE, THEN

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
wholes = st.integers(0, 2**63 - 1)
moments = st.datetimes(timezones=st.just(UTC))


def maybe(strategy):
    """
    Make what the strategy does, or nothing.
    """
    return st.none() | strategy


locations = st.builds(
    Location,
    store=texts,
    key=texts,
    metadata=st.dictionaries(texts, texts | st.booleans() | st.lists(wholes)),
)

images = st.builds(
    Image,
    id=st.uuids().map(str),
    revision=wholes,
    name=maybe(texts),
    status=st.sampled_from(Status),
    visibility=st.sampled_from(Visibility),
    owner=maybe(texts),
    disk_format=maybe(texts),
    container_format=maybe(texts),
    size=maybe(wholes),
    virtual_size=maybe(wholes),
    checksum=maybe(texts),
    os_hash_algo=maybe(texts),
    os_hash_value=maybe(texts),
    min_disk=wholes,
    min_ram=wholes,
    protected=st.booleans(),
    os_hidden=st.booleans(),
    created_at=moments,
    updated_at=moments,
    deleted_at=maybe(moments),
    properties=st.dictionaries(texts, maybe(texts)),
    tags=st.frozensets(texts),
    members=st.lists(
        st.builds(
            Member,
            id=texts,
            status=st.sampled_from(Consent),
            can_share=st.booleans(),
            created_at=moments,
            updated_at=moments,
        )
    ).map(tuple),
    locations=st.lists(locations).map(tuple),
    attempt=maybe(
        st.builds(
            Attempt,
            id=texts,
            instance=texts,
            location=locations,
            fallback=st.sampled_from([Status.QUEUED, Status.KILLED]),
        )
    ),
    doomed=st.lists(locations).map(tuple),
)

QUERY = Query(
    scope=Scope(
        visibilities=frozenset({Visibility.PUBLIC, Visibility.SHARED}),
        owner="o",
        member="m",
        consents=frozenset(Consent),
    ),
    conditions=(
        Condition("size", Operator.GE, 5),
        Condition("created_at", Operator.LT, THEN),
        Condition("status", Operator.IN, (Status.ACTIVE, Status.KILLED)),
        Condition("visibility", Operator.NE, Visibility.PRIVATE),
        Condition("protected", Operator.EQ, True),
        Condition("owner", Operator.EQ, None),
        Condition("id", Operator.EQ, "no id"),
    ),
    properties=(("a", "b"),),
    tags=("c", "d"),
    deleted=None,
    hidden=True,
    order=(Order("name", False), Order("id")),
    limit=7,
    marker="no id",
)


def sent(value):
    """
    Get what arrives of a value.
    """
    return load(dump(pack(value)))


class ImageTests(SynchronousTestCase):
    """
    Images travel.
    """

    @given(images)
    def test_round_trip(self, image):
        """
        An image arrives as it was.
        """
        self.assertEqual(read_image(sent(image)), image)

    def test_missing(self):
        """
        An image that lacks a field is refused, by the name of the field.
        """
        for field in attrs.fields(Image):
            value = sent(IMAGE)
            del value[field.name]
            error = self.assertRaises(Invalid, read_image, value)
            self.assertIn(f"{field.name}: ", str(error))

    def test_unknown(self):
        """
        An image that has a field more is refused.
        """
        value = {**sent(IMAGE), "shoe_size": 1}
        error = self.assertRaises(Invalid, read_image, value)
        self.assertIn("shoe_size: ", str(error))

    def test_no_object(self):
        """
        What isn't an object is no image.
        """
        for value in (None, [], "image", 1):
            self.assertRaises(Invalid, read_image, value)

    def test_types(self):
        """
        A field of a wrong type is refused, and named, also deep within.
        """
        member = sent(Member(id="m", created_at=THEN, updated_at=THEN))
        location = sent(Location(store="s", key="k"))
        for name, value in (
            ("id", "71C675AB-d94f-49cd-a114-e12490b328d9"),
            ("id", "../etc/passwd"),
            ("id", None),
            ("revision", -1),
            ("revision", True),
            ("revision", 1.0),
            ("size", "5"),
            ("size", 2**63),
            ("size", 1e30),
            ("min_disk", None),
            ("name", 5),
            ("status", "lost"),
            ("status", None),
            ("status", []),
            ("visibility", "PUBLIC"),
            ("protected", 1),
            ("created_at", "2011-04-15T12:32:43"),
            ("created_at", "0001-01-01T00:00:00+14:00"),
            ("created_at", "yesterday"),
            ("created_at", 5),
            ("properties", {"a": 1}),
            ("properties", []),
            ("tags", [None]),
            ("tags", {}),
            ("members", [{}]),
            ("members", [{**member, "can_share": None}]),
            ("locations", [{**location, "metadata": []}]),
            ("attempt", {}),
            ("doomed", None),
        ):
            with self.subTest(name=name, value=value):
                wrong = {**sent(IMAGE), name: value}
                error = self.assertRaises(Invalid, read_image, wrong)
                self.assertEqual(str(error).partition(":")[0], name)


class QueryTests(SynchronousTestCase):
    """
    Queries travel.
    """

    def test_round_trip(self):
        """
        A query arrives as it was.
        """
        self.assertEqual(read_query(sent(QUERY)), QUERY)
        query = Query(scope=EVERYTHING)
        self.assertEqual(read_query(sent(query)), query)

    def test_comparable(self):
        """
        Values of each attribute that conditions may be about travel as they
        are.
        """
        image = evolve(IMAGE, size=1, virtual_size=2)
        for attribute in COMPARABLE:
            value = getattr(image, attribute, "a key")
            condition = Condition(attribute, Operator.EQ, value)
            query = Query(scope=EVERYTHING, conditions=(condition,))
            self.assertEqual(read_query(sent(query)), query)

    def test_wrong(self):
        """
        A query that makes no sense is refused.
        """
        for name, value in (
            ("scope", {}),
            ("scope", None),
            ("conditions", [{}]),
            ("conditions", [{"attribute": "x", "operator": "eq", "value": 1}]),
            ("conditions", [{"attribute": "size", "operator": "like", "value": 1}]),
            ("conditions", [{"attribute": "size", "operator": "eq", "value": "1"}]),
            ("conditions", [{"attribute": "size", "operator": "in", "value": 1}]),
            ("conditions", [{"attribute": "tags", "operator": "eq", "value": []}]),
            ("properties", [["a"]]),
            ("properties", [["a", None]]),
            ("tags", ["a", 1]),
            ("deleted", "false"),
            ("order", [{"attribute": "checksum", "descending": True}]),
            ("order", [{"attribute": "name"}]),
            ("limit", -1),
            ("marker", 5),
        ):
            with self.subTest(name=name, value=value):
                wrong = {**sent(QUERY), name: value}
                error = self.assertRaises(Invalid, read_query, wrong)
                self.assertEqual(str(error).partition(":")[0], name)


class JSONTests(SynchronousTestCase):
    """
    JSON is written and read.
    """

    def test_time_zone(self):
        """
        A time arrives in UTC, wherever it comes from.
        """
        there = {**sent(IMAGE), "created_at": "2011-04-15T14:32:43.123456+02:00"}
        read = read_image(there).created_at
        self.assertEqual((read, read.tzinfo), (THEN, UTC))
        self.assertIsInstance(read, datetime)

    def test_not_json(self):
        """
        What isn't JSON is refused.
        """
        for data in (b"", b"{", b"\xff", b"NaN", b"[1,]"):
            self.assertRaises(Invalid, load, data)

    def test_not_writable(self):
        """
        A text that is no Unicode, or a number that is too big, is refused.
        """
        for value in ("\ud800", 2**64, {"a": {"b": "\udfff"}}, {"\ud800": 1}):
            self.assertRaises(Invalid, dump, value)

    def test_numbers(self):
        """
        Spans of time are finite and not negative; counts are whole.
        """
        self.assertEqual(read_seconds(0), 0.0)
        self.assertEqual(read_seconds(1.5), 1.5)
        for wrong in (-1, True, "1", None, float("inf"), float("nan")):
            self.assertRaises(Invalid, read_seconds, wrong)
            self.assertRaises(Invalid, read_whole, wrong)

    def test_fields(self):
        """
        A field that cannot be read is named.
        """
        error = self.assertRaises(Invalid, read_fields, {"a": -1}, {"a": read_whole})
        self.assertTrue(str(error).startswith("a: "))
