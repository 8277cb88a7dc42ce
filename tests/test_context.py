"""
Tests for L{glance.context}.
"""

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from glance.context import Context, Deed, demand, may, seen
from glance.errors import Forbidden, ImageNotFound, Unauthenticated
from glance.image import Consent, Image, Member, Status, Visibility
from glance.policy.defaults import DEFAULTS
from glance.policy.rules import Rules

THEN = datetime(2011, 4, 15, tzinfo=UTC)

CALLERS = {
    "admin": Context(tenant="root", owner="root", is_admin=True),
    "owner": Context(tenant="mine", owner="mine"),
    "member": Context(tenant="friend", owner="friend"),
    "sharer": Context(tenant="sharer", owner="sharer"),
    "rejecting": Context(tenant="grump", owner="grump"),
    "reader": Context(tenant="mine", owner="mine", roles=frozenset({"reader"})),
    "stranger": Context(tenant="other", owner="other"),
    "anonymous": Context(),
}

EVERYBODY = set(CALLERS)
SHARERS = {"admin", "owner", "member", "sharer", "rejecting"}

TABLE = {
    ("public", Deed.SEE): EVERYBODY,
    ("public", Deed.DOWNLOAD): EVERYBODY - {"reader"},
    ("public", Deed.CHANGE): {"admin", "owner"},
    ("public", Deed.UPLOAD): {"admin", "owner"},
    ("public", Deed.DELETE): {"admin", "owner"},
    ("public", Deed.SHARE): {"admin", "owner"},
    ("public", Deed.SEE_MEMBERS): {"admin", "owner", "reader"},
    ("public", Deed.PUBLISH): {"admin"},
    ("public", Deed.CONSENT): {"admin"},
    ("shared", Deed.CONSENT): {"admin", "member", "sharer", "rejecting"},
    ("shared", Deed.SEE_MEMBERS): {*SHARERS, "reader"},
    ("public", Deed.REWRITE): {"admin"},
    ("public", Deed.REMOVE_COPY): {"admin"},
    ("community", Deed.SEE): EVERYBODY - {"anonymous"},
    ("community", Deed.COMMUNITIZE): {"admin", "owner"},
    ("community", Deed.DEACTIVATE): {"admin", "owner"},
    ("community", Deed.REACTIVATE): {"admin", "owner"},
    ("community", Deed.CHANGE): {"admin", "owner"},
    ("shared", Deed.SEE): {*SHARERS, "reader"},
    ("shared", Deed.DOWNLOAD): SHARERS,
    ("shared", Deed.CHANGE): {"admin", "owner"},
    ("shared", Deed.DELETE): {"admin", "owner"},
    ("shared", Deed.SHARE): {"admin", "owner", "sharer"},
    ("shared", Deed.UNSHARE): {"admin", "owner", "sharer"},
    ("shared", Deed.ADD_MEMBER): {"admin", "owner"},
    ("shared", Deed.REMOVE_MEMBER): {"admin", "owner"},
    ("shared", Deed.SEE_MEMBER): {*SHARERS, "reader"},
    ("private", Deed.SEE): {"admin", "owner", "reader"},
    ("private", Deed.DOWNLOAD): {"admin", "owner"},
    ("private", Deed.SHARE): {"admin", "owner"},
    ("private", Deed.CHANGE): {"admin", "owner"},
}
"""
Who may do what to images of the project "mine".
"""


def image(visibility, **attributes):
    """
    Get an image with members of all kinds.
    """

    def member(name, **how):
        return Member(id=name, created_at=THEN, updated_at=THEN, **how)

    attributes = {"owner": "mine", **attributes}
    return Image(
        id="6ba7b810-9dad-41d1-80b4-00c04fd430c8",
        visibility=Visibility(visibility),
        created_at=THEN,
        updated_at=THEN,
        members=(
            member("friend", status=Consent.ACCEPTED),
            member("sharer", status=Consent.ACCEPTED, can_share=True),
            member("grump", status=Consent.REJECTED, can_share=True),
        ),
        **attributes,
    )


