"""
How far a transfer has come.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def bar(
    title: str, size: int | None, silent: bool, stream: TextIO | None = None
) -> Iterator[Callable[[int], object] | None]:
    """
    Show a bar while something is under way, if somebody looks at it.

    @param size: how many bytes will pass; L{None} if that isn't known.
    @param silent: whether nobody wants to see it.
    @param stream: where to show it; L{None} for the standard error.

    @return: what is told of each byte that has passed; L{None} for nothing.
    """
    stream = stream or sys.stderr
    if silent or not stream.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(
        total=size,
        desc=title,
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        file=stream,
        leave=False,
    ) as shown:
        yield shown.update
