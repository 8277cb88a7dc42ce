"""
Tests of L{glance.stores.swift}.
"""

from __future__ import annotations

from itertools import count

from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import HTTPConnectionPool
from zope.interface import implementer

from glance.errors import (
    DataDamaged,
    DataExists,
    DataNotFound,
    Invalid,
    StoreFull,
    StoreUnavailable,
)
from glance.stores.swift import SwiftStore
from glance.stores.swift_uris import Origin
from glance.streams.bodies import BytesBody, IHashedBody
from glance.streams.site import StreamingSite
from glance.swift.account import Account, Retries
from glance.swift.auth import TempAuth, Tokens
from glance.swift.client import SwiftClient
from glance.swift.connections import Connections
from glance.swift.exchanges import Exchanges
from glance.swift.large import Cutting, LargeObjects
from tests.bodies import SilentBody, collect
from tests.network import Network
from tests.stores.contract import DATA, KEY, OTHER, StoreContract
from tests.swift.fake import KEY as SECRET
from tests.swift.fake import STEM, USER, FakeSwift, Stored, md5


class PromptStore(SwiftStore):
    """
    A store that has everything done before it returns.
    """

    network: Network


def promptly(name):
    """
    Make a method of L{PromptStore}.
    """
    method = getattr(SwiftStore, name)

    def call(self, *args, **kwargs):
        running = method(self, *args, **kwargs)
        self.network.run()
        return running

    return call


for _name in ("add", "get", "size", "delete", "keys", "sweep", "unfinished", "check"):
    setattr(PromptStore, _name, promptly(_name))


class SwiftContract(StoreContract):
    """
    Mixed in: a store in a Swift in memory.
    """

    cutting: Cutting
    create = False

    def make_store(self):
        self.clock = Clock()
        self.fake = FakeSwift()
        self.fake.root = "http://swift.example"
        self.fake.containers["images"] = {}
        site = StreamingSite(
            self.fake, self.clock, idle_timeout=None, finished=lambda request: None
        )
        self.network = Network(site)
        connections = Connections(
            self.clock, self.network, HTTPConnectionPool(self.clock, persistent=False)
        )
        exchanges = Exchanges(connections, self.clock)
        url = "http://swift.example/auth/v1.0"
        tokens = Tokens(TempAuth(exchanges, url=url, user=USER, key=SECRET), self.clock)
        retries = Retries(self.clock, lambda: 0.0, attempts=1)
        client = SwiftClient(Account(exchanges, tokens, retries))
        numbers = count(1)
        store = PromptStore(
            client,
            LargeObjects(client, self.cutting),
            "images",
            create=self.create,
            unique=lambda: str(next(numbers)),
            origin=Origin(address=url, user=USER, references=frozenset({"ref1"})),
        )
        store.network = self.network
        return store

    def successResultOf(self, running):
        self.network.run()
        return super().successResultOf(running)

    def failureResultOf(self, running, *kinds):
        self.network.run()
        return super().failureResultOf(running, *kinds)

    def assertNoResult(self, running):
        self.network.run()
        super().assertNoResult(running)

    def leftovers(self):
        objects = self.fake.containers["images"]
        listed = {
            path.removeprefix("/images/")
            for one in objects.values()
            for path in one.segments or ()
        }
        return [name for name in objects if "/" in name and name not in listed]


class WholeTests(SwiftContract, SynchronousTestCase):
    """
    L{SwiftStore} is a store, where data is not cut.
    """

    cutting = Cutting(above=1 << 30, size=1 << 30, memory=0)


class BufferedTests(SwiftContract, SynchronousTestCase):
    """
    L{SwiftStore} is a store, where segments are kept in memory.
    """

    cutting = Cutting(above=1000, size=100_000, memory=400_000)


class PassedTests(SwiftContract, SynchronousTestCase):
    """
    L{SwiftStore} is a store, where segments are passed through.
    """

    cutting = Cutting(above=1000, size=100_000, memory=0)


