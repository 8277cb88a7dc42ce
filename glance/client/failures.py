"""
What went wrong on the way, in the words of the client.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.internet.error import DNSLookupError
from twisted.python.failure import Failure
from twisted.web._newclient import ParseError, WrongBodyLength
from twisted.web.client import (
    RequestGenerationFailed,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)

from glance.client.errors import ClientConnectionError, Error, Invalid
from glance.errors import DataDamaged


def translated(error: Exception, where: str, sending: Failure | None) -> Exception:
    """
    Get what to raise for an error of Twisted's client.

    @param where: the server, without a path.
    @param sending: what the data that was sent failed with; L{None} if it did
        not.
    """
    reasons = _reasons(error)
    if isinstance(reasons[-1], WrongBodyLength):
        return Invalid(f"The data isn't as long as it says: {reasons[-1]}.")
    if sending is not None:
        if sending.check(DataDamaged):
            return Invalid("The data became shorter while it was being sent.")
        value = sending.value
        return value if isinstance(value, Exception) else error
    for reason in reasons:
        if isinstance(reason, Error | CancelledError):
            return reason
    told = str(reasons[-1]) or type(reasons[-1]).__name__
    if isinstance(reasons[-1], ParseError):
        told = "what it answers isn't HTTP."
    if isinstance(error, DNSLookupError):
        told = "there is no host of that name."
    return ClientConnectionError(f"Unable to connect to {where}.  Got error: {told}")


def _reasons(error: BaseException) -> list[BaseException]:
    """
    Get what Twisted's client wraps: the innermost reasons of an error.
    """
    wrappers = (
        RequestGenerationFailed,
        RequestTransmissionFailed,
        ResponseFailed,
        ResponseNeverReceived,
    )
    if not isinstance(error, wrappers):
        return [error]
    found: list[BaseException] = []
    for reason in error.reasons:
        found += _reasons(reason.value)
    return found or [error]
