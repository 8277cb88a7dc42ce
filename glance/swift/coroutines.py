"""
Between coroutines and L{Deferred}s.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred

P = ParamSpec("P")
R = TypeVar("R")


def deferred(
    f: Callable[P, Coroutine[Deferred[Any], Any, R]],
) -> Callable[P, Deferred[R]]:
    """
    Let C{f} be written as a coroutine and called for a L{Deferred}.
    """

    @wraps(f)
    def start(*args: P.args, **kwargs: P.kwargs) -> Deferred[R]:
        return Deferred.fromCoroutine(f(*args, **kwargs))

    return start