class MayTests(SynchronousTestCase):
    """
    L{may} decides who may do what.
    """

    def test_table(self):
        """
        Just those in the table may.
        """
        for (visibility, deed), allowed in TABLE.items():
            for name, context in CALLERS.items():
                self.assertEqual(
                    may(context, deed, image(visibility)),
                    name in allowed,
                    f"{name} {deed} {visibility}",
                )

    def test_nobodys(self):
        """
        What nobody owns all may see who say who they are, and only administrators
        change; a caller without a project owns nothing.
        """
        for name, context in CALLERS.items():
            orphan = image("private", owner=None)
            self.assertEqual(may(context, Deed.SEE, orphan), name != "anonymous")
            self.assertEqual(may(context, Deed.CHANGE, orphan), name == "admin")

    def test_deleted(self):
        """
        Deleted images are for administrators.
        """
        for status in (Status.DELETED, Status.PENDING_DELETE):
            gone = image("public", status=status)
            for name, context in CALLERS.items():
                self.assertEqual(may(context, Deed.SEE, gone), name == "admin")


class SeenTests(SynchronousTestCase):
    """
    L{seen} tells of many images what L{may} tells of each.
    """

    def test_same(self):
        """
        Whoever asks, and whatever the rule is.
        """
        images = [
            image(visibility, owner=owner, status=status, **more)
            for visibility in ("public", "community", "shared", "private")
            for owner in ("mine", "other", None)
            for status in (Status.ACTIVE, Status.PENDING_DELETE)
            for more in ({}, {"name": "n", "properties": {"hide": "yes", "p": "mine"}})
        ]
        boss = Context(tenant="mine", owner="mine", is_admin=True)
        callers = {**CALLERS, "admin of mine": boss}
        some = 0
        for rule in (
            DEFAULTS["get_image"],
            "@",
            "!",
            "role:admin",
            f"({DEFAULTS['get_image']}) and not 'yes':%(hide)s",
            "'shared':%(visibility)s and project_id:%(member_id)s",
            "'True':%(is_public)s or 'active':%(status)s",
            "project_id:%(p)s or None:%(name)s or 'n-mine':%(name)s-%(tenant)s",
        ):
            for name, caller in callers.items():
                context = caller.under(Rules({"get_image": rule}))
                expected = [each for each in images if may(context, Deed.SEE, each)]
                found = seen(context, images)
                self.assertEqual(list(found), expected, (rule, name))
                some += 0 < len(expected) < len(images)
        self.assertGreater(some, 30)


class RolesTests(SynchronousTestCase):
    """
    Roles count, and those that come with them.
    """

    def test_none(self):
        """
        Who has no roles, because nobody says any, is taken for a member.
        """
        unsaid = Context(user="u", tenant="mine", owner="mine")
        self.assertTrue(may(unsaid, Deed.DELETE, image("private")))

    def test_implied(self):
        """
        Administrators are members, and members readers.
        """
        boss = Context(user="u", is_admin=True, roles=frozenset({"boss"}))
        self.assertEqual(boss.facts["roles"], {"boss", "admin", "member", "reader"})
        member = Context(user="u", roles=frozenset({"member"}))
        self.assertEqual(member.facts["roles"], {"member", "reader"})

    def test_other(self):
        """
        A role that is known for nothing lets nobody even look.
        """
        other = Context(
            user="u", tenant="mine", owner="mine", roles=frozenset({"swiftoperator"})
        )
        for deed in (Deed.LIST, Deed.SEE, Deed.CHANGE, Deed.MAKE):
            target = None if deed is Deed.LIST else image("public")
            self.assertFalse(may(other, deed, target), deed)


