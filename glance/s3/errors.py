"""
What can go wrong with S3.

None of these has a credential in its text.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError


class S3Error(Exception):
    """
    Something went wrong with S3.
    """


class BadCredentials(S3Error):
    """
    There are no credentials, or they cannot be read.
    """


class Unreachable(S3Error):
    """
    The server cannot be reached, or the connection was lost.
    """

    untouched = False
    """Whether the server surely has got nothing of the request."""


class Silent(S3Error):
    """
    The server did nothing for too long.
    """


class Cut(S3Error):
    """
    Data ended before its end.
    """


class BadBody(S3Error):
    """
    The data to be sent isn't as long as it says, or is too long.
    """


class BadAnswer(S3Error):
    """
    The server answered something that is no S3.
    """


class Refused(S3Error):
    """
    The server refused a request.
    """

    def __init__(
        self,
        status: int,
        code: str = "",
        message: str = "",
        request_id: str = "",
        region: str | None = None,
    ) -> None:
        """
        @param status: that of HTTP; 200 is possible.
        @param code: what S3 calls the error; empty where it didn't say.
        @param message: the server's own words.
        @param request_id: what the server's log calls the request.
        @param region: the one to ask instead; L{None} where it isn't named.
        """
        told = " ".join(filter(None, [str(status), code])) + "."
        if message:
            told += f"  {message}"
        if request_id:
            told += f"  (Request {request_id}.)"
        super().__init__(f"S3 answered {told}")
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.region = region


class NotFound(Refused):
    """
    There is no such bucket, object or upload.
    """


class Forbidden(Refused):
    """
    The credentials are wrong, or not good enough.
    """


class Conflict(Refused):
    """
    What there is already stands against it, or a condition isn't met.
    """


class NoRoom(Refused):
    """
    There is no room for the data: it is too large, or a quota is used up.
    """


class Unavailable(Refused):
    """
    The server cannot do it at present.
    """


class Elsewhere(Refused):
    """
    The bucket is in another region.
    """


class Stopped(CancelledError):
    """
    Data was told to stop before its end.
    """


TEMPORARY = frozenset(
    {
        "BadDigest",
        "InternalError",
        "OperationAborted",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "SlowDownRead",
        "SlowDownWrite",
        "Throttling",
        "TooManyRequests",
        "XAmzContentSHA256Mismatch",
        "XMinioServerNotInitialized",
    }
)
"""
The codes of what may go well when it is tried again; data that was damaged on its
way is among that.
"""

FULL = frozenset(
    {
        "EntityTooLarge",
        "InsufficientStorage",
        "QuotaExceeded",
        "XMinioStorageFull",
        "XMinioAdminBucketQuotaExceeded",
    }
)
"""The codes that say that there is no room."""

MISSING = frozenset({"NoSuchBucket", "NoSuchKey", "NoSuchUpload"})
"""The codes that say that something isn't there."""

ELSEWHERE = frozenset(
    {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"}
)
"""The codes that may name another region."""


def kind_of(status: int, code: str) -> type[Refused]:
    """
    Get the class of a refusal.
    """
    if code in FULL or status in (413, 507):
        return NoRoom
    if code in ELSEWHERE or status in (301, 307, 308):
        return Elsewhere
    if code in TEMPORARY or status >= 500 or status in (408, 429):
        return Unavailable
    if code in MISSING or status == 404:
        return NotFound
    if status in (401, 403):
        return Forbidden
    if status in (409, 412):
        return Conflict
    return Refused
