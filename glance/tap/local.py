"""
Users of this service's own, put together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import frozen

from glance.identity.local.attempts import Attempts
from glance.identity.local.file import AccountsFile
from glance.identity.local.identity import LocalIdentity
from glance.identity.local.known import Known
from glance.identity.local.logins import Logins
from glance.identity.local.turns import Turns
from glance.identity.local.verifying import Verifier
from glance.tap.pools import Pools, cores

WAITING = 64
"""How many may wait to have their password hashed."""

EACH = 16
"""How many of these may be of one client."""


@frozen(kw_only=True)
class Local:
    """
    What finds out who asks, and what gives out tokens.
    """

    identity: LocalIdentity
    logins: Logins


def local_identity(
    reactor: Any,
    pools: Pools,
    path: Path,
    *,
    life: float,
    owner_is_tenant: bool,
    anonymous: bool,
) -> Local:
    """
    Put together what knows users by a file.

    @param life: for how many seconds a token is good.
    @param owner_is_tenant: whether images belong to the caller's project;
        otherwise they do to the user.
    @param anonymous: whether one may say nothing, and see what all may.
    """
    file = AccountsFile(path)
    known = Known(file, pools.add("users", 1), reactor)
    # Half of the processors are left to those who are in.
    threads = max(1, cores() // 2)
    verifier = Verifier(
        pools.add("passwords", threads, behind=True),
        Turns(at_once=threads, waiting=WAITING, each=EACH),
        Attempts(reactor),
        reactor,
    )
    logins = Logins(known, file, verifier, reactor, life=life)
    identity = LocalIdentity(
        logins, owner_is_tenant=owner_is_tenant, anonymous=anonymous
    )
    return Local(identity=identity, logins=logins)
