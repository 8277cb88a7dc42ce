"""
Tests for L{glance.identity.local.verifying}.
"""

from twisted.internet.defer import CancelledError, Deferred

from glance.errors import TooBusy, TooManyAttempts, Unauthenticated
from tests.identity.local.test_logins import HERE, THERE, Logging
from tests.identity.local.users import EVA


class TurnTests(Logging):
    """
    Few passwords are hashed at a time.
    """

    def setUp(self):
        super().setUp()
        self.running = []
        self.asked = []

    def tearDown(self):
        # What is collected amid its turn would let the next have one.
        for each in self.asked:
            each.addErrback(lambda failure: failure.trap(Unauthenticated))
        while self.running:
            self.running.pop()()

    def log_in(self, name, password, address=HERE):
        """
        Start to log in.
        """
        asked = self.logins.by_password(name, password, address)
        self.asked.append(asked)
        return asked

    def hashing(self, f, *arguments):
        """
        Let a hash take its time.
        """
        done = Deferred()
        self.running.append(lambda: done.callback(f(*arguments)))
        return done

    def test_one_by_one(self):
        """
        One hash runs, others wait, and of one client not too many.
        """
        waiting = [self.log_in("eva", f"wrong {number}") for number in range(5)]
        self.assertEqual(len(self.running), 1)
        late = self.log_in("eva", EVA)
        self.failureResultOf(late, TooBusy)
        other = self.log_in("eva", EVA, THERE)
        for each in waiting[:2]:
            self.running.pop()()
            self.failureResultOf(each, Unauthenticated)
        self.running.pop()()
        self.successResultOf(other)

    def test_same(self):
        """
        The same password is hashed once, however many say it.
        """
        waiting = [self.log_in("eva", EVA) for _ in range(50)]
        waiting += [self.log_in("eva", EVA, THERE) for _ in range(50)]
        self.running.pop()()
        for each in waiting:
            self.successResultOf(each)
        self.assertEqual(self.running, [])

    def test_same_wrong(self):
        """
        Who says the same wrong password several times at once has tried once, and
        said of several users, whether there are such or not, several times.
        """
        for name in ("eva", "nobody"):
            for _ in range(50):
                self.log_in(name, "wrong", THERE)
        while self.running:
            self.running.pop()()
        self.assertEqual([each.called for each in self.asked], [True] * 100)
        for name in ("eva", "nobody"):
            for number in range(9):
                self.log_in(name, f"wrong {number}", THERE)
                self.running.pop()()
            refused = self.log_in(name, "wrong", THERE)
            self.failureResultOf(refused, TooManyAttempts)

    def test_gone(self):
        """
        Who goes away has tried, and keeps nobody from a turn.
        """
        for number in range(10):
            tried = self.log_in("bob", f"wrong {number}")
            tried.cancel()
            self.failureResultOf(tried, CancelledError)
        failure = self.log_in("bob", "wrong")
        self.failureResultOf(failure, TooManyAttempts)
        asked = self.log_in("eva", EVA)
        self.running.pop()()
        self.successResultOf(asked)
