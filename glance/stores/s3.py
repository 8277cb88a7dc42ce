"""
A store that keeps image data in a bucket of S3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from glance.deferreds import deferred
from glance.errors import (
    BodyStopped,
    DataExists,
    DataNotFound,
    GlanceError,
    StoreFull,
    StoreUnavailable,
    UploadSuperseded,
)
from glance.interfaces import IStore
from glance.s3.client import S3Client
from glance.s3.errors import (
    Conflict,
    Forbidden,
    NoRoom,
    NotFound,
    Refused,
    S3Error,
    Stopped,
)
from glance.s3.objects import Begun
from glance.stores.keys import checked, demand_size, is_key
from glance.streams.bodies import BytesBody

_log = Logger()


def _translated(error: S3Error) -> GlanceError:
    """
    Get what to tell users of an error of S3; operators have the log.
    """
    _log.warn("The S3 store: {error}", error=error)
    if isinstance(error, NoRoom):
        return StoreFull("There is no room for this data.")
    if isinstance(error, Forbidden):
        return StoreUnavailable("The S3 store refuses what it is asked.")
    return StoreUnavailable("The S3 store does not work at present; try again later.")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        raise _translated(error) from error


@implementer(IBodyProducer, IPushProducer)
class _Source:
    """
    A body on its way in, of which all is kept, be it more or less than it says.
    """

    length = UNKNOWN_LENGTH

    def __init__(self, body: Any) -> None:
        self._body = body

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        producing: Deferred[None] = self._body.startProducing(consumer)
        return producing

    def pauseProducing(self) -> None:
        self._body.pauseProducing()

    def resumeProducing(self) -> None:
        self._body.resumeProducing()

    def stopProducing(self) -> None:
        self._body.stopProducing()


@implementer(IBodyProducer, IPushProducer)
class _Stored:
    """
    A body on its way out, whose errors are those of a store.
    """

    def __init__(self, body: Any) -> None:
        self.length: int = body.length
        self._body = body

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        producing: Deferred[None] = self._body.startProducing(consumer)
        return producing.addErrback(self._failed)

    def _failed(self, failure: Failure) -> Failure:
        if failure.check(Stopped):
            return Failure(BodyStopped(str(failure.value)))
        if isinstance(failure.value, S3Error):
            return Failure(_translated(failure.value))
        return failure

    def pauseProducing(self) -> None:
        self._body.pauseProducing()

    def resumeProducing(self) -> None:
        self._body.resumeProducing()

    def stopProducing(self) -> None:
        self._body.stopProducing()


@implementer(IStore)
class S3Store:
    """
    Keeps each image's data as an object of its key.

    Others may have objects in the bucket: those whose keys could be ours are
    listed with ours.
    """

    kind = "s3"

    def __init__(self, client: S3Client, bucket: str, create: bool) -> None:
        """
        @param create: whether to make the bucket where there is none.
        """
        self._client = client
        self._bucket = bucket
        self._create = create
        self._adding: set[str] = set()

    @deferred
    async def add(self, key: str, body: IBodyProducer) -> int:
        started = False
        try:
            if checked(key) in self._adding:
                raise DataExists("There is data for this key already.")
            self._adding.add(key)
            try:
                with _told():
                    await self._prepare()
                    await self._refuse_taken(key)
                started = True
                return await self._upload(key, body)
            finally:
                self._adding.discard(key)
        finally:
            if not started:
                body.stopProducing()

    async def _upload(self, key: str, body: IBodyProducer) -> int:
        try:
            with _told():
                return await self._client.upload(self._bucket, key, _Source(body))
        except StoreUnavailable as error:
            cause = error.__cause__
            if isinstance(cause, NotFound) and cause.code == "NoSuchUpload":
                raise UploadSuperseded(
                    "The upload was given up by others, who took it for dead."
                ) from error
            raise

    async def _prepare(self) -> None:
        if not self._create:
            return
        try:
            await self._client.head_bucket(self._bucket)
        except NotFound:
            try:
                await self._client.create_bucket(self._bucket)
            except Conflict as error:
                if error.code != "BucketAlreadyOwnedByYou":
                    raise
        self._create = False

    async def _refuse_taken(self, key: str) -> None:
        try:
            await self._client.head_object(self._bucket, key)
        except NotFound:
            return
        raise DataExists("There is data for this key already.")

    @deferred
    async def get(
        self,
        key: str,
        offset: int = 0,
        length: int | None = None,
        size: int | None = None,
    ) -> IBodyProducer:
        with _told():
            if length == 0:
                return await self._nothing(key, size)
            _demand_key(key)
            try:
                got = await self._client.get_object(self._bucket, key, offset, length)
            except NotFound:
                raise _missing() from None
            except Refused as error:
                if error.status != 416:
                    raise
                return await self._nothing(key, size)
        try:
            demand_size(got.head.length, size)
        except GlanceError:
            got.body.stopProducing()
            raise
        return _Stored(got.body)

    async def _nothing(self, key: str, size: int | None) -> IBodyProducer:
        demand_size(await self.size(key), size)
        return BytesBody(b"")

    @deferred
    async def size(self, key: str) -> int:
        _demand_key(key)
        with _told():
            try:
                head = await self._client.head_object(self._bucket, key)
            except NotFound:
                raise _missing() from None
            return head.length

    @deferred
    async def delete(self, key: str) -> None:
        _demand_key(key)
        with _told():
            begun = await self._begun(key)
            for upload in begun:
                await self._client.abort_upload(self._bucket, key, upload.upload_id)
            try:
                await self._client.head_object(self._bucket, key)
            except NotFound:
                if not begun:
                    raise _missing() from None
            else:
                await self._client.delete_object(self._bucket, key)

    async def _begun(self, key: str) -> Sequence[Begun]:
        try:
            found = await self._client.list_uploads(self._bucket, key)
        except NotFound:
            return []
        return [upload for upload in found if upload.key == key]

    @deferred
    async def keys(self) -> Sequence[str]:
        with _told():
            try:
                return await self._keys()
            except NotFound:
                if self._create:
                    return []
                raise

    async def _keys(self) -> Sequence[str]:
        found: list[str] = []
        more: str | None = None
        while True:
            page = await self._client.list_objects(self._bucket, more=more)
            found += [each.key for each in page.objects if is_key(each.key)]
            more = page.more
            if more is None:
                return found

    @deferred
    async def sweep(self) -> int:
        # Nobody knows whose process is dead; what is settled is deleted by its key.
        return 0

    @deferred
    async def unfinished(self) -> Sequence[str]:
        return []

    def adopt(self, uri: str) -> str | None:
        return None

    @deferred
    async def check(self) -> None:
        with _told():
            try:
                await self._client.head_bucket(self._bucket)
            except NotFound as error:
                if not self._create:
                    raise StoreUnavailable(
                        "The bucket of the S3 store is not there."
                    ) from error


def _missing() -> DataNotFound:
    return DataNotFound("The data of this image is missing from the store.")


def _demand_key(key: str) -> None:
    if not is_key(key):
        raise _missing()
