"""
What is written to the logs, and the id that ties its lines together.
"""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""
The id of the request that is being answered; L{None} outside of any.

It is set where a request begins, logged with each line, and sent along to the
registry.
"""
