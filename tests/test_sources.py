"""
Tests for L{glance.sources}.
"""

import hashlib

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import (
    BadTransition,
    DataDamaged,
    DataNotFound,
    Forbidden,
    ImageNotFound,
    Invalid,
    SourceOfOtherSize,
    SourceUnusable,
    StoreUnavailable,
    TooBusy,
)
from glance.image import Location, Status
from glance.limits import Limits
from glance.sources import WAITING, Fetches, Source, Sources
from glance.storage import StoreInfo
from glance.stores.memory import MemoryStore
from tests.assembly import ADMIN, World, member_of
from tests.stores.lending import HOST, LendingStore

ACME = member_of("acme")
DATA = b"data!"


class Case(SynchronousTestCase):
    """
    A test with data of others.
    """

    def setUp(self):
        self.lending = LendingStore()
        self.own = MemoryStore()
        self.infos = {"file": StoreInfo()}
        stores = {"file": self.own, "http": self.lending}
        self.world = World(stores=stores, infos=self.infos)
        world = self.world
        self.sources = Sources(world.images, world.storage)
        self.fetches = Fetches(world.images, world.transfers, world.storage, 2)

    def result(self, coroutine):
        """
        Get what comes of a coroutine.
        """
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def refused(self, coroutine, error):
        """
        Get what a coroutine fails with.
        """
        return self.failureResultOf(Deferred.fromCoroutine(coroutine), error).value

    def image(self, context=ACME, **attributes):
        """
        Make a queued image.
        """
        draft = self.world.images.draft(context, **attributes)
        return self.result(self.world.images.create(context, draft))

    def known(self, image):
        """
        Get an image as it is now.
        """
        return self.successResultOf(self.world.registry.get(image.id))

    def kept(self):
        """
        List what is in the store of our own.
        """
        return self.successResultOf(self.own.keys())


class SourceTests(Case):
    """
    Data is found where it is.
    """

    def find(self, url, size=None, stays=False):
        """
        Look for data.
        """
        place = Location(store="http", key=url)
        return self.sources.find(place, size, stays=stays)

    def test_locate(self):
        """
        Anybody may say the URL of a web server.
        """
        url = self.lending.lend()
        place = self.sources.locate(ACME, url)
        self.assertEqual(place, Location(store="http", key=url))

    def test_unsupported(self):
        """
        Nobody may say where a file is, or what no store knows; and only
        administrators what is in a store of ours.
        """
        for uri in (
            "file:///etc/passwd",
            "FILE:///etc/passwd",
            "filesystem:///etc/passwd",
            "%66ile:///etc/passwd",
            " file:///etc/passwd",
            "swift+config://ref/container/key",
            "http://other.example.org/",
            "rbd://pool/image",
            "cinder://secret",
            "disk.raw",
            "",
        ):
            for context in (ACME, ADMIN):
                error = self.assertRaises(Invalid, self.sources.locate, context, uri)
                self.assertIn("External sources are not supported", str(error))
                self.assertNotIn("secret", str(error))
        own = "swift://user:key@host/container/key"
        self.assertRaises(Invalid, self.sources.locate, ACME, own)
        self.assertEqual(self.sources.locate(ADMIN, own).key, own)

    def test_size(self):
        """
        How much there is is asked for, and has to be what the caller says.
        """
        url = self.lending.lend(size=5)
        for said in (None, 5):
            source = self.result(self.find(url, said))
            self.assertEqual(source, Source(location=source.location, size=5))
        for said in (4, 6):
            self.refused(self.find(url, said), SourceOfOtherSize)

    def test_unknown_size(self):
        """
        Where the server doesn't say it, nobody knows; an image that refers to it would
        have to.
        """
        url = self.lending.lend(size=None)
        for said in (7, None):
            self.assertIs(self.result(self.find(url, said)).size, None)
            error = self.refused(self.find(url, said, stays=True), SourceUnusable)
            self.assertIn("have it copied", str(error))

    def test_too_large(self):
        """
        There may not be too much.
        """
        self.world.limits = Limits(image_size_cap=4)
        self.refused(self.find(self.lending.lend(size=5)), Invalid)

    def test_missing(self):
        """
        What isn't there, or can't be reached, isn't found.
        """
        self.refused(self.find(f"{HOST}nothing"), DataNotFound)
        self.lending.problem = StoreUnavailable("Check the URL.")
        error = self.refused(self.find(f"{HOST}nothing"), SourceUnusable)
        self.assertEqual(str(error), "Check the URL.")


