"""
Tests for L{glance.image}.
"""

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from glance.errors import BadTransition
from glance.image import Attempt, Image, Location, Status

THEN = datetime(2011, 4, 15, tzinfo=UTC)

ALLOWED = {
    ("queued", "saving"),
    ("queued", "active"),
    ("queued", "killed"),
    ("queued", "pending_delete"),
    ("saving", "queued"),
    ("saving", "active"),
    ("saving", "killed"),
    ("saving", "pending_delete"),
    ("active", "deactivated"),
    ("active", "pending_delete"),
    ("deactivated", "active"),
    ("deactivated", "pending_delete"),
    ("killed", "pending_delete"),
    ("pending_delete", "deleted"),
}


class TransitionTests(SynchronousTestCase):
    """
    An image goes through its states in order.
    """

    def image(self, status):
        return Image(
            id="6ba7b810-9dad-41d1-80b4-00c04fd430c8",
            status=status,
            created_at=THEN,
            updated_at=THEN,
        )

    def test_all_pairs(self):
        """
        Just the transitions that are meant to be possible are.
        """
        for old in Status:
            for new in Status:
                image = self.image(old)
                if (old.value, new.value) in ALLOWED:
                    self.assertEqual(image.becoming(new).status, new)
                else:
                    with self.assertRaises(BadTransition):
                        image.becoming(new)

    def test_other_changes(self):
        """
        A transition may come with other changes, and leaves the old image as it
        was.
        """
        old = self.image(Status.SAVING)
        new = old.becoming(Status.ACTIVE, size=3)
        self.assertEqual((new.status, new.size), (Status.ACTIVE, 3))
        self.assertEqual((old.status, old.size), (Status.SAVING, None))

    def test_upload_under_way(self):
        """
        While an upload is under way, the status changes only with its end.
        """
        location = Location(store="file", key="k")
        attempt = Attempt(
            id="1", instance="here", location=location, fallback=Status.QUEUED
        )
        saving = self.image(Status.QUEUED).becoming(Status.SAVING, attempt=attempt)
        for status in (Status.KILLED, Status.QUEUED, Status.PENDING_DELETE):
            with self.assertRaises(BadTransition):
                saving.becoming(status)
            self.assertIs(saving.becoming(status, attempt=None).status, status)

    def test_says_what_is(self):
        """
        The error says what the image is, and what it cannot become.
        """
        with self.assertRaises(BadTransition) as caught:
            self.image(Status.ACTIVE).becoming(Status.SAVING)
        self.assertIn("is active", str(caught.exception))
        self.assertIn("become saving", str(caught.exception))
