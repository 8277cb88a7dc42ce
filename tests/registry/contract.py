"""
What every L{IRegistry} does.

A test case of a registry inherits L{RegistryContract}, defines
C{make_registry} (and, where its time is not C{self.clock}'s, C{wait}), and is
a L{SynchronousTestCase}.  Where a L{Deferred} takes more than a call to come,
it defines C{outcome} as well.
"""

from datetime import datetime, timedelta

from attrs import evolve
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from glance.errors import (
    ImageChanged,
    ImageExists,
    ImageNotFound,
    InvalidImage,
)
from glance.image import (
    Location,
    Status,
)
from glance.interfaces import IRegistry
from glance.query import EVERYTHING, Query
from tests.registry.finding import FindingContract
from tests.registry.images import NOON, WHOLE, image, member
from tests.registry.quotas import QuotaContract
from tests.registry.settling import SettlingContract


class RegistryContract(FindingContract, SettlingContract, QuotaContract):
    """
    What every L{IRegistry} does.
    """

    lease = 30
    """How many seconds leases of these tests last."""

    def setUp(self):
        super().setUp()
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.registry = self.make_registry()

    def make_registry(self):
        """
        Make a registry that knows no image, and whose time is C{self.clock}'s.
        """
        raise NotImplementedError

    def wait(self, seconds):
        """
        Let time pass for the registry.
        """
        self.clock.advance(seconds)

    def outcome(self, deferred):
        """
        Wait for a L{Deferred}, and get what it fires with; its failure is
        raised.
        """
        results = []
        deferred.addBoth(results.append)
        self.assertTrue(results, "the Deferred has not fired")
        if hasattr(results[0], "raiseException"):
            results[0].raiseException()
        return results[0]

    def created(self, *images):
        """
        Have the registry keep images.
        """
        return [self.outcome(self.registry.create(each)) for each in images]

    def got(self, image_id):
        """
        Get an image that is there.
        """
        return self.outcome(self.registry.get(image_id))

    def refused(self, reason, deferred):
        """
        See that something fails for a reason.
        """
        return self.assertRaises(reason, self.outcome, deferred)

    def test_interface(self):
        """
        It provides L{IRegistry}.
        """
        verifyObject(IRegistry, self.registry)

    def test_whole(self):
        """
        All attributes of an image come back as they were, to the microsecond
        and the last character.
        """
        (kept,) = self.created(WHOLE)
        self.assertEqual(self.got(WHOLE.id), kept)
        self.assertEqual(evolve(kept, revision=WHOLE.revision), WHOLE)

    def test_bare(self):
        """
        What an image does not have, it does not have when it comes back.
        """
        (kept,) = self.created(image(1))
        self.assertEqual(self.got(kept.id), kept)
        self.assertEqual(evolve(kept, revision=0), image(1))

    def test_zone(self):
        """
        A time in another zone comes back as the same time.
        """
        east = datetime.fromisoformat("2011-04-15T01:00:00+02:00")
        self.created(image(1, created_at=east, members=(member("m", created_at=east),)))
        kept = self.got(image(1).id)
        self.assertEqual(kept.created_at, east)
        self.assertEqual(kept.created_at.utcoffset(), timedelta(0))
        self.assertEqual(kept.members[0].created_at, east)

    def test_taken(self):
        """
        An id is given to one image only.
        """
        self.created(image(1, name="first"))
        self.refused(ImageExists, self.registry.create(image(1, name="second")))
        self.assertEqual(self.got(image(1).id).name, "first")

    def test_never_again(self):
        """
        The id of an image that was deleted, and even purged, stays taken.
        """
        gone = image(1, status=Status.DELETED, deleted_at=NOON)
        self.created(gone)
        self.refused(ImageExists, self.registry.create(image(1)))
        self.assertEqual(
            self.outcome(self.registry.purge(NOON + timedelta(days=1), 10)), 1
        )
        self.refused(ImageExists, self.registry.create(image(1)))
        self.refused(ImageNotFound, self.registry.get(gone.id))

    def test_killed(self):
        """
        What was killed is forgotten as well, unless some of its data is left.
        """
        killed = image(1, status=Status.KILLED)
        left = image(
            2, status=Status.KILLED, doomed=(Location(store="file", key="data"),)
        )
        for one in (killed, left, image(3)):
            self.created(one)
        self.assertEqual(self.outcome(self.registry.purge(killed.updated_at, 10)), 0)
        later = NOON + timedelta(days=1)
        self.assertEqual(self.outcome(self.registry.purge(later, 10)), 1)
        self.refused(ImageNotFound, self.registry.get(killed.id))
        self.refused(ImageExists, self.registry.create(image(1)))
        self.assertEqual(self.got(left.id), left)

    def test_unknown(self):
        """
        An image that is not there is not found, whatever its id looks like.
        """
        for strange in (image(1).id, "", "\0", "\ud800", "x" * 100):
            self.refused(ImageNotFound, self.registry.get(strange))

    def test_deleted(self):
        """
        A deleted image is still found by its id.
        """
        (gone,) = self.created(image(1, status=Status.DELETED, deleted_at=NOON))
        self.assertEqual(self.got(gone.id), gone)

    def test_unstorable(self):
        """
        What does not fit into a database is refused as such, and not kept.
        """
        for attributes in (
            {"name": "a\0b"},
            {"name": "\ud800"},
            {"name": "x" * 256},
            {"owner": "x" * 256},
            {"checksum": "x" * 33},
            {"size": 1 << 63},
            {"size": -1},
            {"min_disk": 1 << 31},
            {"properties": {"n\0": "v"}},
            {"properties": {"n": "v\0"}},
            {"properties": {"n": "\ud800"}},
            {"properties": {"n" * 256: "v"}},
            {"properties": {"n": "\xe9" * 32_768}},
            {"tags": frozenset({"\0"})},
            {"tags": frozenset({"x" * 256})},
            {"members": (member("\0"),)},
            {"members": (member("x" * 256),)},
            {"members": (member("twice"), member("twice", can_share=True))},
            {"locations": (Location(store="file", key="a\0"),)},
            {"locations": (Location(store="s", key="k", metadata={"n": 1 << 70}),)},
        ):
            self.refused(InvalidImage, self.registry.create(image(1, **attributes)))
        self.refused(ImageNotFound, self.registry.get(image(1).id))

    def test_unstorable_change(self):
        """
        What does not fit is refused in a change too, and changes nothing.
        """
        (old,) = self.created(image(1, tags=frozenset({"a"})))
        for changes in ({"name": "\0"}, {"tags": frozenset({"b", "x" * 256})}):
            changed = evolve(old, **changes)
            self.refused(InvalidImage, self.registry.replace(old, changed))
        self.assertEqual(self.got(old.id), old)

    def test_replace(self):
        """
        An image takes the place of what it was, all of it, and back again.
        """
        (bare,) = self.created(image(1))
        whole = self.outcome(self.registry.replace(bare, evolve(WHOLE, revision=7)))
        self.assertEqual(self.got(bare.id), whole)
        self.assertEqual(evolve(whole, revision=0), WHOLE)
        again = self.outcome(self.registry.replace(whole, image(1)))
        self.assertEqual(self.got(bare.id), again)
        self.assertEqual(evolve(again, revision=0), image(1))
        self.assertEqual(len({bare.revision, whole.revision, again.revision}), 3)

    def test_replace_parts(self):
        """
        Some properties, tags, members and locations change, and others stay.
        """
        (old,) = self.created(WHOLE)
        kept = old.members[1]
        changed = evolve(
            old,
            properties={**old.properties, "Type": "x", "new": "y", "nothing": "z"},
            tags=(old.tags | {"new"}) - {"A"},
            members=(evolve(kept, can_share=True), member("third")),
            locations=old.locations[1:],
        )
        new = self.outcome(self.registry.replace(old, changed))
        self.assertEqual(self.got(old.id), new)
        self.assertEqual(evolve(new, revision=0), evolve(changed, revision=0))
        tagged = Query(scope=EVERYTHING, hidden=None, tags=("A",))
        self.assertEqual(self.outcome(self.registry.find(tagged)), [])
        by_property = evolve(tagged, tags=("new",), properties=(("Type", "x"),))
        self.assertEqual(self.outcome(self.registry.find(by_property)), [new])

    def test_replace_same(self):
        """
        A change of nothing counts as one.
        """
        (old,) = self.created(image(1))
        new = self.outcome(self.registry.replace(old, old))
        self.assertGreater(new.revision, old.revision)
        self.refused(ImageChanged, self.registry.replace(old, old))

    def test_lost_race(self):
        """
        Of all that change one revision of an image, one wins, and the others
        change nothing.
        """
        (old,) = self.created(image(1))
        won = self.outcome(self.registry.replace(old, evolve(old, name="first")))
        late = evolve(old, name="late", tags=frozenset({"late"}))
        self.refused(ImageChanged, self.registry.replace(old, late))
        self.assertEqual(self.got(old.id), won)

    def test_same_status_later(self):
        """
        An image that was changed and changed back is another than it was.
        """
        (old,) = self.created(image(1))
        saving = evolve(old, status=Status.SAVING)
        back = self.outcome(self.registry.replace(old, saving))
        self.outcome(self.registry.replace(back, evolve(old, revision=99)))
        self.refused(ImageChanged, self.registry.replace(old, saving))

    def test_replace_unknown(self):
        """
        An image that isn't there cannot be changed.
        """
        self.refused(ImageNotFound, self.registry.replace(image(1), image(1)))

    def test_check(self):
        """
        A registry that works says so.
        """
        self.assertIsNone(self.outcome(self.registry.check()))
