"""
L{Turns}: few at a time, and each client in its turn.
"""

from __future__ import annotations

from collections import OrderedDict, deque

from twisted.internet.defer import Deferred, succeed

from glance.errors import TooBusy


class Turns:
    """
    Lets a few work at a time.  Of those who wait, each client has one turn
    after the other, however many it asks for.
    """

    def __init__(self, *, at_once: int, waiting: int, each: int) -> None:
        """
        @param at_once: how many work at a time.
        @param waiting: how many may wait in all.
        @param each: how many may wait of one client.
        """
        self._free = at_once
        self._room = waiting
        self._each = each
        self._queues: OrderedDict[str, deque[Deferred[None]]] = OrderedDict()

    def take(self, who: str) -> Deferred[None]:
        """
        Wait for a turn, which ends with L{done}.

        @param who: the client.

        @return: a L{Deferred} that can be cancelled while it waits.

        @raise TooBusy: too many wait already.
        """
        if self._free > 0:
            self._free -= 1
            return succeed(None)
        queue = self._queues.get(who, deque())
        if self._room <= 0 or len(queue) >= self._each:
            raise TooBusy("Too many log in at this moment: try again in a while.")

        def cancelled(turn: Deferred[None]) -> None:
            self._room += 1
            queue.remove(turn)
            if not queue:
                del self._queues[who]

        turn: Deferred[None] = Deferred(cancelled)
        self._room -= 1
        self._queues.setdefault(who, queue).append(turn)
        return turn

    def done(self) -> None:
        """
        Let the next have its turn.
        """
        if not self._queues:
            self._free += 1
            return
        who, queue = self._queues.popitem(last=False)
        turn = queue.popleft()
        self._room += 1
        if queue:
            self._queues[who] = queue
        turn.callback(None)
