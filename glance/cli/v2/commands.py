"""
The commands, and their options.
"""

from __future__ import annotations

from collections.abc import Iterable

import click

from glance.cli.commands import (
    DATA,
    Command,
    FilePath,
    file_option,
    image_argument,
    images_argument,
)

VISIBILITIES = ["public", "community", "shared", "private"]
MEMBER_STATUSES = ["pending", "accepted", "rejected", "all"]
EMPTY = "The data may be empty."


def _flag(name: str, help: str) -> click.Option:
    return click.Option([name], is_flag=True, help=help)


def _several(*names: str, help: str, metavar: str | None = None) -> click.Option:
    return click.Option(names, multiple=True, help=help, metavar=metavar)


def _tags(help: str) -> click.Option:
    return _several("--tag", "tags", help=help, metavar="TAG")


def _properties(help: str, metavar: str = "NAME=VALUE") -> click.Option:
    return _several("--property", "properties", help=help, metavar=metavar)


def _columns() -> click.Option:
    return _several(
        "-c",
        "--column",
        "columns",
        help="What to show, again for more.",
        metavar="NAME",
    )


def _visibility(names: Iterable[str], help: str) -> click.Option:
    return click.Option(["--visibility"], type=click.Choice(list(names)), help=help)


def _store() -> click.Option:
    return click.Option(["--store"], help="The store that the data goes to.")


def _fields(
    disk: str | None = None, container: str | None = None
) -> list[click.Option]:
    """
    Make the options that describe an image.

    @param disk: the disk format where nobody says another.
    @param container: the container format where nobody says another.
    """
    number = click.IntRange(0)
    return [
        click.Option(["--name"], help="What people call it."),
        click.Option(
            ["--disk-format"],
            default=disk,
            show_default=disk is not None,
            help="As raw, qcow2, vmdk, iso.",
        ),
        click.Option(
            ["--container-format"],
            default=container,
            show_default=container is not None,
            help="As bare, ova.",
        ),
        _visibility(VISIBILITIES, "Who sees it."),
        _properties("A custom property, again for more."),
        _tags("A tag, again for more."),
        click.Option(["--min-disk"], type=number, help="The GB that it needs."),
        click.Option(["--min-ram"], type=number, help="The MB that it needs."),
        click.Option(["--owner"], help="The project that owns it."),
        click.Option(
            ["--protected/--unprotected"],
            default=None,
            help="Whether it cannot be deleted.",
        ),
        click.Option(
            ["--hidden/--not-hidden", "os_hidden"],
            default=None,
            help="Whether lists leave it out.",
        ),
    ]


COMMANDS = [
    Command(
        "list",
        "list images",
        "List images, a line each.",
        click.Option(["--name"], help="Only those of this name."),
        click.Option(["--status"], help="As active, queued."),
        _visibility([*VISIBILITIES, "all"], "Who sees them."),
        click.Option(["--owner"], help="The project that owns them."),
        _tags("Only those with this tag, and the next."),
        _properties("Only those with this custom property, and the next."),
        click.Option(
            ["--hidden", "os_hidden"], is_flag=True, help="Hidden ones, and no others."
        ),
        click.Option(
            ["--member-status"],
            type=click.Choice(MEMBER_STATUSES),
            help="Of those that others share.  [accepted]",
        ),
        click.Option(["--sort"], help="As name:asc,size:desc.  [created_at:desc]"),
        _columns(),
        functions={2: "v2.images:show_list"},
        settings=("limit", "marker"),
    ),
    Command(
        "show",
        "show image",
        "Show all of an image.",
        image_argument(),
        _columns(),
        functions={1: "v1.images:show", 2: "v2.images:show"},
    ),
    Command(
        "create",
        "create image",
        "Create an image, of a file or of what is redirected into the command.",
        file_option(DATA),
        click.Option(["--id"], help="The ID that it is to have."),
        *_fields("raw", "bare"),
        _store(),
        _flag("--empty", EMPTY),
        _flag("--no-data", "It gets its data later."),
        functions={2: "v2.images:create"},
    ),
    Command(
        "upload",
        "upload data",
        "Give an image its data, of a file or of what is redirected into the command.",
        image_argument(),
        click.Argument(
            ["file"],
            required=False,
            type=FilePath(),
        ),
        _store(),
        _flag("--empty", EMPTY),
        functions={2: "v2.data:upload"},
    ),
    Command(
        "download",
        "download image",
        "Fetch an image's data.  A file is checked, and a download that was cut "
        "goes on.",
        image_argument(),
        file_option("Where to put it; - for the standard output."),
        functions={1: "v1.images:download", 2: "v2.data:download"},
    ),
    Command(
        "set",
        "change image",
        "Change an image.",
        image_argument(),
        *_fields(),
        functions={2: "v2.images:change"},
    ),
    Command(
        "unset",
        "change image",
        "Remove custom properties and tags of an image.",
        image_argument(),
        _properties("A custom property, again for more.", "NAME"),
        _tags("A tag, again for more."),
        functions={2: "v2.images:unset"},
    ),
    Command(
        "delete",
        "delete image",
        "Delete images.",
        images_argument(),
        functions={1: "v1.images:delete", 2: "v2.images:delete"},
    ),
    Command(
        "share",
        "share image",
        "Share an image with members, or show whom it is shared with.",
        image_argument(),
        click.Argument(["members"], metavar="[MEMBER]...", nargs=-1),
        *(
            click.Option([name, "deed"], flag_value=value, help=help)
            for name, value, help in (
                ("--remove", "unshare", "Share it with them no longer."),
                ("--accept", "accept", "As that member: have it in lists."),
                ("--reject", "reject", "As that member: don't have it in lists."),
                ("--list", "list", "Show whom it is shared with."),
            )
        ),
        functions={2: "v2.sharing:share"},
    ),
    Command(
        "tag",
        "tag image",
        "Tag an image.",
        image_argument(),
        click.Argument(["tags"], metavar="TAG...", nargs=-1, required=True),
        _flag("--remove", "Remove these tags instead."),
        functions={2: "v2.images:tag"},
    ),
    Command(
        "deactivate",
        "deactivate image",
        "Give the data of images to administrators only.",
        images_argument(),
        functions={2: "v2.images:deactivate"},
    ),
    Command(
        "reactivate",
        "reactivate image",
        "Give the data of deactivated images out again.",
        images_argument(),
        functions={2: "v2.images:reactivate"},
    ),
    Command(
        "stores-info",
        "list stores",
        "List the stores that data can be in.",
        _flag("--detail", "All that administrators are told."),
        functions={2: "v2.stores:info"},
    ),
    Command(
        "stores-delete",
        "delete from store",
        "Remove the data of an image from one of the stores that have it.",
        image_argument(),
        click.Option(["--store"], required=True, help="The store."),
        functions={2: "v2.stores:delete"},
    ),
    Command(
        "token",
        "get a token",
        "Log in, and print a token for other programs.",
        functions={1: "v2.token:show", 2: "v2.token:show"},
    ),
]
