"""
What the command C{share} does.
"""

from __future__ import annotations

from collections.abc import Sequence

from glance.cli import statuses
from glance.cli.session import Session
from glance.cli.showing import Columns, heading, plain, row
from glance.cli.v2.naming import named, title
from glance.client import ImageClient

COLUMNS: Columns = (
    ("Member", "member_id", 36),
    ("Status", "status", 8),
)

DECISIONS = ("accept", "reject")
"""What a member decides, and not who shares."""

TOLD = {
    "share": "Shared image {} with {}",
    "unshare": "Shared image {} no longer with {}",
    "accept": "Accepted image {} for {}",
    "reject": "Rejected image {} for {}",
}


async def share(
    session: Session[ImageClient],
    image: str,
    members: Sequence[str],
    deed: str | None,
) -> None:
    """
    Share an image with members, or list whom it is shared with.

    @param deed: C{share}, C{unshare}, C{accept}, C{reject} or C{list}; L{None}
        to list them if there are no members, and share it else.
    """
    deed = deed or ("share" if members else "list")
    if (deed == "list") == bool(members):
        raise session.fail(
            statuses.USAGE,
            "A list names no members." if members else "Name the members.",
        )
    # What was offered and not accepted yet cannot be found by its name else.
    offered = {"member_status": "all"} if deed in DECISIONS else {}
    found = await named(session, image, **offered)
    if deed == "list":
        await _list(session, found["id"])
        return
    what = f"{deed.capitalize()} image {title(found)}: {', '.join(members)}"
    if session.dry(what):
        return
    for member in members:
        await getattr(session.client, deed)(found["id"], member)
        session.output.say(TOLD[deed].format(title(found), plain(member)))
    if session.output.form != "table":
        await _list(session, found["id"])


async def _list(session: Session[ImageClient], image_id: str) -> None:
    members = await session.client.members(image_id)
    if session.output.form == "table" and members:
        session.output.lines(heading(COLUMNS))
        session.output.lines(row(member, COLUMNS) for member in members)
    session.output.data(members)
