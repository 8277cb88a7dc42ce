"""
A store that keeps image data in a bucket of S3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from twisted.logger import Logger
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from glance.deferreds import deferred
from glance.errors import (
    BodyStopped,
    GlanceError,
    StoreUnavailable,
    UploadSuperseded,
)
from glance.interfaces import IStore
from glance.s3.addressing import Endpoint
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
from glance.stores.refusals import full, missing, taken, unavailable
from glance.stores.wrapping import expected_length, translating, unmeasured
from glance.streams.bodies import BytesBody

_log = Logger()

_SCHEMES = {"s3": "http://", "s3+http": "http://", "s3+https": "https://"}
"""
How the locations of older Glances begin, and how their servers' URLs do.
"""


def _translated(error: S3Error) -> GlanceError:
    """
    Get what to tell users of an error of S3; operators have the log.
    """
    _log.warn("The S3 store: {error}", error=error)
    if isinstance(error, NoRoom):
        return full()
    if isinstance(error, Forbidden):
        return unavailable("The S3 store refuses what it is asked")
    return unavailable("The S3 store does not work at present")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        raise _translated(error) from error


def _translated_reading(error: BaseException) -> BaseException:
    if isinstance(error, Stopped):
        return BodyStopped(str(error))
    return _translated(error) if isinstance(error, S3Error) else error


@implementer(IStore)
class S3Store:
    """
    Keeps each image's data as an object of its key.

    Others may have objects in the bucket: those whose keys could be ours are
    listed with ours.  The key of data that a Glance of old kept is the name of the
    bucket, a slash, and that of the object.
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
                raise taken()
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
                return await self._client.upload(
                    self._bucket, key, unmeasured(body), expected=expected_length(body)
                )
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
        raise taken()

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
            name = self._named(key)
            try:
                got = await self._client.get_object(self._bucket, name, offset, length)
            except NotFound:
                await self._demand_bucket()
                raise missing() from None
            except Refused as error:
                if error.status != 416:
                    raise
                return await self._nothing(key, size)
        try:
            demand_size(got.head.length, size)
        except GlanceError:
            got.body.stopProducing()
            raise
        return translating(got.body, _translated_reading)

    async def _nothing(self, key: str, size: int | None) -> IBodyProducer:
        demand_size(await self.size(key), size)
        return BytesBody(b"")

    @deferred
    async def size(self, key: str) -> int:
        name = self._named(key)
        with _told():
            try:
                head = await self._client.head_object(self._bucket, name)
            except NotFound:
                await self._demand_bucket()
                raise missing() from None
            return head.length

    @deferred
    async def delete(self, key: str) -> None:
        name = self._named(key)
        with _told():
            begun = await self._begun(name)
            for upload in begun:
                await self._client.abort_upload(self._bucket, name, upload.upload_id)
            try:
                await self._client.head_object(self._bucket, name)
            except NotFound:
                if not begun:
                    raise missing() from None
            else:
                await self._client.delete_object(self._bucket, name)

    async def _begun(self, name: str) -> Sequence[Begun]:
        return [each for each in await self._uploads(name) if each.key == name]

    async def _uploads(self, prefix: str = "") -> Sequence[Begun]:
        try:
            return await self._client.list_uploads(self._bucket, prefix)
        except NotFound:
            if self._create:
                return []
            raise

    def _named(self, key: str) -> str:
        """
        Get the name of the object of a key.
        """
        bucket, _, name = key.partition("/")
        if name and bucket == self._bucket:
            return name
        if not is_key(key):
            raise missing()
        return key

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
        with _told():
            begun = await self._uploads()
        return list(dict.fromkeys(each.key for each in begun if is_key(each.key)))

    def adopt(self, uri: str) -> str | None:
        scheme, _, rest = uri.partition("://")
        if scheme not in _SCHEMES or "://" in rest:
            return None
        # Secret keys have slashes, and nobody has encoded them.
        bucket_at, _, name = rest.rpartition("@")[2].rpartition("/")
        host, _, bucket = bucket_at.rpartition("/")
        if bucket != self._bucket or name in ("", ".", ".."):
            return None
        try:
            its = Endpoint.parse(_SCHEMES[scheme] + host)
        except ValueError:
            return None
        return f"{bucket}/{name}" if self._client.endpoint.same_server(its) else None

    @deferred
    async def check(self) -> None:
        with _told():
            await self._demand_bucket()

    async def _demand_bucket(self) -> None:
        """
        Refuse to say that data is missing where the whole bucket is.
        """
        try:
            await self._client.head_bucket(self._bucket)
        except NotFound as error:
            if not self._create:
                _log.warn("The S3 store: there is no bucket {name}", name=self._bucket)
                raise unavailable("The bucket of the S3 store is not there") from error
