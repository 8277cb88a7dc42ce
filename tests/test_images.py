"""
Tests for L{glance.images}, L{glance.revisions} and L{glance.validation}.
"""

from datetime import UTC, datetime

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import SynchronousTestCase

from glance.context import Deed
from glance.errors import (
    Forbidden,
    ImageChanged,
    ImageExists,
    ImageNotFound,
    ImageProtected,
    InvalidImage,
    StoreUnavailable,
    TooBusy,
    TooMany,
)
from glance.image import Member, Status, Visibility
from glance.limits import Limits
from glance.stores.memory import MemoryStore
from glance.streams.bodies import BytesBody
from glance.validation import RESERVED, demand_no_mix, is_image_id, validate
from tests.assembly import ADMIN, World, member_of
from tests.faults import FaultyStore

THEN = datetime(2011, 4, 15, tzinfo=UTC)

ID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


class ImagesCase(SynchronousTestCase):
    """
    A world, and shorthands for what is done in it.
    """

    def setUp(self):
        self.store = FaultyStore(MemoryStore())
        self.world = World(store=self.store)
        self.images = self.world.images

    def start(self, coroutine):
        """
        Begin something.
        """
        return Deferred.fromCoroutine(coroutine)

    def run_(self, coroutine):
        """
        Get what a coroutine returns at once.
        """
        return self.successResultOf(self.start(coroutine))

    def refuse(self, coroutine, error):
        """
        See that a coroutine fails, and get its error.
        """
        return self.failureResultOf(self.start(coroutine), error).value

    def create(self, context=ADMIN, **attributes):
        """
        Make an image.
        """
        return self.run_(
            self.images.create(context, self.images.draft(context, **attributes))
        )

    def stored(self, image_id):
        """
        Get an image as the registry has it.
        """
        return self.successResultOf(self.world.registry.get(image_id))


class CreateTests(ImagesCase):
    """
    Images are made by those who own them, once.
    """

    def test_draft(self):
        """
        A new image has an id, its maker's owner, and the time.
        """
        image = self.create(member_of("mine"), name="mine")
        self.assertTrue(is_image_id(image.id))
        self.assertEqual(
            (image.owner, image.status, image.created_at),
            ("mine", Status.QUEUED, self.images.now()),
        )
        self.assertEqual(self.stored(image.id), image)

    def test_for_others(self):
        """
        Only administrators make images for others.
        """
        mine = member_of("mine")
        draft = self.images.draft(mine, owner="other")
        self.refuse(self.images.create(mine, draft), Forbidden)
        self.assertEqual(self.create(owner="other").owner, "other")

    def test_id_once(self):
        """
        An id can be used once, also after its image was deleted.
        """
        self.create(id=ID)
        again = self.images.draft(ADMIN, id=ID)
        self.refuse(self.images.create(ADMIN, again), ImageExists)
        self.run_(self.images.delete(ADMIN, ID))
        self.refuse(self.images.create(ADMIN, again), ImageExists)

    def test_invalid(self):
        """
        An image that cannot be is not made.
        """
        draft = self.images.draft(ADMIN, id=ID, min_disk=-1)
        self.refuse(self.images.create(ADMIN, draft), InvalidImage)
        self.refuse(self.images.get(ADMIN, ID), ImageNotFound)


