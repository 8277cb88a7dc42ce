"""
Tests of L{glance.swift.auth} and L{glance.swift.keystone}.
"""

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from glance.keystone.credentials import ApplicationCredential, Password
from glance.swift.auth import IAuthentication, TempAuth, Token, Tokens
from glance.swift.errors import (
    AuthenticationFailed,
    AuthenticationUnavailable,
    BadAnswer,
    NoEndpoint,
    Unauthorized,
    Unreachable,
)
from glance.swift.keystone import Keystone
from tests.bodies import BytesBody
from tests.swift.fake import KEY, STEM, USER
from tests.swift.serving import Serving


@implementer(IAuthentication)
class ManualAuthentication:
    """
    Gives tokens when the test says so.
    """

    def __init__(self):
        self.asked = []

    def authenticate(self):
        self.asked.append(Deferred())
        return self.asked[-1]

    def give(self, value, life=None):
        token = Token(value=value, storage_url="http://swift.example/v1/a", life=life)
        self.asked[-1].callback(token)


class TokensTests(SynchronousTestCase):
    """
    All share one token.
    """

    def setUp(self):
        self.authentication = ManualAuthentication()
        self.clock = Clock()
        self.tokens = Tokens(self.authentication, self.clock)

    def get(self, refused=None):
        return self.tokens.get(refused)

    def test_interface(self):
        """
        What gives tokens provides L{IAuthentication}.
        """
        verifyObject(IAuthentication, self.authentication)
        verifyObject(IAuthentication, TempAuth(None, url="", user="", key=""))
        verifyObject(IAuthentication, Keystone(None, url="", credential=None))

    def test_one_in_flight(self):
        """
        However many want a token, it is asked for once, and kept.
        """
        waiting = [self.get() for _ in range(3)]
        self.assertEqual(len(self.authentication.asked), 1)
        self.authentication.give("a")
        got = [self.successResultOf(one).value for one in waiting]
        self.assertEqual(got, ["a", "a", "a"])
        self.assertEqual(self.successResultOf(self.get()).value, "a")
        self.assertEqual(len(self.authentication.asked), 1)

    def test_before_its_end(self):
        """
        A token is used no more a minute before its end.
        """
        waiting = self.get()
        self.authentication.give("a", life=1000)
        self.successResultOf(waiting)
        self.clock.advance(939)
        self.successResultOf(self.get())
        self.clock.advance(1)
        waiting = self.get()
        self.authentication.give("b", life=1000)
        self.assertEqual(self.successResultOf(waiting).value, "b")

    def test_short_life(self):
        """
        A token that lives for a few seconds is used for most of them.
        """
        waiting = self.get()
        self.authentication.give("a", life=4)
        self.successResultOf(waiting)
        self.clock.advance(2.9)
        self.successResultOf(self.get())
        self.clock.advance(0.2)
        self.assertNoResult(self.get())

    def test_refused(self):
        """
        A token that was refused is replaced, once for all who had it.
        """
        waiting = self.get()
        self.authentication.give("a")
        old = self.successResultOf(waiting)
        first = self.get(old)
        self.authentication.give("b")
        self.assertEqual(self.successResultOf(first).value, "b")
        self.assertEqual(self.successResultOf(self.get(old)).value, "b")
        self.assertEqual(len(self.authentication.asked), 2)

    def test_failure(self):
        """
        A failure is that of all who wait, and then it is tried again.
        """
        waiting = [self.get(), self.get()]
        self.authentication.asked[0].errback(AuthenticationFailed("no"))
        for one in waiting:
            self.failureResultOf(one, AuthenticationFailed)
        again = self.get()
        self.authentication.give("a")
        self.successResultOf(again)

    def test_cancelled(self):
        """
        Who is cancelled leaves the others waiting.
        """
        first, second = self.get(), self.get()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.authentication.give("a")
        self.assertEqual(self.successResultOf(second).value, "a")


class AccountTests(Serving, TestCase):
    """
    Requests get on with tokens.
    """

    def setUp(self):
        return Deferred.fromCoroutine(self.serve())

    async def test_shared(self):
        """
        Concurrent requests share one authentication.
        """
        await gatherResults([self.client.check("images") for _ in range(5)])
        self.assertEqual(self.fake.authentications, 1)

    async def test_revoked(self):
        """
        A token that is refused is replaced, and nobody sees it.
        """
        await self.client.check("images")
        self.fake.tokens.clear()
        await gatherResults([self.client.check("images") for _ in range(5)])
        self.assertEqual(self.fake.authentications, 2)

    async def test_revoked_before_data(self):
        """
        Data that isn't begun is sent with a new token.
        """
        await self.client.check("images")
        self.fake.tokens.clear()
        await self.client.put_object("images", "one", BytesBody(b"data"))
        self.assertEqual(self.fake.containers["images"]["one"].data, b"data")
        self.fake.tokens.clear()
        await self.client.put_bytes("images", "one", [b"more"])
        self.assertEqual(self.fake.containers["images"]["one"].data, b"more")

    async def test_new_token_refused(self):
        """
        A new token that is refused is an error, and not tried for ever.
        """
        self.fake.fail("HEAD", "images", 401, times=9)
        with self.assertRaises(Unauthorized):
            await self.client.check("images")
        self.assertEqual(self.fake.authentications, 2)

    async def test_wrong_key(self):
        """
        Credentials that are refused are not tried again.
        """
        wrong = TempAuth(
            self.exchanges, url=f"{self.fake.root}/auth/v1.0", user=USER, key="wrong"
        )
        self.account._tokens = Tokens(wrong, reactor)
        with self.assertRaises(AuthenticationFailed) as caught:
            await self.client.check("images")
        self.assertNotIn("wrong", str(caught.exception))
        self.assertEqual(len(self.fake.asked("GET")), 1)

    async def test_passing(self):
        """
        Authentication that does not work at present is tried again.
        """
        self.fake.fail("GET", "auth", 503)
        await self.client.check("images")
        self.fake.tokens.clear()
        self.fake.fail("GET", "auth", 503, times=9)
        with self.assertRaises(AuthenticationUnavailable):
            await self.client.check("images")

    async def test_nonsense(self):
        """
        An answer without a token is told apart.
        """
        self.fake.fail("GET", "auth", 200)
        with self.assertRaises(BadAnswer):
            await self.tokens.get()

    async def test_other_url(self):
        """
        The account may be elsewhere than the token says.
        """
        self.fake.root = "http://127.0.0.1:9"
        here = f"http://127.0.0.1:{self.port.getHost().port}/v1/AUTH_test/"
        authentication = TempAuth(
            self.exchanges,
            url=here.replace("/v1/AUTH_test/", "/auth/v1.0"),
            user=USER,
            key=KEY,
        )
        self.account._tokens = Tokens(authentication, reactor, here)
        await self.client.check("images")


