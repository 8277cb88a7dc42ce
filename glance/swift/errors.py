"""
What goes wrong.

The texts hold neither credentials nor tokens, nor the names of objects.
"""

from __future__ import annotations


class SwiftError(Exception):
    """
    Something with Swift went wrong.
    """

    def __init__(
        self, message: str, status: int | None = None, transaction: str | None = None
    ) -> None:
        """
        @param status: what Swift answered; L{None} where it did not.
        @param transaction: the id that Swift's logs have for it; L{None} where
            it is not known.
        """
        super().__init__(message)
        self.status = status
        self.transaction = transaction


class Unreachable(SwiftError):
    """
    There is no connection, or it was lost.
    """


class TimedOut(Unreachable):
    """
    Nothing moved for too long.
    """


class Cut(Unreachable):
    """
    Data ended before its end.
    """


class Stopped(SwiftError):
    """
    Data was stopped by who got it, or was told to stop before it began.
    """


class BadAnswer(SwiftError):
    """
    What was answered makes no sense.
    """


class Corrupt(SwiftError):
    """
    Swift has other bytes than were sent.
    """


class WrongLength(SwiftError):
    """
    The given data is longer, or shorter, than it said.
    """


class TooManySegments(SwiftError):
    """
    An object would have more segments than Swift takes.
    """


class NotAllDeleted(SwiftError):
    """
    Some segments of an object could not be deleted, and may still be there.
    """


class AuthenticationFailed(SwiftError):
    """
    The credentials are refused.
    """


class AuthenticationUnavailable(SwiftError):
    """
    Who gives tokens does not at present, or isn't where it is looked for.
    """


class NoEndpoint(SwiftError):
    """
    The catalogue has no object store of the wanted region and interface.
    """


class Refused(SwiftError):
    """
    Swift answered that it does not do it.
    """


class Unauthorized(Refused):
    """
    The token is refused, also a new one.
    """


class Forbidden(Refused):
    """
    The user may not do that.
    """


class NotFound(Refused):
    """
    There is no such container or object.
    """


class Conflict(Refused):
    """
    Something else is in the way.
    """


class PreconditionFailed(Refused):
    """
    A condition of the request was not met.
    """


class TooLarge(Refused):
    """
    It is more than Swift takes at once, or more than a quota leaves.
    """


class RangeNotSatisfiable(Refused):
    """
    There are no bytes where some were asked for.
    """


class RateLimited(Refused):
    """
    There were too many requests.
    """


class Unavailable(Refused):
    """
    Swift does not work at present.
    """


class Full(Unavailable):
    """
    There is no room.
    """


_KINDS: dict[int, type[Refused]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    413: TooLarge,
    416: RangeNotSatisfiable,
    429: RateLimited,
    498: RateLimited,
    507: Full,
}

AGAIN = frozenset((408, 429, 498, 500, 502, 503, 504, 507))
"""The statuses that may be others a moment later."""


def refusal(
    method: str, status: int, transaction: str | None, detail: str = ""
) -> SwiftError:
    """
    Make the error for an answer.
    """
    told = f"Swift answered {status} to a {method}"
    if transaction is not None:
        told += f" (transaction {transaction})"
    message = f"{told}{detail}."
    if status == 422:
        return Corrupt(message, status, transaction)
    kind = _KINDS.get(status, Unavailable if status >= 500 else Refused)
    return kind(message, status, transaction)
