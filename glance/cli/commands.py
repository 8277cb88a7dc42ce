"""
Commands that ask a server.

They import what they need only once they run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from glance.cli import statuses
from glance.cli.options import VERSION, options, said_of, settled

NAMES: dict[str, Any] = {"help_option_names": ["-h", "--help"]}

CURRENT = 2
"""The version of the API that is spoken where nobody says another."""


class Command(click.Command):
    """
    A command that asks a server.
    """

    def __init__(
        self,
        name: str,
        doing: str,
        help: str,
        *own: click.Parameter,
        functions: Mapping[int, str],
        settings: tuple[str, ...] = (),
    ) -> None:
        """
        @param doing: what it does, for C{Failed to ...}.
        @param own: the parameters that the function takes.
        @param functions: what it does in each version of the API that has it:
            C{MODULE:FUNCTION}, below C{glance.cli}.
        @param settings: the names of options that only such commands take.
        """
        super().__init__(
            name,
            params=[*own, *options(settings)],
            help=help,
            context_settings=NAMES,
            callback=self._run,
        )
        self.functions = functions
        self._doing = doing
        self._own = frozenset(str(one.name) for one in own)

    def _run(self, **given: Any) -> None:
        try:
            self._perform(given)
        except KeyboardInterrupt:
            raise SystemExit(statuses.INTERRUPTED) from None

    def _perform(self, given: Mapping[str, Any]) -> None:
        context = click.get_current_context()
        said = settled(context, self._own)
        said[VERSION] = version = self._version(context)
        running = import_module("glance.cli.running")
        session = import_module("glance.cli.session")
        module, _, name = self.functions[version].partition(":")
        function = getattr(import_module(f"glance.cli.{module}"), name)
        arguments = {name: given[name] for name in self._own}
        running.run(
            session.Settings(**said),
            self._doing,
            lambda session: function(session, **arguments),
        )

    def _version(self, context: click.Context) -> int:
        asked = said_of(context, VERSION)
        if asked is not None:
            if int(asked) not in self.functions:
                raise click.UsageError(
                    f"Version {asked} of the API has no command {self.name!r}."
                )
            return int(asked)
        # The environment holds for those that let one choose.
        major = os.environ.get("OS_IMAGE_API_VERSION", "").partition(".")[0]
        if major.isdecimal() and int(major) in self.functions:
            return int(major)
        return CURRENT if CURRENT in self.functions else min(self.functions)


class Group(click.Group):
    """
    The commands, those of old apart.
    """

    def format_commands(
        self, context: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """
        List the commands.
        """
        lists: dict[str, list[tuple[str, str]]] = {"Commands": [], "Of version 1": []}
        for name, command in sorted(self.commands.items()):
            old = isinstance(command, Command) and CURRENT not in command.functions
            row = (name, command.get_short_help_str(limit=formatter.width))
            lists["Of version 1" if old else "Commands"].append(row)
        for title, rows in lists.items():
            with formatter.section(title):
                formatter.write_dl(rows)


def image_argument() -> click.Argument:
    """
    Make an argument that names an image.
    """
    return click.Argument(["image"])


def images_argument() -> click.Argument:
    """
    Make an argument that names images.
    """
    return click.Argument(["images"], metavar="IMAGE...", nargs=-1, required=True)


class FilePath(click.Path):
    """
    The type of what names a file, or is C{-}.
    """

    def __init__(self) -> None:
        super().__init__(dir_okay=False, allow_dash=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """
        See to it that it isn't empty, nor a directory.
        """
        if value == "":
            self.fail("The name of the file is empty.", param, ctx)
        return super().convert(value, param, ctx)


def file_option(help: str) -> click.Option:
    """
    Make an option for a file.
    """
    return click.Option(["--file"], metavar="FILE", help=help, type=FilePath())


DATA = "The image's data; - for the standard input."