class SharedTests(Case):
    """
    No two images have the same data in a store of ours: it goes with an image.
    """

    def setUp(self):
        super().setUp()
        self.lending.kind = "swift"
        self.url = self.lending.lend("bucket/disk.raw")

    def find(self, key, image_id=None, stays=True):
        """
        Look for data.
        """
        place = Location(store="http", key=key)
        return self.sources.find(place, None, stays=stays, image_id=image_id)

    def test_named(self):
        """
        What an image has isn't for others, be it about to be deleted.
        """
        source = self.result(self.find(self.url))
        image = self.image()
        self.result(self.sources.refer(ACME, image.id, source))
        error = self.refused(self.find(self.url), Invalid)
        self.assertIn("another image's", str(error))
        self.result(self.find(self.url, stays=False))
        self.result(self.world.images.delete(ACME, image.id))
        self.result(self.find(self.url))

    def test_called(self):
        """
        Nor is what is called as data of another image is.
        """
        image, other = self.image(), self.image()
        unknown = "00000000-1111-4222-8333-444444444444"
        for name, mine, others in (
            (f"{image.id}.0123456789abcdef", Invalid, Invalid),
            (f"{unknown}.0123456789abcdef", Invalid, Invalid),
            (image.id, None, Invalid),
            (f"{image.id}-00001", None, Invalid),
            (unknown, None, None),
        ):
            url = self.lending.lend(f"bucket/{name}")
            for asking, error in ((image, mine), (other, others)):
                finding = self.find(url, asking.id)
                if error is None:
                    self.result(finding)
                else:
                    self.refused(finding, error)

    def test_at_once(self):
        """
        Of data that two images have been given at the same moment, the last one that
        is deleted takes it along.
        """
        source = self.result(self.find(self.url))
        images = [self.image(), self.image()]
        for image in images:
            self.result(self.sources.refer(ACME, image.id, source))
        self.result(self.world.images.delete(ACME, images[0].id))
        self.assertEqual(self.lending.deleted, [])
        self.assertIs(self.known(images[0]).status, Status.DELETED)
        self.result(self.world.images.delete(ACME, images[1].id))
        self.assertEqual(self.lending.deleted, [self.url])

    def test_web(self):
        """
        What is on the web may be had by many.
        """
        self.infos["http"] = StoreInfo(read_only=True)
        source = self.result(self.find(self.url))
        self.result(self.sources.refer(ACME, self.image().id, source))
        self.result(self.find(self.url))


class ReferringTests(Case):
    """
    Images refer to data that stays where it is.
    """

    def source(self, size=5):
        """
        Have data somewhere.
        """
        url = self.lending.lend(size=size)
        return Source(location=Location(store="http", key=url), size=size)

    def test_active(self):
        """
        The image is active, and has the size that was found and the checksum that was
        said.
        """
        image = self.image(checksum="0" * 32)
        source = self.source()
        self.result(self.sources.refer(ACME, image.id, source))
        known = self.known(image)
        self.assertEqual(
            (known.status, known.size, known.checksum, known.locations),
            (Status.ACTIVE, 5, "0" * 32, (source.location,)),
        )

    def test_change(self):
        """
        Something else may change with it; if it may not, nothing does.
        """
        image = self.image()

        def refuse(image):
            raise Invalid("No.")

        referring = self.sources.refer(ACME, image.id, self.source(), refuse)
        self.refused(referring, Invalid)
        self.assertIs(self.known(image).status, Status.QUEUED)

    def test_once(self):
        """
        An image that has data gets no other.
        """
        image = self.image()
        self.result(self.sources.refer(ACME, image.id, self.source()))
        again = self.sources.refer(ACME, image.id, self.source())
        self.refused(again, BadTransition)

    def test_others(self):
        """
        Nor does one of somebody else.
        """
        image = self.image()
        stranger = member_of("initech")
        self.refused(
            self.sources.refer(stranger, image.id, self.source()), ImageNotFound
        )
        reader = member_of("acme", "reader")
        self.refused(self.sources.refer(reader, image.id, self.source()), Forbidden)

    def test_delete(self):
        """
        An image that is deleted leaves the data of others where it is.
        """
        image = self.image()
        self.result(self.sources.refer(ACME, image.id, self.source()))
        self.result(self.world.images.delete(ACME, image.id))
        self.assertIs(self.known(image).status, Status.DELETED)


