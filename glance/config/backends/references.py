"""
Accounts of Swift, and the file that has several of them.
"""

from __future__ import annotations

from configparser import ConfigParser, Error
from pathlib import Path

from attrs import evolve, field, frozen

from glance.config.urls import is_url

AUTO = "auto"
"""The version of authentication that an address tells by its end."""


@frozen(kw_only=True)
class Reference:
    """
    Who keeps data in Swift, and where tokens are had.
    """

    address: str
    """As it is written, perhaps without a scheme."""

    version: str = AUTO
    """C{1}, C{2}, C{3}, or L{AUTO}."""

    user: str | None = None
    """C{ACCOUNT:USER} or C{PROJECT:USER}."""

    key: str | None = field(default=None, repr=False)
    user_domain_id: str | None = "default"
    user_domain_name: str | None = None
    project_domain_id: str | None = "default"
    project_domain_name: str | None = None
    credential_id: str | None = None
    """An application credential, in the place of a user and a key."""

    credential_secret: str | None = field(default=None, repr=False)

    @property
    def has_keystone(self) -> bool:
        """
        Whether tokens are Keystone's, and not Swift's own.
        """
        if self.version != AUTO:
            return self.version != "1"
        return not self.address.rstrip("/").endswith(("/v1", "/v1.0"))

    @property
    def url(self) -> str:
        """
        Where tokens are had; without a version where that is Keystone.
        """
        url = self.address.rstrip("/")
        if "://" not in url:
            url = f"https://{url}"
        if self.has_keystone:
            url = url.removesuffix("/v3").removesuffix("/v2.0")
        return url

    @property
    def account(self) -> str:
        """
        The name of the account or project; empty for an application credential, which
        is for one.
        """
        return (self.user or "").partition(":")[0]

    def is_account_of(self, other: Reference) -> bool:
        """
        Tell whether two have the same account.
        """
        return (self.url, self.account) == (other.url, other.account)

    def problem(self) -> tuple[str, str] | None:
        """
        Say what is wrong with it.

        @return: the name of a part, and what to do; L{None} if all is well.
        """
        if not is_url(self.url):
            return "auth_address", "write https://HOST/PATH, without a user and a key"
        if self.credential_id is not None:
            return self._problem_of_credential()
        if not self.user:
            return "user", "write who keeps the data"
        if not self.key:
            return "key", "write the user's key, or password"
        if self.has_keystone and ":" not in self.user:
            return "user", "write PROJECT:USER"
        return None

    def _problem_of_credential(self) -> tuple[str, str] | None:
        if not self.credential_secret:
            return "application_credential_secret", "write the credential's secret"
        if not self.has_keystone:
            return "auth_version", "application credentials need Keystone, version 3"
        return None


def read_references(path: str) -> dict[str, Reference]:
    """
    Read a file of accounts.

    @return: them by the names of their sections.

    @raise ValueError: it cannot be read; says why.
    """
    parser = ConfigParser()
    try:
        parser.read_string(Path(path).read_text())
        return {name: _reference(dict(parser[name])) for name in parser.sections()}
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("it isn't text") from None
    except Error:
        # Its own words quote lines, and so keys.
        raise ValueError(
            "it makes no sense: write [NAME] and below it lines with NAME = VALUE, "
            "with %% for a percent sign"
        ) from None


def _reference(written: dict[str, str]) -> Reference:
    usual = Reference(address=_unquoted(written.get("auth_address", "")))
    names = {
        "version": "auth_version",
        "credential_id": "application_credential_id",
        "credential_secret": "application_credential_secret",
        **{
            name: name
            for name in (
                "user",
                "key",
                "user_domain_id",
                "user_domain_name",
                "project_domain_id",
                "project_domain_name",
            )
        },
    }
    return evolve(
        usual,
        **{
            name: _unquoted(written[key])
            for name, key in names.items()
            if written.get(key)
        },
    )


def _unquoted(value: str) -> str:
    for quote in "\"'":
        if len(value) > 1 and value[0] == value[-1] == quote:
            return value[1:-1]
    return value
