"""
How it is known who asks.
"""

from __future__ import annotations

from pathlib import Path

from glance.config.keystone import SECTION as KEYSTONE_SECTION
from glance.config.keystone import decide_keystone
from glance.config.settings import Database, Identity, LocalUsers
from glance.config.values import Values

STRATEGIES = ("local", "keystone", "trusted_headers", "noauth")


def strategy(options: Values) -> str:
    """
    Get how it is known who asks: as it is said, or as Glance's pipelines do.

    @raise ConfigurationError: two things are said, or what nobody knows.
    """
    said = options["auth_strategy"]
    if said is not None and said not in STRATEGIES:
        raise options.wrong(
            "auth_strategy", f"that is unknown; use one of {', '.join(STRATEGIES)}"
        )
    option, implied = _implied(options)
    if option == "trust_identity_headers" and said == "noauth":
        # There was nothing else to say with it once.
        return "trusted_headers"
    if said is not None and implied not in (None, said):
        raise options.wrong(
            option,
            f"that is auth_strategy = {implied}, and {said} is written; drop one of "
            "them",
        )
    return said or implied or "local"


def _implied(options: Values) -> tuple[str, str | None]:
    """
    Get the strategy that something else stands for, and what that is.
    """
    flavor, trusts = options["flavor"] or "", options["trust_identity_headers"]
    if "keystone" in flavor:
        if trusts:
            raise options.wrong(
                "trust_identity_headers",
                f"with flavor = {flavor} nobody but Keystone says who asks; choose "
                "one of them",
            )
        return "flavor", "keystone"
    if trusts:
        return "trust_identity_headers", "trusted_headers"
    return "flavor", "trusted_headers" if "trusted-auth" in flavor else None


def is_chosen(options: Values) -> bool:
    """
    Tell whether somebody has said how it is known who asks.
    """
    return options["auth_strategy"] is not None or _implied(options)[1] is not None


def decide_identity(
    options: Values, serves_api: bool, database: Database, notes: list[str]
) -> Identity:
    """
    Get how it is known who asks, with all that belongs to it.

    @raise ConfigurationError: something in it cannot be.
    """
    chosen = strategy(options)
    asks = serves_api and chosen == "keystone"
    if serves_api and not asks and options.of(KEYSTONE_SECTION).is_written("auth_url"):
        notes.append(
            f"[{KEYSTONE_SECTION}] has no effect with auth_strategy = {chosen}: to "
            "have users of Keystone write auth_strategy = keystone"
        )
    return Identity(
        auth_strategy=chosen,
        local=LocalUsers(
            file=_users_file(options, database),
            token_life=options["token_expiration"],
            region=options["region_name"],
            anonymous=options["allow_anonymous_read"],
        ),
        keystone=decide_keystone(options) if asks else None,
        admin_role=options["admin_role"],
        owner_is_tenant=options["owner_is_tenant"],
    )


def _users_file(options: Values, database: Database) -> Path:
    """
    Get the path of the file of users.
    """
    if options["users_file"]:
        return Path(options["users_file"]).absolute()
    scheme, _, rest = database.url.partition("://")
    if not scheme.startswith("sqlite"):
        return Path("/var/lib/glance/users.sqlite")
    path = rest.partition("?")[0].removeprefix("/").removeprefix("file:")
    return Path(path).absolute().with_name("users.sqlite")
