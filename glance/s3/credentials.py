"""
Who asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as ParsingError
from pathlib import Path

from attrs import field, frozen

from glance.s3.errors import BadCredentials


@frozen
class Credentials:
    """
    An access key, which no C{repr} shows.
    """

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    """What makes temporary keys valid; L{None} for those that need none."""

    def hide(self, text: str) -> str:
        """
        Get a text without what is secret.
        """
        for secret in (self.secret_key, self.session_token, self.access_key):
            if secret:
                text = text.replace(secret, "***")
        return text


def from_environment(environ: Mapping[str, str]) -> Credentials | None:
    """
    Get the credentials that environment variables name.

    @param environ: the variables.

    @return: L{None} where they name none.

    @raise BadCredentials: only one half is there.
    """
    return _pair(
        environ.get("AWS_ACCESS_KEY_ID"),
        environ.get("AWS_SECRET_ACCESS_KEY"),
        environ.get("AWS_SESSION_TOKEN"),
        "The environment",
    )


def from_shared(text: str, profile: str = "default") -> Credentials | None:
    """
    Get the credentials of a profile in a shared file.

    @param text: the contents of the file.

    @return: L{None} where it hasn't that profile.

    @raise BadCredentials: it cannot be read, or only one half is there.
    """
    # Secrets hold percent signs.
    parser = ConfigParser(
        interpolation=None, strict=False, default_section="no section has this name"
    )
    try:
        parser.read_string(text)
    except ParsingError:
        # Its own words would quote the line, and that may be a secret.
        raise BadCredentials(
            "The shared file of credentials isn't one: it has sections in square "
            "brackets, and lines of the form 'name = value'."
        ) from None
    if not parser.has_section(profile):
        return None
    section = parser[profile]
    return _pair(
        section.get("aws_access_key_id"),
        section.get("aws_secret_access_key"),
        section.get("aws_session_token"),
        f"The profile {profile!r} of the shared file",
    )


def find(environ: Mapping[str, str], profile: str | None = None) -> Credentials:
    """
    Get credentials from the environment, or else from the shared file.  Reads
    that file, and so may block.

    @param environ: the environment variables.  C{AWS_SHARED_CREDENTIALS_FILE}
        is the file; or else it is C{.aws/credentials} in C{HOME}.
    @param profile: the one to take from the file, and then the environment's
        keys don't count; L{None} for C{AWS_PROFILE}, or else C{default}.

    @raise BadCredentials: there are none, or they cannot be read.
    """
    if profile is None and (found := from_environment(environ)) is not None:
        return found
    name = profile or environ.get("AWS_PROFILE") or "default"
    path = environ.get("AWS_SHARED_CREDENTIALS_FILE")
    file = Path(path or Path(environ.get("HOME", "/")) / ".aws" / "credentials")
    try:
        text = file.read_text()
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadCredentials(f"{file} cannot be read.") from error
    shared = from_shared(text, name)
    if shared is None:
        raise BadCredentials(
            "There are no credentials for S3: neither AWS_ACCESS_KEY_ID in the "
            f"environment nor the profile {name!r} in {file}."
        )
    return shared


def _pair(
    access_key: str | None, secret_key: str | None, token: str | None, where: str
) -> Credentials | None:
    if not access_key and not secret_key:
        return None
    if not access_key or not secret_key:
        raise BadCredentials(f"{where} has only one half of an access key.")
    return Credentials(access_key, secret_key, token or None)
