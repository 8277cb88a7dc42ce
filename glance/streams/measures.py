"""
How much of what a connection is given.
"""

from __future__ import annotations

RECEIVE = 1 << 18
"""How many bytes of a body are asked of the socket at once."""

FIRST = 1.0
"""
How many seconds the first request of a connection is waited for when no more are taken:
its client may just have made it.
"""

DRAINED = 1 << 18
"""
How many bytes of a body that nobody wants are read all the same, so that the
connection can be kept.
"""

LINGERING = 5.0
"""For how many seconds a client may send what nobody wants, once it is answered."""

DISCARDED = 1 << 26
"""How many bytes it may send in that time."""

ROW = 8
"""How many requests that came at once are answered before others have their turn."""
