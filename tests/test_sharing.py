"""
Tests for L{glance.sharing}.
"""

from attrs import evolve

from glance.errors import (
    Forbidden,
    ImageNotFound,
    InvalidImage,
    MemberNotFound,
    TooMany,
)
from glance.image import Consent, Visibility
from glance.limits import Limits
from glance.policy.rules import Rules
from tests.assembly import ADMIN, member_of
from tests.test_images import ImagesCase

MINE = member_of("mine")


class SharingTests(ImagesCase):
    """
    Images are shared with members.
    """

    def setUp(self):
        super().setUp()
        self.sharing = self.world.sharing
        self.image_id = self.create(MINE).id

    def put(self, member_id, context=MINE, **how):
        """
        Share the image.
        """
        return self.run_(self.sharing.put(context, self.image_id, member_id, **how))

    def consent(self, member_id, status):
        """
        Have a member say what it thinks of it.
        """
        who = member_of(member_id)
        self.run_(self.sharing.consent(who, self.image_id, member_id, status))

    def members(self):
        """
        Get the members of the image.
        """
        members = self.run_(self.sharing.members(MINE, self.image_id))
        return [(m.id, m.can_share, m.status.value) for m in members]

    def test_new(self):
        """
        A new member may not share, unless one says so, and was not asked yet.
        """
        self.put("a")
        self.put("b", can_share=True)
        self.assertEqual(
            self.members(), [("a", False, "pending"), ("b", True, "pending")]
        )

    def test_unchanged(self):
        """
        What isn't said of a member stays as it was, and so does the order.
        """
        self.put("a", can_share=True)
        self.consent("a", Consent.ACCEPTED)
        self.put("b")
        self.put("a")
        self.assertEqual(self.members()[0], ("a", True, "accepted"))
        self.put("a", can_share=False)
        self.assertEqual(self.members()[0], ("a", False, "accepted"))

    def test_private(self):
        """
        A private image becomes shared with its first member.
        """
        self.image_id = self.create(MINE, visibility=Visibility.PRIVATE).id
        self.put("a")
        self.assertEqual(self.stored(self.image_id).visibility, Visibility.SHARED)

    def test_replace(self):
        """
        All members can be replaced at once; those that stay keep what isn't
        said of them.
        """
        self.put("a", can_share=True)
        self.put("b")
        self.run_(self.sharing.replace(MINE, self.image_id, [("c", True), ("a", None)]))
        self.assertEqual(
            sorted(self.members()), [("a", True, "pending"), ("c", True, "pending")]
        )

    def test_replace_rules(self):
        """
        To replace members is to add some and to remove some, each with its rule.
        """
        self.put("a")
        kept = MINE.under(Rules({"delete_member": "!"}))
        for members, allowed in (([("a", None), ("b", None)], True), ([], False)):
            replacing = self.sharing.replace(kept, self.image_id, members)
            if allowed:
                self.run_(replacing)
            else:
                self.refuse(replacing, Forbidden)
        self.assertEqual([name for name, *_ in self.members()], ["a", "b"])

    def test_rejected(self):
        """
        What somebody rejected stays so, though it be shared again.
        """
        self.put("a")
        self.consent("a", Consent.REJECTED)
        self.put("a")
        self.run_(self.sharing.replace(MINE, self.image_id, [("a", None)]))
        self.assertEqual(self.members(), [("a", False, "rejected")])

    def test_made_private(self):
        """
        Consent to what has become private at that moment doesn't have it shared again.
        """
        self.put("a")
        registry = self.world.registry
        get, looks = registry.get, []

        def found(image_id):
            looks.append(image_id)
            if len(looks) == 2:
                old = self.stored(image_id)
                private = evolve(old, visibility=Visibility.PRIVATE)
                self.successResultOf(registry.replace(old, private))
            return get(image_id)

        for who, error in ((ADMIN, Forbidden), (member_of("a"), ImageNotFound)):
            old = self.stored(self.image_id)
            shared = evolve(old, visibility=Visibility.SHARED)
            self.successResultOf(registry.replace(old, shared))
            self.patch(registry, "get", found)
            del looks[:]
            consent = self.sharing.consent(who, self.image_id, "a", Consent.ACCEPTED)
            self.refuse(consent, error)
            self.patch(registry, "get", get)
            image = self.stored(self.image_id)
            self.assertIs(image.visibility, Visibility.PRIVATE)
            self.assertIs(image.members[0].status, Consent.PENDING)

    def test_remove(self):
        """
        A member can be removed, once.
        """
        self.put("a")
        self.run_(self.sharing.remove(MINE, self.image_id, "a"))
        self.assertEqual(self.members(), [])
        self.refuse(self.sharing.remove(MINE, self.image_id, "a"), MemberNotFound)

    def test_own_entry(self):
        """
        A member sees itself among the members, and others only if it shares.
        """
        self.put("a")
        self.put("b", can_share=True)
        for name, seen in (("a", ["a"]), ("b", ["a", "b"])):
            members = self.run_(self.sharing.members(member_of(name), self.image_id))
            self.assertEqual([m.id for m in members], seen)

    def test_who(self):
        """
        The owner shares, and members that may; strangers are told there is no
        image.
        """
        self.put("a", can_share=True)
        self.put("b", member_of("a"))
        self.refuse(self.sharing.put(member_of("b"), self.image_id, "c"), Forbidden)
        self.refuse(self.sharing.put(member_of("x"), self.image_id, "c"), ImageNotFound)
        self.refuse(self.sharing.members(member_of("x"), self.image_id), ImageNotFound)

    def test_bounds(self):
        """
        Members have names, and there are only so many.
        """
        self.refuse(self.sharing.put(MINE, self.image_id, ""), InvalidImage)
        self.refuse(self.sharing.put(MINE, self.image_id, "m" * 256), InvalidImage)
        self.world.limits = Limits(members=1)
        self.put("a")
        self.refuse(self.sharing.put(MINE, self.image_id, "b"), TooMany)

    def test_shared_with(self):
        """
        A member sees what is shared with it; administrators may ask for
        anybody.
        """
        self.put("a")
        self.create(MINE)
        for context in (ADMIN, member_of("a")):
            found = self.run_(self.sharing.shared_with(context, "a"))
            self.assertEqual([image.id for image in found], [self.image_id])
        self.refuse(self.sharing.shared_with(MINE, "a"), Forbidden)

    def test_shared_with_and_public(self):
        """
        An image is still shared with its members while it is public, and not
        while it is private.
        """
        self.put("a")
        for visibility, seen in ((Visibility.PUBLIC, 1), (Visibility.PRIVATE, 0)):
            self.run_(
                self.images.change(
                    ADMIN,
                    self.image_id,
                    lambda i, v=visibility: evolve(i, visibility=v),
                )
            )
            found = self.run_(self.sharing.shared_with(ADMIN, "a"))
            self.assertEqual(len(found), seen)
