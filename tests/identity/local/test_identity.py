"""
Tests for L{glance.identity.local.identity}.
"""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from zope.interface.verify import verifyObject

from glance.context import Context
from glance.errors import TooManyAttempts, Unauthenticated
from glance.identity.contexts import Contexts
from glance.identity.local.identity import LocalIdentity
from glance.identity.local.logins import Password, Scope
from glance.interfaces import Caller, IIdentity
from tests.identity.local.users import BOSS, EVA, Service


def basic(name, password):
    """
    Get the header that says a name and a password.
    """
    pair = b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


class LocalIdentityTests(SynchronousTestCase):
    """
    L{LocalIdentity} knows users by what they show.
    """

    def setUp(self):
        self.service = Service(self)
        accounts = self.service.file.read()
        self.eva = accounts.user_named("eva").id
        self.acme = accounts.project_named("acme").id

    def identify(self, headers, client="192.0.2.1", anonymous=False, **how):
        """
        Start to find out who sent these headers.
        """
        how = {"admin_role": "Admin", "owner_is_tenant": True, **how}
        identity = LocalIdentity(
            self.service.logins, Contexts(**how), anonymous=anonymous
        )
        verifyObject(IIdentity, identity)
        lists = {
            name: [value] if isinstance(value, str) else value
            for name, value in dict(headers).items()
        }
        return identity.identify(Caller(Headers(lists), "127.0.0.1", client))

    def refused(self, headers, **how):
        """
        Assert that who sent these headers is nobody, and get why.
        """
        failure = self.failureResultOf(self.identify(headers, **how), Unauthenticated)
        return str(failure.value)

    def token(self, name="eva", password=EVA, **scope):
        """
        Get a token.
        """
        said = Password(name=name, password=password)
        issued = self.service.logins.issue(said, Scope(**scope), None)
        return self.successResultOf(issued)[0]

    def test_ways(self):
        """
        There are these ways to say who one is, and it is the same.
        """
        key = self.service.file.add_key("eva", None, "", None)
        self.service.later()
        token = self.token()
        expected = Context(
            user=self.eva,
            tenant=self.acme,
            roles=frozenset({"member", "reader"}),
            owner=self.acme,
        )
        for headers in (
            {"X-Auth-Token": token},
            {"X-Auth-Token": key},
            {"Authorization": f"Bearer {token}"},
            {"Authorization": f"bearer  {key} "},
            basic("eva", EVA),
            basic("eva", key),
        ):
            context = self.successResultOf(self.identify(headers))
            self.assertEqual(context, expected)

    def test_admin(self):
        """
        An administrator is one.
        """
        context = self.successResultOf(self.identify(basic("boss", BOSS)))
        self.assertTrue(context.is_admin)
        self.assertEqual(context.roles, {"admin", "member", "reader"})
        identified = self.identify(basic("boss", BOSS), admin_role="root")
        self.assertFalse(self.successResultOf(identified).is_admin)

    def test_owner_is_user(self):
        """
        Images may belong to users instead.
        """
        identified = self.identify(basic("eva", EVA), owner_is_tenant=False)
        context = self.successResultOf(identified)
        self.assertEqual((context.owner, context.tenant), (self.eva, self.acme))

    def test_nothing_said(self):
        """
        Who says nothing is nobody, or, where it is let in, may do nothing that
        not everybody may.
        """
        for headers in ({}, {"X-Auth-Token": ""}, {"X-Roles": "admin"}):
            self.assertIn("Log in", self.refused(headers))
            context = self.successResultOf(self.identify(headers, anonymous=True))
            self.assertEqual(context, Context())

    def test_wrong(self):
        """
        Who says something wrong is nobody, also where nobody is let in.
        """
        for headers in (
            {"X-Auth-Token": "x"},
            {"X-Auth-Token": self.token() + "x"},
            {"X-Auth-Token": [self.token(), self.token()]},
            {b"X-Auth-Token": [b"\xff"]},
            {"Authorization": "Bearer x"},
            {"Authorization": "Bearer"},
            {"Authorization": "Basic"},
            {"Authorization": "Basic !!!"},
            {"Authorization": f"Basic {b64encode(b'eva').decode()}"},
            {"Authorization": f"Basic {b64encode(bytes([255, 58])).decode()}"},
            {"Authorization": "Digest x"},
            basic("eva", "wrong"),
        ):
            for anonymous in (False, True):
                self.refused(headers, anonymous=anonymous)

    def test_unscoped(self):
        """
        A token that is for no project is not for images.
        """
        token = self.token(nothing=True)
        self.assertIn("project", self.refused({"X-Auth-Token": token}))

    def test_client(self):
        """
        Who tries too much is known by its own address, not by that of a proxy.
        """
        for _ in range(10):
            self.refused(basic("eva", "wrong"))
        self.failureResultOf(self.identify(basic("eva", EVA)), TooManyAttempts)
        other = self.identify(basic("eva", EVA), client="192.0.2.2")
        self.successResultOf(other)
