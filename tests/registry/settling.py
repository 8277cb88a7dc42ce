"""
What every L{IRegistry} knows of images that are to be settled, or forgotten.
"""

from datetime import timedelta

from attrs import evolve

from glance.errors import ImagesWaiting
from glance.image import Location, Status
from glance.query import EVERYTHING, Query
from tests.registry.images import NOON, attempt, image


class SettlingContract:
    """
    What every L{IRegistry} knows of images that are to be settled, or
    forgotten.  Inherited by C{RegistryContract}.
    """

    def unsettled(self, limit=10, after=None):
        """
        Get the ids of the images that need settling.
        """
        images = self.outcome(self.registry.unsettled(limit, after))
        return [each.id for each in images]

    def test_lease(self):
        """
        An upload needs settling once nobody has said for long enough that its
        process lives.
        """
        (saving,) = self.created(
            image(1, status=Status.SAVING, attempt=attempt("process-1"))
        )
        self.assertEqual(self.unsettled(), [saving.id])
        self.outcome(self.registry.renew("process-1", self.lease))
        self.outcome(self.registry.renew("process-2", self.lease))
        self.assertEqual(self.unsettled(), [])
        self.wait(self.lease * 0.6)
        self.outcome(self.registry.renew("process-1", self.lease))
        self.wait(self.lease * 0.6)
        self.assertEqual(self.unsettled(), [])
        self.wait(self.lease * 0.6)
        self.outcome(self.registry.renew("process-2", self.lease))
        self.assertEqual(self.unsettled(), [saving.id])
        self.outcome(self.registry.renew("process-1", self.lease))
        self.assertEqual(self.unsettled(), [])

    def test_lease_ends(self):
        """
        A process that goes ends its lease.
        """
        (saving,) = self.created(
            image(1, status=Status.SAVING, attempt=attempt("process-1"))
        )
        self.outcome(self.registry.renew("process-1", self.lease))
        self.outcome(self.registry.renew("process-1", 0))
        self.outcome(self.registry.renew("process-1", 0))
        self.assertEqual(self.unsettled(), [saving.id])

    def test_unsettled(self):
        """
        Images that were deleted, or have data of failed attempts, need
        settling until all their data is gone; each is named once.
        """
        doomed = (Location(store="file", key="x"),)
        self.outcome(self.registry.renew("alive", self.lease))
        self.created(
            image(1),
            image(2, status=Status.PENDING_DELETE, doomed=doomed),
            image(3, doomed=doomed),
            image(4, status=Status.ACTIVE),
            image(5, status=Status.DELETED),
            image(6, status=Status.DELETED, doomed=doomed),
            image(7, status=Status.SAVING, attempt=attempt("dead")),
            image(8, status=Status.SAVING, attempt=attempt("alive")),
            image(9, status=Status.SAVING),
        )
        ids = [image(n).id for n in (2, 3, 6, 7, 9)]
        self.assertEqual(self.unsettled(), ids)
        self.assertEqual(self.unsettled(limit=2), ids[:2])
        self.assertEqual(self.unsettled(limit=2, after=ids[1]), ids[2:4])
        self.assertEqual(self.unsettled(after=ids[-1]), [])
        (third,) = (x for x in [self.got(ids[1])] if x.doomed)
        self.outcome(self.registry.replace(third, evolve(third, doomed=())))
        self.assertEqual(self.unsettled(), [ids[0], *ids[2:]])

    def test_purge(self):
        """
        Images that were deleted before a time are forgotten, a number of them
        at a time.
        """
        self.created(
            image(1, status=Status.DELETED, deleted_at=NOON),
            image(2, status=Status.DELETED, deleted_at=NOON, tags=frozenset({"a"})),
            image(3, status=Status.DELETED, deleted_at=NOON, properties={"a": "b"}),
            image(4, status=Status.DELETED, deleted_at=NOON + timedelta(days=2)),
            image(5, status=Status.ACTIVE),
        )
        then = NOON + timedelta(days=1)
        self.assertEqual(self.outcome(self.registry.purge(NOON, 10)), 0)
        self.assertEqual(self.outcome(self.registry.purge(then, 2)), 2)
        self.assertEqual(self.outcome(self.registry.purge(then, 2)), 1)
        self.assertEqual(self.outcome(self.registry.purge(then, 2)), 0)
        everything = Query(scope=EVERYTHING, deleted=None)
        left = self.outcome(self.registry.find(everything))
        self.assertEqual([each.id for each in left], [image(5).id, image(4).id])

    def test_purge_waits(self):
        """
        As long as data of images of that time is still there, none of them is
        forgotten.
        """
        done = image(1, status=Status.DELETED, deleted_at=NOON)
        self.created(done, image(3, doomed=(Location(store="file", key="x"),)))
        for number, attributes in (
            (4, {"status": Status.PENDING_DELETE}),
            (
                5,
                {
                    "status": Status.DELETED,
                    "doomed": (Location(store="file", key="x"),),
                },
            ),
        ):
            (late,) = self.created(image(number, deleted_at=NOON, **attributes))
            then = NOON + timedelta(seconds=1)
            self.refused(ImagesWaiting, self.registry.purge(then, 1))
            settled = evolve(late, status=Status.DELETED, doomed=())
            self.outcome(self.registry.replace(late, settled))
        self.assertEqual(self.outcome(self.registry.purge(then, 10)), 3)
