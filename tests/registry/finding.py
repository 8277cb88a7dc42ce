"""
What every L{IRegistry} finds.
"""

from datetime import timedelta
from random import Random
from uuid import UUID

from attrs import evolve

from glance.errors import Invalid, MarkerNotFound
from glance.image import Consent, Image, Location, Member, Status, Visibility
from glance.query import (
    EVERYTHING,
    SORTABLE,
    Condition,
    Operator,
    Order,
    Query,
    Scope,
)
from glance.registry import leads
from tests.registry.images import NOON
from tests.registry.model import found

NAMES = (None, "", "a", "A", "a ", "b", "\xe9", "z", "\N{GRINNING FACE}", "\uffee")
"""
Names that a careless database takes for one another, or sorts as it likes.
"""

VALUES = {
    "name": NAMES,
    "status": tuple(Status),
    "visibility": tuple(Visibility),
    "owner": (None, "own", "OWN", "other"),
    "disk_format": (None, "raw", "qcow2"),
    "container_format": (None, "bare"),
    "size": (None, 0, 1, 1 << 40),
    "virtual_size": (None, 0, 5),
    "checksum": (None, "c", "d"),
    "os_hash_algo": (None, "sha256", "sha512"),
    "os_hash_value": (None, "e"),
    "min_disk": (0, 1),
    "min_ram": (0, 512),
    "protected": (False, True),
    "created_at": tuple(NOON + timedelta(microseconds=n) for n in range(4)),
    "updated_at": tuple(NOON + timedelta(microseconds=n) for n in range(9)),
}
"""
What attributes may be in these tests.
"""

FEW = (0, 5, 20, 1000)
"""
How many of the images of these tests may be few.
"""


def any_image(random, number):
    """
    Make an image of chance.
    """
    attributes = {name: random.choice(values) for name, values in VALUES.items()}
    members = tuple(
        Member(
            id=each,
            status=random.choice(list(Consent)),
            created_at=NOON,
            updated_at=NOON,
        )
        for each in random.sample(["me", "ME", "you"], random.randrange(3))
    )
    return Image(
        id=str(UUID(int=random.getrandbits(100) << 8 | number)),
        os_hidden=random.random() < 0.2,
        members=members,
        tags=frozenset(random.sample(["x", "X", "y"], random.randrange(4))),
        properties={
            name: random.choice(["v", "V", "v ", "", None])
            for name in random.sample(["p", "P", "q"], random.randrange(4))
        },
        **attributes,
    )


def any_condition(random, ids):
    """
    Make a condition of chance.
    """
    attribute = random.choice([*VALUES, "id"])
    values = VALUES.get(attribute, ids)
    operator = random.choice(list(Operator))
    if operator is Operator.IN:
        chosen = random.sample(values, random.randrange(len(values)))
        return Condition(attribute, operator, tuple(chosen))
    if operator not in (Operator.EQ, Operator.NE):
        values = [value for value in values if value is not None]
    return Condition(attribute, operator, random.choice(values))


def any_scope(random):
    """
    Make a scope of chance.
    """
    return Scope(
        everything=random.random() < 0.3,
        visibilities=frozenset(random.sample(list(Visibility), random.randrange(3))),
        owner=random.choice([None, "own"]),
        member=random.choice([None, "me"]),
        consents=frozenset(random.sample(list(Consent), random.randrange(4))),
    )


def any_query(random, ids):
    """
    Make a query of chance, without a page.
    """
    some = random.sample(sorted(SORTABLE), random.randrange(4))
    few = random.choice([0, 0, 1])
    return Query(
        scope=any_scope(random),
        conditions=tuple(
            any_condition(random, ids) for _ in range(random.randrange(3) * few)
        ),
        properties=(("p", random.choice(["v", ""])),) * random.choice([0, 0, few]),
        tags=tuple(random.sample(["x", "y"], random.randrange(3) * few)),
        deleted=random.choice([False, False, None, True]),
        hidden=random.choice([False, None, True]),
        order=tuple(Order(each, random.random() < 0.5) for each in some),
    )


