"""
Tests for L{glance.identity.local.logins}, and of how passwords are verified.
"""

from twisted.internet.defer import Deferred, succeed
from twisted.internet.testing import EventLoggingObserver
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from glance.errors import TooManyAttempts, Unauthenticated
from glance.identity.local import passwords
from glance.identity.local.known import NEW
from glance.identity.local.logins import KeySecret, Password, Scope, Token
from glance.identity.local.verifying import REMEMBERED
from tests.identity.local.users import BOB, BOSS, EVA, Service

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Logging(SynchronousTestCase):
    """
    Tests with users who log in.
    """

    def setUp(self):
        self.hashed = 0
        self.before = lambda: succeed(None)
        self.service = Service(self, hashing=self.hashing)
        self.logins, self.file = self.service.logins, self.service.file

    def hashing(self, f, *arguments):
        """
        Count what is hashed, once that has its turn.
        """
        self.hashed += 1
        return self.before().addCallback(lambda _: f(*arguments))

    def issue(self, credential=None, **scope):
        """
        Start to get a token, for eva if nobody else is named.
        """
        credential = credential or Password(name="eva", password=EVA)
        return self.logins.issue(credential, Scope(**scope), HERE)

    def token(self, credential=None, **scope):
        """
        Get a token.
        """
        return self.successResultOf(self.issue(credential, **scope))[0]

    def who(self, token):
        """
        Get who is logged in by a token.
        """
        return self.successResultOf(self.logins.by_token(token))

    def assert_stale(self, token):
        """
        Assert that a token is not good any more.
        """
        self.failureResultOf(self.logins.by_token(token), Unauthenticated)


class TokenTests(Logging):
    """
    Who logs in gets a token.
    """

    def test_password(self):
        """
        By name and password one gets a token for the project that one works
        for.
        """
        login = self.who(self.token())
        self.assertEqual((login.user.name, login.project.name), ("eva", "acme"))
        self.assertEqual(login.roles, {"member", "reader"})
        self.assertEqual(login.methods, ("password",))
        self.assertEqual(login.expires - login.issued, 3600)

    def test_by_id(self):
        """
        An id does as well as a name, of the user and of the project.
        """
        eva, acme = self.ids()
        login = self.who(
            self.token(Password(user_id=eva, password=EVA), project_id=acme)
        )
        self.assertEqual((login.user.id, login.project.id), (eva, acme))

    def ids(self):
        """
        Get the ids of eva and acme.
        """
        accounts = self.file.read()
        return accounts.user_named("eva").id, accounts.project_named("acme").id

    def test_scope(self):
        """
        A token is good for the project that was asked for, by name or id.
        """
        self.file.grant("eva", "other", "reader")
        login = self.who(self.token(project_name="other"))
        self.assertEqual((login.project.name, login.roles), ("other", {"reader"}))
        login = self.who(self.token(project_id=login.project.id))
        self.assertEqual(login.project.name, "other")

    def test_strange_project(self):
        """
        There is none for a project in which one has no role, or that isn't
        there.
        """
        admin = self.file.read().project_named("admin").id
        for scope in (
            {"project_name": "admin"},
            {"project_id": admin},
            {"project_name": "nothing"},
            {"project_id": "nothing"},
            {"project_name": ""},
        ):
            self.failureResultOf(self.issue(**scope), Unauthenticated)

    def test_unscoped(self):
        """
        One can ask for a token that is good for nothing but other tokens.
        """
        token = self.token(nothing=True)
        login = self.who(token)
        self.assertIsNone(login.project)
        self.assertEqual(login.roles, set())
        scoped = self.who(self.token(Token(token), project_name="acme"))
        self.assertEqual(scoped.project.name, "acme")
        self.assertEqual(scoped.methods, ("password", "token"))

    def test_token_for_token(self):
        """
        A token that was had for another lasts no longer than that.
        """
        first = self.token()
        self.service.clock.advance(3000)
        second = self.token(Token(first))
        self.assertNotEqual(first, second)
        self.assertEqual(self.who(second).expires, self.who(first).expires)
        self.service.clock.advance(600)
        for token in (first, second):
            self.assert_stale(token)
        self.failureResultOf(self.issue(Token(first)), Unauthenticated)

    def test_expires(self):
        """
        After its time a token is not good any more.
        """
        token = self.token()
        self.service.clock.advance(3599.9)
        self.who(token)
        self.service.clock.advance(0.1)
        self.assert_stale(token)

    def test_revoke(self):
        """
        A token that was revoked is not good, here at once, and elsewhere after
        a second; others of the same user are.
        """
        token, other = self.token(), self.token()
        self.successResultOf(self.logins.revoke(self.who(token)))
        self.assert_stale(token)
        self.who(other)

    def test_changed_password(self):
        """
        Tokens that were had for an old password are good for nothing.
        """
        token = self.token()
        self.file.set_password("eva", "another one")
        self.service.later()
        self.assert_stale(token)
        self.failureResultOf(self.issue(), Unauthenticated)

    def test_roles_change(self):
        """
        What is taken from a user is taken from its tokens.
        """
        token = self.token()
        self.file.grant("eva", "acme", "service")
        self.service.later()
        self.assertIn("service", self.who(token).roles)
        self.file.withdraw("eva", "acme", "member")
        self.file.withdraw("eva", "acme", "service")
        self.service.later()
        self.assert_stale(token)

    def test_removed(self):
        """
        A user that comes again is another.
        """
        token = self.token()
        self.file.remove_user("eva")
        self.file.add_user("eva", EVA, "acme", "member")
        self.service.later()
        self.assert_stale(token)

    def test_nonsense(self):
        """
        Nobody is who shows nonsense.
        """
        for token in ("", "x", "gat_x.y", "gak_x_y", self.token()[:-1]):
            self.assert_stale(token)

    def test_all_workers(self):
        """
        A token is good for each process that has the file.
        """
        token = self.token()
        other = Service(self)
        other.file.path.unlink()
        self.file.path.rename(other.file.path)
        self.assertEqual(
            self.successResultOf(other.logins.by_token(token)).user.name, "eva"
        )


