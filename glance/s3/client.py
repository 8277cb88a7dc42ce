"""
The operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_plus

from twisted.internet.defer import Deferred
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer, IResponse

from glance.deferreds import deferred
from glance.s3.addressing import Endpoint
from glance.s3.asking import Again, Ask, Service
from glance.s3.documents import (
    LIMIT,
    completion,
    location,
    number_of,
    parse,
    text_of,
)
from glance.s3.errors import BadAnswer, BadBody, NotFound
from glance.s3.memory import Memory
from glance.s3.multipart import etag_of
from glance.s3.objects import (
    Begun,
    Got,
    Head,
    Page,
    Part,
    key_in,
    page_in,
    total_in,
)
from glance.s3.sending import Parcel
from glance.s3.signing import Query
from glance.s3.uploading import Uploading

Named = Mapping[str, str]
"""Headers, by their names in lower case."""


class S3Client:
    """
    A client of a server of S3.

    Any operation raises L{S3Error <glance.s3.errors.S3Error>}, of the kind that
    says what is wrong, and L{ValueError} for a name that nothing can have.  Each may
    be cancelled.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        limits = service.limits
        self._memory = Memory(service.clock, limits.memory, limits.patience)

    @property
    def endpoint(self) -> Endpoint:
        """
        The server.
        """
        return self._service.endpoint

    def close(self) -> Deferred[Any]:
        """
        Close the connections that are kept.
        """
        return self._service.close()

    # Buckets

    @deferred
    async def create_bucket(self, bucket: str) -> None:
        """
        Make a bucket, in the region of this client.

        @raise Conflict: there is one already; the code says whose it is.
        """
        document = location(self._service.region_of(bucket))
        body = Parcel([document]) if document else None
        ask = Ask(method="PUT", bucket=bucket, body=body, again=Again.REFUSED)
        await self._service.text(ask)

    @deferred
    async def head_bucket(self, bucket: str) -> None:
        """
        See whether a bucket is there, and may be used.

        @raise NotFound: it isn't.
        """
        await self._service.text(Ask(method="HEAD", bucket=bucket))

    @deferred
    async def list_objects(
        self, bucket: str, prefix: str = "", more: str | None = None
    ) -> Page:
        """
        List objects, a page at a time, in the order of their keys.

        @param prefix: what the keys begin with.
        @param more: that of the page before; L{None} for the first.
        """
        query = [("list-type", "2"), ("prefix", prefix), ("encoding-type", "url")]
        if more is not None:
            query.append(("continuation-token", more))
        ask = Ask(method="GET", bucket=bucket, query=query)
        _, text = await self._service.text(ask, LIMIT)
        return page_in(parse(text, "ListBucketResult"))

    # Objects

    @deferred
    async def put_object(
        self,
        bucket: str,
        key: str,
        body: IBodyProducer | Parcel,
        headers: Named | None = None,
        sha256: str | None = None,
    ) -> str:
        """
        Keep an object, sent as it comes.

        @param body: the data, whose length must be known.  It is started, or told
            to stop.  A L{Parcel} is sent again where that helps.
        @param headers: such as C{content-type} and C{x-amz-meta-} names.
        @param sha256: its hash in hexadecimal, which the server compares; L{None}
            if it isn't known.

        @return: its ETag, with quotes.

        @raise BadBody: its length isn't known, or isn't right.
        """
        if not isinstance(body, Parcel):
            try:
                if body.length is UNKNOWN_LENGTH:
                    raise BadBody("Data of unknown length is sent by upload().")
                await self._service.settle(bucket)
            except BaseException:
                body.stopProducing()
                raise
        ask = Ask(
            method="PUT",
            bucket=bucket,
            key=key,
            headers=dict(headers or {}),
            body=body,
            digest=sha256,
            patient=not isinstance(body, Parcel),
        )
        answered, _ = await self._service.text(ask)
        etag: str = answered.getRawHeaders("etag", [""])[0]
        return etag

    @deferred
    async def head_object(self, bucket: str, key: str) -> Head:
        """
        Get what there is to know of an object.

        @raise NotFound: there is none.
        """
        ask = Ask(method="HEAD", bucket=bucket, key=key)
        headers, _ = await self._service.text(ask)
        said = headers.getRawHeaders("content-length", [""])[0]
        if not (said.isascii() and said.isdigit()):
            raise BadAnswer("The server didn't say how long the object is.")
        return Head.read(headers, int(said))

    @deferred
    async def get_object(
        self,
        bucket: str,
        key: str,
        offset: int = 0,
        length: int | None = None,
        etag: str | None = None,
    ) -> Got:
        """
        Get an object.

        @param offset: the first byte wanted, counted from 0.
        @param length: how many bytes are wanted, at least 1; L{None} for all that
            follow.  Fewer come where there are fewer.
        @param etag: the one that it must have; L{None} for any.

        @raise NotFound: there is none.
        @raise Conflict: it has another ETag.
        @raise Refused: of status 416, where it ends before C{offset}.
        """
        headers = {} if etag is None else {"if-match": etag}
        if offset or length is not None:
            last = "" if length is None else str(offset + length - 1)
            headers["range"] = f"bytes={offset}-{last}"
        ask = Ask(method="GET", bucket=bucket, key=key, headers=headers)
        response = await self._service.ask(ask)
        body = self._service.body(response)
        try:
            return Got(self._head(response, "range" in headers), body)
        except BadAnswer:
            body.stopProducing()
            raise

    def _head(self, response: IResponse, ranged: bool) -> Head:
        if response.length is UNKNOWN_LENGTH:
            raise BadAnswer("The server didn't say how long the data is.")
        if ranged and response.code != 206:
            raise BadAnswer("The server doesn't send parts of objects.")
        total = total_in(response.headers, response.length, response.code)
        return Head.read(response.headers, total)

    @deferred
    async def delete_object(self, bucket: str, key: str) -> None:
        """
        Remove an object.  It is no error if there is none.
        """
        await self._service.text(Ask(method="DELETE", bucket=bucket, key=key))

    # Parts

    @deferred
    async def create_upload(
        self, bucket: str, key: str, headers: Named | None = None
    ) -> str:
        """
        Begin an upload of parts, which must be completed or aborted.

        @return: its id.
        """
        ask = Ask(
            method="POST",
            bucket=bucket,
            key=key,
            query=[("uploads", "")],
            headers=dict(headers or {}),
            again=Again.REFUSED,
        )
        _, text = await self._service.text(ask)
        upload_id = text_of(parse(text, "InitiateMultipartUploadResult"), "UploadId")
        if not upload_id:
            raise BadAnswer("The server began an upload without an id.")
        return upload_id

    @deferred
    async def upload_part(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        number: int,
        body: Parcel | IBodyProducer,
    ) -> str:
        """
        Send a part.

        @param number: counted from 1.
        @param body: a L{Parcel} is sent again where that helps.

        @return: its ETag.
        """
        ask = Ask(
            method="PUT",
            bucket=bucket,
            key=key,
            query=[("partNumber", str(number)), ("uploadId", upload_id)],
            body=body,
        )
        headers, _ = await self._service.text(ask)
        etag: str = headers.getRawHeaders("etag", [""])[0]
        if not etag:
            raise BadAnswer("The server took a part without an ETag.")
        return etag

    @deferred
    async def complete_upload(
        self, bucket: str, key: str, upload_id: str, etags: Sequence[str]
    ) -> str:
        """
        Make an object of the parts that were sent.

        @param etags: those of the parts, in their order.

        @return: its ETag.

        @raise NotFound: there is no such upload, and no object that has the ETag
            of these parts: had there been an answer that was lost, it would.
        """
        ask = Ask(
            method="POST",
            bucket=bucket,
            key=key,
            query=[("uploadId", upload_id)],
            headers={"content-type": "application/xml"},
            body=Parcel([completion(etags)]),
            patient=True,
        )
        try:
            _, text = await self._service.text(ask)
            return text_of(parse(text, "CompleteMultipartUploadResult"), "ETag")
        except NotFound:
            expected = etag_of(etags)
            if expected is None:
                raise
            head = await self.head_object(bucket, key)
            if head.etag.strip('"') != expected.strip('"'):
                raise
            return head.etag

    @deferred
    async def abort_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """
        Remove an upload and its parts.  It is no error if there is none.
        """
        query = [("uploadId", upload_id)]
        ask = Ask(method="DELETE", bucket=bucket, key=key, query=query)
        with suppress(NotFound):
            await self._service.text(ask)

    @deferred
    async def list_uploads(self, bucket: str, prefix: str = "") -> Sequence[Begun]:
        """
        List all uploads that were neither completed nor aborted.

        @param prefix: what the keys begin with.
        """
        found: list[Begun] = []
        markers: list[tuple[str, str]] = []
        while True:
            query = [("uploads", ""), ("prefix", prefix), ("encoding-type", "url")]
            root = await self._listed(bucket, None, [*query, *markers], "Uploads")
            encoding = text_of(root, "EncodingType")
            found += [
                Begun(
                    key_in(element, encoding),
                    text_of(element, "UploadId"),
                    text_of(element, "Initiated"),
                )
                for element in root.findall("Upload")
            ]
            if text_of(root, "IsTruncated") != "true":
                return found
            before = markers
            key = text_of(root, "NextKeyMarker")
            markers = [
                ("key-marker", unquote_plus(key) if encoding == "url" else key),
                ("upload-id-marker", text_of(root, "NextUploadIdMarker")),
            ]
            _demand_progress(before, markers)

    @deferred
    async def list_parts(self, bucket: str, key: str, upload_id: str) -> Sequence[Part]:
        """
        List all parts that an upload has so far.

        @raise NotFound: there is no such upload.
        """
        found: list[Part] = []
        markers: list[tuple[str, str]] = []
        while True:
            query = [("uploadId", upload_id), *markers]
            root = await self._listed(bucket, key, query, "Parts")
            found += [
                Part(
                    number_of(element, "PartNumber"),
                    number_of(element, "Size"),
                    text_of(element, "ETag"),
                )
                for element in root.findall("Part")
            ]
            if text_of(root, "IsTruncated") != "true":
                return found
            before = markers
            markers = [("part-number-marker", text_of(root, "NextPartNumberMarker"))]
            _demand_progress(before, markers)

    async def _listed(
        self, bucket: str, key: str | None, query: Query, what: str
    ) -> Any:
        ask = Ask(method="GET", bucket=bucket, key=key, query=query)
        _, text = await self._service.text(ask, LIMIT)
        root = "ListMultipartUploadsResult" if what == "Uploads" else "ListPartsResult"
        return parse(text, root)

    # All together

    @deferred
    async def upload(
        self,
        bucket: str,
        key: str,
        body: IBodyProducer,
        headers: Named | None = None,
        expected: int | None = None,
    ) -> int:
        """
        Keep an object, in parts where it has more than one part's data.

        When this fails, or is cancelled, no part is left behind.  Where the server
        didn't answer to the very last request, the object may be there; where it
        didn't answer to the first, L{list_uploads} finds what is left.

        @param body: the data; its length may be unknown.  It is started, or told
            to stop.  It is paused while other uploads have all the memory.
        @param expected: how many bytes are likely to come, where C{body} has no
            length; L{None} if nobody knows.

        @return: how many bytes it has.

        @raise BadBody: there are other than C{body} says, or too many.
        """
        uploading = Uploading(
            self,
            bucket,
            key,
            body,
            headers,
            self._service.limits,
            self._memory,
            hashing=not self._service.endpoint.secure,
            expected=expected,
        )
        return await uploading.run()


def _demand_progress(before: object, after: object) -> None:
    """
    Refuse a list that begins anew for ever.
    """
    if before == after:
        raise BadAnswer("The server's list doesn't get on.")
