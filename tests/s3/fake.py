"""
A small S3 in memory, which checks signatures.
"""

from __future__ import annotations

import hashlib
from urllib.parse import unquote
from xml.sax.saxutils import escape

from attrs import define, field
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from tests.s3.signatures import AUTHORIZATION, signature

ACCESS, SECRET, TOKEN = "AKIDEXAMPLE", "wJalr/secret%key", "token+of/a=session"

TELLING = ("partNumber", "uploadId", "uploads", "list-type")
"""The names in a query that say what is asked for; the first counts."""


class Refusal(Exception):
    """
    What the server answers instead.
    """

    def __init__(self, status, code, message="No.", more="", headers=None):
        self.status = status
        self.body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>"
            f"{more}<RequestId>r-1</RequestId></Error>"
        ).encode()
        self.headers = headers or {}


@define
class Upload:
    """
    An upload of parts.
    """

    key: str
    parts: dict = field(factory=dict)


@define
class Bucket:
    """
    A bucket.
    """

    objects: dict = field(factory=dict)
    uploads: dict = field(factory=dict)


def md5(data):
    """
    Get an MD5, in hexadecimal.
    """
    return hashlib.md5(data).hexdigest()


class FakeS3(Resource):
    """
    The server.
    """

    isLeaf = True

    def __init__(self, region="us-east-1", token=None, page=1000):
        """
        @param region: that of all its buckets.
        @param token: the session's; L{None} where there is none.
        @param page: how many are listed at once.
        """
        super().__init__()
        self.region = region
        self.token = token
        self.page = page
        self.buckets = {}
        self.etags = {}
        self.seen = []
        """What was asked: the method, and one of L{TELLING} or nothing."""
        self.faults = []
        """Each a function of a request and what was asked, that may raise, or
        return true to have it never answered; false ones are left there."""
        self.told = []
        """The headers of each request."""
        self.virtual = None
        """The host whose subdomains are buckets; L{None} for none."""
        self._count = 0

    def render(self, request):
        """
        Answer.
        """
        self.told.append(request.requestHeaders)
        try:
            query = self._query(request)
            telling = (name for name in TELLING if name in query)
            asked = request.method.decode(), next(telling, "")
            self.seen.append(asked)
            data = request.content.read()
            for fault in list(self.faults):
                if fault(request, asked):
                    return NOT_DONE_YET
            self._check(request, data)
            return self._answer(request, query, data)
        except Refusal as refusal:
            request.setResponseCode(refusal.status)
            for name, value in refusal.headers.items():
                request.setHeader(name, value)
            return b"" if request.method == b"HEAD" else refusal.body

    def _query(self, request):
        pairs = request.uri.decode().partition("?")[2].split("&")
        return {
            unquote(name): unquote(value)
            for name, _, value in (pair.partition("=") for pair in pairs if pair)
        }

    def _check(self, request, data):
        found = AUTHORIZATION.fullmatch(request.getHeader("authorization") or "")
        if found is None or found["key"] != ACCESS:
            raise Refusal(403, "InvalidAccessKeyId", f"No {ACCESS}.")
        if found["region"] != self.region:
            raise Refusal(
                400,
                "AuthorizationHeaderMalformed",
                f"The region '{found['region']}' is wrong; expecting '{self.region}'",
                headers={"x-amz-bucket-region": self.region},
            )
        if request.getHeader("x-amz-security-token") != self.token:
            raise Refusal(403, "InvalidToken")
        headers = {name: request.getHeader(name) for name in found["names"].split(";")}
        url = f"http://{headers['host']}{request.uri.decode()}"
        method = request.method.decode()
        right = signature(method, url, {}, headers, SECRET, self.region)
        if right != found["signature"]:
            told = f"StringToSign with {SECRET} differs."
            raise Refusal(403, "SignatureDoesNotMatch", told)
        digest = request.getHeader("x-amz-content-sha256")
        if digest not in ("UNSIGNED-PAYLOAD", hashlib.sha256(data).hexdigest()):
            raise Refusal(400, "XAmzContentSHA256Mismatch")

    def _answer(self, request, query, data):
        path = unquote(request.uri.decode().partition("?")[0])
        name, _, key = path.lstrip("/").partition("/")
        if self.virtual is not None:
            name = request.getHeader("host").removesuffix("." + self.virtual)
            key = path[1:]
        method = request.method.decode()
        if not key and method == "PUT":
            if name in self.buckets:
                raise Refusal(409, "BucketAlreadyOwnedByYou")
            self.buckets[name] = Bucket()
            return b""
        if name not in self.buckets:
            raise Refusal(404, "NoSuchBucket")
        bucket = self.buckets[name]
        if not key:
            return self._bucket(request, query, bucket)
        if "uploads" in query or "uploadId" in query:
            return self._parts(request, query, data, bucket, key)
        return self._object(request, data, bucket, key)

    def _bucket(self, request, query, bucket):
        if request.method == b"HEAD":
            return b""
        prefix = query.get("prefix", "")
        if "uploads" in query:
            return self._uploads(query, bucket, prefix)
        after = query.get("continuation-token", "")
        keys = sorted(k for k in bucket.objects if k.startswith(prefix) and k > after)
        found = "".join(
            f"<Contents><Key>{escape(k)}</Key><Size>{len(bucket.objects[k])}</Size>"
            "<LastModified>2026-11-26T04:03:00.000Z</LastModified>"
            f"<ETag>&quot;{md5(bucket.objects[k])}&quot;</ETag></Contents>"
            for k in keys[: self.page]
        )
        if len(keys) > self.page:
            last = escape(keys[self.page - 1])
            found += f"<NextContinuationToken>{last}</NextContinuationToken>"
            found += "<IsTruncated>true</IsTruncated>"
        return (
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"{found}</ListBucketResult>"
        ).encode()

    def _uploads(self, query, bucket, prefix):
        after = query.get("key-marker", ""), query.get("upload-id-marker", "")
        all_of_them = sorted((u.key, i) for i, u in bucket.uploads.items())
        found = [e for e in all_of_them if e > after and e[0].startswith(prefix)]
        text = "".join(
            f"<Upload><Key>{escape(key)}</Key><UploadId>{i}</UploadId></Upload>"
            for key, i in found[: self.page]
        )
        if len(found) > self.page:
            key, last = found[self.page - 1]
            text += f"<NextKeyMarker>{escape(key)}</NextKeyMarker>"
            text += f"<NextUploadIdMarker>{last}</NextUploadIdMarker>"
            text += "<IsTruncated>true</IsTruncated>"
        root = "ListMultipartUploadsResult"
        return f"<{root}>{text}</{root}>".encode()

    def _object(self, request, data, bucket, key):
        if request.method == b"PUT":
            bucket.objects[key] = data
            self.etags[key] = f'"{md5(data)}"'
            request.setHeader("etag", self.etags[key])
            return b""
        if request.method == b"DELETE":
            bucket.objects.pop(key, None)
            request.setResponseCode(204)
            return b""
        if key not in bucket.objects:
            raise Refusal(404, "NoSuchKey")
        data, etag = bucket.objects[key], self.etags[key]
        request.setHeader("etag", etag)
        if request.getHeader("if-match") not in (None, etag):
            raise Refusal(412, "PreconditionFailed")
        ranged = request.getHeader("range")
        if ranged:
            first, _, last = ranged.removeprefix("bytes=").partition("-")
            if int(first) >= len(data):
                raise Refusal(416, "InvalidRange")
            end = min(int(last) + 1, len(data)) if last else len(data)
            request.setResponseCode(206)
            told = f"bytes {first}-{end - 1}/{len(data)}"
            request.setHeader("content-range", told)
            data = data[int(first) : end]
        request.setHeader("content-length", str(len(data)))
        return b"" if request.method == b"HEAD" else data

    def _parts(self, request, query, data, bucket, key):
        if "uploads" in query:
            self._count += 1
            upload_id = f"upload-{self._count}"
            bucket.uploads[upload_id] = Upload(key)
            return (
                "<InitiateMultipartUploadResult>"
                f"<UploadId>{upload_id}</UploadId></InitiateMultipartUploadResult>"
            ).encode()
        upload = bucket.uploads.get(query["uploadId"])
        if upload is None or upload.key != key:
            raise Refusal(404, "NoSuchUpload")
        if request.method == b"PUT":
            upload.parts[int(query["partNumber"])] = data
            request.setHeader("etag", f'"{md5(data)}"')
            return b""
        if request.method == b"GET":
            return self._listed_parts(query, upload)
        del bucket.uploads[query["uploadId"]]
        if request.method == b"DELETE":
            request.setResponseCode(204)
            return b""
        return self._complete(bucket, upload, data)

    def _listed_parts(self, query, upload):
        after = int(query.get("part-number-marker", 0))
        numbers = sorted(number for number in upload.parts if number > after)
        text = "".join(
            f"<Part><PartNumber>{n}</PartNumber><Size>{len(upload.parts[n])}</Size>"
            f"<ETag>{md5(upload.parts[n])}</ETag></Part>"
            for n in numbers[: self.page]
        )
        if len(numbers) > self.page:
            last = numbers[self.page - 1]
            text += f"<NextPartNumberMarker>{last}</NextPartNumberMarker>"
            text += "<IsTruncated>true</IsTruncated>"
        return f"<ListPartsResult>{text}</ListPartsResult>".encode()

    def _complete(self, bucket, upload, data):
        parts = [upload.parts[number] for number in sorted(upload.parts)]
        for number, part in enumerate(parts, 1):
            told = f'<PartNumber>{number}</PartNumber><ETag>"{md5(part)}"</ETag>'
            if told not in data.decode():
                raise Refusal(400, "InvalidPart")
        bucket.objects[upload.key] = b"".join(parts)
        whole = hashlib.md5(b"".join(hashlib.md5(p).digest() for p in parts))
        etag = self.etags[upload.key] = f'"{whole.hexdigest()}-{len(parts)}"'
        return (
            f"<CompleteMultipartUploadResult><ETag>{escape(etag)}</ETag>"
            "</CompleteMultipartUploadResult>"
        ).encode()
