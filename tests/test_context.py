"""
Tests for L{glance.context}.
"""

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from glance.context import Context, Deed, demand, may
from glance.errors import Forbidden, ImageNotFound, Unauthenticated
from glance.image import Consent, Image, Member, Status, Visibility

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
    ("community", Deed.SEE): EVERYBODY,
    ("community", Deed.CHANGE): {"admin", "owner"},
    ("shared", Deed.SEE): {*SHARERS, "reader"},
    ("shared", Deed.DOWNLOAD): SHARERS,
    ("shared", Deed.CHANGE): {"admin", "owner"},
    ("shared", Deed.DELETE): {"admin", "owner"},
    ("shared", Deed.SHARE): {"admin", "owner", "sharer"},
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
        What nobody owns all may see, and only administrators change; a caller
        without a project owns nothing.
        """
        for name, context in CALLERS.items():
            orphan = image("private", owner=None)
            self.assertTrue(may(context, Deed.SEE, orphan))
            self.assertEqual(may(context, Deed.CHANGE, orphan), name == "admin")

    def test_deleted(self):
        """
        Deleted images are for administrators.
        """
        for status in (Status.DELETED, Status.PENDING_DELETE):
            gone = image("public", status=status)
            for name, context in CALLERS.items():
                self.assertEqual(may(context, Deed.SEE, gone), name == "admin")


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
