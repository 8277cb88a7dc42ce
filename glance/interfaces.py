"""
What has several implementations.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer
from zope.interface import Attribute, Interface

from glance.context import Context
from glance.image import Image
from glance.limits import UNBOUNDED, Quota, Usage
from glance.query import Query


class IStore(Interface):
    """
    A place that keeps the data of images.

    A store neither hashes nor checks: it moves bytes.  Whatever is common to
    all stores is done by the caller, once.

    A key is made by the caller, and used once: it is an image's id, a dot, and
    what is unique to an attempt.  So no two adds meet, and who deletes by key
    deletes what one attempt has left and nothing else.
    """

    kind = Attribute("The L{str} that configuration calls this kind of store.")

    def add(key: str, body: IBodyProducer) -> Deferred[int]:
        """
        Keep all that C{body} produces.

        When the L{Deferred} fires, the data is on stable storage, and a crash
        of the machine leaves it there.  When this fails, or is cancelled,
        nothing is left behind; a process that dies in it leaves at most what
        C{delete} and C{sweep} remove.

        @param body: the data; its length may be unknown.  It is started, or
            told to stop.

        @return: how many bytes were kept.

        @raise Invalid: data cannot be called so.
        @raise DataExists: there is data for this key already.
        @raise UploadSuperseded: it was deleted before it was whole.
        @raise StoreFull: there is no room for it.
        @raise StoreReadOnly: this store takes no data.
        @raise StoreUnavailable: the store does not work at present.
        """

    def get(
        key: str,
        offset: int = 0,
        length: int | None = None,
        size: int | None = None,
    ) -> Deferred[IBodyProducer]:
        """
        Find data that was added before.

        @param offset: the first byte wanted, counted from 0.
        @param length: how many bytes are wanted; L{None} for all that follow.
            Fewer come where there are fewer.
        @param size: how many bytes there have to be in all; L{None} where
            nobody knows.

        @return: a L{Deferred} of a body that has not been started.  Its length
            is known, unless C{size} isn't and the store learns it only as the
            data comes.  It is either started, or told to stop.

        @raise DataNotFound: there is nothing under C{key}.
        @raise DataDamaged: there are more or fewer bytes than there have to be.
        @raise StoreUnavailable: the store does not work at present.
        """

    def size(key: str) -> Deferred[int]:
        """
        Tell how many bytes there are under a key.

        @raise DataNotFound: there is nothing.
        @raise StoreUnavailable: the store does not work at present.
        """

    def delete(key: str) -> Deferred[None]:
        """
        Remove the data under a key, also what an C{add} that its process did
        not survive has left of it.

        @raise DataNotFound: there is nothing.
        @raise StoreUnavailable: the store does not work at present.
        """

    def keys() -> Deferred[Sequence[str]]:
        """
        List what is kept.

        @raise StoreUnavailable: the store does not work at present.
        """

    def sweep() -> Deferred[int]:
        """
        Remove what processes that are surely dead have left half written.

        @return: how much of it there was, in pieces.
        """

    def unfinished() -> Deferred[Sequence[str]]:
        """
        List the keys that have something which C{sweep} cannot judge and no
        C{add} has made whole: an upload of parts, segments of nothing.  It may
        be on its way at this moment; C{delete} removes it.

        @raise StoreUnavailable: the store does not work at present.
        """

    def adopt(uri: str) -> str | None:
        """
        Get the key of data that a Glance of old called by a URI.

        @param uri: a location as such a Glance wrote it, with the credentials
            that may be in it, which are not used.

        @return: the key; L{None} if the data isn't in this store.
        """

    def check() -> Deferred[None]:
        """
        See whether the store works, without changing anything in it.

        @raise StoreUnavailable: it does not; the text says why.
        """


class IRegistry(Interface):
    """
    What is known of images.

    Whatever of these fails because the registry cannot be asked raises
    L{RegistryUnavailable <glance.errors.RegistryUnavailable>}.
    """

    def create(image: Image, quota: Quota = UNBOUNDED) -> Deferred[Image]:
        """
        Keep an image that is new.

        @param quota: what all images of its owner may be.

        @return: the image as it is kept, with its revision.

        @raise ImageExists: the id is taken, or was once, even by an image that
            has been purged since.
        @raise QuotaExceeded: its owner's images would be more than they may.
        """

    def get(image_id: str) -> Deferred[Image]:
        """
        Find an image by its id, also a deleted one.

        @raise ImageNotFound: there is none, or it was purged.
        """

    def find(query: Query) -> Deferred[Sequence[Image]]:
        """
        List images.

        @raise MarkerNotFound: the query's marker is not an id of an image that
            is within its scope.
        """

    def replace(old: Image, new: Image, quota: Quota = UNBOUNDED) -> Deferred[Image]:
        """
        Put C{new} in the place of C{old}, unless somebody else was faster.

        Only attributes of C{old} that C{new} has other than it need be
        written; the id cannot be changed.  What an attempt of C{new} is said to
        bring is booked as its owner's, until it is C{new}'s no more, nor doomed.

        @param quota: what all images of C{new}'s owner may be.

        @return: C{new}, with its new revision.

        @raise ImageChanged: the revision isn't C{old}'s any more.
        @raise ImageNotFound: there is none of that id.
        @raise QuotaExceeded: more would be its owner's than before, and more than
            may be.
        """

    def book(
        image_id: str, attempt_id: str, size: int, quota: Quota = UNBOUNDED
    ) -> Deferred[int]:
        """
        Book room for the data of an attempt, which grows.  Asked twice, it is
        booked once.

        @param size: how many bytes there have to be room for, all in all.
        @param quota: what all images of the owner may be.

        @return: for how many bytes there is room; more than was asked for where
            there is plenty.

        @raise QuotaExceeded: there isn't so much; nothing is booked for the attempt
            any more, so that others have what it had.
        @raise UploadSuperseded: it isn't the image's attempt any more.
        @raise ImageNotFound: there is no image of that id.
        """

    def usage(owner: str | None) -> Deferred[Usage]:
        """
        Tell how much the images of an owner are.

        @param owner: L{None} for all images that have none.
        """

    def renew(instance: str, seconds: float) -> Deferred[None]:
        """
        Say that a process lives, and for how long others shall believe it.

        @param seconds: counted from now by the registry's clock; 0 ends the
            lease.
        """

    def unsettled(limit: int, after: str | None = None) -> Deferred[Sequence[Image]]:
        """
        List images that need settling: those saving whose attempt's instance
        has no lease any more, those pending deletion, and those with doomed
        data.  They come in the order of their ids.

        @param limit: how many at the most.
        @param after: the id that theirs come after; L{None} for the first.
        """

    def purge(before: datetime, limit: int) -> Deferred[int]:
        """
        Forget images that were deleted, or killed, before a time, but for their ids.

        @param limit: how many at the most.

        @return: how many.

        @raise ImagesWaiting: some that were deleted then still have data.
        """

    def check() -> Deferred[None]:
        """
        See whether the registry can be asked.
        """


@frozen
class Caller:
    """
    What a request says of who sent it.
    """

    headers: Headers
    address: str | None
    """The address that it comes from; L{None} for a UNIX socket."""
    client: str | None = None
    """The address of whom trusted proxies ask for; of who asks if there is none."""


class IIdentity(Interface):
    """
    A way to know who asks.
    """

    def identify(caller: Caller) -> Deferred[Context]:
        """
        Find out who sent a request.

        @raise Unauthenticated: it does not say, or lies.
        @raise Forbidden: it may not use this service at all.
        @raise TooManyAttempts: its address has sent too many wrong passwords.
        @raise TooBusy: too many want that at this moment.
        @raise AccountsUnusable: nobody can tell at present.
        """
