"""
The token that the user is known by.
"""

from __future__ import annotations

from typing import Any

from glance.cli import statuses
from glance.cli.session import Session


async def show(session: Session[Any]) -> None:
    """
    Print it.
    """
    token = await session.client.token()
    if token is None:
        raise session.fail(
            statuses.USAGE,
            "Nothing says who you are.",
            "Say --os-cloud NAME, with OS_CLIENT_CONFIG_FILE for where clouds.yaml is.",
        )
    session.output.lines([token])
