"""
Who asks, and the one function that says what they may do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from operator import attrgetter
from typing import Any, NoReturn

from attrs import evolve, field, frozen

from glance.errors import (
    Forbidden,
    ImageNotFound,
    OthersImage,
    OthersPublicImage,
    Unauthenticated,
)
from glance.image import GONE, Consent, Image, Member, Visibility
from glance.policy.defaults import ADMIN
from glance.policy.language import ABSENT, Getter
from glance.policy.protections import Protections
from glance.policy.rules import DEFAULT_RULES, Rules


@frozen(kw_only=True)
class Context:
    """
    Who asks for something.
    """

    user: str | None = None
    tenant: str | None = None
    """The project on whose behalf the user asks."""
    roles: frozenset[str] = frozenset()
    """In lower case; none where nobody says any."""
    is_admin: bool = False
    owner: str | None = None
    """What images that this caller makes are owned by: its project or user."""
    rules: Rules = field(default=DEFAULT_RULES, repr=False, eq=False)
    """What holds for the whole of what it asks for."""
    protections: Protections | None = field(default=None, repr=False, eq=False)
    """Who may do what with properties; L{None} where it is as with the image."""
    also: Mapping[str, Any] = field(factory=dict, repr=False, hash=False)
    """What else is known of the caller, which only rules ask for."""
    is_anonymous: bool = field(init=False, repr=False, eq=False)
    """Whether nothing is known of who it is."""
    facts: Mapping[str, Any] = field(init=False, repr=False, eq=False)
    """What rules may ask of the caller."""

    @is_anonymous.default
    def _says_nothing(self) -> bool:
        known = (self.user, self.tenant, self.owner)
        return known == (None, None, None) and not (self.is_admin or self.roles)

    @facts.default
    def _facts(self) -> Mapping[str, Any]:
        return {
            **self.also,
            "user": self.user,
            "user_id": self.user,
            "tenant": self.tenant,
            "project_id": self.tenant,
            "owner": self.owner,
            "is_admin": self.is_admin,
            "roles": _implied(self),
        }

    def under(self, rules: Rules, protections: Protections | None = None) -> Context:
        """
        Get who asks, where these rules hold.
        """
        bound = evolve(self, rules=rules, protections=protections)
        # Where nobody is asked who they are, there are no roles to judge by.
        if ADMIN not in rules.changed or not self.roles:
            return bound
        bound = evolve(bound, is_admin=False)
        return evolve(bound, is_admin=rules.makes_admin(bound.facts))


def _implied(context: Context) -> frozenset[str]:
    """
    Get the roles of a caller, with those that come with them.
    """
    roles = context.roles
    if context.is_admin or "admin" in roles:
        return roles | {"admin", "member", "reader"}
    if "member" in roles:
        return roles | {"reader"}
    if roles:
        return roles
    if context.is_anonymous:
        return frozenset({"anonymous"})
    # Proxies of 2011 say nothing of roles.
    return frozenset({"member", "reader"})


class Deed(Enum):
    """
    What can be done to an image, or to images; most by the name of the rule that
    says who may.
    """

    LIST = "get_images"
    SEE = "get_image"
    DOWNLOAD = "download_image"
    MAKE = "add_image"
    CHANGE = "modify_image"
    UPLOAD = "upload_image"
    DELETE = "delete_image"
    PUBLISH = "publicize_image"
    """Make it public."""
    COMMUNITIZE = "communitize_image"
    """Let all use it who know its id."""
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    SEE_MEMBERS = "get_members"
    SEE_MEMBER = "get_member"
    ADD_MEMBER = "add_member"
    REMOVE_MEMBER = "delete_member"
    CONSENT = "modify_member"
    """Say, as a member, what one thinks of its being shared."""
    SHARE = "add_member, in the owner's stead"
    """As C{ADD_MEMBER}, and for members who may share it further."""
    UNSHARE = "delete_member, in the owner's stead"
    """As C{REMOVE_MEMBER}, and for members who may share it further."""
    REMOVE_COPY = "delete_image_location"
    """Remove one of several copies of its data."""
    SEE_STORES = "stores_info_detail"
    """See all that there is to know of stores."""
    REWRITE = "administrators only: owner, size, checksum"
    """Change what only administrators may, whatever rules say."""


def may(context: Context, deed: Deed, image: Image | None = None) -> bool:
    """
    Tell whether the caller may do that to an image.

    Nothing else in the program decides this.  What a caller cannot reach at all, no
    rule opens.  Visibility in lists is part of the query, and says the same
    (L{glance.query.Scope}).

    @param image: L{None} where it is about none: those of the caller are meant.
    """
    if deed is Deed.REWRITE:
        return context.is_admin
    if image is None:
        mine = {"owner": context.owner, "project_id": context.owner}
        return context.rules.allow(deed.value, context.facts, mine)
    member = _membership(context, image)
    if not _reaches(context, image, member):
        return False
    target = _Facts(image, member)
    if deed is Deed.SHARE or deed is Deed.UNSHARE:
        deed = Deed.ADD_MEMBER if deed is Deed.SHARE else Deed.REMOVE_MEMBER
        if member and member.can_share and member.status is not Consent.REJECTED:
            target |= dict.fromkeys(("owner", "project_id", "tenant"), context.owner)
    return context.rules.allow(deed.value, context.facts, target)


def owns(context: Context, image: Image) -> bool:
    """
    Tell whether an image is the caller's own.
    """
    return context.owner is not None and image.owner == context.owner


# Where it is asked of each image in a list, to look these up would be half of the cost.
_PUBLIC, _SHARED = Visibility.PUBLIC, Visibility.SHARED
_OPEN = (Visibility.PUBLIC, Visibility.COMMUNITY)


def _membership(context: Context, image: Image) -> Member | None:
    if image.visibility is not _SHARED or context.tenant is None:
        return None
    return image.member(context.tenant)


def _reaches(context: Context, image: Image, member: Member | None) -> bool:
    """
    Tell whether a caller can have to do with an image at all.
    """
    if context.is_anonymous:
        return image.visibility is _PUBLIC and image.status not in GONE
    return context.is_admin or (
        image.status not in GONE
        and (
            image.visibility in _OPEN
            or image.owner is None
            or member is not None
            or image.owner == context.owner
        )
    )


class _Facts(dict[str, Any]):
    """
    What rules may ask of an image; most of it is found out when it is asked for.
    """

    def __init__(self, image: Image, member: Member | None) -> None:
        super().__init__(member_id=member and member.id)
        self._image = image

    def __missing__(self, name: str) -> Any:
        get = _ATTRIBUTES.get(name)
        # What isn't there either is a KeyError.
        return self._image.properties[name] if get is None else get(self._image)


_SAME = (
    "id",
    "name",
    "owner",
    "disk_format",
    "container_format",
    "size",
    "virtual_size",
    "checksum",
    "min_disk",
    "min_ram",
    "protected",
    "os_hidden",
    "os_hash_algo",
    "os_hash_value",
)
"""What rules call as we do."""

_ATTRIBUTES: Mapping[str, Callable[[Image], Any]] = {
    **{name: attrgetter(name) for name in _SAME},
    "image_id": attrgetter("id"),
    "status": attrgetter("status._value_"),
    "visibility": attrgetter("visibility._value_"),
    "is_public": lambda image: image.visibility is _PUBLIC,
    "project_id": attrgetter("owner"),
    "tenant": attrgetter("owner"),
}
"""What rules may ask of an image, beside its properties."""


def seen(context: Context, images: Sequence[Image]) -> Sequence[Image]:
    """
    Get those of some images that a caller may see, as L{may} says of each.

    What is so for all of them is found out once: lists have a thousand.
    """

    def attribute(name: str) -> Getter:
        if name == "member_id":
            return lambda image: getattr(_membership(context, image), "id", None)
        get = _ATTRIBUTES.get(name)
        return get or (lambda image: image.properties.get(name, ABSENT))

    allowed = context.rules.bound(Deed.SEE.value, context.facts, attribute)
    if allowed is False:
        return []
    return [
        image
        for image in images
        if _reaches(context, image, _membership(context, image))
        and (allowed is True or allowed(image))
    ]


def demand(context: Context, deed: Deed, image: Image) -> None:
    """
    Refuse what the caller may not do.

    @raise ImageNotFound: the caller may not even know of the image.
    @raise Unauthenticated: it is nobody's to say so; somebody might.
    @raise OthersImage: it may know, and has no hand in what isn't its own.
    @raise Forbidden: it may know, and may not do.
    """
    allowed = may(context, deed, image)
    # By default, whoever may do anything to an image may see it.
    in_sight = allowed and Deed.SEE.value not in context.rules.changed
    if not in_sight and not may(context, Deed.SEE, image):
        raise ImageNotFound.of(image.id)
    if allowed:
        return
    refuse(
        context,
        f"You may not do this to image {image.id}.",
        _refusal(context, deed, image),
    )


def refuse(
    context: Context, why: str, refusal: type[Forbidden] = Forbidden
) -> NoReturn:
    """
    Refuse what a caller may not do; of who hasn't said on whose behalf it asks, ask
    for that.
    """
    if context.owner is None and not context.is_admin:
        raise Unauthenticated("Log in, as somebody of a project, to do this.")
    raise refusal(why)


def _refusal(context: Context, deed: Deed, image: Image) -> type[Forbidden]:
    if deed in _RATHER_ROLES or context.is_admin or owns(context, image):
        return Forbidden
    public = image.visibility is Visibility.PUBLIC
    return OthersPublicImage if public else OthersImage


_RATHER_ROLES = frozenset({Deed.SEE, Deed.DOWNLOAD, Deed.REWRITE})
"""What whoever sees an image may be refused for its role alone."""
