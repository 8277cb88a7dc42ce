"""
What the commands exit with.
"""

from __future__ import annotations

OK = 0
FAILURE = 1
"""Something else than these."""
USAGE = 2
"""The command cannot be understood."""
NOT_FOUND = 3
"""There is no such image or member, or no data of it."""
UNREACHABLE = 4
"""The server cannot be reached, or the connection was lost."""
DENIED = 5
"""The server does not let this caller do that."""
CONFLICT = 6
"""Something is in the way: it exists already, or is in use."""
DAMAGED = 7
"""The data that came is not what was stored."""
AMBIGUOUS = 8
"""Several images may be meant."""
INTERRUPTED = 130
"""It was interrupted from the keyboard."""
CLOSED = 141
"""Nobody reads the output any more."""
