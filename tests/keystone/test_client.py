"""
Tests for L{glance.keystone.client}.
"""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from glance.keystone.client import ANSWER, Keystone
from glance.keystone.credentials import ApplicationCredential, Password
from glance.keystone.errors import (
    LoginRefused,
    NoAnswer,
    NotAllowed,
    TokenRefused,
    Unreachable,
)
from glance.keystone.words import Holder, Issued
from glance.keystone.words import holder as read_holder
from tests.keystone.fake import ACME, SECRET, URL, FakeKeystone, when

CREDENTIAL = Password(
    password=SECRET, user="glance", user_domain_id="default", project_id="p"
)


class KeystoneTests(SynchronousTestCase):
    """
    L{Keystone} asks one.
    """

    def setUp(self):
        self.fake = FakeKeystone()
        self.clock = Clock()
        self.keystone = self.client()

    def client(self, url=URL, **how):
        how = {"patience": 10, "retries": 0, **how}
        return Keystone(self.fake, self.clock, url=url, **how)

    def start(self, coroutine):
        """
        Begin to ask.
        """
        return Deferred.fromCoroutine(coroutine)

    def login(self, credential=CREDENTIAL):
        return self.start(self.keystone.login(credential, catalogue=False))

    def holder(self, token, own=None, expired=False):
        own = own or self.successResultOf(self.login())
        return self.start(self.keystone.holder(token, own, expired))

    def test_login(self):
        """
        A token is had, and for how long it is good.
        """
        issued = self.successResultOf(self.login())
        self.assertEqual(issued.value, self.fake.given[0])
        self.assertAlmostEqual(issued.life, 3600, places=2)
        self.assertEqual(self.fake.asked, [("POST", "/v3/auth/tokens?nocatalog")])
        self.assertNotIn(issued.value, repr(issued))

    def test_url(self):
        """
        The URL may end with a version, and a slash.
        """
        for end in ("", "/", "/v3", "/v3/", "/v2.0", "/v2.0/"):
            self.keystone = self.client(URL + end)
            self.successResultOf(self.login())
        self.assertEqual(len(set(self.fake.asked)), 1)

    def test_holder(self):
        """
        A token is looked up, and what is said of it is read.
        """
        self.fake.add("good", 600, **ACME)
        holder = self.successResultOf(self.holder("good"))
        self.assertTrue(598 <= holder.life <= 600, holder)
        expected = Holder(
            user="eva-id",
            user_domain="people",
            project="acme-id",
            project_domain="companies",
            domain=None,
            roles=frozenset({"member", "reader"}),
            life=holder.life,
        )
        self.assertEqual(holder, expected)
        self.assertIsNone(self.successResultOf(self.holder("bad")))

    def test_our_clock(self):
        """
        How long it is good is said by Keystone's clock, or else by ours.
        """
        self.clock.advance(10**9)
        self.fake.add("good", 600, **ACME)
        holder = self.successResultOf(self.holder("good"))
        self.assertTrue(598 <= holder.life <= 600, holder)
        for date in (None, "yesterday"):
            said = {"user": {"id": "u"}, "expires_at": "2001-09-09T01:47:40Z"}
            told = {"token": said}
            self.assertEqual(read_holder(told, date, 10**9).life, 60)

    def test_expired(self):
        """
        A token that has ended is nobody's, unless that is let pass.
        """
        self.fake.add("old", -60, **ACME)
        self.assertIsNone(self.successResultOf(self.holder("old")))
        holder = self.successResultOf(self.holder("old", expired=True))
        self.assertLess(holder.life, 0)

    def test_refusals(self):
        """
        What is refused is told apart.
        """
        wrong = ApplicationCredential(id="i", secret="not-it")
        failure = self.failureResultOf(self.login(wrong), LoginRefused)
        self.assertNotIn("not-it", str(failure.value) + repr(wrong))
        other = Issued(value="x", life=None, catalogue=())
        self.failureResultOf(self.holder("t", own=other), TokenRefused)
        own = self.successResultOf(self.login())
        self.fake.forbids = True
        self.failureResultOf(self.holder("t", own=own), NotAllowed)

    def test_strange(self):
        """
        What isn't Keystone's is not taken for an answer.
        """
        own = self.successResultOf(self.login())
        for answer in (
            (200, b"<html>"),
            (200, b"[]"),
            (200, {"token": []}),
            (200, {"token": {}}),
            (200, {"token": {"user": 7}}),
            (200, {"token": {"user": {"id": 1}, "roles": 7}}),
            (200, {"token": {"user": {"id": 1}, "expires_at": "soon"}}),
            (200, {"token": {"user": {"id": 1}, "expires_at": "2020-01-01T00:00:00"}}),
            (200, b" " * ANSWER + b'{"token": {"user": {"id": "u"}}}'),
            (201, b""),
            (302, b""),
            (400, b""),
            (500, b""),
        ):
            self.fake.answer = answer
            self.failureResultOf(self.holder("t", own=own), Unreachable)
            self.failureResultOf(self.login(), Unreachable)

    def test_catalogue(self):
        """
        Where services are is found in what comes with a token.
        """
        urls = [
            {"interface": "public", "region_id": "one", "url": "http://one"},
            {"interface": "public", "region": "two", "url": "http://two"},
        ]
        catalogue = [{"type": "volume"}, {"type": "image", "endpoints": urls}]
        issued = Issued(value="x", life=None, catalogue=catalogue)
        self.assertEqual(issued.endpoint("image", "public", None), "http://one")
        self.assertEqual(issued.endpoint("image", "public", "two"), "http://two")
        self.assertIsNone(issued.endpoint("image", "internal", None))
        self.assertIsNone(issued.endpoint("compute", "public", None))

    def test_down(self):
        """
        Where there is no connection it is tried again a few times, and then given
        up.
        """
        self.keystone = self.client(retries=2)
        self.fake.down = True
        asking = self.login()
        self.clock.pump([0.2, 0.4])
        failure = self.failureResultOf(asking, NoAnswer)
        self.assertIn("it is down", str(failure.value))
        self.assertEqual(len(self.fake.asked), 3)
        asking = self.login()
        self.fake.down = False
        self.clock.advance(0.2)
        self.successResultOf(asking)

    def test_slow(self):
        """
        One that doesn't answer is waited for so long.
        """
        self.keystone = self.client(retries=3)
        self.fake.holds = True
        asking = self.login()
        self.clock.advance(9.9)
        self.assertNoResult(asking)
        self.clock.advance(0.2)
        failure = self.failureResultOf(asking, NoAnswer)
        self.assertIn("10 seconds", str(failure.value))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_check(self):
        """
        It is seen whether there is one.
        """
        self.successResultOf(self.start(self.keystone.check()))
        self.assertEqual(self.fake.asked, [("GET", "/v3")])
        self.fake.answer = (503, b"")
        self.failureResultOf(self.start(self.keystone.check()), Unreachable)

    def test_life_of_nothing(self):
        """
        A token without a time has no end that is known.
        """
        self.fake.add("good", **ACME)
        self.fake.tokens["good"]["expires_at"] = when(60)
        del self.fake.tokens["good"]["issued_at"]
        self.successResultOf(self.holder("good"))
