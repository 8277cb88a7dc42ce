"""
Who asks, and the one function that says what they may do.
"""

from __future__ import annotations

from enum import Enum, auto

from attrs import frozen

from glance.errors import Forbidden, ImageNotFound, Unauthenticated
from glance.image import GONE, Consent, Image, Visibility


@frozen(kw_only=True)
class Context:
    """
    Who asks for something.
    """

    user: str | None = None
    tenant: str | None = None
    """The project on whose behalf the user asks."""
    roles: frozenset[str] = frozenset()
    is_admin: bool = False
    owner: str | None = None
    """What images that this caller makes are owned by: its project or user."""

    @property
    def reads_only(self) -> bool:
        """
        Whether its roles, where they are known, let it look at images only.
        """
        return bool(self.roles) and not (self.is_admin or "member" in self.roles)


class Deed(Enum):
    """
    What can be done to an image.
    """

    SEE = auto()
    DOWNLOAD = auto()
    CHANGE = auto()
    UPLOAD = auto()
    DELETE = auto()
    SHARE = auto()
    """Add, change or remove members."""
    SEE_MEMBERS = auto()
    CONSENT = auto()
    """Say, as a member, what one thinks of its being shared."""
    PUBLISH = auto()
    """Make it public."""
    REMOVE_COPY = auto()
    """Remove one of several copies of its data."""
    REWRITE = auto()
    """Change what only administrators may: owner, size or checksum of data."""


def may(context: Context, deed: Deed, image: Image) -> bool:
    """
    Tell whether the caller may do that to an image.

    Nothing else in the program decides this.  Visibility in lists is part of
    the query, and says the same (L{glance.query.Scope}).
    """
    if context.is_admin:
        return True
    if image.status in GONE:
        return False
    own = context.owner is not None and image.owner == context.owner
    member = None
    if context.tenant is not None and image.visibility is Visibility.SHARED:
        member = image.member(context.tenant)
    if context.reads_only and deed not in (Deed.SEE, Deed.SEE_MEMBERS):
        return False
    if deed is Deed.SEE_MEMBERS:
        return own or member is not None
    if deed is Deed.CONSENT:
        return member is not None
    if deed in (Deed.SEE, Deed.DOWNLOAD):
        return (
            own
            or image.owner is None
            or image.visibility in (Visibility.PUBLIC, Visibility.COMMUNITY)
            or member is not None
        )
    if deed is Deed.SHARE:
        return own or (
            member is not None
            and member.can_share
            and member.status is not Consent.REJECTED
        )
    if deed in (Deed.REWRITE, Deed.PUBLISH, Deed.REMOVE_COPY):
        return False
    return own


def demand(context: Context, deed: Deed, image: Image) -> None:
    """
    Refuse what the caller may not do.

    @raise ImageNotFound: the caller may not even know of the image.
    @raise Unauthenticated: it is nobody's to say so; somebody might.
    @raise Forbidden: it may know, and may not do.
    """
    if may(context, deed, image):
        return
    if not may(context, Deed.SEE, image):
        raise ImageNotFound(f"No image with ID {image.id} was found.")
    if context.owner is None:
        raise Unauthenticated("Log in to do this.")
    raise Forbidden(f"You may not do this to image {image.id}.")
