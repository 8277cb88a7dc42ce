"""
Tests of fetching from a server that misbehaves, over real sockets.
"""

from ipaddress import ip_network

from twisted.internet import reactor
from twisted.trial.unittest import TestCase
from twisted.web.client import BrowserLikePolicyForHTTPS

from glance.outbound.errors import (
    BadAnswer,
    BadURL,
    Cut,
    NotThere,
    OutboundError,
    Unreachable,
)
from glance.outbound.fetching import Fetcher, agent
from glance.outbound.guard import GuardedEndpoints
from glance.outbound.rules import Rules
from tests.badhttp import HOST, BadHTTP
from tests.bodies import collect
from tests.servers.badhttp import LOOPBACK, RAW, SCHEMES, part

MIB = 1 << 20

SPELLINGS = (
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "017700000001",
    "localhost",
    "0.0.0.0",
    "0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
)


class BadHTTPTests(TestCase):
    """
    What a server that misbehaves has is fetched whole, or not.
    """

    timeout = 60

    def setUp(self):
        server = self.server = BadHTTP()
        server.start()
        self.addCleanup(server.stop)
        # The canary is kept from us by its address alone.
        rules = Rules(
            ports=frozenset({server.port, server.canary_port}),
            allowed=(ip_network(HOST),),
        )
        endpoints = GuardedEndpoints(reactor, rules, BrowserLikePolicyForHTTPS(), 5)
        self.fetcher = Fetcher(agent(reactor, endpoints), rules, reactor, timeout=1.5)

    async def read(self, path, *how):
        """
        Fetch, and read what comes.
        """
        found = await self.fetcher.fetch(f"{self.server.url}/{path}", *how)
        return await collect(found.body)

    async def assert_fails(self, fetching, error):
        """
        See that something cannot be fetched.
        """
        with self.assertRaises(error):
            await fetching

    async def test_whole(self):
        """
        What is whole is fetched so.
        """
        for path in (
            "ok/1M",
            "too-long/1M",
            "chunked/1M",
            "range-ignored/1M",
            "redirect?to=/ok/1M",
            "redirect-chain/5/1M",
        ):
            data = await self.read(path)
            self.assertTrue(data == part(0, MIB), path)

    async def test_parts(self):
        """
        So are parts.
        """
        for path in ("ok/1M", "range-ignored/1M", "chunked/1M"):
            data = await self.read(path, 70_000, 500_000)
            self.assertTrue(data == part(70_000, 500_000), path)
        await self.assert_fails(self.read("range-wrong/1M", 70_000, 9), BadAnswer)

    async def test_broken(self):
        """
        What breaks off, falls silent or isn't the data is refused.
        """
        for path, error in (
            ("truncated/1M", Cut),
            ("reset/1M", Cut),
            ("no-length/1M", Cut),
            ("chunked-cut/1M", Cut),
            ("chunked-bad/1M", Cut),
            ("stall/1M", Unreachable),
            ("silent", Unreachable),
            ("close", Unreachable),
            ("gzip/1M", BadAnswer),
            ("status/404", NotThere),
            ("status/500", BadAnswer),
            ("auth/1M", BadAnswer),
            ("redirect-loop", BadAnswer),
            ("redirect-chain/6/1k", BadAnswer),
            ("redirect-none", BadAnswer),
        ):
            await self.assert_fails(self.read(path), error)

    async def test_slow(self):
        """
        Who is slow is not silent.
        """
        self.assertEqual(await self.read("slow/8k/4k"), part(0, 8192))

    async def test_malformed(self):
        """
        An answer that is none is refused, or read as well as it can be.
        """
        for name in RAW:
            try:
                data = await self.read(f"raw/{name}")
            except OutboundError:
                continue
            self.assertIn(name, ("bare-lf", "bad-version", "continue-flood"))
            self.assertEqual(data, b"abc")

    async def test_redirected_inside(self):
        """
        However a redirect spells this host, it leads nowhere; nor does one to
        another scheme or to the metadata of a cloud.
        """
        for number in range(len(LOOPBACK)):
            path = f"redirect-internal/{number}"
            await self.assert_fails(self.read(path), Unreachable)
        await self.assert_fails(self.read("redirect-metadata"), OutboundError)
        for scheme in SCHEMES:
            await self.assert_fails(self.read(f"redirect-scheme/{scheme}"), BadURL)
        self.assertEqual(self.server.caught(), [])

    async def test_inside(self):
        """
        Nor does a URL.
        """
        for host in SPELLINGS:
            url = f"http://{host}:{self.server.canary_port}/"
            await self.assert_fails(self.fetcher.fetch(url), OutboundError)
        self.assertEqual(self.server.caught(), [])

    async def test_credentials(self):
        """
        Credentials of a URL are told to its host, and not where that sends us.
        """
        begin = f"http://user:pass@{HOST}:{self.server.port}"
        found = await self.fetcher.fetch(f"{begin}/auth/1k")
        self.assertEqual(await collect(found.body), part(0, 1024))
        redirected = self.fetcher.fetch(f"{begin}/redirect?to=/auth/1k")
        await self.assert_fails(redirected, BadAnswer)
