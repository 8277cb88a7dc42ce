"""
What can go wrong with a URL that somebody gives.

The text of these is for operators; none has the URL in it, nor a part of that.  Who
gave the URL is told less: one that learnt why it was not fetched could find out with
it what there is inside.
"""

from __future__ import annotations


class OutboundError(Exception):
    """
    Something went wrong.
    """


class BadURL(OutboundError):
    """
    That is no URL that can be fetched, whatever the rules.
    """


class Refused(OutboundError):
    """
    The rules are against it.
    """


class Unreachable(OutboundError):
    """
    There is no answer.
    """


class NotThere(OutboundError):
    """
    The server says that there is nothing of that name.
    """


class BadAnswer(OutboundError):
    """
    The answer is not the data.
    """


class Cut(OutboundError):
    """
    The data ended before its end, or went on after it.
    """
