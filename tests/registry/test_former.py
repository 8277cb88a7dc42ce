"""
Tests for L{glance.registry.former}.
"""

from datetime import UTC, datetime
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.image import Consent, Member, Status, Visibility
from glance.registry.engine import DatabaseUnusable
from glance.registry.former import PAGE, FormerDatabase, new_id
from tests.registry.older import CACTUS, LATER, OlderDatabase

SEVEN = "00000000-0000-0000-0000-000000000007"
ID = "71c675ab-d94f-49cd-a114-e12490b328d9"
SINCE = datetime(2012, 3, 4, 5, 6, 7, 8, tzinfo=UTC)
SECRET = "swift://account:user:sEcrEt@swift.example/v1/glance/7"


class FormerTests(SynchronousTestCase):
    """
    What older Glances know is read as ours.
    """

    def open(self, tables):
        """
        Make a database with such tables.
        """
        path = Path(self.mktemp())
        path.parent.mkdir(parents=True, exist_ok=True)
        return OlderDatabase(path.absolute(), tables)

    def read(self, database):
        """
        Get all images of a database.
        """
        return [former for _, former in FormerDatabase(database.url).page()]

    def test_cactus(self):
        """
        Images that are numbered get UUIDs, and so do those that they refer to.
        """
        database = self.open(CACTUS)
        database.add(
            "images",
            id=7,
            name="old",
            disk_format="ami",
            container_format="ami",
            size=5,
            status="active",
            is_public=1,
            location=SECRET,
            checksum="c" * 32,
        )
        for number, name, value, deleted in (
            (1, "kernel_id", "8", 0),
            (2, "type", "machine", 0),
            (3, "gone", "x", 1),
        ):
            database.add(
                "image_properties",
                id=number,
                image_id=7,
                name=name,
                value=value,
                deleted=deleted,
            )
        [former] = self.read(database)
        image = former.image
        self.assertEqual((image.id, image.name, image.size), (SEVEN, "old", 5))
        self.assertEqual(image.status, Status.ACTIVE)
        self.assertEqual(image.visibility, Visibility.PUBLIC)
        self.assertEqual((image.created_at, image.updated_at), (SINCE, SINCE))
        self.assertEqual(
            image.properties, {"kernel_id": SEVEN[:-1] + "8", "type": "machine"}
        )
        self.assertEqual([at.uri for at in former.locations], [SECRET])
        self.assertNotIn("sEcrEt", repr(former))

    def test_later(self):
        """
        All that later ones know is known.
        """
        database = self.open(LATER)
        database.add(
            "images",
            id=ID.upper(),
            name=None,
            disk_format="qcow2",
            container_format="bare",
            size=5,
            virtual_size=50,
            status="deactivated",
            visibility="community",
            checksum="c" * 32,
            os_hash_algo="sha512",
            os_hash_value="d" * 128,
            os_hidden=1,
            owner="me",
            min_disk=1,
            min_ram=2,
            protected=1,
        )
        row = {"image_id": ID.upper()}
        database.add("image_tags", id=1, value="lts", **row)
        database.add("image_tags", id=2, value="gone", deleted=1, **row)
        database.add(
            "image_members", id=1, member="you", can_share=1, status="rejected", **row
        )
        for number, value, metadata, status in (
            (1, "file:///srv/fast/x", '{"store": "fast"}', "active"),
            (2, "file:///srv/slow/x", '{"backend": "slow"}', "active"),
            (3, "file:///srv/x", "(dp0\n.", "active"),
            (4, "file:///srv/gone/x", None, "deleted"),
        ):
            database.add(
                "image_locations",
                id=number,
                value=value,
                meta_data=metadata,
                status=status,
                **row,
            )
        [former] = self.read(database)
        image = former.image
        self.assertEqual(image.id, ID)
        self.assertEqual(image.status, Status.DEACTIVATED)
        self.assertEqual(image.visibility, Visibility.COMMUNITY)
        self.assertEqual((image.size, image.virtual_size), (5, 50))
        self.assertEqual((image.os_hash_algo, image.os_hash_value[0]), ("sha512", "d"))
        self.assertEqual((image.min_disk, image.min_ram, image.owner), (1, 2, "me"))
        self.assertTrue(image.protected and image.os_hidden)
        self.assertEqual(image.tags, frozenset({"lts"}))
        member = Member(
            id="you",
            status=Consent.REJECTED,
            can_share=True,
            created_at=SINCE,
            updated_at=SINCE,
        )
        self.assertEqual(image.members, (member,))
        self.assertEqual(
            [(at.uri, at.store) for at in former.locations],
            [
                ("file:///srv/fast/x", "fast"),
                ("file:///srv/slow/x", "slow"),
                ("file:///srv/x", None),
            ],
        )

    def test_statuses(self):
        """
        What was on its way waits for its data again; what is deleted is.
        """
        database = self.open(CACTUS)
        for number, status, deleted in (
            (1, "saving", 0),
            (2, "importing", 0),
            (3, "active", 1),
            (4, "pending_delete", 1),
            (5, "killed", 0),
        ):
            database.add(
                "images", id=number, status=status, is_public=0, deleted=deleted
            )
        self.assertEqual(
            [former.image.status for former in self.read(database)],
            [
                Status.QUEUED,
                Status.QUEUED,
                Status.DELETED,
                Status.PENDING_DELETE,
                Status.KILLED,
            ],
        )

    def test_pages(self):
        """
        All are found, page by page.
        """
        database = self.open(CACTUS)
        for number in range(PAGE + 5):
            database.add("images", id=number + 1, status="queued", is_public=0)
        former = FormerDatabase(database.url)
        first = former.page()
        self.assertEqual(len(first), PAGE)
        rest = former.page(first[-1][0])
        self.assertEqual(len(rest), 5)
        self.assertEqual(rest[-1][1].image.id, new_id(PAGE + 5))
        self.assertEqual(former.page(rest[-1][0]), [])

    def test_others(self):
        """
        Other databases are refused.
        """
        empty = self.open("CREATE TABLE things (id INTEGER);")
        self.assertRaises(DatabaseUnusable, FormerDatabase, empty.url)
        ours = self.open("CREATE TABLE images (id TEXT, status TEXT, revision INT);")
        error = self.assertRaises(DatabaseUnusable, FormerDatabase, ours.url)
        self.assertIn("this very Glance", str(error))
        self.assertRaises(DatabaseUnusable, FormerDatabase, "sqlite:////nowhere/x")
