"""
The options that every command takes, before its name or after.

Nothing here may import Twisted: C{glance --help} would wait for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import click
from click.core import ParameterSource

VARIABLES: Mapping[str, tuple[str, ...]] = {
    "host": ("GLANCE_HOST",),
    "port": ("GLANCE_PORT",),
    "url": ("OS_IMAGE_URL", "GLANCE_URL"),
    "token": ("OS_AUTH_TOKEN", "OS_TOKEN"),
    "ca_file": ("OS_CACERT",),
    "cert_file": ("OS_CERT",),
    "key_file": ("OS_KEY",),
}
"""Variables of the environment that stand for options."""


VERSION = "api_version"
"""The name of the option that says which version of the API to speak."""

SOME = ("limit", "marker", "sort_key", "sort_dir", "can_share")
"""The names of the options that only some commands take."""

PATHS = frozenset({"file", "host", "ca_file", "cert_file", "key_file"})
"""What need not be text."""


def _finite(
    context: click.Context, option: click.Parameter, seconds: float | None
) -> float | None:
    if seconds is not None and not isfinite(seconds):
        raise click.BadParameter(f"{seconds} is no number of seconds; 0 is for ever.")
    return seconds


def options(some: Sequence[str] = ()) -> list[click.Parameter]:
    """
    Get the options, for one command.

    @param some: the names of those that only some commands take, and this one.
    """
    return [*_every(), *(one for one in _some() if one.name in some)]


def _every() -> list[click.Parameter]:
    flag: dict[str, Any] = {"is_flag": True}
    said = [
        click.Option(["-v", "--verbose"], help="Say more.", **flag),
        click.Option(
            ["-H", "--host"],
            help="The server, or unix: and a path.  [GLANCE_HOST; 127.0.0.1]",
        ),
        click.Option(
            ["-p", "--port"],
            type=click.IntRange(1, 65535),
            help="Its port.  [GLANCE_PORT; 9292]",
        ),
        click.Option(
            ["-U", "--url"],
            help="The server as http://HOST:PORT, instead.  [OS_IMAGE_URL]",
        ),
        click.Option(["--ssl"], help="Talk to it by TLS.", **flag),
        click.Option(
            ["--api-version"],
            type=click.Choice(["1", "2"]),
            help="The version of the API to speak.  [OS_IMAGE_API_VERSION; 2]",
        ),
        click.Option(
            ["-A", "--os_auth_token", "--os-auth-token", "token"],
            metavar="TOKEN",
            help="Says who you are.  [OS_AUTH_TOKEN]",
        ),
        click.Option(
            ["--os-cloud", "cloud"],
            metavar="NAME",
            help="Log in as clouds.yaml says of it.  [OS_CLOUD]",
        ),
        click.Option(["-k", "--insecure"], help="Take any certificate of it.", **flag),
        click.Option(
            ["--ca-file", "--os-cacert"],
            metavar="FILE",
            help="Certificates to trust.  [OS_CACERT]",
        ),
        click.Option(
            ["--cert-file", "--os-cert"],
            metavar="FILE",
            help="The certificate to show it.  [OS_CERT]",
        ),
        click.Option(
            ["--key-file", "--os-key"],
            metavar="FILE",
            help="The key of that.  [OS_KEY]",
        ),
        click.Option(
            ["--timeout"],
            type=click.FloatRange(0),
            callback=_finite,
            help="Seconds for which it may be silent; 0 for ever.  [60]",
        ),
        click.Option(["--dry-run"], help="Only say what would be done.", **flag),
        click.Option(["-f", "--force"], help="Ask nothing.", **flag),
        click.Option(["--silent-upload"], help="Show no progress.", **flag),
        click.Option(
            ["-o", "--output"],
            type=click.Choice(["table", "json", "value"]),
            help="For people, or for programs.  [table]",
        ),
    ]
    return list(said)


def _some() -> list[click.Parameter]:
    return [
        click.Option(
            ["--limit"],
            type=click.IntRange(1),
            help="How many images to list; of old: at a time.",
        ),
        click.Option(["--marker"], help="The image to list from, by its ID."),
        click.Option(["--sort_key", "--sort-key"], help="What to sort lists by."),
        click.Option(["--sort_dir", "--sort-dir"], type=click.Choice(["asc", "desc"])),
        click.Option(
            ["--can-share"], is_flag=True, help="The member may share it further."
        ),
    ]


def said_of(context: click.Context, name: str) -> Any:
    """
    Get what an option says, after the command's name or before; L{None} if it
    isn't given.
    """
    for one in (context, context.parent):
        if one is not None:
            source = one.get_parameter_source(name)
            if source is ParameterSource.COMMANDLINE:
                return one.params[name]
    return None


def settled(context: click.Context, own: frozenset[str]) -> dict[str, Any]:
    """
    Get what the options say: those after the command's name stand over those
    before, and both over the environment.

    @param own: the names of arguments that are the command's own.
    """
    names = {name for one in (context.parent, context) if one for name in one.params}
    found = {name: said_of(context, name) for name in names - own}
    said = {name: value for name, value in found.items() if value is not None}
    reached = {"host", "port", "url"} & set(said)
    for name, variables in VARIABLES.items():
        # Who names a host means that one, and no URL of the environment.
        if name in said or (name in ("url", "host", "port") and reached):
            continue
        # Who names a cloud means who logs in there.
        if name == "token" and "cloud" in said:
            continue
        value = next(
            (os.environ[key] for key in variables if os.environ.get(key)), None
        )
        if value is not None:
            said[name] = value
    if "port" in said:
        try:
            said["port"] = int(said["port"])
        except ValueError:
            raise click.UsageError("GLANCE_PORT is not a number.") from None
    _check_texts({**context.params, **said})
    return said


def _check_texts(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        for text in value if isinstance(value, tuple) else (value,):
            if name not in PATHS and isinstance(text, str):
                try:
                    text.encode()
                except UnicodeEncodeError:
                    raise click.UsageError(
                        f"{os.fsencode(text)!r} is not UTF-8."
                    ) from None