class KeyTests(Logging):
    """
    There are tokens that last.
    """

    def key(self, expires=None, project=None):
        """
        Make one for eva.
        """
        return self.file.add_key("eva", project, "for curl", expires)

    def test_token(self):
        """
        Such a token says who has it, for years.
        """
        key = self.key()
        for _ in range(2):
            login = self.who(key)
            self.assertEqual((login.user.name, login.project.name), ("eva", "acme"))
            self.assertEqual(login.roles, {"member", "reader"})
            self.service.clock.advance(1e8)

    def test_just_made(self):
        """
        What was made a moment ago, by another process, is known.
        """
        self.assert_stale("gak_x_y")
        key = self.key()
        self.file.add_user("new", "new's password", "acme", "member")
        self.service.clock.advance(2 * NEW)
        self.who(key)
        self.token(Password(name="new", password="new's password"))

    def test_expires(self):
        """
        It may have an end.
        """
        key = self.key(self.service.clock.seconds() + 1e6)
        self.service.clock.advance(1e6 - 1)
        token = self.token(KeySecret(**self.parts(key)))
        self.assertEqual(self.who(token).expires, self.service.clock.seconds() + 1)
        self.service.clock.advance(1)
        for stale in (key, token):
            self.assert_stale(stale)

    def parts(self, key):
        """
        Get the parts of a key.
        """
        return dict(zip(("id", "secret"), passwords.key_parts(key), strict=True))

    def test_application_credential(self):
        """
        One gets a token for it, for the same project only.
        """
        self.file.grant("eva", "other", "member")
        key = self.key()
        parts = self.parts(key)
        token = self.token(KeySecret(**parts))
        for have in (KeySecret(**parts), Token(token), Token(key)):
            for scope in ({}, {"project_name": "acme"}):
                self.assertEqual(self.who(self.token(have, **scope)).user.name, "eva")
            for scope in ({"project_name": "other"}, {"project_id": "x"}):
                self.failureResultOf(self.issue(have, **scope), Unauthenticated)
        wrong = KeySecret(**{**parts, "secret": "x"})
        self.failureResultOf(self.issue(wrong), Unauthenticated)

    def test_revoke(self):
        """
        It can be revoked, with the tokens that were had for it.
        """
        key = self.key()
        token = self.token(KeySecret(**self.parts(key)))
        again = self.token(Token(token))
        self.successResultOf(self.logins.revoke(self.who(key)))
        for stale in (key, token, again):
            self.assert_stale(stale)

    def test_changed_password(self):
        """
        It outlives passwords.
        """
        key = self.key()
        token = self.token(KeySecret(**self.parts(key)))
        self.file.set_password("eva", "another one")
        self.service.later()
        for good in (key, token):
            self.who(good)

    def test_in_place_of_password(self):
        """
        It can be said where a password is asked for, with its user's name, and
        is not hashed slowly.
        """
        key = self.key()
        login = self.successResultOf(self.logins.by_password("eva", key, HERE))
        self.assertEqual(login.user.name, "eva")
        self.assertEqual(self.hashed, 0)
        for name in ("bob", "nobody"):
            wrong = self.logins.by_password(name, key, HERE)
            self.failureResultOf(wrong, Unauthenticated)

    def test_role_gone(self):
        """
        It is good for as much as its user may.
        """
        key = self.key()
        self.file.withdraw("eva", "acme", "member")
        self.service.later()
        self.assert_stale(key)


