"""
The Swift store, on a real Swift.
"""

import json
import random
import subprocess
from itertools import count
from pathlib import Path
from uuid import uuid4

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import BrowserLikePolicyForHTTPS, HTTPConnectionPool

from glance.errors import DataExists, DataNotFound
from glance.stores.swift import SwiftStore
from glance.stores.swift_uris import Origin
from glance.swift import client
from glance.swift.account import Account, Retries
from glance.swift.auth import TempAuth, Tokens
from glance.swift.client import SwiftClient
from glance.swift.connections import Connections, Endpoints
from glance.swift.exchanges import Exchanges
from glance.swift.large import Cutting, LargeObjects
from tests.bodies import ManualBody, collect
from tests.integration.provided import installed
from tests.integration.servers import Swift, swift_server
from tests.integration.waiting import PromptStore, Waiting
from tests.stores.contract import KEY, StoreContract

SWIFTCLIENT = ("python-swiftclient==4.11.0",)

MAX_FILE_SIZE = 1_100_000
"""How many bytes an object may have, so that large ones are small."""


def small_swift():
    """
    Get a Swift whose objects are small.
    """
    return swift_server(max_file_size=MAX_FILE_SIZE)


def put_as_of_old(server, container, objects):
    """
    Put objects with OpenStack's client, as C{with_swiftclient.py} says.
    """
    python = installed("swiftclient", SWIFTCLIENT) / "python"
    script = Path(__file__).with_name("with_swiftclient.py")
    subprocess.run(
        [python, script, server.auth_url, Swift.USER, Swift.KEY, container],
        input=json.dumps(objects),
        text=True,
        check=True,
        timeout=60,
    )


class RealSwift(Waiting):
    """
    Mixed in: a store in a container of its own.
    """

    cutting: Cutting

    def make_store(self):
        self.server = small_swift()
        pool = HTTPConnectionPool(reactor)
        endpoints = Endpoints(reactor, BrowserLikePolicyForHTTPS())
        connections = Connections(reactor, endpoints, pool)
        exchanges = Exchanges(connections, reactor, 10)
        authentication = TempAuth(
            exchanges, url=self.server.auth_url, user=Swift.USER, key=Swift.KEY
        )
        retries = Retries(reactor, random.random, first=0.1)
        tokens = Tokens(authentication, reactor)
        self.client = SwiftClient(Account(exchanges, tokens, retries))
        self.container = f"images-{uuid4()}"
        numbers = count(1)
        store = SwiftStore(
            self.client,
            LargeObjects(self.client, self.cutting),
            self.container,
            create=True,
            unique=lambda: str(next(numbers)),
            origin=Origin(address=self.server.auth_url, user=Swift.USER),
        )
        self.connections = connections
        return PromptStore(store, self.turning)

    def names(self, container):
        """
        List what is in a container, and what of it a manifest lists.
        """

        async def ask():
            names, listed = [], set()
            async for one in self.client.all_objects(container):
                names.append(one.name)
                found = await self.client.head_object(container, one.name)
                if found.static:
                    paths = await self.client.get_manifest(container, one.name)
                    listed.update(path.split("/", 2)[2] for path in paths)
            return names, listed

        return self.successResultOf(Deferred.fromCoroutine(ask()))

    def leftovers(self):
        self.successResultOf(self.client.create_container(self.container))
        names, listed = self.names(self.container)
        return [name for name in names if "/" in name and name not in listed]


class RealContract(RealSwift, StoreContract):
    """
    Mixed in: the contract.
    """

    def test_add_twice_at_once(self):
        """
        Of two that add under one key at a time both may succeed, and what is
        there is one of them.
        """
        bodies = [ManualBody(3) for _ in range(2)]
        adding = [self.store.add(KEY, body) for body in bodies]
        kept = []
        for add, body, data in zip(adding, bodies, (b"one", b"two"), strict=True):
            if not body.over:
                body.data(data)
            body.end()
            add.addErrback(lambda failure: failure.trap(DataExists))
            if self.successResultOf(add) == 3:
                kept.append(data)
        self.assertIn(self.read(), kept)


