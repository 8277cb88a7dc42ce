"""
Tests for L{glance.stores.s3}.
"""

from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import (
    DataDamaged,
    DataNotFound,
    Invalid,
    StoreFull,
    StoreUnavailable,
    UploadSuperseded,
)
from glance.s3 import Limits
from glance.s3.errors import Stopped
from glance.stores.s3 import S3Store
from glance.streams.bodies import BytesBody
from tests.bodies import ManualBody, SilentBody, collect
from tests.s3.fake import ACCESS, SECRET, FakeS3, Refusal
from tests.s3.making import make_client
from tests.stores.contract import DATA, KEY, OTHER, StoreContract

LIMITS = Limits(part_size=100_000, in_flight=2, attempts=1)


class Instead:
    """
    A client that gets objects in another way.
    """

    def __init__(self, client, get_object):
        self._client = client
        self.get_object = get_object

    def __getattr__(self, name):
        return getattr(self._client, name)


class S3StoreTests(StoreContract, SynchronousTestCase):
    """
    L{S3Store} is a store.
    """

    def make_store(self, create=True):
        self.root = FakeS3()
        self.root.page = 3
        self.client = make_client(self.root, clock=Clock(), limits=LIMITS)
        store = S3Store(self.client, "images", create)
        if create:
            self.successResultOf(store.add(KEY, BytesBody(b"")))
            self.successResultOf(store.delete(KEY))
        return store

    def leftovers(self):
        return [
            upload
            for bucket in self.root.buckets.values()
            for upload in bucket.uploads.values()
        ]

    def refuse(self, method, refusal):
        """
        Have the server refuse all requests of a method from now on.
        """

        def fault(request, asked):
            if asked[0] == method:
                raise refusal

        self.root.faults.append(fault)

    def test_no_bucket(self):
        """
        Where there is no bucket, one is made only if that is asked for; what isn't
        there isn't found either way.
        """
        store = self.make_store(create=False)
        self.failureResultOf(store.check(), StoreUnavailable)
        self.failureResultOf(store.add(KEY, BytesBody(DATA)), StoreUnavailable)
        self.failureResultOf(store.keys(), StoreUnavailable)
        self.failureResultOf(store.unfinished(), StoreUnavailable)
        # Whoever heard that there is no data would forget it.
        for asking in (store.get, store.size, store.delete):
            self.failureResultOf(asking(KEY), StoreUnavailable)
        self.assertEqual(self.root.buckets, {})
        store = S3Store(self.client, "images", True)
        self.successResultOf(store.check())
        self.assertEqual(self.successResultOf(store.keys()), [])
        self.assertEqual(self.successResultOf(store.unfinished()), [])
        for asking in (store.get, store.size, store.delete):
            self.failureResultOf(asking(KEY), DataNotFound)
        self.successResultOf(store.add(KEY, BytesBody(DATA)))

    def test_delete_leftovers(self):
        """
        Deleting removes also what an upload that its process did not survive has
        left, and nothing of other keys.
        """
        for key in (KEY, KEY, KEY + "0"):
            self.successResultOf(self.client.create_upload("images", key))
        self.successResultOf(self.store.delete(KEY))
        self.assertEqual([upload.key for upload in self.leftovers()], [KEY + "0"])
        self.assertEqual(self.root.seen.count(("DELETE", "uploadId")), 2)
        self.successResultOf(self.store.delete(KEY + "0"))

    def test_superseded(self):
        """
        What is deleted while it is added fails, and isn't there.
        """
        body = ManualBody()
        adding = self.store.add(KEY, body)
        body.data(DATA)
        self.successResultOf(self.store.delete(KEY))
        body.end()
        self.failureResultOf(adding, UploadSuperseded)
        self.assert_empty()

    def test_foreign_objects(self):
        """
        What cannot be ours isn't listed.
        """
        self.add()
        self.root.buckets["images"].objects["a folder/an object"] = b""
        self.assertEqual(self.successResultOf(self.store.keys()), [KEY])

    def test_many(self):
        """
        All keys are listed, though it takes several pages.
        """
        keys = [f"key.{number}" for number in range(10)]
        for key in keys:
            self.add(key, b"data")
        self.assertEqual(self.successResultOf(self.store.keys()), keys)

    def test_full(self):
        """
        A store without room says that it is full.
        """
        self.refuse("PUT", Refusal(507, "InsufficientStorage"))
        for data in (b"data", DATA):
            self.failureResultOf(self.store.add(KEY, BytesBody(data)), StoreFull)
        self.assert_empty()

    def test_unavailable(self):
        """
        A store that doesn't work says that, and tells neither where it is nor what
        it is asked with.
        """
        bad = Refusal(403, "AccessDenied", f"{ACCESS} {SECRET} at s3.test")
        for refusal in (bad, Refusal(503, "SlowDown", "s3.test")):
            for method in ("GET", "PUT", "HEAD"):
                self.refuse(method, refusal)
            body = SilentBody(4)
            for asking in (
                self.store.add(KEY, body),
                self.store.get(KEY),
                self.store.size(KEY),
                self.store.delete(KEY),
                self.store.keys(),
                self.store.check(),
            ):
                error = self.failureResultOf(asking, StoreUnavailable).value
                for word in (ACCESS, SECRET, "s3.test", "images"):
                    self.assertNotIn(word, str(error))
            self.assertTrue(body.stopped)
            self.root.faults.clear()

    def test_get_nothing_of_size(self):
        """
        Of data that has another size not even nothing is given.
        """
        self.add()
        for args in ((len(DATA), None), (0, 0)):
            getting = self.store.get(KEY, *args, size=len(DATA) + 1)
            self.failureResultOf(getting, DataDamaged)

    def test_not_of_size(self):
        """
        What isn't given because of its size doesn't keep a connection.
        """
        self.add()
        found = []

        def get_object(*args):
            getting = self.client.get_object(*args)
            return getting.addCallback(lambda got: found.append(got) or got)

        store = S3Store(Instead(self.client, get_object), "images", False)
        self.failureResultOf(store.get(KEY, size=1), DataDamaged)
        self.failureResultOf(collect(found[0].body), Stopped)

    def test_cut(self):
        """
        Where the server is lost in the middle, the body fails as one of a store.
        """
        self.add()

        def cut(request, asked):
            request.setHeader("content-length", "100")
            request.write(b"data")
            request.loseConnection()
            return True

        self.root.faults.append(cut)
        getting = self.store.get(KEY)
        self.client._service._agents.kept.flush()
        body = self.successResultOf(getting)
        self.failureResultOf(collect(body), StoreUnavailable)

    def test_other_key(self):
        """
        Objects are called as their keys are.
        """
        self.add(OTHER)
        self.assertEqual(list(self.root.buckets["images"].objects), [OTHER])

    def test_unfinished(self):
        """
        Uploads of parts that are neither whole nor removed are listed once, though
        it takes several pages; and not those of others.
        """
        self.add(OTHER)
        for key in (KEY, KEY, "key.1", "key.2", "a folder/an object", KEY + "0"):
            self.successResultOf(self.client.create_upload("images", key))
        found = self.successResultOf(self.store.unfinished())
        self.assertEqual(sorted(found), sorted([KEY, KEY + "0", "key.1", "key.2"]))
        for key in found:
            self.successResultOf(self.store.delete(key))
        self.assertEqual(self.successResultOf(self.store.unfinished()), [])
        self.assertEqual(self.successResultOf(self.store.keys()), [OTHER])
        self.root.buckets["images"].uploads.clear()

    def test_adopted(self):
        """
        What a Glance of old kept is found by what it wrote, whatever its keys, and
        can be read and removed.
        """
        self.root.buckets["images"].objects["42"] = DATA
        self.root.etags["42"] = '"etag"'
        for uri in (
            "s3://access:secret@s3.test/images/42",
            "s3://access:sec/r@et/+=@s3.test/images/42",
            "s3+http://access:secret@s3.test:80/images/42",
            "s3+https://access:secret@s3.test:443/images/42",
            "s3+https://s3.test/images/42",
        ):
            self.assertEqual(self.store.adopt(uri), "images/42")
        self.assertEqual(self.read("images/42", 5), DATA[5:])
        self.assertEqual(self.successResultOf(self.store.size("images/42")), len(DATA))
        self.failureResultOf(self.store.add("images/42", SilentBody(4)), Invalid)
        self.successResultOf(self.store.delete("images/42"))
        for asking in (self.store.get, self.store.size, self.store.delete):
            for key in ("images/42", "images/", "other/42", "/42"):
                self.failureResultOf(asking(key), DataNotFound)

    def test_not_adopted(self):
        """
        What is elsewhere is not ours, nor what makes no sense.
        """
        for uri in (
            "s3://access:secret@s3.test/other/42",
            "s3://access:secret@elsewhere.test/images/42",
            "s3://access:secret@s3.test:9000/images/42",
            "s3://access:secret@https://s3.test/images/42",
            "s3://access:secret@s3.test/a/images/42",
            "s3://access:secret@s3.test/images/",
            "s3://access:secret@s3.test/images/..",
            "s3+ftp://access:secret@s3.test/images/42",
            "s3://access:secret@[s3.test/images/42",
            "s3://images/42",
        ):
            self.assertIsNone(self.store.adopt(uri), uri)

    def test_no_secrets(self):
        """
        Credentials in what is adopted are told nobody, whatever goes wrong.
        """
        key = self.store.adopt("s3://OLDACCESS:old/secret@s3.test/images/42")
        self.refuse("HEAD", Refusal(403, "AccessDenied", f"{ACCESS} {SECRET}"))
        self.refuse("GET", Refusal(403, "AccessDenied", f"{ACCESS} {SECRET}"))
        told = [key]
        with capturedLogs() as events:
            for asking in (self.store.get, self.store.size, self.store.delete):
                told.append(self.failureResultOf(asking(key)).getTraceback())
        told += [formatEvent(event) for event in events]
        self.assertEqual(len(events), 3)
        for word in (ACCESS, SECRET, "OLDACCESS", "old/secret"):
            self.assertNotIn(word, "".join(told))