class CopyTests(Case):
    """
    Images are filled while nobody waits.
    """

    def copy(self, image=None, context=ACME, **said):
        """
        Begin to copy.
        """
        image = image or self.image(context)
        url = self.lending.lend(size=5)
        source = Source(location=Location(store="http", key=url), size=5)
        self.fetches.begin(context, image.id, source, **said)
        return image

    def send(self, number=0, data=DATA):
        """
        Let the data of a copy come.
        """
        body = self.lending.bodies[number]
        body.data(data)
        body.end()

    def test_copied(self):
        """
        The image is saving, then active, and the data its own.
        """
        image = self.copy()
        self.assertIs(self.known(image).status, Status.SAVING)
        self.assertEqual(self.fetches.in_flight, 1)
        self.send()
        known = self.known(image)
        self.assertEqual(
            (known.status, known.size, known.checksum),
            (Status.ACTIVE, 5, hashlib.md5(DATA).hexdigest()),
        )
        self.assertEqual([place.key for place in known.locations], self.kept())
        self.assertEqual(self.fetches.in_flight, 0)

    def test_compared(self):
        """
        What was said of the data is compared with it.
        """
        right = {"size": 5, "checksum": hashlib.md5(DATA).hexdigest()}
        for said, status in (
            (right, Status.ACTIVE),
            ({"checksum": "0" * 32}, Status.KILLED),
            ({"size": 6}, Status.KILLED),
        ):
            self.lending.bodies.clear()
            image = self.copy(**said)
            if self.lending.bodies:
                self.send()
            self.assertIs(self.known(image).status, status)
        self.assertEqual(len(self.kept()), 1)

    def test_broken(self):
        """
        Where the data breaks off, the image is killed and nothing is left.
        """
        image = self.copy()
        body = self.lending.bodies[0]
        body.data(b"da")
        body.fail(DataDamaged("It ended early."))
        self.assertIs(self.known(image).status, Status.KILLED)
        self.assertEqual(self.kept(), [])
        self.assertEqual(self.known(image).doomed, ())

    def test_nothing_there(self):
        """
        So it is where there is no data any more.
        """
        self.lending.problem = StoreUnavailable("It is down.")
        image = self.copy()
        self.assertIs(self.known(image).status, Status.KILLED)
        self.assertEqual(self.fetches.in_flight, 0)

    def test_unexpected(self):
        """
        So it is where something goes wrong that nobody thought of; that is logged.
        """
        self.lending.problem = ZeroDivisionError("Oh.")
        image = self.copy()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertIs(self.known(image).status, Status.KILLED)

    def test_store(self):
        """
        The data goes to the store that is asked for; one that takes none kills it.
        """
        image = self.copy(store="http")
        self.assertIs(self.known(image).status, Status.KILLED)
        self.assertTrue(self.lending.bodies[0].stopped)

    def test_filled_meanwhile(self):
        """
        An image that somebody else has begun to fill is left to it, and the data
        isn't read.
        """
        image = self.copy()
        self.copy(image, ADMIN)
        self.assertTrue(self.lending.bodies[1].stopped)
        self.assertIs(self.known(image).status, Status.SAVING)
        self.send()
        self.assertIs(self.known(image).status, Status.ACTIVE)

    def test_deleted_meanwhile(self):
        """
        An image that is deleted is copied no further.
        """
        image = self.copy()
        self.result(self.world.images.delete(ACME, image.id))
        self.world.clock.advance(10)
        self.assertTrue(self.lending.bodies[0].stopped)
        self.assertIs(self.known(image).status, Status.DELETED)
        self.assertEqual(self.kept(), [])

    def test_turns(self):
        """
        So many at a time, the others wait.
        """
        images = [self.copy(context=ADMIN) for _ in range(4)]
        self.assertEqual(len(self.lending.bodies), 2)
        statuses = [self.known(image).status for image in images]
        self.assertEqual(statuses, [Status.SAVING] * 2 + [Status.QUEUED] * 2)
        self.send(1)
        self.assertIs(self.known(images[2]).status, Status.SAVING)
        for number in (0, 2, 3):
            self.send(number)
        statuses = {self.known(image).status for image in images}
        self.assertEqual(statuses, {Status.ACTIVE})

    def test_room(self):
        """
        Not too many wait.
        """
        image = self.image()
        for _ in range(WAITING + 2):
            self.fetches.demand_room(ADMIN)
            self.copy(context=ADMIN)
        for context in (ADMIN, ACME):
            self.assertRaises(TooBusy, self.fetches.demand_room, context)
        self.fetches.abort()
        self.fetches.demand_room(ADMIN)
        self.assertIs(self.known(image).status, Status.QUEUED)

    def test_shares(self):
        """
        Nobody but administrators keeps all others from having images filled, however
        many it asks for and however long they take.
        """
        for _ in range((WAITING + 2) // 2):
            self.fetches.demand_room(ACME)
            self.copy()
        self.assertRaises(TooBusy, self.fetches.demand_room, ACME)
        self.assertEqual(len(self.lending.bodies), 1)
        other = member_of("initech")
        self.fetches.demand_room(other)
        image = self.copy(context=other)
        self.assertIs(self.known(image).status, Status.SAVING)
        self.fetches.abort()
        self.fetches.demand_room(ACME)

    def test_end(self):
        """
        At the end no more are begun, those under way may come to theirs, and what
        hasn't is broken off: those images are killed, and nothing is left of them.
        """
        images = [self.copy(context=ADMIN) for _ in range(4)]
        self.fetches.drain()
        self.assertRaises(TooBusy, self.fetches.demand_room, ADMIN)
        drained = self.fetches.drained()
        self.send(0)
        self.assertNoResult(drained)
        self.fetches.abort()
        self.successResultOf(drained)
        statuses = [self.known(image).status for image in images]
        self.assertEqual(statuses, [Status.ACTIVE] + [Status.KILLED] * 3)
        self.assertTrue(self.lending.bodies[1].stopped)
        self.assertEqual(len(self.kept()), 1)
        self.successResultOf(self.fetches.drained())

    def test_impatient(self):
        """
        Who waits for the end may give up.
        """
        image = self.copy()
        drained = self.fetches.drained()
        drained.cancel()
        drained.addErrback(lambda _: None)
        self.send()
        self.assertIs(self.known(image).status, Status.ACTIVE)
