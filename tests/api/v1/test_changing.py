"""
Tests for what L{glance.api.v1.fields.Metadata} makes of images.
"""

from datetime import UTC, datetime

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from glance.api.v1.dialect import LAST
from glance.api.v1.fields import read
from glance.errors import Forbidden
from glance.image import Image, Visibility
from tests.api.assembly import NOBODY, member_of
from tests.api.v1.saying import headers

THEN = datetime(2011, 4, 15, 12, 32, 43, 123456, tzinfo=UTC)
IMAGE = Image(
    id="71c675ab-d94f-49cd-a114-e12490b328d9", created_at=THEN, updated_at=THEN
)
ID = IMAGE.id


class ChangeTests(SynchronousTestCase):
    """
    L{glance.api.v1.fields.Metadata} becomes part of an image.
    """

    def changed(self, image=IMAGE, context=NOBODY, purge=False, **named):
        return read(headers(**named), LAST).onto(image, context, purge=purge)

    def test_status_and_id(self):
        """
        Status and id cannot be changed, but may be said as they are.
        """
        same = self.changed(id=ID.upper(), status="queued")
        self.assertEqual(same, IMAGE)
        other = ID.replace("7", "8")
        for name, value in (("status", "active"), ("id", other)):
            raised = self.assertRaises(Forbidden, self.changed, **{name: value})
            self.assertEqual(str(raised), f"Forbidden to modify '{name}' of image.")

    def test_owner(self):
        """
        Only administrators change the owner; for others it means nothing.
        """
        self.assertEqual(self.changed(owner="b").owner, "b")
        own = evolve(IMAGE, owner="a")
        self.assertEqual(self.changed(own, member_of("a"), owner="b").owner, "a")

    def test_visibility(self):
        """
        What isn't public stays private, shared or community when it is said
        not to be public.
        """
        for visibility in Visibility:
            image = evolve(IMAGE, visibility=visibility)
            expected = visibility
            if visibility is Visibility.PUBLIC:
                expected = Visibility.SHARED
            with self.subTest(visibility):
                changed = self.changed(image, is_public="False")
                self.assertIs(changed.visibility, expected)
                changed = self.changed(image, is_public="True")
                self.assertIs(changed.visibility, Visibility.PUBLIC)
                self.assertIs(self.changed(image).visibility, visibility)

    def test_purge(self):
        """
        Properties that aren't named go or stay, as it is said.
        """
        image = evolve(IMAGE, properties={"a": "1", "b": "2"})
        kept = self.changed(image, **{"property-b": "3"})
        self.assertEqual(kept.properties, {"a": "1", "b": "3"})
        purged = self.changed(image, purge=True, **{"property-b": "3"})
        self.assertEqual(purged.properties, {"b": "3"})

    def test_spelling_of_properties(self):
        """
        A property whose name headers cannot spell keeps its name.
        """
        image = evolve(IMAGE, properties={"Hw-Type": "1"})
        for purge in (True, False):
            changed = self.changed(image, purge=purge, **{"property-hw-type": "2"})
            self.assertEqual(changed.properties, {"Hw-Type": "2"})

    def test_one_format(self):
        """
        One of Amazon's formats means both.
        """
        for one in ({"disk_format": "ami"}, {"container_format": "ami"}):
            with self.subTest(one):
                new = read(headers(**one), LAST).draft(NOBODY)
                self.assertEqual(new["disk_format"], "ami")
                self.assertEqual(new["container_format"], "ami")
                old = self.changed(**one)
                self.assertEqual(old.disk_format, "ami")
                self.assertEqual(old.container_format, "ami")

    def test_new(self):
        """
        A new image isn't public unless it is said to be.
        """
        self.assertIs(
            read(headers(), LAST).draft(NOBODY)["visibility"], Visibility.SHARED
        )
        self.assertIs(
            read(headers(is_public="True"), LAST).draft(NOBODY)["visibility"],
            Visibility.PUBLIC,
        )

    def test_owner_of_new(self):
        """
        Only administrators make images for others.
        """
        said = read(headers(owner="b"), LAST)
        self.assertEqual(said.draft(NOBODY)["owner"], "b")
        self.assertNotIn("owner", said.draft(member_of("a")))
