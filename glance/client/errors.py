"""
What can go wrong for a client, by the names that clients know since 2011.

The server's own errors (L{glance.errors}) are another family.
"""

from __future__ import annotations

from typing import Any


class Error(Exception):
    """
    Something that a server refused, or that did not work.
    """


# What the server answered


class Invalid(Error):
    """
    The server, or the client itself, cannot make sense of what was asked: 400.
    """


class Forbidden(Error):
    """
    That may not be done: 403.
    """


class NotAuthorized(Forbidden):
    """
    That may not be done by this caller: 403.
    """


class NotAuthenticated(NotAuthorized):
    """
    The server does not know who asks: 401.
    """


class NotFound(Error):
    """
    There is no such image, or member: 404.
    """


class Gone(NotFound):
    """
    The image was deleted while it was being filled: 410.
    """


class NoData(NotFound):
    """
    The image has no data yet: 204.
    """


class Ambiguous(Error):
    """
    Several images may be meant.
    """

    def __init__(self, message: str, candidates: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.candidates = candidates
        """Those images."""


class Duplicate(Error):
    """
    There is one already, or something else is in the way: 409.
    """


class LimitExceeded(Error):
    """
    That is more than the server takes: 413.
    """


class UnsupportedMediaType(Error):
    """
    The data isn't of the format that it is said to be: 415.
    """


class MultipleChoices(Error):
    """
    The server wants a version to be chosen: 300.
    """


class RedirectException(Error):
    """
    The server sends us somewhere where we don't go.
    """


class MaxRedirectsExceeded(RedirectException):
    """
    The server sends us on and on.
    """


class ServerError(Error):
    """
    Something went wrong in the server: 500.
    """


class ServiceUnavailable(ServerError):
    """
    The server cannot do that at present: 503.
    """

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """After how many seconds to try again; L{None} if it didn't say."""


class UnexpectedStatus(Error):
    """
    The server answered what a client cannot know of.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status."""


# What did not get through


class ClientConnectionError(Error):
    """
    The server cannot be reached, or the connection to it was lost.
    """


class ConnectionTimeout(ClientConnectionError):
    """
    The server was silent for too long.
    """


class DataCut(ClientConnectionError):
    """
    The data of an image ended before its end.
    """


class ChecksumMismatch(Error):
    """
    The data that came is not the data that was stored.
    """


class AlreadyRunning(Error):
    """
    Another process is writing the same file.
    """


STATUS: dict[int, type[Error]] = {
    300: MultipleChoices,
    400: Invalid,
    401: NotAuthenticated,
    403: NotAuthorized,
    404: NotFound,
    409: Duplicate,
    410: Gone,
    413: LimitExceeded,
    415: UnsupportedMediaType,
    500: ServerError,
}
"""
What is raised for an answer of each HTTP status, beside
L{ServiceUnavailable} and L{UnexpectedStatus}.
"""
