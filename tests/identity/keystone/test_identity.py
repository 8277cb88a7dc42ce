"""
Tests for L{glance.identity.keystone.identity}.
"""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from zope.interface.verify import verifyObject

from glance.context import Context
from glance.errors import AccountsUnusable, Forbidden, Unauthenticated
from glance.identity.contexts import Contexts
from glance.identity.keystone.identity import KeystoneIdentity
from glance.interfaces import Caller, IIdentity
from tests.identity.keystone.test_holders import Asking
from tests.keystone.fake import ACME, SERVICE

EVA = Context(
    user="eva-id",
    tenant="acme-id",
    roles=frozenset({"member", "reader"}),
    owner="acme-id",
    also={"user_domain_id": "people", "project_domain_id": "companies"},
)


def roles(*names):
    """
    Say roles as Keystone does.
    """
    return [{"id": name, "name": name} for name in names]


class KeystoneIdentityTests(SynchronousTestCase):
    """
    L{KeystoneIdentity} knows callers by their tokens.
    """

    def setUp(self):
        asking = Asking()
        self.fake, self.holders = asking.fake, asking.holders
        self.fake.add("eva", **ACME)
        self.fake.add("old", -60, **ACME)
        self.fake.add("nova", user="nova-id", **SERVICE)

    def identify(self, token=None, service=None, more=(), **how):
        """
        Start to find out who sent a request.
        """
        how = {
            "admin_role": "Admin",
            "owner_is_tenant": True,
            "anonymous": False,
            "service_roles": frozenset({"service"}),
            "service_roles_required": False,
            **how,
        }
        contexts = Contexts(
            admin_role=how.pop("admin_role"), owner_is_tenant=how.pop("owner_is_tenant")
        )
        identity = KeystoneIdentity(self.holders, contexts, **how)
        verifyObject(IIdentity, identity)
        said = {"X-Auth-Token": token, "X-Service-Token": service, **dict(more)}
        headers = {name: [value] for name, value in said.items() if value is not None}
        return identity.identify(Caller(Headers(headers), "192.0.2.1", "192.0.2.1"))

    def context(self, *args, **kwargs):
        return self.successResultOf(self.identify(*args, **kwargs))

    def refused(self, *args, kind=Unauthenticated, **kwargs):
        failure = self.failureResultOf(self.identify(*args, **kwargs), kind)
        return str(failure.value)

    def test_token(self):
        """
        A token says who asks, for what project, and with which roles there.
        """
        context = self.context("eva")
        self.assertEqual(context, EVA)
        self.assertEqual(context.facts["user_domain_id"], "people")
        self.assertEqual(context.facts["project_domain_id"], "companies")

    def test_lies(self):
        """
        What else a request says of who asks is not heard.
        """
        lies = {
            "X-Identity-Status": "Confirmed",
            "X-User-Id": "boss",
            "X-Roles": "admin",
            "X-Project-Id": "other",
            "X-Tenant-Id": "other",
            "X-Service-Roles": "service",
            "X-Is-Admin-Project": "True",
            "Openstack-System-Scope": "all",
        }
        self.assertEqual(self.context("eva", more=lies), EVA)
        self.refused(more=lies)

    def test_admin(self):
        """
        Who has the role of administrators is one.
        """
        told = {**ACME, "roles": roles("ADMIN", "member")}
        self.fake.add("boss", **told)
        self.assertTrue(self.context("boss").is_admin)
        self.assertFalse(self.context("boss", admin_role="root").is_admin)
        self.assertFalse(self.context("eva").is_admin)

    def test_owner_is_user(self):
        """
        Images may belong to users instead.
        """
        context = self.context("eva", owner_is_tenant=False)
        self.assertEqual((context.owner, context.tenant), ("eva-id", "acme-id"))

    def test_no_project(self):
        """
        A token for a domain, for the whole system or for nothing, is of no use
        here, whatever its roles.
        """
        for told in (
            {},
            {"domain": {"id": "default"}, "roles": roles("admin")},
            {"system": {"all": True}, "roles": roles("admin")},
            {"project": None, "roles": roles("admin")},
            {"project": ACME["project"], "roles": []},
        ):
            self.fake.add("scoped", **told)
            self.assertIn("for no project", self.refused("scoped", kind=Forbidden))
            self.setUp()

    def test_nothing_said(self):
        """
        Who says no token is nobody, or, where it is let in, may do nothing that
        not everybody may.
        """
        self.assertIn("Log in at Keystone", self.refused())
        self.assertEqual(self.context(anonymous=True), Context())
        for more in ({}, {"X-Roles": "admin"}):
            self.assertEqual(self.context(anonymous=True, more=more), Context())

    def test_passwords(self):
        """
        There are no passwords here.
        """
        pair = b64encode(b"eva:eva").decode()
        for said in (f"Basic {pair}", "Bearer eva"):
            for anonymous in (False, True):
                more = {"Authorization": said}
                told = self.refused(more=more, anonymous=anonymous)
                self.assertIn("X-Auth-Token", told)

    def test_wrong(self):
        """
        A token that isn't good is none, also where nobody has to have one.
        """
        for token in ("bad", "old"):
            self.assertIn("not valid", self.refused(token))
            self.assertIn("not valid", self.refused(token, anonymous=True))

    def test_several(self):
        """
        Of several tokens none is taken.
        """
        several = Headers({"X-Auth-Token": ["eva", "eva"]})
        identity = KeystoneIdentity(
            self.holders,
            Contexts(admin_role="admin", owner_is_tenant=True),
            anonymous=True,
            service_roles=frozenset(),
            service_roles_required=False,
        )
        asked = identity.identify(Caller(several, None))
        self.failureResultOf(asked, Unauthenticated)

    def test_service(self):
        """
        A service that asks for a user is known to rules, and may go on with what
        it began when the user's token ends.
        """
        for token in ("eva", "old"):
            context = self.context(token, "nova")
            self.assertEqual((context.user, context.roles), (EVA.user, EVA.roles))
            self.assertEqual(context.facts["service_user_id"], "nova-id")
            self.assertEqual(context.facts["service_roles"], {"service"})
            self.assertEqual(context.facts["user_domain_id"], "people")
        self.assertIn("not valid", self.refused("bad", "nova"))

    def test_no_service(self):
        """
        A token of a service that isn't good is told, and one without its role
        makes none last longer.
        """
        self.fake.add("zoe", user="zoe-id", **ACME)
        self.assertEqual(self.context("eva", "zoe").facts["service_user_id"], "zoe-id")
        self.assertIn("not valid", self.refused("old", "zoe"))
        self.assertIn("not valid", self.refused("eva", "bad"))
        self.assertIn("not valid", self.refused("eva", "old"))
        required = {"service_roles_required": True}
        self.assertIn("no role", self.refused("eva", "zoe", **required))
        self.assertEqual(self.context("eva", "nova", **required).user, "eva-id")
        other = {"service_roles": frozenset({"compute"})}
        self.assertIn("not valid", self.refused("old", "nova", **other))

    def test_service_alone(self):
        """
        A service that asks for nobody is nobody.
        """
        self.assertIn("Log in", self.refused(None, "nova"))

    def test_down(self):
        """
        Without Keystone nobody can be told.
        """
        self.fake.down = True
        self.refused("eva", kind=AccountsUnusable)
