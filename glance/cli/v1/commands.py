"""
The commands of 2011 that have no namesake.
"""

from __future__ import annotations

import click

from glance.cli.commands import DATA, Command, file_option

LISTING = ("limit", "marker", "sort_key", "sort_dir")
"""The options of lists."""


def _id() -> click.Argument:
    return click.Argument(["image_id"], metavar="ID")


def _fields() -> click.Argument:
    return click.Argument(["arguments"], metavar="[FIELD=VALUE]...", nargs=-1)


def _member() -> click.Argument:
    return click.Argument(["member"])


COMMANDS = [
    Command(
        "add",
        "add image",
        "Add an image, with the data that is redirected into the command.",
        _fields(),
        file_option(DATA),
        functions={1: "v1.images:add"},
    ),
    Command(
        "update",
        "update image",
        "Change an image.  Custom properties that are not named go.",
        _id(),
        _fields(),
        file_option(DATA),
        functions={1: "v1.images:update"},
    ),
    Command(
        "index",
        "show index",
        "List images, a line each.",
        _fields(),
        functions={1: "v1.images:index"},
        settings=LISTING,
    ),
    Command(
        "details",
        "show details",
        "List images, all of each.",
        _fields(),
        functions={1: "v1.images:details"},
        settings=LISTING,
    ),
    Command(
        "clear",
        "delete images",
        "Delete all images.",
        functions={1: "v1.images:clear"},
    ),
    Command(
        "image-members",
        "show members",
        "List whom an image is shared with.",
        _id(),
        functions={1: "v1.members:image_members"},
    ),
    Command(
        "member-images",
        "show images of member",
        "List what is shared with a member.",
        _member(),
        functions={1: "v1.members:member_images"},
    ),
    Command(
        "member-add",
        "add member",
        "Share an image with a member.",
        _id(),
        _member(),
        functions={1: "v1.members:member_add"},
        settings=("can_share",),
    ),
    Command(
        "member-delete",
        "remove member",
        "Share an image with a member no longer.",
        _id(),
        _member(),
        functions={1: "v1.members:member_delete"},
    ),
    Command(
        "members-replace",
        "replace members",
        "Share an image with these members, and no others.",
        _id(),
        click.Argument(["members"], nargs=-1, required=True),
        functions={1: "v1.members:members_replace"},
        settings=("can_share",),
    ),
]
