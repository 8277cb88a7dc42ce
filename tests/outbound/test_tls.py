"""
Tests of fetching over TLS.
"""

from ipaddress import ip_network
from pathlib import Path

import trustme
from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from twisted.trial.unittest import TestCase
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data

from glance.outbound.errors import BadURL, Unreachable
from glance.outbound.fetching import Fetcher, agent
from glance.outbound.guard import GuardedEndpoints
from glance.outbound.rules import Rules
from tests.bodies import collect


class TLSTests(TestCase):
    """
    A server over TLS has to be the one that is named.
    """

    timeout = 60

    async def setUp(self):
        authority = trustme.CA()
        path = Path(self.mktemp())
        given = authority.issue_cert("localhost")
        given.private_key_and_cert_chain_pem.write_to_path(path)
        self.root = Certificate.loadPEM(authority.cert_pem.bytes())
        where = f"ssl:0:interface=127.0.0.1:privateKey={path}"
        root = Resource()
        root.putChild(b"data", Data(b"data", "application/octet-stream"))
        port = await serverFromString(reactor, where).listen(Site(root))
        self.addCleanup(lambda: maybeDeferred(port.stopListening))
        self.port = port.getHost().port

    async def read(self, host, policy=None, allowed="127.0.0.0/8"):
        """
        Fetch what the server has.
        """
        if policy is None:
            trust = trustRootFromCertificates([self.root])
            policy = BrowserLikePolicyForHTTPS(trust)
        rules = Rules(ports=frozenset({self.port}), allowed=(ip_network(allowed),))
        endpoints = GuardedEndpoints(reactor, rules, policy, 10)
        fetcher = Fetcher(agent(reactor, endpoints), rules, reactor, timeout=10)
        found = await fetcher.fetch(f"https://{host}:{self.port}/data")
        return await collect(found.body)

    async def test_right(self):
        """
        Its data is fetched.
        """
        self.assertEqual(await self.read("localhost"), b"data")

    async def test_wrong(self):
        """
        A server of another name, or that nobody vouches for, isn't asked; nor is one
        at an address that isn't allowed.
        """
        for how in (
            ("127.0.0.1",),
            ("localhost", BrowserLikePolicyForHTTPS()),
            ("localhost", None, "10.0.0.0/8"),
        ):
            with self.assertRaises(Unreachable):
                await self.read(*how)

    async def test_bad_name(self):
        """
        What no certificate can name isn't asked either.
        """
        for host in ("a_b.example", "xn--a", "a..b", "-a.example", "a" * 64):
            with self.assertRaises(BadURL):
                await self.read(host)
