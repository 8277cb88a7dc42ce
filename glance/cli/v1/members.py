"""
What the command does with members.
"""

from __future__ import annotations

from collections.abc import Sequence

from glance.cli.session import Session
from glance.cli.showing import plain, yes_no
from glance.client import Client


async def image_members(session: Session[Client], image_id: str) -> None:
    """
    List whom an image is shared with.
    """
    members = await session.client.get_image_members(image_id)
    if session.output.form == "table" and members:
        session.output.lines([f"{'Member':<36} Can share", f"{'-' * 36} ---------"])
        session.output.lines(
            f"{plain(one['member_id']):<36} {yes_no(one.get('can_share'))}"
            for one in members
        )
    session.output.data(members)


async def member_images(session: Session[Client], member: str) -> None:
    """
    List what is shared with a member.
    """
    images = await session.client.get_member_images(member)
    if session.output.form == "table" and images:
        session.output.lines([f"{'Image':<36} Can share", f"{'-' * 36} ---------"])
        session.output.lines(
            f"{plain(one['image_id']):<36} {yes_no(one.get('can_share'))}"
            for one in images
        )
    session.output.data(images)


async def member_add(session: Session[Client], image_id: str, member: str) -> None:
    """
    Share an image with a member.
    """
    can_share = session.settings.can_share
    if session.dry(f"Add {member} to the members of image {image_id}"):
        return
    # What is not said stays as it is.
    await session.client.add_member(image_id, member, True if can_share else None)
    session.output.say(f"Added {member} to the members of image {image_id}")


async def member_delete(session: Session[Client], image_id: str, member: str) -> None:
    """
    Share an image with a member no longer.
    """
    if session.dry(f"Remove {member} from the members of image {image_id}"):
        return
    await session.client.delete_member(image_id, member)
    session.output.say(f"Removed {member} from the members of image {image_id}")


async def members_replace(
    session: Session[Client], image_id: str, members: Sequence[str]
) -> None:
    """
    Share an image with these members, and no others.
    """
    named = ", ".join(members)
    if session.dry(f"Replace the members of image {image_id} with {named}"):
        return
    can_share = session.settings.can_share
    await session.client.replace_members(
        image_id, *({"member_id": one, "can_share": can_share} for one in members)
    )
    session.output.say(f"Replaced the members of image {image_id} with {named}")
