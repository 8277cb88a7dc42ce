"""
Where a cloud is, and how to log in there: as OpenStack's clients are told it, by
C{clouds.yaml} or by variables of the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from attrs import field, frozen

from glance.client.errors import Invalid

PLACES = (".", "~/.config/openstack", "/etc/openstack")
"""The directories in which C{clouds.yaml} is looked for."""

INTERFACES = ("public", "internal", "admin")

_PASSWORD = ("password", "v3password")
_KEY = ("v3applicationcredential",)
_TOKEN = ("token", "v3token")
_NO_LOGIN = ("none", "admin_token", "http_basic")

_AUTH = (
    "auth_url",
    "username",
    "user_id",
    "password",
    "user_domain_id",
    "user_domain_name",
    "project_id",
    "project_name",
    "project_domain_id",
    "project_domain_name",
    "application_credential_id",
    "application_credential_secret",
    "token",
)
"""What is said of who logs in, by the names of C{clouds.yaml}."""


def _no_text(value: object) -> str | None:
    # YAML takes a password of digits for a number.
    return None if value in (None, "") else str(value)


def _text() -> Any:
    return field(default=None, converter=_no_text)


def _secret() -> Any:
    return field(default=None, converter=_no_text, repr=False)


@frozen(kw_only=True)
class Cloud:
    """
    A cloud, and who logs in.
    """

    auth_url: str | None = _text()
    """The URL of Keystone, or what stands for it; L{None} to log in nowhere."""
    username: str | None = _text()
    user_id: str | None = _text()
    password: str | None = _secret()
    user_domain_id: str | None = _text()
    user_domain_name: str | None = _text()
    project_id: str | None = _text()
    project_name: str | None = _text()
    project_domain_id: str | None = _text()
    project_domain_name: str | None = _text()
    application_credential_id: str | None = _text()
    application_credential_secret: str | None = _secret()
    token: str | None = _secret()
    """One that was had before; where C{auth_url} is L{None} it is sent as it is."""
    endpoint: str | None = _text()
    """The URL of the image service; L{None} for what the catalogue says."""
    region: str | None = _text()
    interface: str = "public"
    ca_file: str | None = _text()
    cert_file: str | None = _text()
    key_file: str | None = _text()
    insecure: bool = False

    @property
    def tls(self) -> dict[str, Any]:
        """
        Get how to connect by TLS, as arguments of clients.
        """
        return {
            "ca_file": self.ca_file,
            "cert_file": self.cert_file,
            "key_file": self.key_file,
            "insecure": self.insecure,
        }

    @classmethod
    def find(
        cls, name: str | None = None, environ: Mapping[str, str] = os.environ
    ) -> Self | None:
        """
        Find out where somebody logs in.  This reads files.

        @param name: that of a cloud in C{clouds.yaml}; L{None} for what the
            environment says: C{OS_CLOUD}, or C{OS_AUTH_URL} and its like, or the
            only cloud in C{OS_CLIENT_CONFIG_FILE}.

        @return: L{None} if nothing is said.

        @raise Invalid: there is no such cloud, or it cannot be understood.
        """
        name = name or environ.get("OS_CLOUD") or None
        if name is None and environ.get("OS_AUTH_URL"):
            return cls._of(_of_environment(environ), "the environment")
        told = environ.get("OS_CLIENT_CONFIG_FILE") or None
        if name is None and told is None:
            return None
        file, clouds = _clouds(told)
        if name is None:
            if len(clouds) != 1:
                return None
            [name] = clouds
        said = clouds.get(name)
        if not isinstance(said, dict):
            where = "for there is no clouds.yaml" if file is None else f"in {file}"
            raise Invalid(
                f"There is no cloud {name!r} {where}: OS_CLIENT_CONFIG_FILE names the "
                "file."
            )
        return cls._of(said, f"cloud {name!r} in {file}")

    @classmethod
    def _of(cls, said: Mapping[str, Any], where: str) -> Self:
        auth = said.get("auth") or {}
        if not isinstance(auth, dict):
            raise Invalid(f"{where}: auth is no mapping.")
        given: dict[str, Any] = {name: auth.get(name) for name in _AUTH}
        given["project_id"] = auth.get("project_id", auth.get("tenant_id"))
        given["project_name"] = auth.get("project_name", auth.get("tenant_name"))
        for part in ("id", "name"):
            for whose in ("user", "project"):
                # One domain may be said for both.
                known = given[f"{whose}_domain_id"] or given[f"{whose}_domain_name"]
                if not known and auth.get(f"domain_{part}"):
                    given[f"{whose}_domain_{part}"] = auth[f"domain_{part}"]
        kind = str(said.get("auth_type") or _kind(given))
        if kind in _NO_LOGIN:
            given = {"token": auth.get("token")}
        elif kind not in (*_PASSWORD, *_KEY, *_TOKEN):
            raise Invalid(
                f"{where}: auth_type {kind} is not known here; use password, "
                "v3applicationcredential or token."
            )
        elif not given["auth_url"]:
            raise Invalid(f"{where}: there is no auth_url to log in at.")
        elif kind not in _TOKEN:
            given["token"] = None
        interface = str(said.get("interface") or "public").removesuffix("URL")
        if interface not in INTERFACES:
            raise Invalid(f"{where}: interface is one of {', '.join(INTERFACES)}.")
        return cls(
            **given,
            endpoint=said.get("image_endpoint_override") or auth.get("endpoint"),
            region=said.get("region_name"),
            interface=interface,
            ca_file=said.get("cacert"),
            cert_file=said.get("cert"),
            key_file=said.get("key"),
            insecure=said.get("verify") is False,
        )


def _kind(auth: Mapping[str, Any]) -> str:
    if auth["application_credential_id"]:
        return _KEY[0]
    return _TOKEN[0] if auth["token"] and not auth["password"] else _PASSWORD[0]


def _of_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """
    Get what C{clouds.yaml} would say.
    """
    names = (*_AUTH, "tenant_id", "tenant_name", "domain_id", "domain_name")
    auth = {name: environ.get(f"OS_{name.upper()}") for name in names}
    return {
        "auth": {name: value for name, value in auth.items() if value},
        "auth_type": environ.get("OS_AUTH_TYPE"),
        "region_name": environ.get("OS_REGION_NAME"),
        "interface": environ.get("OS_INTERFACE") or environ.get("OS_ENDPOINT_TYPE"),
        "cacert": environ.get("OS_CACERT"),
        "cert": environ.get("OS_CERT"),
        "key": environ.get("OS_KEY"),
    }


def _clouds(told: str | None) -> tuple[Path | None, Mapping[str, Any]]:
    """
    Read what is said of clouds.

    @param told: the path of the file; L{None} to look for it.

    @return: where that is, and each cloud by its name.
    """
    file = Path(told) if told is not None else _found("clouds")
    if file is None:
        return None, {}
    clouds = _read(file)
    secret = file.with_name("secure.yaml")
    if secret.exists():
        clouds = _merged(clouds, _read(secret))
    return file, clouds


def _found(stem: str) -> Path | None:
    for directory in PLACES:
        for suffix in (".yaml", ".yml", ".json"):
            path = Path(directory).expanduser() / f"{stem}{suffix}"
            if path.is_file():
                return path
    return None


def _read(file: Path) -> Mapping[str, Any]:
    # Who logs in nowhere need not wait for it.
    import yaml

    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, yaml.YAMLError):
        # What is wrong with it may have a password in it.
        raise Invalid(f"{file} is no YAML.") from None
    clouds = said.get("clouds") if isinstance(said, dict) else None
    if not isinstance(clouds, dict):
        raise Invalid(f"{file} has no clouds.")
    return clouds


def _merged(one: Any, other: Any) -> Any:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    both = {**one, **other}
    return {
        name: _merged(one[name], other[name])
        if name in one and name in other
        else value
        for name, value in both.items()
    }
