"""
Tests for L{glance.identity.headers}.
"""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from zope.interface.verify import verifyObject

from glance.context import Context
from glance.errors import Forbidden, Unauthenticated
from glance.identity.contexts import Contexts
from glance.identity.headers import TrustedHeaders
from glance.interfaces import Caller, IIdentity
from glance.proxies import Proxies

WHO = {
    "X-Identity-Status": ["Confirmed"],
    "X-User-Id": ["eva"],
    "X-Tenant-Id": ["acme"],
    "X-Roles": ["Member, reader,,"],
}


class TrustedHeadersTests(SynchronousTestCase):
    """
    L{TrustedHeaders} believes what proxies say.
    """

    def identify(self, changes=(), address="127.0.0.1", networks=(), **options):
        """
        Start to identify who sent these headers.
        """
        options = {"admin_role": "admin", "owner_is_tenant": True, **options}
        identity = TrustedHeaders(Proxies.parsed(networks), Contexts(**options))
        verifyObject(IIdentity, identity)
        headers = Headers({**WHO, **dict(changes)})
        return identity.identify(Caller(headers, address))

    def refused(self, *args, **kwargs):
        """
        Assert that who sent these headers isn't believed, and get the reason.
        """
        failure = self.failureResultOf(self.identify(*args, **kwargs), Unauthenticated)
        return str(failure.value)

    def test_caller(self):
        """
        The headers say who asks; roles are in lower case.
        """
        self.assertEqual(
            self.successResultOf(self.identify()),
            Context(
                user="eva",
                tenant="acme",
                roles=frozenset({"member", "reader"}),
                owner="acme",
            ),
        )

    def test_project(self):
        """
        A project is a tenant by its later name.
        """
        for changes in (
            {"X-Tenant-Id": [], "X-Project-Id": ["acme"]},
            {"X-Project-Id": ["acme"]},
        ):
            context = self.successResultOf(self.identify(changes))
            self.assertEqual((context.tenant, context.owner), ("acme", "acme"))

    def test_owner_is_user(self):
        """
        Images may belong to users instead.
        """
        context = self.successResultOf(self.identify(owner_is_tenant=False))
        self.assertEqual((context.tenant, context.owner), ("acme", "eva"))

    def test_no_tenant(self):
        """
        Who has no tenant owns nothing.
        """
        context = self.successResultOf(self.identify({"X-Tenant-Id": []}))
        self.assertIsNone(context.tenant)
        self.assertIsNone(context.owner)
        self.assertFalse(context.is_admin)

    def test_admin(self):
        """
        The role of administrators, in any case, makes one.
        """
        for role, roles in (("admin", "x, ADMIN"), ("Boss", "boss")):
            context = self.successResultOf(
                self.identify({"X-Roles": [roles]}, admin_role=role)
            )
            self.assertTrue(context.is_admin)
        context = self.successResultOf(self.identify({"X-Roles": ["administrator"]}))
        self.assertFalse(context.is_admin)

    def test_no_roles(self):
        """
        An old proxy says nothing of roles; one that says there is none is believed.
        """
        context = self.successResultOf(self.identify({"X-Roles": []}))
        self.assertEqual(context.roles, frozenset())
        for roles in ("", " , "):
            error = self.failureResultOf(self.identify({"X-Roles": [roles]}), Forbidden)
            self.assertIn("You have no role", str(error.value))

    def test_unconfirmed(self):
        """
        Who isn't confirmed has to log in; nobody is an administrator for
        having no headers.
        """
        for status in ([], ["Invalid"], ["confirmed"]):
            self.refused({"X-Identity-Status": status})
        nothing = {name: [] for name in WHO}
        self.assertIn("Log in", self.refused(nothing))

    def test_no_user(self):
        """
        It has to be somebody who is confirmed.
        """
        for user in ([], [""], [" "]):
            self.assertIn("X-User-Id", self.refused({"X-User-Id": user}))

    def test_stranger(self):
        """
        Nobody else than this machine is believed, unless networks are named.
        """
        for address in ("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"):
            self.refused(address=address)
        for address in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", None):
            self.successResultOf(self.identify(address=address))

    def test_networks(self):
        """
        Where networks are named, only they are believed, and UNIX sockets.
        """
        networks = ["192.0.2.0/24"]
        for address in ("192.0.2.1", None):
            self.successResultOf(self.identify(address=address, networks=networks))
        self.refused(address="127.0.0.1", networks=networks)

    def test_twice(self):
        """
        A header that is there twice is not believed: one of them may have
        slipped through.
        """
        for name, values in WHO.items():
            self.assertIn(name, self.refused({name: [*values, "admin"]}))

    def test_contradiction(self):
        """
        Neither is a project that is not the tenant.
        """
        self.refused({"X-Project-Id": ["other"]})

    def test_undecodable(self):
        """
        Nor what is no text.
        """
        self.assertIn("UTF-8", self.refused({b"X-User-Id": [b"\xff"], "X-User-Id": []}))
