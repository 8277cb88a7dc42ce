"""
An upload, from its first byte to its end, whatever that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.iweb import IBodyProducer

from glance.deferreds import deferred, unhurried
from glance.s3.errors import S3Error
from glance.s3.limits import Limits
from glance.s3.memory import Memory
from glance.s3.multipart import Cutter, Flight
from glance.s3.sending import Parcel

Named = Mapping[str, str]


class Operations(Protocol):
    """
    What an upload is made of.
    """

    def put_object(
        self,
        bucket: str,
        key: str,
        body: Parcel,
        headers: Named | None = None,
    ) -> Deferred[str]:
        """
        Keep an object.
        """

    def create_upload(
        self, bucket: str, key: str, headers: Named | None = None
    ) -> Deferred[str]:
        """
        Begin an upload of parts.
        """

    def upload_part(
        self, bucket: str, key: str, upload_id: str, number: int, body: Parcel
    ) -> Deferred[str]:
        """
        Send a part.
        """

    def complete_upload(
        self, bucket: str, key: str, upload_id: str, etags: Sequence[str]
    ) -> Deferred[str]:
        """
        Make an object of the parts.
        """

    def abort_upload(self, bucket: str, key: str, upload_id: str) -> Deferred[None]:
        """
        Remove the parts.
        """


class Uploading:
    """
    One upload.
    """

    _log = Logger()

    def __init__(
        self,
        operations: Operations,
        bucket: str,
        key: str,
        body: IBodyProducer,
        headers: Named | None,
        limits: Limits,
        memory: Memory,
        hashing: bool,
        expected: int | None = None,
    ) -> None:
        """
        @param memory: what the parts take theirs of.
        @param hashing: whether the parts have hashes.
        @param expected: how many bytes are likely to come, where C{body} has no
            length; L{None} if nobody knows.
        """
        self._operations = operations
        self._bucket = bucket
        self._key = key
        self._headers = headers
        self._cutter = Cutter(body, limits, memory, hashing, expected)
        self._flight = Flight(limits.in_flight, self._cutter.fail)
        self._upload_id: str | None = None
        self._etags: list[str] = []

    async def run(self) -> int:
        """
        Send everything.

        @return: how many bytes there were.
        """
        try:
            part = await self._cutter.next()
            assert part is not None
            if self._cutter.over:
                await self._send_whole(part)
            else:
                await self._begin(part)
                await self._send_parts(part)
            return self._cutter.count
        except BaseException:
            self._flight.stop()
            self._cutter.stop()
            await unhurried(self._abort())
            raise

    async def _send_whole(self, part: Parcel) -> None:
        try:
            await self._operations.put_object(
                self._bucket, self._key, part, self._headers
            )
        finally:
            part.drop()

    async def _begin(self, part: Parcel) -> None:
        try:
            await unhurried(self._create())
        except BaseException:
            part.drop()
            raise

    @deferred
    async def _create(self) -> None:
        self._upload_id = await self._operations.create_upload(
            self._bucket, self._key, self._headers
        )

    async def _send_parts(self, part: Parcel | None) -> None:
        while part is not None:
            self._etags.append("")
            self._flight.start(self._send_part(len(self._etags), part))
            await self._flight.room()
            part = await self._cutter.next()
        await self._flight.land()
        assert self._upload_id is not None
        await self._operations.complete_upload(
            self._bucket, self._key, self._upload_id, self._etags
        )

    @deferred
    async def _send_part(self, number: int, part: Parcel) -> None:
        assert self._upload_id is not None
        try:
            self._etags[number - 1] = await self._operations.upload_part(
                self._bucket, self._key, self._upload_id, number, part
            )
        finally:
            part.drop()

    @deferred
    async def _abort(self) -> None:
        if self._upload_id is None:
            return
        try:
            await self._operations.abort_upload(
                self._bucket, self._key, self._upload_id
            )
        except S3Error as error:
            self._log.warn(
                "The parts of an upload to {bucket} could not be removed, and take "
                "up room until they are: {error}",
                bucket=self._bucket,
                error=error,
            )
