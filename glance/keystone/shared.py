"""
L{Shared}: one token for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from glance.deferreds import deferred
from glance.together import Together

AHEAD = 60.0
"""
So many seconds before its end a token is used no more, or a quarter of its life
where that is less.
"""


class Lasting(Protocol):
    """
    What is good for a while.
    """

    @property
    def life(self) -> float | None:
        """
        For how many seconds it is good; L{None} if nobody said.
        """


T = TypeVar("T", bound=Lasting)


class Shared(Generic[T]):
    """
    The token that all requests share.

    However many of them need a new one, it is asked for once.
    """

    def __init__(self, new: Callable[[], Deferred[T]], clock: IReactorTime) -> None:
        """
        @param new: asks for a token.
        """
        self._ask = new
        self._clock = clock
        self._token: T | None = None
        self._until: float | None = None
        self._together: Together[None, T] = Together()

    @deferred
    async def get(self, refused: T | None = None) -> T:
        """
        Get a token that is good for a while.

        @param refused: one that was refused; L{None} for none.
        """
        token = self._token
        if token is not None and token != refused and not self._ends():
            return token
        return await self._together.find(None, self._new)

    def _ends(self) -> bool:
        return self._until is not None and self._clock.seconds() >= self._until

    async def _new(self) -> T:
        token = await self._ask()
        self._token, self._until = token, None
        if token.life is not None:
            ahead = min(AHEAD, token.life / 4)
            self._until = self._clock.seconds() + token.life - ahead
        return token
