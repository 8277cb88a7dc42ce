"""
Data on its way from Swift.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.web.iweb import IResponse

from glance.receiving import Collector, ReceivedBody
from glance.swift.errors import BadAnswer, Cut, Stopped, SwiftError, TimedOut

LIMIT = 16 << 20
"""How many bytes an answer may have that is no object; a long list has some."""


def received(
    response: IResponse,
    clock: IReactorTime,
    idle: float,
    *,
    ends_with_connection: bool = False,
) -> ReceivedBody:
    """
    Get the body of an answer, which fails with a L{SwiftError}.

    @param idle: for how many seconds the server may be silent while data is wanted.
    """
    return ReceivedBody(
        response,
        clock,
        idle,
        silent=TimedOut("Swift sent nothing for too long."),
        cut=Cut("The connection was lost before the data's end."),
        stopped=Stopped,
        ends_with_connection=ends_with_connection,
    )


async def read_all(response: IResponse, clock: IReactorTime, idle: float) -> bytes:
    """
    Get all the bytes of a small answer.

    @raise SwiftError: there are too many, or they do not come.
    """
    collector = Collector(LIMIT, BadAnswer("The answer is longer than any should be."))
    # What proxies tell of an error may end with the connection.
    body = received(response, clock, idle, ends_with_connection=True)
    try:
        await body.startProducing(collector)
    except SwiftError as error:
        error.status = response.code
        raise
    return collector.data
