"""
What makes a store, and what it is made with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from attrs import field, frozen

from glance.config.settings import Backend
from glance.deferreds import Threads
from glance.interfaces import IStore
from glance.streams.strands import Window


@frozen(kw_only=True)
class Tools:
    """
    What a store may need.
    """

    reactor: Any
    in_thread: Threads
    """Where files are read and written."""
    window: Window
    """How much data of uploads may be in memory."""


async def nothing() -> None:
    """
    Do nothing.
    """


@frozen(kw_only=True)
class Made:
    """
    A store, how to let go of what it holds, and what is told of it.
    """

    store: IStore
    close: Callable[[], Awaitable[object]] = nothing
    """Called once, when the store is used no more."""
    properties: Mapping[str, Any] = field(factory=dict)
    """What administrators are told of it; nothing secret."""


class Maker(Protocol):
    """
    What makes stores of one kind.
    """

    def check(self, backend: Backend) -> None:
        """
        See what can be seen before the daemon goes to the background.  What may
        pass, such as a server that is down, is no error.

        @raise ConfigurationError: the store cannot be used with these settings.
        """

    def make(self, backend: Backend, tools: Tools) -> Made:
        """
        Make a store.

        @raise ConfigurationError: the store cannot be used with these settings.
        """