class ChangeTests(ImagesCase):
    """
    Changes by many all stay.
    """

    def tag(self, name):
        """
        Get a change that adds a tag.
        """
        return lambda image: evolve(image, tags=image.tags | {name})

    def test_time(self):
        """
        A change moves updated_at; one that changes nothing moves nothing.
        """
        image = self.create()
        self.world.clock.advance(5)
        changed = self.run_(self.images.change(ADMIN, image.id, self.tag("new")))
        self.assertEqual((changed.updated_at - image.updated_at).seconds, 5)
        self.assertEqual(changed.revision, image.revision + 1)
        self.world.clock.advance(5)
        same = self.run_(self.images.change(ADMIN, image.id, self.tag("new")))
        self.assertEqual(same, changed)

    def test_hundred_at_once(self):
        """
        Of a hundred who each add a tag at once, all succeed.
        """
        self.world.limits = Limits(tags=-1)
        image = self.create()
        gatherResults(
            self.start(self.images.change(ADMIN, image.id, self.tag(f"t{n}")))
            for n in range(100)
        )
        self.assertEqual(len(self.stored(image.id).tags), 100)

    def test_lost_races(self):
        """
        A change is applied again where somebody was faster, after a while if
        that goes on, and at most twenty times.
        """
        image = self.create()
        applied = []

        def too_slow(current):
            applied.append(current.revision)
            quick = evolve(current, name=f"quick {len(applied)}")
            if len(applied) < self.losses:
                self.successResultOf(self.world.registry.replace(current, quick))
            return evolve(current, tags=current.tags | {"slow"})

        self.losses = 10
        changing = self.start(self.images.change(ADMIN, image.id, too_slow))
        self.assertEqual(len(applied), 2)
        self.world.clock.pump([0.5] * 9)
        changed = self.successResultOf(changing)
        self.assertEqual((changed.name, changed.tags), ("quick 9", {"slow"}))
        applied.clear()
        self.losses = 100
        other = self.create()
        changing = self.start(self.images.change(ADMIN, other.id, too_slow))
        self.world.clock.pump([0.5] * 18)
        self.failureResultOf(changing, TooBusy)
        self.assertEqual(len(applied), 20)

    def test_revision(self):
        """
        Whoever names a revision changes that one or none.
        """
        image = self.create()
        change = self.images.change
        self.run_(change(ADMIN, image.id, self.tag("a"), revision=image.revision))
        self.refuse(
            change(ADMIN, image.id, self.tag("b"), revision=image.revision),
            ImageChanged,
        )

    def test_strangers(self):
        """
        Who may not know of an image is told that there is none; who may know
        is refused.
        """
        mine, other = member_of("mine"), member_of("other")
        image = self.create(mine, visibility=Visibility.PRIVATE)
        self.refuse(self.images.change(other, image.id, self.tag("a")), ImageNotFound)
        image = self.create(mine, visibility=Visibility.COMMUNITY)
        self.refuse(self.images.change(other, image.id, self.tag("a")), Forbidden)
        self.assertEqual(self.stored(image.id), image)

    def test_rewriting(self):
        """
        Only administrators give an image away, or change what was measured.
        """
        mine = member_of("mine")
        image = self.create(mine)
        self.run_(self.world.transfers.upload(mine, image.id, BytesBody(b"data")))
        for change in ({"size": 3}, {"checksum": "0" * 32}, {"owner": "other"}):

            def rewrite(image, change=change):
                return evolve(image, **change)

            self.refuse(self.images.change(mine, image.id, rewrite), Forbidden)
            self.run_(self.images.change(ADMIN, image.id, rewrite))

    def test_narrower_limits(self):
        """
        What was right when it was made may stay, and what else the image has
        can be changed.
        """
        image = self.create(disk_format="vdi", tags=frozenset("abc"))
        self.world.limits = Limits(disk_formats=("raw",), tags=2)
        rename = self.images.change(
            ADMIN, image.id, lambda image: evolve(image, name="new")
        )
        self.assertEqual(self.run_(rename).name, "new")
        self.refuse(self.images.change(ADMIN, image.id, self.tag("d")), TooMany)

    def test_malformed_ids(self):
        """
        There is no image with an id that is none.
        """
        for image_id in ("", "1", ID.upper(), "../etc", "a" * 300, "\0"):
            self.refuse(self.images.get(ADMIN, image_id), ImageNotFound)
            change = self.images.change(ADMIN, image_id, self.tag("a"))
            self.refuse(change, ImageNotFound)


class DeleteTests(ImagesCase):
    """
    A deleted image is gone at once, its data as soon as that can be.
    """

    def with_data(self, context=ADMIN):
        """
        Make an image that has data.
        """
        image = self.create(context)
        return self.run_(
            self.world.transfers.upload(context, image.id, BytesBody(b"data"))
        )

    def kept(self):
        """
        Get the keys of what is in the store.
        """
        return self.successResultOf(self.store.keys())

    def test_data_goes(self):
        """
        The data goes with the image.
        """
        image = self.with_data()
        deleted = self.run_(self.images.delete(ADMIN, image.id))
        self.assertEqual((deleted.status, deleted.locations), (Status.DELETED, ()))
        self.assertEqual(deleted.deleted_at, self.images.now())
        self.assertEqual(self.kept(), [])

    def test_unseen(self):
        """
        Nobody finds it any more, but administrators who ask for deleted ones.
        """
        image = self.with_data()
        self.run_(self.images.delete(ADMIN, image.id))
        self.refuse(self.images.get(ADMIN, image.id), ImageNotFound)
        self.refuse(self.images.delete(ADMIN, image.id), ImageNotFound)
        found = self.images.get(ADMIN, image.id, include_deleted=True)
        self.assertEqual(self.run_(found).status, Status.DELETED)
        found = self.images.get(member_of("a"), image.id, include_deleted=True)
        self.refuse(found, ImageNotFound)

    def test_protected(self):
        """
        A protected image is not deleted, not even by administrators.
        """
        image = self.create(protected=True)
        self.refuse(self.images.delete(ADMIN, image.id), ImageProtected)

    def test_strangers(self):
        """
        Only its owner and administrators delete an image; its data is not
        touched before that is clear.
        """
        image = self.with_data(member_of("mine"))
        self.refuse(self.images.delete(member_of("other"), image.id), ImageNotFound)
        self.assertEqual(len(self.kept()), 1)

    def test_store_down(self):
        """
        If the store is down the image is gone all the same; the reaper removes
        the data when the store is back.
        """
        image = self.with_data()
        self.store.down = True
        deleted = self.run_(self.images.delete(ADMIN, image.id))
        self.assertEqual(deleted.status, Status.PENDING_DELETE)
        self.refuse(self.images.get(ADMIN, image.id), ImageNotFound)
        self.run_(self.world.reaper.look())
        self.assertEqual(self.stored(image.id).status, Status.PENDING_DELETE)
        self.store.down = False
        self.run_(self.world.reaper.look())
        self.assertEqual(self.stored(image.id).status, Status.DELETED)
        self.assertEqual(self.kept(), [])

    def test_delayed(self):
        """
        With delayed deletion the data stays for as long as it is to.
        """
        self.world = World(store=self.store, delayed_delete=True, scrub_seconds=100)
        self.images = self.world.images
        image = self.with_data()
        self.run_(self.images.delete(ADMIN, image.id))
        self.world.clock.advance(99)
        self.run_(self.world.reaper.look())
        self.assertEqual(len(self.kept()), 1)
        self.world.clock.advance(1)
        self.run_(self.world.reaper.look())
        self.assertEqual(self.kept(), [])

    def test_settling_fails(self):
        """
        The settler tells its caller what stood in its way.
        """
        image = self.with_data()
        self.store.down = True
        pending = self.run_(self.images.delete(ADMIN, image.id))
        self.refuse(self.world.settler.settle(pending), StoreUnavailable)