class WholeTests(RealContract, SynchronousTestCase):
    """
    L{SwiftStore} is a store, where data is cut only where it has to be.
    """

    cutting = Cutting(above=1_000_000, size=1_000_000, memory=0)


class BufferedTests(RealContract, SynchronousTestCase):
    """
    L{SwiftStore} is a store, where segments are kept in memory.
    """

    cutting = Cutting(above=1000, size=100_000, memory=400_000)


class PassedTests(RealContract, SynchronousTestCase):
    """
    L{SwiftStore} is a store, where segments are passed through.
    """

    cutting = Cutting(above=1000, size=100_000, memory=0)


class OlderTests(RealSwift, SynchronousTestCase):
    """
    Data of older Glances is adopted.
    """

    cutting = BufferedTests.cutting

    ids = ("7", "71c675ab-d94f-49cd-a114-e12490b328d9", "8", "80", "9")

    def setUp(self):
        super().setUp()
        self.store = self.make_store()

    def put_as_of_old(self, container):
        """
        Put data as Cactus, Diablo and the last Glance with version 1 did.
        """
        whole, cut = ["of Cactus"], ["first,", "second"]
        objects = {
            "7": (whole, None),
            "71c675ab-d94f-49cd-a114-e12490b328d9": (cut, "-"),
            "8": (cut, ""),
            "80": (whole, None),
            "9": (cut, ""),
        }
        put_as_of_old(self.server, container, objects)
        return {
            name: "".join(segments).encode()
            for name, (segments, _) in objects.items()
            # Its prefix is the beginning of 80: Swift itself gives more.
            if name != "8"
        }

    def uris(self, container, name):
        """
        Make the URIs by which such a Glance knew an object.
        """
        address = self.server.auth_url.removeprefix("http://")
        for scheme in ("swift", "swift+http", "swift+https"):
            yield f"{scheme}://{Swift.USER}:{Swift.KEY}@{address}/{container}/{name}"

    def test_read_and_deleted(self):
        """
        It is found by its URI, in another container and in the store's own, read,
        and deleted with all its segments and nothing else.
        """
        other = f"old-{uuid4()}"
        for container in (other, self.container):
            data = self.put_as_of_old(container)
            if container == self.container:
                keys = self.successResultOf(self.store.keys())
                self.assertEqual(sorted(keys), sorted(self.ids))
                self.assertEqual(self.successResultOf(self.store.unfinished()), [])
            for name, expected in data.items():
                for uri in self.uris(container, name):
                    key = self.store.adopt(uri)
                    got = self.successResultOf(
                        self.store.get(key, 0, None, len(expected))
                    )
                    self.assertEqual(self.successResultOf(collect(got)), expected)
                    got = self.successResultOf(self.store.get(key, 3, 5))
                    self.assertEqual(self.successResultOf(collect(got)), expected[3:8])
            left = self.ids
            for name in self.ids:
                key = self.store.adopt(next(self.uris(container, name)))
                self.successResultOf(self.store.delete(key))
                self.failureResultOf(self.store.delete(key), DataNotFound)
                left = left[1:]
                for one in left:
                    key = self.store.adopt(next(self.uris(container, one)))
                    self.successResultOf(self.store.size(key))
            self.assertEqual(self.names(container), ([], set()))

    def test_names(self):
        """
        Keys of segments are listed once, however many pages that takes.
        """
        self.patch(client, "PAGE", 2)
        self.successResultOf(self.client.create_container(self.container))
        names = ("a", "a/1", "a/2", "a/3", "b/1", "b/2", "c", "d/1")
        for name in names:
            put = self.client.put_bytes(self.container, name, [b"data"])
            self.successResultOf(put)

        async def listed():
            return [n async for n in self.client.all_names(self.container, "/")]

        running = Deferred.fromCoroutine(listed())
        self.assertEqual(self.successResultOf(running), ["a", "a/", "b/", "c", "d/"])
        unfinished = self.successResultOf(self.store.unfinished())
        self.assertEqual(sorted(unfinished), ["b", "d"])