class RulesTests(SynchronousTestCase):
    """
    Operators replace rules.
    """

    def owner(self, **rules):
        """
        Get the owner of images, where these rules hold.
        """
        return CALLERS["owner"].under(Rules(rules))

    def test_narrowed(self):
        """
        What a rule forbids is forbidden, to administrators too, and the rest stays.
        """
        rules = Rules({"delete_image": "!", "modify_image": "role:admin"})
        owner, admin = (CALLERS[name].under(rules) for name in ("owner", "admin"))
        self.assertFalse(may(owner, Deed.DELETE, image("public")))
        self.assertFalse(may(admin, Deed.DELETE, image("public")))
        self.assertFalse(may(owner, Deed.CHANGE, image("public")))
        self.assertTrue(may(admin, Deed.CHANGE, image("public")))
        self.assertTrue(may(owner, Deed.UPLOAD, image("public")))

    def test_widened(self):
        """
        A rule may allow more; but what a caller cannot reach it opens not.
        """
        rules = Rules(dict.fromkeys(("get_image", "delete_image"), "@"))
        stranger = CALLERS["stranger"].under(rules)
        self.assertTrue(may(stranger, Deed.DELETE, image("public")))
        for hidden in ("private", "shared"):
            self.assertFalse(may(stranger, Deed.SEE, image(hidden)))
            self.assertFalse(may(stranger, Deed.DELETE, image(hidden)))

    def test_attributes(self):
        """
        Rules ask of images by the names that operators know, and of properties.
        """
        for rule, allowed in (
            ("project_id:%(owner)s", True),
            ("project_id:%(project_id)s", True),
            ("tenant:%(tenant)s", True),
            ("user_id:%(owner)s", False),
            ("'community':%(visibility)s", True),
            ("'queued':%(status)s and False:%(protected)s", True),
            ("'linux':%(os_type)s", True),
            ("'windows':%(os_type)s or 'x':%(os_distro)s", False),
        ):
            own = image("community", properties={"os_type": "linux"})
            self.assertEqual(
                may(self.owner(delete_image=rule), Deed.DELETE, own), allowed, rule
            )

    def test_sharers(self):
        """
        Who shares an image further is bound by the rule for its owner.
        """
        sharer = CALLERS["sharer"].under(Rules({"add_member": "role:admin"}))
        self.assertFalse(may(sharer, Deed.SHARE, image("shared")))
        self.assertTrue(may(sharer, Deed.UNSHARE, image("shared")))

    def test_administrators(self):
        """
        Operators say who is an administrator: those of another role, and not
        those of the usual.
        """
        rules = Rules({"context_is_admin": "role:cloud_boss"})
        boss = Context(user="u", roles=frozenset({"cloud_boss"})).under(rules)
        self.assertTrue(boss.is_admin)
        self.assertTrue(may(boss, Deed.DELETE, image("private")))
        former = Context(user="u", roles=frozenset({"admin"}), is_admin=True).under(
            rules
        )
        self.assertFalse(former.is_admin)
        self.assertFalse(may(former, Deed.SEE, image("private")))
        self.assertTrue(Context(is_admin=True).under(rules).is_admin)
        usual = Rules({"context_is_admin": "role:admin  and @"})
        named = Context(user="u", roles=frozenset({"cloud_boss"}), is_admin=True)
        self.assertFalse(named.under(usual).is_admin)

    def test_owners_of_nothing(self):
        """
        Who has no project owns nothing, whatever a rule compares.
        """
        homeless = Context(user="u", roles=frozenset({"member"}))
        homeless = homeless.under(Rules({"delete_image": "project_id:%(owner)s"}))
        self.assertFalse(may(homeless, Deed.DELETE, image("public", owner=None)))


class DemandTests(SynchronousTestCase):
    """
    L{demand} refuses what may not be done.
    """

    def test_refusals(self):
        """
        Who may not see is told there is nothing; who isn't known is to say who
        it is; others are refused.
        """
        stranger, anonymous = CALLERS["stranger"], CALLERS["anonymous"]
        with self.assertRaises(ImageNotFound):
            demand(stranger, Deed.CHANGE, image("private"))
        with self.assertRaises(ImageNotFound):
            demand(anonymous, Deed.DELETE, image("shared"))
        with self.assertRaises(Forbidden):
            demand(stranger, Deed.CHANGE, image("public"))
        with self.assertRaises(Unauthenticated):
            demand(anonymous, Deed.CHANGE, image("public"))
        demand(CALLERS["owner"], Deed.CHANGE, image("public"))
