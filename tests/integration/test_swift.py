"""
The Swift store, on a real Swift.
"""

import random
from itertools import count
from uuid import uuid4

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import BrowserLikePolicyForHTTPS, HTTPConnectionPool

from glance.errors import DataExists
from glance.stores.swift import SwiftStore
from glance.swift.account import Account, Retries
from glance.swift.auth import TempAuth, Tokens
from glance.swift.client import SwiftClient
from glance.swift.connections import Connections, Endpoints
from glance.swift.exchanges import Exchanges
from glance.swift.large import Cutting, LargeObjects
from tests.bodies import ManualBody
from tests.integration.servers import Swift, swift_server
from tests.integration.waiting import PromptStore, Waiting
from tests.stores.contract import KEY, StoreContract

MAX_FILE_SIZE = 1_100_000
"""How many bytes an object may have, so that large ones are small."""


def small_swift():
    """
    Get a Swift whose objects are small.
    """
    return swift_server(max_file_size=MAX_FILE_SIZE)


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
        )
        self.addCleanup(lambda: self.successResultOf(connections.close()))
        return PromptStore(store, self.turning)

    def names(self):
        """
        List what is in the container, and what of it a manifest lists.
        """

        async def ask():
            names, listed = [], set()
            async for one in self.client.all_objects(self.container):
                names.append(one.name)
                found = await self.client.head_object(self.container, one.name)
                if found.static:
                    paths = await self.client.get_manifest(self.container, one.name)
                    listed.update(path.split("/", 2)[2] for path in paths)
            return names, listed

        self.successResultOf(self.client.create_container(self.container))
        return self.successResultOf(Deferred.fromCoroutine(ask()))

    def leftovers(self):
        names, listed = self.names()
        return [name for name in names if "/" in name and name not in listed]

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


class WholeTests(RealSwift, StoreContract, SynchronousTestCase):
    """
    L{SwiftStore} is a store, where data is cut only where it has to be.
    """

    cutting = Cutting(above=1_000_000, size=1_000_000, memory=0)


class BufferedTests(RealSwift, StoreContract, SynchronousTestCase):
    """
    L{SwiftStore} is a store, where segments are kept in memory.
    """

    cutting = Cutting(above=1000, size=100_000, memory=400_000)


class PassedTests(RealSwift, StoreContract, SynchronousTestCase):
    """
    L{SwiftStore} is a store, where segments are passed through.
    """

    cutting = Cutting(above=1000, size=100_000, memory=0)
