"""
The S3 store, and its client, on a server that isn't ours.
"""

import hashlib
import random
import time
from uuid import uuid4

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.iweb import UNKNOWN_LENGTH

from glance.errors import DataNotFound
from glance.s3 import Connections, Credentials, Endpoint, Limits, S3Client, Service
from glance.s3.errors import Conflict, Forbidden, NotFound
from glance.stores.s3 import S3Store
from glance.streams.bodies import Body, BytesBody
from tests.bodies import collect
from tests.integration.servers import S3, Swift, s3_server
from tests.integration.test_swift import small_swift
from tests.integration.waiting import PromptStore, Waiting
from tests.stores.contract import KEY, OTHER, StoreContract

PIECE = bytes(range(256)) * 256


class Large(Body):
    """
    A body of so many pieces, of which each differs.
    """

    def __init__(self, pieces, length=UNKNOWN_LENGTH):
        super().__init__()
        self.pieces = pieces
        self.length = length
        self.digest = hashlib.sha256()

    async def produce(self, write):
        for number in range(self.pieces):
            await self.ready()
            piece = number.to_bytes(8, "big") + PIECE[8:]
            self.digest.update(piece)
            write(piece)
            await deferLater(reactor, 0)


def make_client(url, access, secret, part_size):
    """
    Get a client of a real server.
    """
    return S3Client(
        Service(
            Endpoint.parse(url),
            Credentials(access, secret),
            Connections(reactor, BrowserLikePolicyForHTTPS(), 5, 4),
            region="us-east-1",
            clock=reactor,
            now=time.time,
            jitter=random.random,
            limits=Limits(part_size=part_size, memory=8 * part_size),
        )
    )


class RealStore(Waiting, StoreContract):
    """
    Mixed in: a store in a bucket of its own, with small parts.
    """

    def make_store(self):
        self.client = self.connections = make_client(*self.server(), 100_000)
        self.bucket = f"images-{uuid4()}"
        store = S3Store(self.client, self.bucket, True)
        return PromptStore(store, self.turning)

    def leftovers(self):
        return self.successResultOf(Deferred.fromCoroutine(self._begun()))

    async def _begun(self):
        try:
            return await self.client.list_uploads(self.bucket)
        except NotFound:
            # Nothing was put there, so there is no bucket.
            return []

    def test_unfinished(self):
        """
        Uploads that no process is about any more are listed, and removed by their
        keys.
        """
        self.add(OTHER)
        for key in (KEY, KEY, KEY + "0"):
            self.successResultOf(self.client.create_upload(self.bucket, key))
        found = self.successResultOf(self.store.unfinished())
        self.assertEqual(sorted(found), [KEY, KEY + "0"])
        for key in found:
            self.successResultOf(self.store.delete(key))
        self.assertEqual(self.successResultOf(self.store.unfinished()), [])
        self.assertEqual(self.successResultOf(self.store.keys()), [OTHER])


class GatewayTests(RealStore, SynchronousTestCase):
    """
    L{S3Store} is a store, on JuiceFS' gateway, whose front is MinIO's.
    """

    def server(self):
        """
        Get its URL and keys.
        """
        return s3_server().url, S3.ACCESS, S3.SECRET


class SwiftTests(RealStore, SynchronousTestCase):
    """
    L{S3Store} is a store, on Swift's s3api.
    """

    def server(self):
        """
        Get its URL and keys.
        """
        return small_swift().url, Swift.USER, Swift.KEY


class RealTests(TestCase):
    """
    What is true of the small server in memory is true of a real one.
    """

    timeout = 600

    def client(self, secret=S3.SECRET, access=S3.ACCESS):
        """
        Get a client.
        """
        client = make_client(s3_server().url, access, secret, 5 << 20)
        self.addCleanup(client.close)
        return client

    async def test_store(self):
        """
        Images are kept, in parts or not, found whole and in part, and removed.
        """
        client = self.client()
        store = S3Store(client, "images", True)
        for pieces, length in ((0, 0), (3, 3 * len(PIECE)), (165, UNKNOWN_LENGTH)):
            body = Large(pieces, length)
            size = pieces * len(PIECE)
            self.assertEqual(await store.add(KEY, body), size)
            self.assertEqual(await store.keys(), [KEY])
            data = await collect(await store.get(KEY, size=size))
            self.assertEqual(hashlib.sha256(data).digest(), body.digest.digest())
            part = await collect(await store.get(KEY, 5, 100_000))
            self.assertEqual(part, data[5:100_005])
            self.assertEqual(await collect(await store.get(KEY, size)), b"")
            await store.delete(KEY)
        await self.assertFailure(store.delete(KEY), DataNotFound)
        self.assertEqual(await client.list_uploads("images"), [])

    async def test_names(self):
        """
        Objects may be called as they like.
        """
        client = self.client()
        await client.create_bucket("names")
        for key in ("a dir/im+age é'~!*()&=", "100%25", "漢字/#?x", "-._~"):
            await client.put_object("names", key, BytesBody(b"data"))
            page = await client.list_objects("names")
            self.assertEqual([each.key for each in page.objects], [key])
            got = await client.get_object("names", key)
            self.assertEqual(await collect(got.body), b"data")
            await client.delete_object("names", key)
        await self.assertFailure(client.head_object("names", "none"), NotFound)
        await self.assertFailure(client.create_bucket("names"), Conflict)

    async def test_cancelled(self):
        """
        An upload that is cancelled amid its parts leaves none.
        """
        client = self.client()
        await client.create_bucket("cancelled")
        body = Large(10_000)
        uploading = client.upload("cancelled", "k", body)
        while not await client.list_uploads("cancelled", "k"):
            await deferLater(reactor, 0.05)
        uploading.cancel()
        await self.assertFailure(uploading, CancelledError)
        self.assertEqual(await client.list_uploads("cancelled", "k"), [])
        await self.assertFailure(client.head_object("cancelled", "k"), NotFound)

    async def test_credentials(self):
        """
        Who has the wrong keys is told so, before all data is sent.
        """
        for client in (self.client("wrong"), self.client(access="nobody")):
            await self.assertFailure(client.list_objects("b"), Forbidden)
            length = 2000 * len(PIECE)
            putting = client.put_object("b", "k", Large(2000, length))
            await self.assertFailure(putting, Forbidden)
