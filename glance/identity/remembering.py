"""
L{Remembered}: what was found out of secrets.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from typing import Generic, TypeVar

from twisted.internet.interfaces import IReactorTime

T = TypeVar("T")


class Remembered(Generic[T]):
    """
    Remembers for a while what was found out of secrets, and none of these: only a
    hash, by a key that is nowhere else.
    """

    def __init__(self, clock: IReactorTime, room: int) -> None:
        """
        @param room: of how many secrets something is remembered; those that nobody
            asked about for longest are forgotten.
        """
        self._clock = clock
        self._room = room
        self._key = secrets.token_bytes(32)
        self._kept: OrderedDict[bytes, tuple[float, float, T]] = OrderedDict()

    def proof(self, secret: str) -> bytes:
        """
        Get what a secret is known by.
        """
        text = secret.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, "sha256")

    def get(self, proof: bytes) -> T | None:
        """
        Get what is known; L{None} if nothing is, or not any more.
        """
        found = self._kept.get(proof)
        if found is None:
            return None
        since, seconds, value = found
        # The clock may have been set back.
        if not 0 <= self._clock.seconds() - since < seconds:
            del self._kept[proof]
            return None
        self._kept.move_to_end(proof)
        return value

    def keep(self, proof: bytes, value: T, seconds: float) -> None:
        """
        Remember something for so long.
        """
        self._kept[proof] = (self._clock.seconds(), seconds, value)
        self._kept.move_to_end(proof)
        while len(self._kept) > self._room:
            self._kept.popitem(last=False)