class KeystoneTests(Serving, TestCase):
    """
    L{Keystone} gives tokens, and knows where Swift is.
    """

    def setUp(self):
        return Deferred.fromCoroutine(self.prepare())

    async def prepare(self):
        await self.serve()
        self.url = f"{self.fake.root}/v1/AUTH_test"
        self.fake.catalog = [
            {"type": "image", "endpoints": []},
            {
                "type": "object-store",
                "endpoints": [
                    self.endpoint("internal", "one", "http://127.0.0.1:9/internal"),
                    self.endpoint("public", "one", "http://127.0.0.1:9/one"),
                    self.endpoint("public", "two", self.url),
                ],
            },
        ]

    def endpoint(self, interface, region, url):
        return {
            "interface": interface,
            "region": region,
            "region_id": region,
            "url": url,
        }

    def keystone(self, credential=None, **options):
        return Keystone(
            self.exchanges,
            url=options.pop("url", self.fake.root),
            credential=credential or ApplicationCredential(id="an-id", secret=KEY),
            **options,
        )

    async def test_catalogue(self):
        """
        The account is that of the wanted region and interface.
        """
        for options, url in (
            ({"region": "two"}, self.url),
            ({}, "http://127.0.0.1:9/one"),
            ({"interface": "internal"}, "http://127.0.0.1:9/internal"),
        ):
            token = await self.keystone(**options).authenticate()
            self.assertEqual(token.storage_url, url)
            self.assertEqual(token.life, 3600)
            self.assertTrue(token.value.startswith(STEM))
        for options in (
            {"region": "three"},
            {"interface": "admin"},
            {"service_type": "volume"},
        ):
            with self.assertRaises(NoEndpoint):
                await self.keystone(**options).authenticate()

    async def test_used(self):
        """
        Swift takes its tokens.
        """
        self.account._tokens = Tokens(self.keystone(region="two"), reactor)
        await self.client.check("images")

    async def test_url(self):
        """
        The URL may end with the version, and a slash.
        """
        for end in ("", "/", "/v3", "/v3/"):
            await self.keystone(url=self.fake.root + end).authenticate()
        self.assertEqual(set(self.fake.asked("POST")), {"/v3/auth/tokens"})

    async def test_application_credential(self):
        """
        An application credential is sent as such.
        """
        await self.keystone().authenticate()
        self.assertEqual(
            self.fake.credentials[0]["identity"]["application_credential"],
            {"id": "an-id", "secret": KEY},
        )

    async def test_password(self):
        """
        A user and a project are sent by name or by id.
        """
        named = Password(
            password=KEY,
            user="glance",
            user_domain="Default",
            project="service",
            project_domain_id="default",
        )
        await self.keystone(named).authenticate()
        asked = self.fake.credentials[0]
        self.assertEqual(
            asked["identity"]["password"]["user"],
            {"name": "glance", "domain": {"name": "Default"}, "password": KEY},
        )
        self.assertEqual(
            asked["scope"],
            {"project": {"name": "service", "domain": {"id": "default"}}},
        )
        await self.keystone(
            Password(password=KEY, user_id="u", project_id="p")
        ).authenticate()
        asked = self.fake.credentials[1]
        self.assertEqual(
            asked["identity"]["password"]["user"], {"id": "u", "password": KEY}
        )
        self.assertEqual(asked["scope"], {"project": {"id": "p"}})
        self.assertNotIn(KEY, repr(named))

    async def test_refused(self):
        """
        Wrong credentials are told apart, and not shown.
        """
        wrong = ApplicationCredential(id="an-id", secret="wrong-secret")
        with self.assertRaises(AuthenticationFailed) as caught:
            await self.keystone(wrong).authenticate()
        for text in (str(caught.exception), repr(wrong)):
            self.assertNotIn("wrong-secret", text)

    async def test_nonsense(self):
        """
        A catalogue that makes no sense is told apart.
        """
        for nonsense in (7, [7], [{}], [{"type": "object-store"}]):
            self.fake.catalog = nonsense
            with self.assertRaises(BadAnswer):
                await self.keystone().authenticate()

    async def test_elsewhere(self):
        """
        Where there is no Keystone, that isn't taken for something of Swift's.
        """
        self.fake.fail("POST", "tokens", 404)
        with self.assertRaises(AuthenticationUnavailable) as caught:
            await self.keystone().authenticate()
        self.assertEqual(caught.exception.status, 404)

    async def test_not_there(self):
        """
        A Keystone that isn't there is told apart.
        """
        with self.assertRaises(Unreachable):
            await self.keystone(url="http://127.0.0.1:9").authenticate()