class ValidationTests(ImagesCase):
    """
    L{validate} refuses images that cannot be.
    """

    REFUSED = (
        {"id": "1"},
        {"name": "n" * 256},
        {"name": "a\0b"},
        {"name": "\ud800"},
        {"owner": "o" * 256},
        {"disk_format": "floppy"},
        {"container_format": "box"},
        {"size": -1},
        {"size": 1 << 63},
        {"min_disk": -1},
        {"min_ram": 1 << 31},
        {"checksum": "no"},
        {"checksum": "0" * 33},
        {"properties": {"": "v"}},
        {"properties": {"n" * 256: "v"}},
        {"properties": {"n": "v" * 65536}},
        {"properties": {"n": "é" * 65535}},
        {"properties": {"n": "\0"}},
        {"properties": {"os_glance_n": "v"}},
        {"tags": frozenset({"t" * 256})},
        {"members": (Member(id="a/b", created_at=THEN, updated_at=THEN),)},
        *({"properties": {name: "v"}} for name in sorted(RESERVED)),
    )

    ACCEPTED = (
        {},
        {"name": "n" * 255},
        {"name": "漢字 é\n"},
        {"disk_format": "ami", "container_format": "ami"},
        {"disk_format": "aki"},
        {"disk_format": "raw"},
        {"size": 0, "min_disk": 0, "min_ram": (1 << 31) - 1},
        {"size": (1 << 63) - 1},
        {"checksum": "0123456789abcdefABCDEF0123456789"},
        {"properties": {"n": None, "m": "", "k": "v" * 65533}},
    )

    def test_refused(self):
        """
        Each of these is refused.
        """
        for attributes in self.REFUSED:
            with self.assertRaises(InvalidImage, msg=str(attributes)[:80]):
                validate(self.images.draft(ADMIN, **attributes), Limits())

    def test_mix(self):
        """
        For v1, Amazon's formats go only with themselves.
        """
        for disk, container, fit in (
            ("ami", "ami", True),
            ("raw", "bare", True),
            (None, None, True),
            ("ami", "bare", False),
            ("aki", None, False),
            ("raw", "ari", False),
        ):
            if fit:
                demand_no_mix(disk, container)
            else:
                self.assertRaises(InvalidImage, demand_no_mix, disk, container)

    def test_properties_together(self):
        """
        All properties together are bounded: lists and headers hold them.
        """
        for names, fit in (("ab", True), ("abc", False)):
            properties = dict.fromkeys(names, "v" * 32767)
            image = self.images.draft(ADMIN, properties=properties)
            if fit:
                validate(image, Limits())
            else:
                self.assertRaises(TooMany, validate, image, Limits())

    def test_accepted(self):
        """
        None of these is.
        """
        for attributes in self.ACCEPTED:
            validate(self.images.draft(ADMIN, **attributes), Limits())

    def test_counts(self):
        """
        There are bounds to the number of things, but negative ones are none.
        """
        image = self.images.draft(ADMIN, properties={"a": "1", "b": "2"})
        validate(image, Limits(properties=2))
        validate(image, Limits(properties=-1))
        for limit in (0, 1):
            with self.assertRaises(TooMany):
                validate(image, Limits(properties=limit))

    @given(st.uuids())
    def test_uuids(self, number):
        """
        Ids are UUIDs, in one spelling.
        """
        self.assertTrue(is_image_id(str(number)))
        for other in (f"{{{number}}}", number.hex, f"urn:uuid:{number}", f"{number} "):
            self.assertFalse(is_image_id(other))


class DeedTests(ImagesCase):
    """
    Getting an image asks for the deed that it is needed for.
    """

    def test_deed(self):
        """
        Whoever may see an image may not therefore change it.
        """
        image = self.create(member_of("mine"), visibility=Visibility.COMMUNITY)
        other = member_of("other")
        self.assertEqual(self.run_(self.images.get(other, image.id)), image)
        self.refuse(self.images.get(other, image.id, Deed.CHANGE), Forbidden)
