"""
The C{glance} command.

It imports what a command needs only once that command runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from glance.cli.options import options, settled

NAMES: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


def _version(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from glance import __version__

        click.echo(f"glance {__version__}")
        context.exit()


class _Command(click.Command):
    """
    A command that asks a server.
    """

    def __init__(
        self,
        name: str,
        module: str,
        doing: str,
        help: str,
        *own: click.Parameter,
    ) -> None:
        """
        @param module: where the function of its name is, below C{glance.cli}.
        @param doing: what it does, for C{Failed to ...}.
        """
        super().__init__(
            name,
            params=[*own, *options()],
            help=help,
            context_settings=NAMES,
            callback=self._run,
        )
        self._module = module
        self._doing = doing
        self._own = frozenset(str(one.name) for one in own)

    def _run(self, **given: Any) -> None:
        said = settled(click.get_current_context(), self._own)
        running = import_module("glance.cli.running")
        session = import_module("glance.cli.session")
        module = import_module(f"glance.cli.{self._module}")
        function = getattr(module, str(self.name).replace("-", "_"))
        arguments = {name: given[name] for name in self._own}
        running.run(
            session.Settings(**said),
            self._doing,
            lambda session: function(session, **arguments),
        )


def _image() -> click.Argument:
    return click.Argument(["image_id"], metavar="ID")


def _fields() -> click.Argument:
    return click.Argument(["arguments"], metavar="[FIELD=VALUE]...", nargs=-1)


def _file(help: str) -> click.Option:
    return click.Option(
        ["--file"],
        metavar="FILE",
        help=help,
        type=click.Path(dir_okay=False, allow_dash=True),
    )


def _member() -> click.Argument:
    return click.Argument(["member"])


DATA = "The image's data; - for the standard input."

COMMANDS = [
    _Command(
        "add",
        "images",
        "add image",
        "Add an image, with the data that is redirected into the command.",
        _fields(),
        _file(DATA),
    ),
    _Command(
        "update",
        "images",
        "update image",
        "Change an image.  Custom properties that are not named go.",
        _image(),
        _fields(),
        _file(DATA),
    ),
    _Command("delete", "images", "delete image", "Delete an image.", _image()),
    _Command("show", "images", "show image", "Show all of an image.", _image()),
    _Command("index", "images", "show index", "List images, a line each.", _fields()),
    _Command(
        "details", "images", "show details", "List images, all of each.", _fields()
    ),
    _Command("clear", "images", "delete images", "Delete all images."),
    _Command(
        "download",
        "images",
        "download image",
        "Fetch an image's data.  A file is checked, and a download that was cut "
        "goes on.",
        _image(),
        _file("Where to put it; - for the standard output."),
    ),
    _Command(
        "image-members",
        "members",
        "show members",
        "List whom an image is shared with.",
        _image(),
    ),
    _Command(
        "member-images",
        "members",
        "show images of member",
        "List what is shared with a member.",
        _member(),
    ),
    _Command(
        "member-add",
        "members",
        "add member",
        "Share an image with a member.",
        _image(),
        _member(),
    ),
    _Command(
        "member-delete",
        "members",
        "remove member",
        "Share an image with a member no longer.",
        _image(),
        _member(),
    ),
    _Command(
        "members-replace",
        "members",
        "replace members",
        "Share an image with these members, and no others.",
        _image(),
        click.Argument(["members"], nargs=-1, required=True),
    ),
]


def _help(command: str | None) -> None:
    context = click.get_current_context().parent
    assert context is not None
    if command is None:
        click.echo(GLANCE.get_help(context))
        return
    found = GLANCE.get_command(context, command)
    if found is None:
        raise click.UsageError(f"There is no command {command!r}.")
    with click.Context(
        found, context, command, help_option_names=["-h", "--help"]
    ) as own:
        click.echo(found.get_help(own))


def _completion(shell: str) -> None:
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(GLANCE, {}, "glance", "_GLANCE_COMPLETE").source())


GLANCE = click.Group(
    "glance",
    help="Store images of machines, and fetch them.",
    epilog="Options may stand before the command or after it.  It exits with 0 if "
    "all went well, 2 if it cannot be understood, 3 if there is no such image, 4 if "
    "the server cannot be reached, 5 if it refuses you, 6 if something is in the "
    "way, 7 if data came damaged, 130 if interrupted, and 1 otherwise.",
    context_settings=NAMES,
    no_args_is_help=True,
    params=[
        *options(),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Say the version.",
        ),
    ],
    commands=[
        *COMMANDS,
        click.Command(
            "help",
            params=[click.Argument(["command"], required=False)],
            callback=_help,
            help="Explain a command.",
            context_settings=NAMES,
        ),
        click.Command(
            "completion",
            params=[
                click.Argument(["shell"], type=click.Choice(["bash", "zsh", "fish"]))
            ],
            callback=_completion,
            help="Print what makes a shell complete this command.",
            context_settings=NAMES,
        ),
    ],
)


def main() -> None:
    """
    Run the command.
    """
    GLANCE.main(prog_name="glance")


if __name__ == "__main__":
    main()
