"""
L{Recent}: what was made lately, so that it need not be made again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """
    Keeps what was asked for last, as much as there is room for.

    It may be used in several threads.
    """

    def __init__(self, room: int) -> None:
        """
        @param room: how many bytes are kept, more or less.
        """
        self._room = room
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, keys: Iterable[K]) -> dict[K, V]:
        """
        Get what is known of some keys; the rest is left out.
        """
        found = {}
        with self._lock:
            for key in keys:
                entry = self._kept.get(key)
                if entry is not None:
                    self._kept.move_to_end(key)
                    found[key] = entry[0]
        return found

    def put(self, key: K, value: V, size: int) -> None:
        """
        Keep a value, which nobody will change.

        @param size: about how many bytes it takes.
        """
        with self._lock:
            self._remove(key)
            self._kept[key] = (value, size)
            self._room -= size
            while self._room < 0:
                self._remove(next(iter(self._kept)))

    def _remove(self, key: K) -> None:
        entry = self._kept.pop(key, None)
        if entry is not None:
            self._room += entry[1]
