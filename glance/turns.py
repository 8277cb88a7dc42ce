"""
Turns that nobody can keep from everybody else.
"""

from __future__ import annotations

from collections import Counter

from twisted.internet.defer import Deferred, succeed


class Turns:
    """
    So many may do something at a time; the others wait.

    Where several have a turn at a time, one of them is never of whoever has all
    others, however long these take.
    """

    def __init__(self, at_once: int) -> None:
        """
        @param at_once: how many have a turn at a time.
        """
        self._left = at_once
        self._share = max(1, at_once - 1)
        self._held: Counter[str | None] = Counter()
        self._waiting: list[tuple[str | None, Deferred[None]]] = []

    def acquire(self, who: str | None) -> Deferred[None]:
        """
        Wait for a turn.  It is given back by L{release}, unless this fails.

        @param who: on whose behalf; L{None} for one who may have all turns.
        """
        if self._may(who):
            self._take(who)
            return succeed(None)

        def gone(turn: Deferred[None]) -> None:
            self._waiting.remove((who, turn))

        turn: Deferred[None] = Deferred(gone)
        self._waiting.append((who, turn))
        return turn

    def release(self, who: str | None) -> None:
        """
        Give a turn back.
        """
        self._left += 1
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]
        for each in self._waiting:
            if self._may(each[0]):
                self._waiting.remove(each)
                self._take(each[0])
                each[1].callback(None)
                break

    def _may(self, who: str | None) -> bool:
        return self._left > 0 and (who is None or self._held[who] < self._share)

    def _take(self, who: str | None) -> None:
        self._left -= 1
        self._held[who] += 1
