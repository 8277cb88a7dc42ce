"""
Tests for L{glance.identity.keystone.holders}.
"""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import AccountsUnusable, TooBusy, Unauthenticated
from glance.identity.keystone import holders
from glance.identity.keystone.holders import Holders
from glance.identity.turns import Turns
from glance.keystone.client import Keystone
from glance.keystone.credentials import Password
from glance.keystone.shared import Shared
from tests.keystone.fake import ACME, SECRET, URL, FakeKeystone


class Asking:
    """
    What asks a Keystone in memory.
    """

    def __init__(self, kept=300, password=SECRET, at_once=4, patience=20):
        self.fake = FakeKeystone()
        self.clock = Clock()
        keystone = Keystone(self.fake, self.clock, url=URL, patience=10, retries=0)
        credential = Password(
            password=password, user="glance", user_domain_id="default", project_id="p"
        )
        own = Shared(
            lambda: Deferred.fromCoroutine(keystone.login(credential, False)),
            self.clock,
        )
        turns = Turns(at_once=at_once, waiting=4, each=2)
        self.holders = Holders(
            keystone, own, turns, self.clock, patience=patience, kept=kept
        )


class HoldersTests(SynchronousTestCase):
    """
    L{Holders} finds out whose tokens are.
    """

    def setUp(self):
        self.asking()
        self.told = []

        def observe(event):
            self.told.append(formatEvent(event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)

    def asking(self, **how):
        asking = Asking(**how)
        self.fake, self.clock, self.holders = asking.fake, asking.clock, asking.holders
        self.fake.add("good", **ACME)

    def get(self, token="good", client="192.0.2.1", **how):
        return self.holders.get(token, client, **how)

    def assert_good(self, token="good", **how):
        holder = self.successResultOf(self.get(token, **how))
        self.assertEqual((holder.user, holder.project), ("eva-id", "acme-id"))

    def assert_refused(self, token, **how):
        self.failureResultOf(self.get(token, **how), Unauthenticated)

    def assert_unusable(self, token="good"):
        failure = self.failureResultOf(self.get(token), AccountsUnusable)
        self.assertNotIn("eystone", str(failure.value))

    def test_remembered(self):
        """
        A token that was good need not be looked up again for a while.
        """
        for _ in range(3):
            self.assert_good()
        self.clock.advance(299)
        self.assert_good()
        self.assertEqual(self.fake.lookups(), 1)
        del self.fake.tokens["good"]
        self.clock.advance(1)
        self.assert_refused("good")

    def test_end(self):
        """
        None is believed for longer than it is good.
        """
        self.fake.add("short", 20, **ACME)
        self.assert_good("short")
        self.clock.advance(18)
        self.assert_good("short")
        self.assertEqual(self.fake.lookups(), 1)
        self.clock.advance(3)
        del self.fake.tokens["short"]
        self.assert_refused("short")

    def test_nothing_remembered(self):
        """
        Where operators want it so, each is looked up each time.
        """
        self.asking(kept=0)
        for _ in range(3):
            self.assert_good()
        self.assertEqual(self.fake.lookups(), 3)

    def test_wrong(self):
        """
        That a token isn't good is remembered shortly.
        """
        for _ in range(3):
            self.assert_refused("bad")
        self.assertEqual(self.fake.lookups(), 1)
        self.clock.advance(holders.WRONG)
        self.fake.add("bad", **ACME)
        self.assert_good("bad")

    def test_no_token(self):
        """
        What can be no token isn't looked up.
        """
        for text in ("x" * 9000, "a\tb", "á", "a\udc80"):
            self.assert_refused(text)
        self.assertEqual(self.fake.asked, [])

    def test_room(self):
        """
        So many are remembered; those that somebody makes up drive out none.
        """
        self.patch(holders, "ROOM", 3)
        self.asking()
        self.assert_good()
        for number in range(9):
            self.assert_refused(f"bad-{number}")
        asked = self.fake.lookups()
        self.assert_good()
        self.assertEqual(self.fake.lookups(), asked)
        for number in range(3):
            self.assert_good(self.fake.add(f"good-{number}", **ACME))
        asked = self.fake.lookups()
        self.assert_good()
        self.assertEqual(self.fake.lookups(), asked + 1)

    def test_one_in_flight(self):
        """
        However many show a token at a time, it is looked up once; those who leave
        take it from nobody.
        """
        self.assert_refused("bad")
        self.fake.holds = True
        waiting = [self.get() for _ in range(20)]
        waiting[0].cancel()
        waiting[7].cancel()
        self.assertEqual(self.fake.lookups(), 2)
        self.fake.let_go()
        for number, one in enumerate(waiting):
            if number in (0, 7):
                self.failureResultOf(one, CancelledError)
            else:
                self.assertEqual(self.successResultOf(one).user, "eva-id")
        self.assertEqual(self.fake.lookups(), 2)

    def test_few_at_once(self):
        """
        A few are looked up at a time, and of one client a few may wait.
        """
        self.assert_refused("bad")
        self.fake.holds = True
        waiting = [self.get(f"bad-{number}") for number in range(6)]
        self.assertEqual(self.fake.lookups(), 5)
        self.failureResultOf(self.get("bad-6"), TooBusy)
        other = self.get(client="192.0.2.2")
        self.fake.let_go()
        for one in waiting:
            self.failureResultOf(one, Unauthenticated)
        self.assertEqual(self.successResultOf(other).user, "eva-id")

    def test_own_token(self):
        """
        The token of this service is had once, and anew before its end.
        """
        self.assert_refused("a")
        self.assert_refused("b")
        self.assertEqual(self.fake.logins(), 1)
        self.clock.advance(3600 - 59)
        self.assert_refused("c")
        self.assertEqual(self.fake.logins(), 2)

    def test_own_token_refused(self):
        """
        When it isn't good any more, another is had, once.
        """
        self.assert_refused("a")
        self.fake.given.clear()
        self.assert_good()
        self.assertEqual(self.fake.logins(), 2)
        self.fake.forgets = True
        self.assert_unusable("b")
        self.assertEqual(self.fake.logins(), 3)

    def test_down(self):
        """
        Without Keystone, those go on whose tokens are known, and others later.
        """
        self.assert_good()
        self.fake.down = True
        asked = len(self.fake.asked)
        for _ in range(3):
            self.assert_unusable("other")
            self.assert_good()
        self.assertEqual(len(self.fake.asked), asked + 1)
        self.fake.down = False
        self.clock.advance(2)
        self.assert_good(self.fake.add("other", **ACME))
        self.assertEqual(len(self.told), 2, self.told)
        self.assertIn("it is down", self.told[0])
        self.assertIn("answers again", self.told[1])

    def test_set_back(self):
        """
        Keystone isn't left alone for longer because the clock is set back, nor are
        tokens believed for longer.
        """
        self.assert_good()
        self.fake.down = True
        self.assert_unusable("other")
        self.clock.advance(-900)
        self.assert_unusable()
        self.fake.down = False
        self.clock.advance(-900)
        self.assert_good()
        self.assertEqual(len(self.told), 3, self.told)

    def test_told_again(self):
        """
        The operator is told again what goes on to be wrong, but not each time.
        """
        self.fake.down = True
        for _ in range(25):
            self.assert_unusable()
            self.clock.advance(5)
        self.assertEqual(len(self.told), 3)

    def test_strange(self):
        """
        A token that makes Keystone fail keeps nobody else out, nor does it fill the
        log.
        """
        self.asking(kept=0)
        for _ in range(9):
            self.fake.answer = None
            self.assert_good()
            self.fake.answer = (500, {})
            self.assert_unusable("odd")
        self.assertEqual(len(self.told), 2, self.told)

    def test_wrong_password(self):
        """
        A password that Keystone refuses is not said again and again.
        """
        self.asking(password="not-it")
        for _ in range(5):
            self.assert_unusable()
            self.failureResultOf(self.holders.check(), AccountsUnusable)
        self.assertEqual(self.fake.logins(), 1)
        self.clock.advance(10)
        self.assert_unusable()
        self.assertEqual(self.fake.logins(), 2)
        self.assertIn("check its name, password", self.told[0])

    def test_may_not_look(self):
        """
        The operator is told what role the user of this service needs.
        """
        self.fake.forbids = True
        self.assert_unusable()
        self.assertIn("give it the role service", self.told[0])

    def test_turn(self):
        """
        Where Keystone is slow, nobody waits for long for a turn.
        """
        self.asking(patience=5)
        self.assert_refused("bad")
        self.fake.holds = True
        waiting = [self.get(f"bad-{number}") for number in range(4)]
        late = self.get()
        self.clock.advance(5)
        self.failureResultOf(late, TooBusy)
        self.fake.let_go()
        for one in waiting:
            self.failureResultOf(one, Unauthenticated)
        self.assert_good()

    def test_slow(self):
        """
        A Keystone that hangs keeps nobody waiting for long.
        """
        self.assert_good()
        self.fake.holds = True
        waiting = [self.get(f"t-{n}", client=f"192.0.2.{n}") for n in range(8)]
        self.clock.advance(10)
        for one in waiting:
            self.failureResultOf(one, AccountsUnusable)
        self.assert_good()

    def test_expired(self):
        """
        One that has ended may be good for some, which makes it good for nobody else.
        """
        self.fake.add("old", -60, **ACME)
        self.assert_refused("old")
        self.assert_good("old", expired=True)
        asked = self.fake.lookups()
        self.assert_good("old", expired=True)
        self.assertEqual(self.fake.lookups(), asked)
        self.assert_refused("old")

    def test_check(self):
        """
        It is seen whether Keystone answers and knows this service, and that is
        told the operator at the start.
        """
        self.successResultOf(self.holders.check())
        self.fake.answer = (503, {})
        self.failureResultOf(self.holders.check(), AccountsUnusable)
        self.told.clear()
        self.asking(password="not-it")
        self.holders.look()
        self.assertIn("check its name", self.told[0])

    def test_secrets(self):
        """
        Neither tokens nor passwords are in what is logged, or kept.
        """
        self.assert_good()
        self.assert_refused("bad-token")
        self.fake.down = True
        self.assert_unusable("other-token")
        self.clock.advance(2)
        self.fake.down = False
        self.fake.answer = (500, {})
        self.assert_unusable("other-token")
        self.assertEqual(len(self.told), 2)
        kept = [*self.holders._good._kept, *self.holders._wrong._kept]
        self.assertEqual(len(kept), 2)
        for secret in ("good", "bad-token", "other-token", SECRET, self.fake.given[0]):
            self.assertNotIn(secret, "".join(self.told))
            self.assertNotIn(secret.encode(), b"".join(kept))
