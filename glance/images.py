"""
L{Images}: what can be done with what is known of images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from attrs import evolve

from glance.context import Context, Deed, demand, may, refuse, seen
from glance.errors import (
    Forbidden,
    ImageNotFound,
    ImageProtected,
    MarkerNotFound,
    TagNotFound,
    Unauthenticated,
)
from glance.image import GONE, WHOLE, Image, Status, Visibility
from glance.limits import Limits, Quota, Usage
from glance.protecting import (
    Known,
    all_readable,
    applied,
    demand_properties,
    readable,
    reads,
)
from glance.query import Query, seen_by
from glance.recent import Recent
from glance.revisions import Revisions
from glance.settling import Settler, failed
from glance.validation import is_image_id, validate

ROOM = 4 << 20
"""
How many bytes of images without some of their properties are kept, more or less.
"""


class Images:
    """
    The images, and what callers may do with them.

    Each method asks L{glance.context.may} before anything changes.
    """

    def __init__(
        self,
        revisions: Revisions,
        settler: Settler,
        limits: Callable[[], Limits],
        *,
        delayed_delete: bool,
    ) -> None:
        """
        @param limits: gets the limits that hold at present.
        @param delayed_delete: whether the data of deleted images is left to
            the reaper, which may be told to wait.
        """
        self.revisions = revisions
        self.limits = limits
        self._registry = revisions.registry
        self._settler = settler
        self._delayed_delete = delayed_delete
        self._readable: Known = Recent(ROOM)

    def now(self) -> datetime:
        """
        Get the time, in UTC.
        """
        return self.revisions.now()

    def draft(self, context: Context, **attributes: Any) -> Image:
        """
        Get a new image, that nobody knows yet.

        @param attributes: what it is to be beyond an id, an owner and its
            times.
        """
        now = self.now()
        given = {"id": str(uuid4()), "owner": context.owner, **attributes}
        return Image(**given, created_at=now, updated_at=now)

    async def create(self, context: Context, image: Image) -> Image:
        """
        Keep a new image.

        @param image: the image, queued.

        @raise InvalidImage: it cannot be so.
        @raise TooMany: it has too many of something.
        @raise Forbidden: it is somebody else's, or is to be public.
        @raise ImageExists: its id is taken, or was once.
        @raise QuotaExceeded: its owner has as many images as it may.
        """
        self.demand_maker(context, image)
        _demand_visible_so(context, image)
        demand_properties(context, None, image)
        limits = self.limits()
        validate(image, limits)
        created: Image = await self._registry.create(image, limits.quota)
        return readable(context, created)

    def demand_maker(self, context: Context, image: Image) -> None:
        """
        Refuse a caller who doesn't make such images.

        @param image: a draft.

        @raise Unauthenticated: it hasn't said on whose behalf it asks.
        @raise Forbidden: it is somebody else's image, or its role doesn't let it.
        """
        if not context.is_admin and context.owner is None:
            raise Unauthenticated("Log in, as somebody of a project, to make images.")
        if not context.is_admin and image.owner != context.owner:
            raise Forbidden("Only administrators make images for others.")
        if not may(context, Deed.MAKE, image):
            raise Forbidden("Your role does not let you make images.")

    async def get(
        self,
        context: Context,
        image_id: str,
        deed: Deed = Deed.SEE,
        *,
        include_deleted: bool = False,
    ) -> Image:
        """
        Find an image.

        @param deed: what it is needed for.
        @param include_deleted: whether an administrator gets a deleted one.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise Forbidden: it may know of it, but not do that.
        """
        if not is_image_id(image_id):
            raise ImageNotFound("No image with that ID was found.")
        image: Image = await self._registry.get(image_id)
        if image.status in GONE and not (include_deleted and context.is_admin):
            raise ImageNotFound.of(image_id)
        demand(context, deed, image)
        return readable(context, image)

    async def find(self, context: Context, query: Query) -> Sequence[Image]:
        """
        List images.

        @param query: its scope is what the caller may see, and asks for.

        @raise MarkerNotFound: the marker is not in the list.
        @raise Forbidden: the caller may list none.
        """
        return (await self.page(context, query))[0]

    async def page(
        self, context: Context, query: Query
    ) -> tuple[Sequence[Image], bool]:
        """
        List images, and tell whether there may be more of them after these.

        A rule that operators have changed is asked of each, so that there can be
        fewer than the limit; but some there are, where more may follow.

        @param query: its scope is what the caller may see, and asks for.

        @raise MarkerNotFound: the marker is not in the list.
        @raise Forbidden: the caller may list none.
        """
        if not may(context, Deed.LIST):
            refuse(context, "Your role does not let you list images.")
        if query.limit == 0:
            return (), False
        if not all(reads(context, name) for name, _ in query.properties):
            # What a caller may not know is not to be guessed.
            return (), False
        if context.is_anonymous:
            query = evolve(query, scope=seen_by(context))
        if query.marker is not None and Deed.SEE.value in context.rules.changed:
            await self._demand_marker(context, query.marker)
        wanted = query.limit
        while True:
            images: Sequence[Image] = await self._registry.find(query)
            more = query.limit == len(images)
            shown = images
            if Deed.SEE.value in context.rules.changed:
                shown = seen(context, images)
            shown = all_readable(context, shown, self._readable)
            if shown or not more:
                cut = wanted is not None and len(shown) > wanted
                return shown[:wanted], more or cut
            # Where few are seen, small pages would ask the registry often.
            most = self.limits().page_max
            query = evolve(query, marker=images[-1].id, limit=most)

    async def _demand_marker(self, context: Context, image_id: str) -> None:
        """
        Refuse to go on from an image that a rule hides: it isn't in the list.
        """
        try:
            image: Image = await self._registry.get(image_id)
        except ImageNotFound:
            return
        if not may(context, Deed.SEE, image):
            raise MarkerNotFound("There is no image with the marker's ID in this list.")

    async def change(
        self,
        context: Context,
        image_id: str,
        f: Callable[[Image], Image],
        deed: Deed = Deed.CHANGE,
        *,
        revision: int | None = None,
        touch: bool = True,
    ) -> Image:
        """
        Change an image.

        @param f: gets the image and returns it as it is to be; it is pure, may
            raise, and may be called anew when somebody else was faster.
        @param deed: what this is.
        @param revision: the only revision to be changed; L{None} for any.
        @param touch: whether this counts as an update of the image.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise Forbidden: the caller may not do that.
        @raise InvalidImage: the image cannot be as it is to be.
        @raise TooMany: it would have too many of something.
        @raise QuotaExceeded: its owner's images would be more than they may.
        @raise ImageChanged: the image is at another revision.
        @raise TooBusy: others were faster, again and again.
        """

        def allowed(image: Image) -> Image:
            if image.status in GONE:
                raise ImageNotFound.of(image_id)
            demand(context, deed, image)
            new = applied(context, image, f)
            _demand_formats_kept(image, new)
            if _rewrites(image, new):
                demand(context, Deed.REWRITE, image)
            if deed is Deed.UPLOAD and _redescribes(image, new):
                demand(context, Deed.CHANGE, image)
            if new.visibility is not image.visibility:
                _demand_visible_so(context, image, new.visibility)
            validate(new, self.limits(), image)
            return new

        if not is_image_id(image_id):
            raise ImageNotFound("No image with that ID was found.")
        changed = await self.revisions.change(
            image_id,
            allowed,
            revision=revision,
            touch=touch,
            quota=self.limits().quota,
        )
        return readable(context, changed)

    async def activate(self, context: Context, image_id: str, status: Status) -> Image:
        """
        Stop downloads of an image's data, or allow them again.

        @param status: deactivated, or active.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise Forbidden: the caller may not do that, or there is no data.
        """

        def activated(image: Image) -> Image:
            if image.status is status:
                return image
            if image.status not in WHOLE:
                raise Forbidden(
                    f"Image {image_id} is {image.status.value}: only an active "
                    "image can be deactivated, and only such a one reactivated."
                )
            return image.becoming(status)

        stops = status is Status.DEACTIVATED
        deed = Deed.DEACTIVATE if stops else Deed.REACTIVATE
        return await self.change(context, image_id, activated, deed)

    async def tag(self, context: Context, image_id: str, tag: str) -> Image:
        """
        Give an image a tag; it may have it already.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise Forbidden: the caller may not do that.
        @raise InvalidImage: the tag is too long.
        @raise TooMany: the image has too many.
        """
        return await self.change(
            context, image_id, lambda image: evolve(image, tags=image.tags | {tag})
        )

    async def untag(self, context: Context, image_id: str, tag: str) -> Image:
        """
        Take a tag from an image.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise Forbidden: the caller may not do that.
        @raise TagNotFound: the image doesn't have it.
        """

        def untagged(image: Image) -> Image:
            if tag not in image.tags:
                raise TagNotFound(f"Image {image_id} has no such tag.")
            return evolve(image, tags=image.tags - {tag})

        return await self.change(context, image_id, untagged)

    async def delete(self, context: Context, image_id: str) -> Image:
        """
        Delete an image, and its data with it.

        If the data cannot be removed soon, the reaper does it later: the image
        is gone all the same.

        @raise ImageNotFound: there is none, or the caller may not know of it.
        @raise ImageProtected: it is protected.
        @raise Forbidden: the caller may not do that.
        """

        def doomed(image: Image) -> Image:
            if image.protected:
                raise ImageProtected(
                    f"Image {image_id} is protected; take that off it first."
                )
            left = image
            if image.attempt is not None:
                left = failed(image, image.attempt)
            return image.becoming(
                Status.PENDING_DELETE,
                deleted_at=self.now(),
                attempt=None,
                doomed=left.doomed,
            )

        image = await self.change(context, image_id, doomed, Deed.DELETE)
        if self._delayed_delete:
            return image
        return await self._settler.settle_soon(image)

    async def usage(self, context: Context) -> tuple[Quota, Usage]:
        """
        Tell how much a caller's images may be, and are.

        @raise Unauthenticated: it hasn't said on whose behalf it asks.
        """
        if not context.is_admin and context.owner is None:
            raise Unauthenticated("Log in, as somebody of a project, to be told that.")
        used: Usage = await self._registry.usage(context.owner)
        return self.limits().quota, used


def _demand_formats_kept(old: Image, new: Image) -> None:
    """
    Refuse to call data something else than what it was looked into as.
    """
    formats = (old.disk_format, old.container_format)
    if old.status is not Status.QUEUED and formats != (
        new.disk_format,
        new.container_format,
    ):
        raise Forbidden(
            f"The disk_format and container_format of image {old.id} can be changed "
            "only before it has data."
        )


_SHOWING = {Visibility.PUBLIC: Deed.PUBLISH, Visibility.COMMUNITY: Deed.COMMUNITIZE}
"""What it is to show an image to more than its owner and its members."""


def _demand_visible_so(
    context: Context, image: Image, visibility: Visibility | None = None
) -> None:
    """
    Refuse to show an image to more than the caller may show it to.

    @param visibility: what it is to be; L{None} for what it is.
    """
    visibility = visibility or image.visibility
    deed = _SHOWING.get(visibility)
    if deed is not None and not may(context, deed, image):
        raise Forbidden(f"Your role does not let you make images {visibility.value}.")


def _redescribes(old: Image, new: Image) -> bool:
    """
    Tell whether a change touches what clients say of an image.
    """
    return any(getattr(old, name) != getattr(new, name) for name in _DESCRIPTION)


_DESCRIPTION = (
    "name",
    "visibility",
    "disk_format",
    "container_format",
    "min_disk",
    "min_ram",
    "protected",
    "os_hidden",
    "properties",
    "tags",
)


def _rewrites(old: Image, new: Image) -> bool:
    """
    Tell whether a change touches what only administrators may.
    """
    if old.owner != new.owner:
        return True
    return old.status in WHOLE and (old.size, old.checksum) != (new.size, new.checksum)
