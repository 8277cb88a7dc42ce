"""
Which image is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from glance.cli import statuses
from glance.cli.session import Session
from glance.cli.showing import plain
from glance.client import Ambiguous, ImageClient, NotFound


async def named(session: Session[ImageClient], text: str, **query: Any) -> Any:
    """
    Find the image that is meant.

    @param text: its id, the beginning of that, or its name.
    @param query: filters of the images that may be meant.

    @raise Stop: there is none, or several.
    """
    try:
        return await session.client.find(text, **query)
    except Ambiguous as error:
        lines = [f"  {title(image)}" for image in error.candidates]
        raise session.fail(
            statuses.AMBIGUOUS, str(error), *lines, "Name one by its ID."
        ) from None
    except NotFound as error:
        raise session.fail(statuses.NOT_FOUND, str(error)) from None


async def all_named(session: Session[ImageClient], texts: Iterable[str]) -> Any:
    """
    Find the images that are meant, each once.

    @raise Stop: one is not there, or ambiguous.
    """
    found = [await named(session, text) for text in texts]
    return list({image["id"]: image for image in found}.values())


def title(image: Mapping[str, Any]) -> str:
    """
    Call an image by its id, and its name if it has one.
    """
    name = image.get("name")
    return f"{image['id']} ({plain(name)})" if name else str(image["id"])
