"""
The program C{glance-manage}: what an operator does with the database, and with
stored data.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from attrs import evolve, frozen

from glance import __version__
from glance.config.loading import load
from glance.config.settings import Service, Settings
from glance.errors import ImagesWaiting, Invalid
from glance.identity.local.file import AccountsFile
from glance.interfaces import IRegistry
from glance.registry import migrate
from glance.registry.engine import DatabaseUnusable, database_url
from glance.registry.migrate import State
from glance.tap.ending import MANAGE as NAME
from glance.tap.ending import one_line
from glance.tap.users import token_commands, user_commands

BATCH = 1000
"""How many images are purged in one transaction."""

MEBIBYTE = 1 << 20

LONGEST = 36_500
"""The most days that can be said to have passed."""


@frozen(kw_only=True)
class Told:
    """
    What is said before the name of a command.
    """

    config_files: tuple[str, ...]
    config_dirs: tuple[str, ...]
    sql_connection: str | None

    def settings(self, service: Service = "registry") -> Settings:
        """
        Read the settings of a daemon, with the database that was asked for.

        @raise ConfigurationError: they cannot be used.
        """
        settings = load(
            service, config_files=self.config_files, config_dirs=self.config_dirs
        )
        if self.sql_connection is None:
            return settings
        database = evolve(settings.database, url=self.sql_connection)
        return evolve(settings, database=database)

    def url(self) -> str:
        """
        Get the URL of the database.

        @raise ConfigurationError: the settings cannot be used.
        """
        return self.settings().database.url


def need_file(url: str) -> None:
    """
    See that a database that is a file is there: to look at it would make it.

    @raise DatabaseUnusable: it isn't.
    """
    parsed = database_url(url)
    path = parsed.database
    if parsed.get_backend_name() != "sqlite" or path in (None, "", ":memory:"):
        return
    if not path.startswith("file:") and not Path(path).exists():
        raise DatabaseUnusable(
            f"There is no file {path}: name another database, or run "
            f'"{NAME} db sync" to make it.'
        )


def need_current(url: str) -> None:
    """
    See that a database has the tables that this program needs.

    @raise DatabaseUnusable: it hasn't, or cannot be used.
    """
    need_file(url)
    state = migrate.check(url)
    if state is State.CURRENT:
        return
    cure = f'run "{NAME} db sync"'
    if state is State.NEWER:
        cure = "use the newer Glance that made it"
    raise DatabaseUnusable(f"The database is {state.value}: {cure}.")


# Its options


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config-file",
    "config_files",
    multiple=True,
    metavar="FILE",
    help="A configuration file; a later one has precedence.",
)
@click.option(
    "--config-dir",
    "config_dirs",
    multiple=True,
    metavar="DIRECTORY",
    help="A directory of configuration files, read after the others.",
)
@click.option(
    "--sql-connection",
    metavar="URL",
    help="The database, instead of the one that is configured.",
)
@click.version_option(__version__, prog_name=NAME)
@click.pass_context
def program(context: click.Context, /, **options: Any) -> None:
    """
    See to the database and the data of an image service.

    Without a configuration file given, the usual places are searched.
    """
    context.obj = Told(**options)


# The database


@program.group()
def db() -> None:
    """
    See to the registry's database.
    """


def sync(told: Told) -> None:
    """
    Bring the database to the newest version.

    Tables that aren't there are made.  While one process does this, others
    wait.
    """
    with one_line():
        click.echo(f"The database is at version {migrate.sync(told.url())}.")


def version(told: Told) -> None:
    """
    Show the version of the database.
    """
    with one_line():
        url = told.url()
        need_file(url)
        found = migrate.version(url)
        if found is None:
            raise DatabaseUnusable(f'The database is empty: run "{NAME} db sync".')
        click.echo(found)


def _as_command(name: str, work: Callable[[Told], None], older: str) -> None:
    """
    Make a command of a function, and a hidden one by its older name.
    """
    db.command(name)(click.pass_obj(work))
    program.command(older, hidden=True)(click.pass_obj(work))


_as_command("sync", sync, "db_sync")
_as_command("version", version, "db_version")


@db.command()
@click.pass_obj
def check(told: Told) -> None:
    """
    Tell whether the database is at the newest version.

    The exit status is 0 if it is, and 1 if not.
    """
    with one_line():
        need_current(told.url())
        click.echo("The database is current.")


@db.command()
@click.option(
    "--age-in-days",
    type=click.IntRange(0, LONGEST),
    default=30,
    show_default=True,
    help="How many days ago they were deleted at least.",
)
@click.option(
    "--max-rows",
    type=click.IntRange(1),
    help="How many images to forget at the most.  [default: all]",
)
@click.pass_obj
def purge(told: Told, age_in_days: int, max_rows: int | None) -> None:
    """
    Forget images that were deleted long ago, and those whose upload failed then.

    Their ids stay known, so that none is used again.  Nothing is forgotten as
    long as there is data of such images that waits for its deletion.
    """
    from glance.tap.operating import opened_registry, operate

    async def work(reactor: Any) -> None:
        now = datetime.fromtimestamp(reactor.seconds(), UTC)
        async with opened_registry(reactor, settings) as registry:
            before = now - timedelta(days=age_in_days)
            count = await purged(registry, before, max_rows)
        click.echo(f"Purged {count} image{'' if count == 1 else 's'}.")

    with one_line():
        settings = told.settings()
        need_current(settings.database.url)
        operate(work)


async def purged(registry: IRegistry, before: datetime, most: int | None) -> int:
    """
    Forget images that were deleted before a time.

    @param most: how many at the most; L{None} for all.

    @return: how many.

    @raise ImagesWaiting: some of them still have data.
    """
    count = 0
    while most is None or count < most:
        wanted = BATCH if most is None else min(BATCH, most - count)
        try:
            done = await registry.purge(before, wanted)
        except ImagesWaiting as error:
            raise ImagesWaiting(f"Purged {count} images. {error}") from None
        count += done
        if done < wanted:
            break
    return count


# Stored data


_rate = click.option(
    "--rate",
    type=click.FloatRange(0),
    default=50,
    show_default=True,
    metavar="MIB/S",
    help="How many MiB to read in a second; 0 for as many as can be.",
)

_output = click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
)


def _settings(told: Told) -> Settings:
    """
    Read the settings, when each daemon's may be in a file of its own.

    @raise DatabaseUnusable: the database isn't as it should be.
    @raise ConfigurationError: the settings cannot be used.
    """
    settings = evolve(told.settings("api"), database=told.settings("registry").database)
    need_current(settings.database.url)
    return settings


@program.command()
@_rate
@click.option(
    "--image",
    "image_ids",
    multiple=True,
    metavar="ID",
    help="Read this image's data only, and look for no orphans.  Can be repeated.",
)
@click.option("--repair", is_flag=True, help="Remove orphans.")
@click.option(
    "--yes-the-database-is-right",
    "sure",
    is_flag=True,
    help="Remove orphans also if the database knows nothing of what is stored.",
)
@_output
@click.pass_obj
def verify(
    told: Told, /, rate: float, image_ids: tuple[str, ...], **options: Any
) -> None:
    """
    Compare stored data with what the registry says.

    Lists data that is missing, of another size, wrong or unreadable, and what
    belongs to no image (orphaned).  It may run while the service does.

    The exit status is 0 if all is right, 1 if something was found, and 2 if
    it cannot be told.
    """
    from glance.tap.operating import operate
    from glance.tap.verify import Wish, verified

    if image_ids and options["repair"]:
        raise click.UsageError("--repair looks at all images: leave --image out.")
    wish = Wish(
        rate=rate * MEBIBYTE or None,
        image_ids=tuple(image.lower() for image in image_ids) or None,
        **options,
    )
    with one_line(2):
        settings = _settings(told)
        right = operate(lambda reactor: verified(reactor, settings, wish))
    raise SystemExit(0 if right else 1)


@program.command()
@_rate
@click.option(
    "--image",
    "image_ids",
    multiple=True,
    metavar="ID",
    help="Look into this image's data only.  Can be repeated.",
)
@click.option(
    "--all",
    "again",
    is_flag=True,
    help="Look also into data of which the size of the disk is known.",
)
@click.option(
    "--deactivate",
    is_flag=True,
    help="Stop downloads of images that aren't safe, or not as they claim.",
)
@_output
@click.pass_obj
def inspect(
    told: Told, /, rate: float, image_ids: tuple[str, ...], **options: Any
) -> None:
    """
    Look into stored data, as is done with uploads.

    Records how large the disks are, where that isn't known, and lists data
    that is of another format than its image (mismatch), isn't safe, or cannot
    be read.  It may run while the service does.

    The exit status is 0 if all is right, 1 if something was found, and 2 if
    it cannot be told.
    """
    from glance.tap.inspect import Wish, inspected
    from glance.tap.operating import operate

    wish = Wish(
        rate=rate * MEBIBYTE or None,
        image_ids=tuple(image.lower() for image in image_ids) or None,
        **options,
    )
    with one_line(2):
        settings = _settings(told)
        right = operate(lambda reactor: inspected(reactor, settings, wish))
    raise SystemExit(0 if right else 1)


@program.command()
@click.argument("database", metavar="URL")
@click.pass_obj
def adopt(told: Told, /, database: str) -> None:
    """
    Take over the images of a Glance that came before.

    URL is that of its database, such as mysql://USER:PASSWORD@HOST/glance, which is
    only read.  The images keep their ids, and their data stays where it is: in
    stores that are configured here.  What was taken over before is left alone.

    The exit status is 0 if all was taken over, 1 if something was not, and 2 if
    it cannot be told.
    """
    from glance.tap.adopt import adopted
    from glance.tap.operating import operate

    with one_line(2):
        settings = _settings(told)
        try:
            need_file(database)
        except DatabaseUnusable:
            raise Invalid("The older database: there is no such file.") from None
        whole = operate(lambda reactor: adopted(reactor, settings, database))
    raise SystemExit(0 if whole else 1)


def _users(told: Told) -> AccountsFile:
    identity = told.settings("api").identity
    if identity.auth_strategy != "local":
        click.echo(
            f"No daemon heeds these users with auth_strategy = "
            f"{identity.auth_strategy}.",
            err=True,
        )
    return AccountsFile(identity.local.file)


program.add_command(user_commands(_users))
program.add_command(token_commands(_users))


def main() -> None:
    """
    Be C{glance-manage}.
    """
    program(prog_name=NAME)
