"""
The first start: somebody has to be there who may do all.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glance.errors import AccountsUnusable
from glance.identity.local import passwords
from glance.identity.local.file import (
    AccountsFile,
    NewUser,
    own_file,
    sync_directory,
)

ADMIN = "admin"
"""The name of the first user, and of its project."""

_FIRST_LINE = "# How OpenStack's clients log in here:"
"""By which what a first start has written is known."""

CLOUD = "glance"
"""What clients call this service, as in C{openstack --os-cloud glance}."""


def first_start(file: AccountsFile, clouds: Path, url: str, region: str) -> bool:
    """
    Make a file of users, where there is none, with an administrator; and write
    how clients log in as that.  Of several processes that start one does it.

    This blocks.

    @param clouds: the C{clouds.yaml} that is written, for its owner alone.
    @param url: where this service is reached, without a slash at its end.
    @param region: what the catalogue calls the region of this service.

    @return: whether there was none.

    @raise AccountsUnusable: it cannot be made.
    """
    try:
        with _locked(file.path.parent):
            if file.exists():
                return False
            _demand_ours(clouds)
            password = passwords.new_password()
            # Whoever dies between these two has made no user.
            _write(clouds, clouds_yaml(url, region, password))
            file.create(
                NewUser(name=ADMIN, password=password, project=ADMIN, role="admin")
            )
            return True
    except OSError as error:
        raise AccountsUnusable(
            f"{error.filename}: {error.strerror}: let the daemon's user write there."
        ) from error


def clouds_yaml(url: str, region: str, password: str) -> str:
    """
    Get what tells OpenStack's clients how to log in.
    """
    # What JSON quotes is quoted in YAML.
    return (
        f"{_FIRST_LINE}\n"
        f"#   openstack --os-cloud {CLOUD} image list\n"
        "clouds:\n"
        f"  {CLOUD}:\n"
        "    auth_type: password\n"
        "    auth:\n"
        f"      auth_url: {json.dumps(url + '/v3')}\n"
        f"      username: {ADMIN}\n"
        f"      password: {json.dumps(password)}\n"
        f"      project_name: {ADMIN}\n"
        "      user_domain_id: default\n"
        "      project_domain_id: default\n"
        f"    region_name: {json.dumps(region)}\n"
        "    identity_api_version: 3\n"
    )


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _demand_ours(clouds: Path) -> None:
    """
    Refuse to write over what somebody else has written.
    """
    try:
        ours = not clouds.is_symlink() and clouds.read_bytes().startswith(
            _FIRST_LINE.encode()
        )
    except FileNotFoundError:
        return
    if not ours:
        raise AccountsUnusable(
            f"{clouds} is there already, and says how to log in elsewhere: move it "
            "away, or have users_file in another directory."
        )


def _write(path: Path, text: str) -> None:
    """
    Put a file where another may be, in one step.
    """
    made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        own_file(made, text.encode())
        made.replace(path)
        sync_directory(path.parent)
    finally:
        made.unlink(missing_ok=True)
