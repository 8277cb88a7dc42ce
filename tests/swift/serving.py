"""
A client of a fake Swift, over real sockets.
"""

from __future__ import annotations

from pathlib import Path

import trustme
from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from twisted.web.client import BrowserLikePolicyForHTTPS, HTTPConnectionPool

from glance.streams.site import StreamingSite
from glance.swift.account import Account, Retries
from glance.swift.auth import TempAuth, Tokens
from glance.swift.client import SwiftClient
from glance.swift.connections import Connections, Endpoints
from glance.swift.exchanges import Exchanges
from tests.swift.fake import KEY, USER, FakeSwift


class Serving:
    """
    Mixed in with a C{TestCase}: a fake Swift with a container, and its client.
    """

    idle = 30.0
    tls = False

    async def serve(self):
        """
        Start it.
        """
        self.fake = FakeSwift()
        self.fake.containers["images"] = {}
        self.site = StreamingSite(
            self.fake, reactor, idle_timeout=60, finished=lambda request: None
        )
        self.policy = BrowserLikePolicyForHTTPS()
        where = "tcp:0:interface=127.0.0.1"
        if self.tls:
            where = self.certify()
        endpoint = serverFromString(reactor, where)
        self.port = await endpoint.listen(self.site)
        self.addCleanup(self._stop)
        scheme = "https" if self.tls else "http"
        self.fake.root = f"{scheme}://127.0.0.1:{self.port.getHost().port}"
        self.connect()

    def certify(self):
        """
        Make a certificate that the client trusts.

        @return: where to listen with it.
        """
        authority = trustme.CA()
        self.authority = Path(self.mktemp())
        authority.cert_pem.write_to_path(self.authority)
        given = authority.issue_cert("127.0.0.1")
        path = Path(self.mktemp())
        given.private_key_and_cert_chain_pem.write_to_path(path)
        root = Certificate.loadPEM(authority.cert_pem.bytes())
        self.policy = BrowserLikePolicyForHTTPS(trustRootFromCertificates([root]))
        return f"ssl:0:interface=127.0.0.1:privateKey={path}"

    def connect(self, clock=reactor):
        """
        Make a client.

        @param clock: of its timeouts.
        """
        pool = HTTPConnectionPool(reactor)
        self.connections = Connections(reactor, Endpoints(reactor, self.policy), pool)
        self.addCleanup(self.connections.close)
        self.exchanges = Exchanges(self.connections, clock, self.idle)
        self.tokens = Tokens(self.authentication(), reactor)
        retries = Retries(reactor, lambda: 0.0, first=0.02, attempts=3)
        self.account = Account(self.exchanges, self.tokens, retries)
        self.client = SwiftClient(self.account)

    def authentication(self):
        """
        Get the way to tokens.
        """
        return TempAuth(
            self.exchanges, url=f"{self.fake.root}/auth/v1.0", user=USER, key=KEY
        )

    async def _stop(self):
        self.site.abort()
        await maybeDeferred(self.port.stopListening)
        await self.site.drained()