@implementer(IHashedBody)
class HashedBody(BytesBody):
    """
    A body that is hashed already, as the test says.
    """

    def __init__(self, data, md5):
        super().__init__(data)
        self.md5 = lambda first=None: md5
        self.remember = lambda first: None


class OwnTests(SwiftContract, SynchronousTestCase):
    """
    What only L{SwiftStore} does.
    """

    cutting = Cutting(above=1000, size=100_000, memory=400_000)

    @property
    def objects(self):
        return self.fake.containers["images"]

    def test_segments(self):
        """
        Large data is in segments, whose names begin with the key.
        """
        self.add()
        self.assertEqual(
            sorted(self.objects), [KEY, *(f"{KEY}/1-0000{n}" for n in (1, 2, 3))]
        )
        self.assertEqual(self.successResultOf(self.store.keys()), [KEY])
        self.successResultOf(self.store.delete(KEY))
        self.assertEqual(self.objects, {})

    def test_taken(self):
        """
        Nothing is sent where there is data already.
        """
        self.add()
        before = len(self.fake.asked("PUT"))
        self.failureResultOf(self.store.add(KEY, BytesBody(DATA)), DataExists)
        self.assertEqual(len(self.fake.asked("PUT")), before)

    def test_killed(self):
        """
        What an add has left whose process was killed is deleted by its key.
        """
        self.objects[f"{KEY}/1-00001"] = Stored(b"data")
        self.objects["other"] = Stored(b"data")
        self.failureResultOf(self.store.size(KEY), DataNotFound)
        self.successResultOf(self.store.delete(KEY))
        self.assertEqual(list(self.objects), ["other"])
        self.failureResultOf(self.store.delete(KEY), DataNotFound)

    def test_killed_and_whole(self):
        """
        So is what lies beside data that is whole.
        """
        self.add()
        self.objects[f"{KEY}/9-00001"] = Stored(b"data")
        self.successResultOf(self.store.delete(KEY))
        self.assertEqual(self.objects, {})

    def test_undeletable(self):
        """
        Segments that Swift could not delete at once are deleted one by one.
        """
        self.add()
        self.fake.undeletable = {f"{KEY}/1-00002"}
        self.successResultOf(self.store.delete(KEY))
        self.assertEqual(self.objects, {})

    def test_unfinished(self):
        """
        Segments without an object are told by their key, and no others.
        """
        self.add()
        self.objects[f"{OTHER}/1-00001"] = Stored(b"data")
        self.objects[f"{OTHER}/2-00001"] = Stored(b"data")
        self.objects["a directory/of others"] = Stored(b"data")
        self.assertEqual(self.successResultOf(self.store.unfinished()), [OTHER])
        self.assertEqual(self.successResultOf(self.store.keys()), [KEY])
        self.successResultOf(self.store.delete(OTHER))
        self.assertEqual(self.successResultOf(self.store.unfinished()), [])
        del self.objects["a directory/of others"]

    def test_directory(self):
        """
        What others keep in a directory of an object's name stays when that goes.
        """
        self.fake.containers["old"] = {"db": Stored(b"data")}
        self.objects["db"] = Stored(b"data")
        for objects in (self.fake.containers["old"], self.objects):
            for name in ("db/monday", "db/dump-00001", "db/1-00001.gz"):
                objects[name] = Stored(b"others'")
        for container in ("old", "images"):
            uri = f"swift+http://{USER}:{SECRET}@swift.example/auth/v1.0/{container}/db"
            self.successResultOf(self.store.delete(self.store.adopt(uri)))
            left = self.fake.containers[container]
            self.assertEqual(
                sorted(left), ["db/1-00001.gz", "db/dump-00001", "db/monday"]
            )
        self.objects.clear()

    def old_segments(self, container, name, prefix):
        """
        Cut data as older Glances did.
        """
        objects = self.fake.containers[container]
        for number in (1, 2):
            objects[f"{name}-0000{number}"] = Stored(b"part%d" % number)
        objects[name] = Stored(headers={"X-Object-Manifest": f"{container}/{prefix}"})

    def test_old_segments(self):
        """
        Data that older Glances cut is read, and deleted with its segments.
        """
        self.old_segments("images", OTHER, f"{OTHER}-")
        self.assertEqual(self.successResultOf(self.store.keys()), [OTHER])
        self.assertEqual(self.read(OTHER), b"part1part2")
        self.assertEqual(self.read(OTHER, 4, 2), b"1p")
        self.successResultOf(self.store.delete(OTHER))
        self.assertEqual(self.objects, {})

    def test_oldest_segments(self):
        """
        Where the prefix of segments is the object's name, and others begin with
        it, those stay.
        """
        self.old_segments("images", "1", "1")
        self.objects["10"] = Stored(b"other")
        self.objects["10-00001"] = Stored(b"other")
        self.successResultOf(self.store.delete("1"))
        self.assertEqual(list(self.objects), ["10", "10-00001"])

    def test_adopted(self):
        """
        Data in another container is read and deleted by the key that it is
        adopted by, and nothing is added there.
        """
        self.fake.containers["old"] = {"7": Stored(b"data")}
        self.old_segments("old", "8", "8-")
        for name, data in (("7", b"data"), ("8", b"part1part2")):
            uri = f"swift+http://{USER}:{SECRET}@swift.example/auth/v1.0/old/{name}"
            key = self.store.adopt(uri)
            self.assertEqual(self.successResultOf(self.store.size(key)), len(data))
            self.assertEqual(self.read(key), data)
            self.assertEqual(self.read(key, 1, 2), data[1:3])
            self.failureResultOf(self.store.add(key, BytesBody(b"new")), Invalid)
            self.successResultOf(self.store.delete(key))
            self.failureResultOf(self.store.size(key), DataNotFound)
        self.assertEqual(self.fake.containers["old"], {})

    def test_adopt(self):
        """
        URIs of all older Glances are understood; where the data is in the
        store's own container, its key is the image's id.
        """
        here = "swift.example/auth/v1.0"
        for uri in (
            f"swift://{USER}:key@{here}/images/7",
            f"swift+https://{USER}:key@{here}/images/7",
            f"swift+http://test%3Aother:a%2Fkey@{here}/images/7",
            f"swift://{USER}:a/k@y://@Swift.Example/auth/v1.0/images/7",
            f"swift://{USER}:key@swift.example/auth/images/7",
            "swift+config://ref1/images/7",
        ):
            self.assertEqual(self.store.adopt(uri), "7", uri)
            elsewhere = uri.replace("/images/", "/old/")
            self.assertEqual(self.store.adopt(elsewhere), "old/7", uri)
        for uri in (
            f"swift://other:tester:key@{here}/images/7",
            f"swift://{USER}:key@swift.example:81/auth/v1.0/images/7",
            f"swift://{USER}:key@{here}/images/",
            f"swift://{USER}:key@{here}/images/..",
            f"swift://{USER}:key@{here}/../7",
            f"swift://{USER}:key@{here}//7",
            f"swift+rbd://{USER}:key@{here}/images/7",
            "swift+config://ref2/images/7",
            "swift+config://ref1/7",
        ):
            self.assertIsNone(self.store.adopt(uri), uri)

    def test_no_container(self):
        """
        Where the container is missing the store does not work.
        """
        self.fake.containers.clear()
        body = SilentBody(4)
        self.failureResultOf(self.store.add(KEY, body), StoreUnavailable)
        self.assertTrue(body.stopped)
        self.failureResultOf(self.store.check(), StoreUnavailable)
        self.failureResultOf(self.store.keys(), StoreUnavailable)
        self.failureResultOf(self.store.size(KEY), StoreUnavailable)
        self.failureResultOf(self.store.get(KEY), StoreUnavailable)
        self.failureResultOf(self.store.delete(KEY), StoreUnavailable)
        self.fake.containers["images"] = {}

    def test_no_authentication(self):
        """
        Data isn't said to be missing where it is the token that isn't found.
        """
        self.add()
        for status in (404, 403, 500):
            self.fake.tokens.clear()
            self.fake.fail("GET", "auth", status)
            self.failureResultOf(self.store.size(KEY), StoreUnavailable)
            self.fake.tokens.clear()
            self.fake.fail("GET", "auth", status)
            self.failureResultOf(self.store.delete(KEY), StoreUnavailable)
        self.assertEqual(self.read(), DATA)

    def test_failures(self):
        """
        What Swift fails with is told in the words of stores, which hold nothing
        secret.
        """
        for status, kind in (
            (403, StoreUnavailable),
            (413, StoreFull),
            (500, StoreUnavailable),
            (507, StoreFull),
        ):
            self.fake.fail("PUT", KEY, status)
            failure = self.failureResultOf(self.store.add(KEY, BytesBody(DATA)), kind)
            for secret in (SECRET, STEM, USER, "swift.example", KEY):
                self.assertNotIn(secret, str(failure.value))
            self.assertEqual(self.objects, {})

    def test_becomes_another(self):
        """
        Data that becomes shorter between two requests isn't given.
        """

        def shorten(request):
            self.objects[KEY] = Stored(b"short")

        self.add(data=b"data that is longer")
        self.fake.fail("GET", KEY, shorten)
        self.failureResultOf(self.store.get(KEY), DataDamaged)

    def test_cut(self):
        """
        Data that is cut off in the middle isn't taken for whole.
        """

        def cut(request):
            request.setHeader("Content-Length", str(len(DATA)))
            request.write(DATA[:10])
            request.loseConnection()

        self.add()
        body = self.successResultOf(self.store.get(KEY))
        body.stopProducing()
        self.fake.fail("GET", KEY, cut)
        body = self.successResultOf(self.store.get(KEY))
        self.failureResultOf(collect(body), StoreUnavailable)

    def test_hashed(self):
        """
        Of a body that is hashed already the hash is compared with what Swift has,
        and where that is another, nothing is kept.
        """
        body = HashedBody(b"data", md5(b"data"))
        self.assertEqual(self.successResultOf(self.store.add(KEY, body)), 4)
        body = HashedBody(b"data", md5(b"other"))
        self.failureResultOf(self.store.add(OTHER, body), StoreUnavailable)
        self.assertEqual(list(self.objects), [KEY])

    def test_hashed_segments(self):
        """
        Its hash says nothing of segments, which are hashed one by one.
        """
        body = HashedBody(DATA, md5(b"other"))
        self.assertEqual(self.successResultOf(self.store.add(KEY, body)), len(DATA))
        self.assertEqual(self.read(), DATA)

    def test_logged(self):
        """
        The log says what went wrong, without a secret.
        """
        events = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        self.fake.fail("HEAD", "images", 500)
        self.failureResultOf(self.store.check(), StoreUnavailable)
        logged = "\n".join(formatEvent(event) for event in events)
        self.assertIn("answered 500 to a HEAD (transaction tx", logged)
        for secret in (SECRET, STEM, USER):
            self.assertNotIn(secret, logged)


class CreatingTests(SwiftContract, SynchronousTestCase):
    """
    L{SwiftStore} creates its container, if it may.
    """

    cutting = OwnTests.cutting
    create = True

    def test_create(self):
        """
        It is there as soon as data is added.
        """
        self.fake.containers.clear()
        self.successResultOf(self.store.check())
        self.assertEqual(self.successResultOf(self.store.keys()), [])
        self.add()
        self.assertEqual(self.read(), DATA)