class PasswordTests(Logging):
    """
    Passwords are verified, but not as many as somebody may like.
    """

    def log_in(self, name="eva", password=EVA, address=HERE):
        """
        Start to log in.
        """
        return self.logins.by_password(name, password, address)

    def refused(self, *arguments, **how):
        """
        Assert that one cannot log in, and get why.
        """
        failure = self.failureResultOf(self.log_in(*arguments, **how), Unauthenticated)
        return str(failure.value)

    def test_right(self):
        """
        Who says the right password is logged in.
        """
        login = self.successResultOf(self.log_in())
        self.assertEqual((login.user.name, login.project.name), ("eva", "acme"))

    def test_wrong(self):
        """
        Nobody learns whether there is a user of a name: not by the words, nor by
        the time it takes.
        """
        said = set()
        for name in ("eva", "nobody", ""):
            before = self.hashed
            said.add(self.refused(name, "wrong"))
            self.assertEqual(self.hashed, before + 1)
        self.assertEqual(len(said), 1)

    def test_logged(self):
        """
        The log says whose password was tried from where, and no name that
        nobody has.
        """
        events = EventLoggingObserver.createWithCleanup(self, globalLogPublisher)
        self.refused("eva", "wrong")
        self.refused("my password", "wrong")
        said = [formatEvent(event) for event in events]
        self.assertEqual(
            said,
            [f"A wrong password for {name} from {HERE}" for name in ("eva", "nobody")],
        )
        self.assertNotIn("my password", repr(list(events)))

    def test_remembered(self):
        """
        A password that was right is not hashed again for a minute.
        """
        for _ in range(5):
            self.successResultOf(self.log_in())
            self.token()
        self.assertEqual(self.hashed, 1)
        self.service.clock.advance(REMEMBERED)
        self.successResultOf(self.log_in())
        self.assertEqual(self.hashed, 2)

    def test_not_remembered(self):
        """
        A wrong one is hashed each time, and a right one makes no other right.
        """
        self.successResultOf(self.log_in())
        self.refused(password="wrong")
        self.refused(password="wrong")
        self.refused(name="bob")
        self.assertEqual(self.hashed, 4)

    def test_forgotten(self):
        """
        A password that isn't the user's any more is wrong at once.
        """
        self.successResultOf(self.log_in())
        changing = self.service.known.change(self.file.set_password, "eva", "x" * 8)
        self.successResultOf(changing)
        self.refused()

    def test_taken_away_meanwhile(self):
        """
        What is taken away while a password waits to be hashed is gone.
        """
        for taken, credential in [
            ((self.file.remove_user, "bob"), ("bob", BOB)),
            ((self.file.set_password, "eva", "x" * 8), ("eva", EVA)),
            ((self.file.withdraw, "boss", "admin", "admin"), ("boss", BOSS)),
        ]:
            hashing = Deferred()
            self.before = lambda hashing=hashing: hashing
            logging_in = self.log_in(*credential)
            name, password = credential
            issuing = self.issue(Password(name=name, password=password))
            change, *arguments = taken
            change(*arguments)
            self.service.later()
            hashing.callback(None)
            if name == "boss":
                self.assertIsNone(self.successResultOf(logging_in).project)
                self.assertIsNone(self.successResultOf(issuing)[1].project)
            else:
                self.failureResultOf(logging_in, Unauthenticated)
                self.failureResultOf(issuing, Unauthenticated)

    def test_other_secret_meanwhile(self):
        """
        Whoever waited while the secret was changed gets a token that is good.
        """
        hashing = Deferred()
        self.before = lambda: hashing
        issuing = self.issue()
        self.file.change_secret()
        self.service.later()
        hashing.callback(None)
        self.assertEqual(self.who(self.successResultOf(issuing)[0]).user.name, "eva")

    def test_not_readable(self):
        """
        What is remembered of passwords is nothing they can be had back from.
        """
        self.successResultOf(self.log_in())
        self.assertNotIn(EVA, repr(vars(self.service.verifier)))

    def test_limit(self):
        """
        After some wrong passwords an address isn't listened to, however right
        the next; others are, and who is known from the last minute.
        """
        self.successResultOf(self.log_in("bob", "bob's password"))
        for _ in range(10):
            self.refused(password="wrong")
        before = self.hashed
        failure = self.failureResultOf(self.log_in(), TooManyAttempts)
        self.assertGreater(failure.value.seconds, 0)
        self.assertEqual(self.hashed, before)
        self.successResultOf(self.log_in(address=THERE))
        self.successResultOf(self.log_in())
        self.successResultOf(self.log_in("bob", "bob's password"))

    def test_wait(self):
        """
        Who waits as long as it was told is listened to again.
        """
        for _ in range(10):
            self.refused(password="wrong")
        failure = self.failureResultOf(self.log_in(), TooManyAttempts)
        self.service.clock.advance(failure.value.seconds)
        self.successResultOf(self.log_in())

    def test_by_id(self):
        """
        By id there are no more tries than by name.
        """
        eva = self.file.read().user_named("eva").id
        for number in range(10):
            who = {"name": "eva"} if number % 2 else {"user_id": eva}
            tried = self.issue(Password(password="wrong", **who))
            self.failureResultOf(tried, Unauthenticated)
        self.failureResultOf(self.log_in(), TooManyAttempts)

    def test_name_as_id(self):
        """
        Nobody learns whether there is a user of a name by trying the name as an id.
        """
        for name in ("eva", "nobody"):
            for _ in range(10):
                self.refused(name, "wrong")
            tried = self.issue(Password(password="wrong", user_id=name))
            self.failureResultOf(tried, Unauthenticated)
