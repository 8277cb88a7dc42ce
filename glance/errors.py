"""
What can go wrong, named for the fact.

None of these knows HTTP: L{glance.api.errors} gives each its status.  The text
of each is read by users: it says what to do next, and holds no location,
credential or token.
"""

from __future__ import annotations

from typing import Self

from twisted.internet.defer import CancelledError


class GlanceError(Exception):
    """
    Something that is expected to go wrong at times.
    """


# What was asked


class Invalid(GlanceError):
    """
    What was asked makes no sense, whoever asks it.
    """


class InvalidImage(Invalid):
    """
    An image cannot have such an attribute.
    """


class MarkerNotFound(Invalid):
    """
    A page of a list was to begin after an image that isn't there.
    """


class UnsupportedMediaType(GlanceError):
    """
    The body of a request is not of a type that is understood there.
    """


class RangeNotSatisfiable(GlanceError):
    """
    A part of the data was asked for that there is none of.
    """

    def __init__(self, message: str, size: int) -> None:
        super().__init__(message)
        self.size = size
        """How many bytes of data there are."""


# Who asked


class Unauthenticated(GlanceError):
    """
    The caller did not say who it is, and has to.
    """


class TooManyAttempts(GlanceError):
    """
    Somebody tried so many passwords that nobody listens any more, for a while.
    """

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds
        """After how many a next try may be made."""


class AccountsUnusable(GlanceError):
    """
    Nobody can tell at present who may log in.
    """


class Forbidden(GlanceError):
    """
    The caller may not do that.
    """


class OthersImage(Forbidden):
    """
    An image is somebody else's, which the caller sees and has no hand in.
    """


class OthersPublicImage(OthersImage):
    """
    It is one that everybody sees.
    """


class ImageProtected(Forbidden):
    """
    An image is protected from deletion.
    """


class ImageDeactivated(Forbidden):
    """
    An administrator has stopped downloads of an image.
    """


# Images


class ImageNotFound(GlanceError):
    """
    There is no such image, or none that the caller may see.
    """

    @classmethod
    def of(cls, image_id: str) -> Self:
        """
        Make one that reads the same whichever of both it is.
        """
        return cls(f"No image with ID {image_id} was found.")


class MemberNotFound(GlanceError):
    """
    An image is not shared with that member.
    """


class MemberExists(GlanceError):
    """
    An image is shared with that member already.
    """


class TagNotFound(GlanceError):
    """
    An image does not have that tag.
    """


class NoSuchProperty(GlanceError):
    """
    An image does not have the property that is to be changed.
    """


class PropertyExists(GlanceError):
    """
    An image has the property that was to be new.
    """


class ImageExists(GlanceError):
    """
    An id is taken, or was once.
    """


class ImageChanged(GlanceError):
    """
    Somebody else changed the image first.
    """


class BadTransition(GlanceError):
    """
    An image of this status cannot get that one.
    """


class ImageNotActive(GlanceError):
    """
    An image has no data to give yet.
    """


class ImageGone(GlanceError):
    """
    An image was deleted while its data was on the way.
    """


class UploadSuperseded(GlanceError):
    """
    An upload was given up by others, who took it for dead.
    """


class ImagesWaiting(GlanceError):
    """
    There is data that waits for its deletion.
    """


class TooBusy(GlanceError):
    """
    So many ask for the same that it cannot be done now.
    """


# Limits


class ImageTooLarge(GlanceError):
    """
    The data of an image is more than it may be.
    """


class BodyTooLong(GlanceError):
    """
    A request says more than is listened to.
    """


class TooMany(GlanceError):
    """
    An image has no room for more properties, members or the like.
    """


class QuotaExceeded(GlanceError):
    """
    All images of an owner together would be more than they may.
    """


# Data on the way in


class FormatsMissing(Invalid):
    """
    An image has no formats yet, and needs them before its data.
    """


class SizeMismatch(Invalid):
    """
    There is more or less data than was said.
    """


class SourceUnusable(Invalid):
    """
    The data cannot be had from where it is said to be.
    """


class SourceOfOtherSize(GlanceError):
    """
    There is more or less data than was said, where it is said to be.
    """


class ChecksumMismatch(Invalid):
    """
    The data is not what it was said to be.
    """


class BodyTruncated(Invalid):
    """
    The data ended before its end.
    """


class BodyMalformed(Invalid):
    """
    The framing of the data is broken.
    """


class BodyTimeout(GlanceError):
    """
    No data came for too long.
    """


class ContentRefused(GlanceError):
    """
    The data is not what may be stored here.
    """


class FormatMismatch(ContentRefused):
    """
    The data is of another format than the image is said to have.
    """


class UnsafeContent(ContentRefused):
    """
    Whoever opened the data as a disk could come to harm.
    """


class BodyStopped(CancelledError):
    """
    A body was told to stop before its end.
    """


# Stores


class StoreNotFound(Invalid):
    """
    There is no store of that name.
    """


class OnlyOneStore(GlanceError):
    """
    Stores were asked for by name where clients know of none.
    """


class StoreReadOnly(GlanceError):
    """
    A store takes no data.
    """


class StoreFull(GlanceError):
    """
    A store has no room for the data.
    """


class StoreUnavailable(GlanceError):
    """
    A store cannot be used at present.
    """


class StoreLate(StoreUnavailable):
    """
    A store takes too long.
    """


class DataExists(GlanceError):
    """
    There is data under that key already.
    """


class DataNotFound(GlanceError):
    """
    The data of an image is missing.
    """


class DataDamaged(GlanceError):
    """
    The data of an image is not as long as it was.
    """


# The registry


class RegistryUnavailable(GlanceError):
    """
    The registry cannot be asked at present.
    """


class RegistryRefused(GlanceError):
    """
    The registry does not take the API's key.
    """
