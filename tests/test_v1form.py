"""
Tests for L{glance.v1form}.
"""

from datetime import UTC, datetime, timedelta, timezone

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from glance.image import Image, Location, Member, Status, Visibility
from glance.v1form import brief, full, is_public, members, timestamp, visibility

THEN = datetime(2011, 4, 15, 12, 32, 43, 123456, tzinfo=UTC)

IMAGE = Image(
    id="71c675ab-d94f-49cd-a114-e12490b328d9",
    name="a",
    created_at=THEN,
    updated_at=THEN,
    properties={"b": "c", "d": None},
    locations=(Location(store="file", key="a-key"),),
    members=(Member(id="m", can_share=True, created_at=THEN, updated_at=THEN),),
)


class TimestampTests(SynchronousTestCase):
    """
    L{timestamp} writes times.
    """

    def test_microseconds(self):
        """
        Microseconds are written, also where there are none.
        """
        self.assertEqual(timestamp(THEN), "2011-04-15T12:32:43.123456")
        whole = THEN.replace(microsecond=0)
        self.assertEqual(timestamp(whole), "2011-04-15T12:32:43.000000")

    def test_zone(self):
        """
        A time of another zone is written as UTC.
        """
        there = THEN.astimezone(timezone(timedelta(hours=2)))
        self.assertEqual(timestamp(there), "2011-04-15T12:32:43.123456")

    def test_none(self):
        """
        No time is null.
        """
        self.assertIsNone(timestamp(None))


class FormTests(SynchronousTestCase):
    """
    L{brief} and L{full} describe images.
    """

    def test_brief(self):
        """
        A list has six fields of an image.
        """
        names = "id name disk_format container_format size checksum"
        self.assertEqual(set(brief(IMAGE)), set(names.split()))

    def test_full(self):
        """
        The last v1 has the later fields, and no location.
        """
        described = full(IMAGE)
        self.assertEqual(described["properties"], {"b": "c", "d": None})
        for name in ("owner", "min_disk", "min_ram", "protected", "virtual_size"):
            self.assertIn(name, described)
        self.assertNotIn("location", described)

    def test_cactus(self):
        """
        Cactus has a location, which is never told.
        """
        self.assertEqual(full(IMAGE, cactus=True)["location"], None)
        self.assertNotIn("a-key", str(full(IMAGE, cactus=True)))

    def test_size(self):
        """
        An unknown size is 0.
        """
        self.assertEqual(brief(IMAGE)["size"], 0)
        self.assertEqual(full(evolve(IMAGE, size=5))["size"], 5)

    def test_deleted(self):
        """
        An image is deleted as soon as its data waits for its deletion.
        """
        self.assertIs(full(IMAGE)["deleted"], False)
        for status in (Status.PENDING_DELETE, Status.DELETED):
            self.assertIs(full(evolve(IMAGE, status=status))["deleted"], True)

    def test_members(self):
        """
        Members are told with whether they may share.
        """
        self.assertEqual(members(IMAGE), [{"member_id": "m", "can_share": True}])


class VisibilityTests(SynchronousTestCase):
    """
    v1 knows public images and others.
    """

    def test_public(self):
        """
        Only public images are public, and become so when v1 says so.
        """
        for now in Visibility:
            public = is_public(evolve(IMAGE, visibility=now))
            self.assertEqual(public, now is Visibility.PUBLIC)
            self.assertIs(visibility(True, now), Visibility.PUBLIC)

    def test_not_public(self):
        """
        An image that isn't public keeps how it isn't; one that was, and one
        that is new, is shared.
        """
        self.assertIs(visibility(False), Visibility.SHARED)
        self.assertIs(visibility(False, Visibility.PUBLIC), Visibility.SHARED)
        for now in (Visibility.PRIVATE, Visibility.SHARED, Visibility.COMMUNITY):
            self.assertIs(visibility(False, now), now)
