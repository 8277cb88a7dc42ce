"""
L{Sharing}: with whom images are shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve

from glance.context import Context, Deed, demand, may, owns, refuse
from glance.errors import Forbidden, MemberExists, MemberNotFound
from glance.image import Consent, Image, Member, Visibility
from glance.images import Images
from glance.query import Query, Scope


class Sharing:
    """
    Adds and removes the members of images.
    """

    def __init__(self, images: Images) -> None:
        self._images = images

    async def members(self, context: Context, image_id: str) -> tuple[Member, ...]:
        """
        List the members of an image: all for who shares it, and for a member
        itself.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise Forbidden: it is shared with others.
        """
        image = await self._images.get(context, image_id, Deed.SEE_MEMBERS)
        if may(context, Deed.SHARE, image):
            return image.members
        return _shown(context, image)

    async def put(
        self,
        context: Context,
        image_id: str,
        member_id: str,
        *,
        can_share: bool | None = None,
    ) -> Member:
        """
        Share an image with one member more, or change how it is shared.

        A private image becomes shared.

        @param can_share: whether the member may share it further; L{None} to
            leave that as it is, or, for a new member, for no.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise Forbidden: the caller may not share it.
        @raise TooMany: the image has too many members.
        """
        now = self._images.now()
        image = await self._images.change(
            context,
            image_id,
            lambda image: _shared(image, member_id, now, can_share=can_share),
            Deed.SHARE,
            touch=False,
        )
        return _member(image, member_id)

    async def shared(self, context: Context, image_id: str) -> tuple[Member, ...]:
        """
        List the members of an image that is shared: all for who owns it, and
        for a member itself.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise Forbidden: it isn't shared, or is shared with others.
        """
        return await self._shared(context, image_id, Deed.SEE_MEMBERS)

    async def _shared(
        self, context: Context, image_id: str, deed: Deed
    ) -> tuple[Member, ...]:
        image = await self._images.get(context, image_id)
        _demand_shared(image)
        demand(context, deed, image)
        return _shown(context, image)

    async def member(self, context: Context, image_id: str, member_id: str) -> Member:
        """
        Find a member of an image that is shared.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise MemberNotFound: there is none, or the caller may not know of it.
        """
        try:
            members = await self._shared(context, image_id, Deed.SEE_MEMBER)
        except Forbidden:
            members = ()
        for member in members:
            if member.id == member_id:
                return member
        raise _no_member(image_id, member_id)

    async def add(self, context: Context, image_id: str, member_id: str) -> Member:
        """
        Share an image with one member more, who is yet to consent.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise Forbidden: it isn't one to be shared, or not by the caller.
        @raise MemberExists: it is shared with that member.
        @raise TooMany: the image has too many members.
        """
        now = self._images.now()

        def added(image: Image) -> Image:
            _demand_shared(image)
            if image.member(member_id) is not None:
                raise MemberExists(
                    f"Image {image_id} is shared with {member_id} already."
                )
            return _shared(image, member_id, now)

        image = await self._images.change(
            context, image_id, added, Deed.ADD_MEMBER, touch=False
        )
        return _member(image, member_id)

    async def consent(
        self, context: Context, image_id: str, member_id: str, status: Consent
    ) -> Member:
        """
        Say, as a member, what one thinks of an image's being shared.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise MemberNotFound: there is none, or the caller may not know of it.
        @raise Forbidden: it isn't the caller's to say.
        """
        await self.member(context, image_id, member_id)
        now = self._images.now()

        def consented(image: Image) -> Image:
            _demand_shared(image)
            if image.member(member_id) is None:
                raise _no_member(image_id, member_id)
            if not (context.is_admin or context.tenant == member_id):
                raise Forbidden("Only a member itself accepts or rejects an image.")
            return _shared(image, member_id, now, status=status)

        image = await self._images.change(
            context, image_id, consented, Deed.CONSENT, touch=False
        )
        return _member(image, member_id)

    async def replace(
        self,
        context: Context,
        image_id: str,
        members: Sequence[tuple[str, bool | None]],
    ) -> None:
        """
        Share an image with these members and nobody else.

        @param members: the id of each, and whether it may share the image
            further, as L{put} has it.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise Forbidden: the caller may not share it.
        @raise TooMany: these are too many.
        """
        now = self._images.now()
        wanted = {member_id for member_id, _ in members}

        def replaced(image: Image) -> Image:
            kept = tuple(m for m in image.members if m.id in wanted)
            if len(kept) < len(image.members):
                demand(context, Deed.UNSHARE, image)
            image = evolve(image, members=kept)
            for member_id, can_share in members:
                image = _shared(image, member_id, now, can_share=can_share)
            return image

        await self._images.change(context, image_id, replaced, Deed.SHARE, touch=False)

    async def remove(
        self,
        context: Context,
        image_id: str,
        member_id: str,
        *,
        while_shared: bool = False,
    ) -> None:
        """
        Share an image with a member no more.

        @param while_shared: whether to do so only as long as the image has the
            visibility in which members count, and only for who owns it.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise MemberNotFound: it isn't shared with that member.
        @raise Forbidden: the caller may not do that.
        """

        def removed(image: Image) -> Image:
            if while_shared:
                _demand_shared(image)
            if image.member(member_id) is None:
                raise _no_member(image_id, member_id)
            left = tuple(m for m in image.members if m.id != member_id)
            return evolve(image, members=left)

        deed = Deed.REMOVE_MEMBER if while_shared else Deed.UNSHARE
        await self._images.change(context, image_id, removed, deed, touch=False)

    async def shared_with(self, context: Context, member_id: str) -> Sequence[Image]:
        """
        List the images that are shared with a member.

        @raise Forbidden: the caller is somebody else.
        """
        if not context.is_admin and context.tenant != member_id:
            refuse(context, "You can list only what is shared with your own project.")
        scope = Scope(
            member=member_id,
            member_visibilities=frozenset(Visibility) - {Visibility.PRIVATE},
            consents=frozenset(Consent),
        )
        return await self._images.find(context, Query(scope=scope, hidden=None))


def _shown(context: Context, image: Image) -> tuple[Member, ...]:
    """
    Get the members of an image that a caller may know of, who may know of some.
    """
    if context.is_admin or owns(context, image):
        return image.members
    return tuple(m for m in image.members if m.id == context.tenant)


def _no_member(image_id: str, member_id: str) -> MemberNotFound:
    return MemberNotFound(f"Image {image_id} is not shared with {member_id}.")


def _demand_shared(image: Image) -> None:
    """
    Refuse to deal with members where they don't count.
    """
    if image.visibility is not Visibility.SHARED:
        raise Forbidden(
            f"Image {image.id} is {image.visibility.value}: only images of "
            "visibility shared have members."
        )


def _member(image: Image, member_id: str) -> Member:
    member = image.member(member_id)
    assert member is not None
    return member


def _shared(
    image: Image,
    member_id: str,
    now: datetime,
    *,
    can_share: bool | None = None,
    status: Consent | None = None,
) -> Image:
    """
    Get an image as it is once it is shared with a member.

    @param can_share: L{None} to leave that as it is, and so with the status.  One that
        is new may not, and is yet to consent.
    """
    old = image.member(member_id)
    new = old or Member(id=member_id, created_at=now, updated_at=now)
    if can_share is not None:
        new = evolve(new, can_share=can_share)
    if status is not None:
        new = evolve(new, status=status)
    if new == old:
        return image
    new = evolve(new, updated_at=now)
    members = tuple(new if m.id == member_id else m for m in image.members)
    if old is None:
        members = (*members, new)
    visibility = image.visibility
    if visibility is Visibility.PRIVATE:
        visibility = Visibility.SHARED
    return evolve(image, visibility=visibility, members=members)
