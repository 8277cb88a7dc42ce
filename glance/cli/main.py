"""
The C{glance} command.

It imports what a command needs only once that command runs.
"""

from __future__ import annotations

import click

from glance.cli.commands import NAMES, Group
from glance.cli.options import SOME, options
from glance.cli.streams import prepare
from glance.cli.v1.commands import COMMANDS as OLD
from glance.cli.v2.commands import COMMANDS


def _version(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from glance import __version__

        click.echo(f"glance {__version__}")
        context.exit()


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


GLANCE = Group(
    "glance",
    help="Store images of machines, and fetch them.",
    epilog="An IMAGE is an ID, the beginning of one, or a name.  Options may stand "
    "before the command or after it.  It exits with 0 if all went well, 2 if it "
    "cannot be understood, 3 if there is no such image, 4 if the server cannot be "
    "reached, 5 if it refuses you, 6 if something is in the way, 7 if data came "
    "damaged, 8 if several images may be meant, 130 if interrupted, and 1 otherwise.",
    context_settings=NAMES,
    no_args_is_help=True,
    params=[
        *options(SOME),
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
        *OLD,
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
    prepare()
    GLANCE.main(prog_name="glance")


if __name__ == "__main__":
    main()
