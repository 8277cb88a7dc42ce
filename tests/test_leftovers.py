"""
Tests for L{glance.leftovers}.
"""

from attrs import evolve
from twisted.internet.defer import succeed

from glance.image import Location, Status
from glance.settling import LEFTOVERS
from glance.stores.memory import MemoryStore
from tests.assembly import ADMIN, World
from tests.bodies import ManualBody
from tests.faults import FaultyStore
from tests.test_transfers import TransferCase

UNKNOWN = "00000000-1111-4222-8333-444444444444.0011223344556677"


class Unfinished(FaultyStore):
    """
    A store in which things are unfinished.
    """

    def __init__(self, store):
        super().__init__(store)
        self.left = []
        """The keys of what is."""
        self.looks = 0

    def unfinished(self):
        self.looks += 1
        return self._ask("keys").addCallback(lambda _: list(self.left))

    def delete(self, key):
        if key in self.left and not self.down:
            self.left.remove(key)
            return succeed(None)
        return super().delete(key)


class LeftoversTests(TransferCase):
    """
    What attempts have left is removed, once they are settled.
    """

    def setUp(self):
        self.store = Unfinished(MemoryStore())
        self.world = World(store=self.store)

    def look(self, seconds=LEFTOVERS):
        """
        Let the reaper look, after a while.
        """
        self.world.clock.advance(seconds)
        self.run_(self.world.reaper.look())

    def test_settled(self):
        """
        It goes where the image is known, and names it no more, be the image
        waiting, active or gone.
        """
        waiting = self.create()
        active = self.successResultOf(self.start(self.create())).id
        gone = self.create()
        self.run_(self.world.images.delete(ADMIN, gone))
        self.store.left = [f"{image}.late" for image in (waiting, active, gone)]
        self.look(0)
        self.assertEqual(self.store.left, [])
        self.assertEqual(len(self.kept()), 1)

    def test_under_way(self):
        """
        What is under way stays.
        """
        body = ManualBody()
        image_id = self.create()
        uploading = self.start(image_id, body)
        key = self.image(image_id).attempt.location.key
        self.store.left = [key]
        self.look(0)
        self.assertEqual(self.store.left, [key])
        body.data(b"data")
        body.end()
        self.assertEqual(self.successResultOf(uploading).status, Status.ACTIVE)

    def test_named(self):
        """
        What an image names stays, whatever it calls the store.
        """
        image = self.successResultOf(self.start(self.create()))
        [place] = image.locations
        doomed = Location(store="gone", key=f"{image.id}.doomed")
        elsewhere = evolve(
            image, locations=(evolve(place, store="other"),), doomed=(doomed,)
        )
        self.successResultOf(self.world.registry.replace(image, elsewhere))
        self.store.left = [place.key, doomed.key]
        self.look(0)
        self.assertEqual(self.store.left, [place.key, doomed.key])
        self.assertEqual(self.kept(), [place.key])

    def test_unknown(self):
        """
        What nobody here knows is others', or nobody's.
        """
        image_id = self.create()
        left = [UNKNOWN, "else", image_id, f"{image_id}.d", f"{image_id}.txt.gz"]
        self.store.left = list(left)
        self.look(0)
        left.remove(f"{image_id}.d")
        self.assertEqual(self.store.left, left)

    def test_rarely(self):
        """
        It is looked for at the start, and then once an hour.
        """
        for seconds, looks in ((0, 1), (30, 1), (LEFTOVERS - 60, 1), (31, 2)):
            self.look(seconds)
            self.assertEqual(self.store.looks, looks)

    def test_down(self):
        """
        A store or a registry that does not work is looked at later.
        """
        self.store.left = [f"{self.create()}.late"]
        self.store.down = True
        self.look(0)
        self.store.down = False
        self.look()
        self.assertEqual(self.store.left, [])
