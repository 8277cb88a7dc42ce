"""
What an operator does with those who may log in: C{glance-manage user} and
C{glance-manage token}.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from glance.errors import Invalid
from glance.identity.local.accounts import Accounts
from glance.identity.local.file import AccountsFile
from glance.tap.ending import one_line

FileOf = Callable[[Any], AccountsFile]
"""
Gets the file of users, of what was said before the name of a command.

@raise ConfigurationError: the settings cannot be used.
"""


def user_commands(file_of: FileOf) -> click.Group:
    """
    Get the commands that see to users.
    """

    @click.group()
    def user() -> None:
        """
        See to those who may log in.

        What is changed holds for daemons that run, after a second.
        """

    @user.command()
    @click.argument("name")
    @click.option(
        "--project",
        metavar="NAME",
        help="The project that it works for; otherwise one of its own name.",
    )
    @click.option(
        "--role",
        default="member",
        show_default=True,
        help="What it may do there: reader, member, admin or service.",
    )
    @click.pass_obj
    def add(told: Any, /, name: str, project: str | None, role: str) -> None:
        """
        Add a user, and the project that it works for.

        The password is asked for; where standard input is no terminal, its
        first line is taken.
        """
        with one_line():
            file = file_of(told)
            if not file.exists():
                file.create()
            file.add_user(name, _password(), project or name, role)

    @user.command()
    @click.argument("name")
    @click.pass_obj
    def passwd(told: Any, /, name: str) -> None:
        """
        Give a user another password.

        It ends what the user is logged in by, but not its API tokens.
        """
        with one_line():
            file_of(told).set_password(name, _password())

    @user.command()
    @click.argument("name")
    @click.pass_obj
    def remove(told: Any, /, name: str) -> None:
        """
        Remove a user, and its API tokens.

        Its project, and images, stay.
        """
        with one_line():
            file_of(told).remove_user(name)

    @user.command("list")
    @click.pass_obj
    def list_(told: Any, /) -> None:
        """
        List users, with their roles in each of their projects.
        """
        with one_line():
            for row in _users(file_of(told).read()):
                click.echo("  ".join(row))

    @user.command()
    @click.argument("name")
    @click.argument("project")
    @click.argument("role")
    @click.pass_obj
    def grant(told: Any, /, name: str, project: str, role: str) -> None:
        """
        Give a user a role in a project, which is made if there is none.
        """
        with one_line():
            file_of(told).grant(name, project, role)

    @user.command()
    @click.argument("name")
    @click.argument("project")
    @click.argument("role")
    @click.pass_obj
    def withdraw(told: Any, /, name: str, project: str, role: str) -> None:
        """
        Take a role in a project from a user.
        """
        with one_line():
            file_of(told).withdraw(name, project, role)

    return user


def token_commands(file_of: FileOf) -> click.Group:
    """
    Get the commands that see to tokens that last.
    """

    @click.group()
    def token() -> None:
        """
        See to API tokens, which last until they are revoked.
        """

    @token.command()
    @click.argument("user")
    @click.option(
        "--project",
        metavar="NAME",
        help="What it is good for; otherwise the project the user works for.",
    )
    @click.option("--label", default="", metavar="TEXT", help="What it is for.")
    @click.option(
        "--days",
        type=click.IntRange(1, 36_500),
        help="How long it lasts; otherwise until it is revoked.",
    )
    @click.pass_obj
    def add(
        told: Any, /, user: str, project: str | None, label: str, days: int | None
    ) -> None:
        """
        Make an API token, and print it, which is done only now.
        """
        expires = None
        if days is not None:
            expires = (datetime.now(UTC) + timedelta(days=days)).timestamp()
        with one_line():
            click.echo(file_of(told).add_key(user, project, label, expires))

    @token.command("list")
    @click.pass_obj
    def list_(told: Any, /) -> None:
        """
        List API tokens: the id of each, its user and project, when it ends,
        and what it is for.
        """
        with one_line():
            for row in _keys(file_of(told).read()):
                click.echo("  ".join(row).rstrip())

    @token.command()
    @click.argument("token_id", metavar="ID")
    @click.pass_obj
    def revoke(told: Any, /, token_id: str) -> None:
        """
        Revoke an API token.
        """
        with one_line():
            file_of(told).remove_key(token_id)

    @token.command()
    @click.pass_obj
    def renew(told: Any, /) -> None:
        """
        Change the secret that tokens are signed with: all who are logged in by
        a password have to log in again.

        API tokens stay good.
        """
        with one_line():
            file_of(told).change_secret()

    return token


def _password() -> str:
    """
    Get a password that its user need not see.

    @raise Invalid: there is none.
    """
    if sys.stdin.isatty():
        said: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return said
    line = sys.stdin.readline().rstrip("\n")
    if not line:
        raise Invalid("The first line of standard input has to be the password.")
    return line


def _users(accounts: Accounts) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for user in accounts.users:
        projects = [
            f"{project.name}: {', '.join(sorted(accounts.roles[user.id, project.id]))}"
            for project in accounts.projects_of(user.id)
        ]
        rows.append((user.id, user.name, f"({'; '.join(projects)})"))
    return rows


def _keys(accounts: Accounts) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for key in accounts.keys.values():
        user, project = accounts.user(key.user), accounts.project(key.project)
        assert user is not None
        assert project is not None
        ends = "never"
        if key.expires is not None:
            ends = f"{datetime.fromtimestamp(key.expires, UTC):%Y-%m-%d}"
        rows.append((key.id, user.name, project.name, ends, key.name))
    return rows
