"""
Tests of L{glance.policy.protections}.
"""

from twisted.trial.unittest import SynchronousTestCase

from glance.policy.language import BadRule
from glance.policy.protections import OPERATIONS, Protections
from glance.policy.rules import DEFAULT_RULES, Rules

ROLES = """
[^x_billing_.*]
create = admin, Billing
read = admin,member,billing
update = billing
delete = admin

[^x_billing_code$]
create = @
read = @
update = @
delete = @

[^Open]
create = @
read = @
update = !
delete =

[.*]
create = member
read = reader
update = member
delete = member
"""


def caller(*roles):
    """
    Get what is known of somebody.
    """
    return {"roles": frozenset(roles), "is_admin": False}


class RolesTests(SynchronousTestCase):
    """
    A file may name roles.
    """

    def setUp(self):
        self.protections = Protections(ROLES, "roles", DEFAULT_RULES)

    def permitted(self, name, *roles):
        """
        Get what somebody of these roles may do.
        """
        return [
            operation
            for operation in OPERATIONS
            if self.protections.permit(operation, name, caller(*roles))
        ]

    def test_first(self):
        """
        The first section counts whose pattern is found in the name.
        """
        for name in ("x_billing_", "x_billing_code"):
            self.assertEqual(self.permitted(name, "member"), ["read"])
            self.assertEqual(
                self.permitted(name, "billing"), ["create", "read", "update"]
            )
            self.assertEqual(
                self.permitted(name, "admin"), ["create", "read", "delete"]
            )
        self.assertEqual(self.permitted("other", "reader"), ["read"])

    def test_everybody(self):
        """
        C{@} is everybody; C{!}, or nothing, nobody.  Case counts in names.
        """
        self.assertEqual(self.permitted("Open", "x"), ["create", "read"])
        self.assertEqual(self.permitted("open", "x"), [])

    def test_spellings(self):
        """
        No other spelling passes for a name that is protected.
        """
        for name in ("X_Billing_Code", "X_BILLING_"):
            self.assertEqual(self.permitted(name, "member"), ["read"])

    def test_none(self):
        """
        With a property that no section is for nobody may do anything.
        """
        text = "[a]\n" + "".join(f"{operation} = @\n" for operation in OPERATIONS)
        protections = Protections(text, "roles", DEFAULT_RULES)
        for operation in OPERATIONS:
            self.assertTrue(protections.permit(operation, "bad", caller()))
            self.assertFalse(protections.permit(operation, "b", caller("admin")))

    def test_refused(self):
        """
        What makes no sense is refused.
        """
        whole = "create = @\nread = @\nupdate = @\ndelete = {0}\n"
        for text, why in (
            ("create = @\n", "it cannot be read"),
            ("[a]\nread = @\n", "create is missing, update is missing"),
            (f"[a]\n{whole.format('@')}raed = @\n", "raed is unknown"),
            (f"[a]\n{whole.format('@, member')}", "delete of [a] must be @"),
            (f"[a(]\n{whole.format('@')}", "[a(] is no regular expression"),
            (f"[a]\n{whole.format('@')}[a]\n", "it cannot be read"),
        ):
            with self.subTest(why):
                error = self.assertRaises(
                    BadRule, Protections, text, "roles", DEFAULT_RULES
                )
                self.assertIn(why, str(error))


class PoliciesTests(SynchronousTestCase):
    """
    A file may name rules.
    """

    TEXT = "[.*]\ncreate = {0}\nread = @\nupdate = !\ndelete = context_is_admin\n"

    def test_rules(self):
        """
        A rule decides.
        """
        rules = Rules({"makers": "role:maker and not role:guest"})
        protections = Protections(self.TEXT.format("makers"), "policies", rules)
        maker, guest = caller("maker"), caller("maker", "guest")
        for operation, permitted in zip(
            OPERATIONS, (True, True, False, False), strict=True
        ):
            self.assertEqual(protections.permit(operation, "a", maker), permitted)
        self.assertFalse(protections.permit("create", "a", guest))
        admin = {"roles": frozenset(), "is_admin": True}
        self.assertTrue(protections.permit("delete", "a", admin))

    def test_refused(self):
        """
        There has to be one, and just one.
        """
        for said, why in (
            ("makers", "names rule makers, which isn't there"),
            ("context_is_admin, get_image", "the name of one rule"),
        ):
            text = self.TEXT.format(said)
            error = self.assertRaises(
                BadRule, Protections, text, "policies", DEFAULT_RULES
            )
            self.assertIn(
                f"create of [.*] {'must be ' if 'one' in why else ''}{why}", str(error)
            )