class FindingContract:
    """
    What every L{IRegistry} finds.  Inherited by C{RegistryContract}.
    """

    def find(self, **attributes):
        """
        List images.
        """
        query = Query(**({"scope": EVERYTHING} | attributes))
        return list(self.outcome(self.registry.find(query)))

    def named(self, *images):
        """
        Have the registry keep images, which differ by what is given; get them.
        """
        return self.created(
            *(
                Image(
                    **{
                        "id": str(UUID(int=number)),
                        "created_at": NOON,
                        "updated_at": NOON,
                        **attributes,
                    }
                )
                for number, attributes in enumerate(images)
            )
        )

    def test_nothing(self):
        """
        Where there are no images, none are found.
        """
        self.assertEqual(self.find(), [])
        self.assertEqual(self.find(scope=Scope(owner="a", member="a")), [])

    def test_whoever(self):
        """
        All queries of chance, whole and page by page, in whatever order, find
        what they mean; whether few images are looked up or many are walked
        along, and how many are few.
        """
        random = Random(20110415)
        images = self.created(*(any_image(random, n) for n in range(60)))
        ids = [image.id for image in images]
        for _ in range(150):
            query = any_query(random, ids)
            wanted = found(images, query)
            self.call_few(random.choice(FEW))
            self.assertEqual(self.find_all(query, None), wanted, query)
            page = random.choice([1, 2, 7])
            self.assertEqual(self.find_all(query, page), wanted, query)

    def call_few(self, number):
        """
        Have the registry look up so many images at the most.
        """
        self.patch(leads, "FEW", number)
        self.patch(leads, "FEW_OF_ALL", number)
        self.patch(leads, "FEW_OF_PAGE", 0)

    def find_all(self, query, page):
        """
        List images, some at a time.
        """
        images = []
        while True:
            marker = images[-1].id if images else None
            query = evolve(query, limit=page, marker=marker)
            more = self.outcome(self.registry.find(query))
            if page is not None:
                self.assertLessEqual(len(more), page)
            images.extend(more)
            if page is None or not more:
                return images

    def test_no_limit(self):
        """
        A limit of zero gives none, and no limit all.
        """
        images = self.named(*({} for _ in range(5)))
        self.assertEqual(self.find(limit=0), [])
        self.assertEqual(self.find(limit=None), images[::-1])

    def test_newest_first(self):
        """
        Unless asked otherwise, the newest comes first, and of two as new the
        one of the greater id.
        """
        old, new, also = self.named(
            {}, *({"created_at": NOON + timedelta(microseconds=1)} for _ in range(2))
        )
        self.assertEqual(self.find(), [also, new, old])

    def test_exactly(self):
        """
        Neither case nor spaces at the end nor accents are taken for nothing.
        """
        images = self.named(*({"name": name, "owner": name} for name in NAMES))
        for name, image in zip(NAMES, images, strict=True):
            same = (Condition("name", Operator.EQ, name),)
            self.assertEqual(self.find(conditions=same), [image])
            if name is not None:
                self.assertEqual(self.find(scope=Scope(owner=name)), [image])

    def test_location(self):
        """
        Images are found by the very key of a location, any of them, also where they
        are deleted and their data isn't.
        """
        first, second, third = (
            Location(store="file", key=key) for key in ("b/1", "b/2", "b/10")
        )
        both, gone, _ = self.named(
            {"locations": (first, second)},
            {"locations": (first,), "status": Status.PENDING_DELETE},
            {"locations": (third,)},
        )
        for key, images in (("b/1", {both.id, gone.id}), ("b/2", {both.id}), ("b", ())):
            same = (Condition("location", Operator.EQ, key),)
            found = self.find(conditions=same, deleted=None)
            self.assertEqual({image.id for image in found}, set(images))

    def test_code_points(self):
        """
        Text sorts by code points, and what has none first.
        """
        self.named(*({"name": name} for name in NAMES))
        self.assertEqual(
            [image.name for image in self.find(order=(Order("name", False),))],
            sorted(NAMES, key=lambda name: name or ""),
        )

    def test_own_and_public_once(self):
        """
        An image that is in a list for several reasons is there once.
        """
        me = Member(id="me", status=Consent.ACCEPTED, created_at=NOON, updated_at=NOON)
        images = self.named(
            {"visibility": Visibility.PUBLIC, "owner": "me", "members": (me,)},
            {"visibility": Visibility.SHARED, "owner": "me", "members": (me,)},
        )
        scope = Scope(
            visibilities=frozenset({Visibility.PUBLIC, Visibility.SHARED}),
            owner="me",
            member="me",
        )
        self.assertEqual(self.find(scope=scope), images[::-1])

    def test_deleted_or_not(self):
        """
        Deleted images are found where they are meant, by whatever they are
        looked up.
        """
        same = {"tags": frozenset("a"), "checksum": "c", "properties": {"p": "v"}}
        kept, gone = self.named(same, {**same, "status": Status.DELETED})
        for filters in (
            {"tags": ("a",)},
            {"properties": (("p", "v"),)},
            {"conditions": (Condition("checksum", Operator.EQ, "c"),)},
            {"conditions": (Condition("id", Operator.IN, (kept.id, gone.id)),)},
        ):
            self.assertEqual(self.find(**filters), [kept])
            self.assertEqual(self.find(deleted=True, **filters), [gone])
            self.assertEqual(self.find(deleted=None, **filters), [gone, kept])

    def test_two_reasons(self):
        """
        An image that a condition names twice is there once.
        """
        images = self.named({"name": "a"}, {"name": "b"})
        for wanted in (("a", "a", "b"), ("b", None, "a", "b")):
            conditions = (Condition("name", Operator.IN, wanted),)
            for number in FEW:
                self.call_few(number)
                self.assertEqual(self.find(conditions=conditions), images[::-1])
                by_name = {"conditions": conditions, "order": (Order("name", False),)}
                self.assertEqual(self.find(**by_name), images)

    def test_long_property(self):
        """
        Property values are compared to their last character.
        """
        one, _ = self.named(
            {"properties": {"p": "x" * 20_000 + "1"}},
            {"properties": {"p": "x" * 20_000 + "2"}},
        )
        wanted = (("p", "x" * 20_000 + "1"),)
        self.assertEqual(self.find(properties=wanted), [one])

    def test_marker(self):
        """
        A marker has to be the id of an image within the scope, deleted only
        where deleted ones are meant.
        """
        own, other, gone = self.named(
            {"owner": "me"},
            {"owner": "other"},
            {"owner": "me", "status": Status.DELETED},
        )
        scope = Scope(owner="me")
        self.assertEqual(self.find(scope=scope, marker=own.id), [])
        self.assertEqual(self.find(scope=scope, marker=gone.id, deleted=None), [own])
        for marker in (other.id, gone.id, str(UUID(int=99)), "\0", "", "x" * 99):
            query = Query(scope=scope, marker=marker)
            self.refused(MarkerNotFound, self.registry.find(query))

    def test_marker_that_changed(self):
        """
        A list goes on after a marker that does not meet its conditions any
        more.
        """
        images = self.named({"name": "a"}, {"name": "b"}, {"name": "a"})
        same = (Condition("name", Operator.EQ, "a"),)
        self.assertEqual(self.find(conditions=same, marker=images[1].id), [images[0]])

    def test_senseless(self):
        """
        A query that no image could meet is refused as such, before anything is
        looked up.
        """
        for attributes in (
            {"conditions": (Condition("colour", Operator.EQ, "red"),)},
            {"conditions": (Condition("name", Operator.EQ, "\0"),)},
            {"conditions": (Condition("name", Operator.IN, ("a", "\ud800")),)},
            {"conditions": (Condition("size", Operator.GE, 1 << 64),)},
            {"conditions": (Condition("location", Operator.NE, "key"),)},
            {"conditions": (Condition("location", Operator.EQ, "\0"),)},
            {"conditions": (Condition("min_ram", Operator.EQ, 1 << 31),)},
            {"conditions": (Condition("size", Operator.GE, None),)},
            {"order": (Order("colour"),)},
            {"properties": (("n\0", "v"),)},
            {"properties": (("n", "\0"),)},
            {"tags": ("\0",)},
            {"scope": Scope(owner="\0")},
            {"scope": Scope(member="\0")},
        ):
            query = Query(**({"scope": EVERYTHING} | attributes))
            self.refused(Invalid, self.registry.find(query))
