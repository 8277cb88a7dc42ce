"""
What goes wrong.  The texts hold neither credentials nor tokens.
"""

from __future__ import annotations


class KeystoneError(Exception):
    """
    Something with Keystone went wrong.
    """


class LoginRefused(KeystoneError):
    """
    The credentials are refused.
    """


class TokenRefused(KeystoneError):
    """
    Whoever asks isn't known, or not any more.
    """


class NotAllowed(KeystoneError):
    """
    Whoever asks is known, and may not ask that.
    """


class Unreachable(KeystoneError):
    """
    It cannot be had at present, or isn't where it is looked for.
    """


class NoAnswer(Unreachable):
    """
    It does not answer at all.
    """
