"""
Users of this service's own, put together.
"""

from __future__ import annotations

import sys
from typing import Any

from attrs import frozen
from twisted.web.resource import IResource

from glance.api.keystone.face import IdentityAPI
from glance.api.links import Links
from glance.config.settings import ConfigurationError, Endpoint, Settings
from glance.errors import AccountsUnusable
from glance.identity.local.attempts import Attempts
from glance.identity.local.file import AccountsFile
from glance.identity.local.first import CLOUD, first_start
from glance.identity.local.identity import LocalIdentity
from glance.identity.local.known import Known
from glance.identity.local.logins import Logins
from glance.identity.local.verifying import Verifier
from glance.identity.turns import Turns
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
    region: str

    def face(self, links: Links) -> IResource:
        """
        Get what answers what clients ask of Keystone.
        """
        face: IResource = IdentityAPI(self.logins, links, self.region).app.resource()
        return face


def local_identity(reactor: Any, settings: Settings, pools: Pools) -> Local:
    """
    Put together what knows users by a file.
    """
    identity = settings.identity
    file = AccountsFile(identity.local.file)
    known = Known(file, pools.add("users", 1), reactor)
    # Half of the processors are left to those who are in.
    threads = max(1, cores() // 2)
    verifier = Verifier(
        pools.add("passwords", threads, behind=True),
        Turns(at_once=threads, waiting=WAITING, each=EACH),
        Attempts(reactor),
        reactor,
    )
    logins = Logins(known, file, verifier, reactor, life=identity.local.token_life)
    return Local(
        identity=LocalIdentity(
            logins,
            admin_role=identity.admin_role,
            owner_is_tenant=identity.owner_is_tenant,
            anonymous=identity.local.anonymous,
        ),
        logins=logins,
        region=identity.local.region,
    )


def check_users(settings: Settings) -> None:
    """
    See whether it can be told who may log in; where nobody can, make an
    administrator, and print how to log in as that.

    @raise ConfigurationError: it cannot.
    """
    assert settings.api is not None
    local = settings.identity.local
    file, clouds = AccountsFile(local.file), local.file.with_name("clouds.yaml")
    url = settings.http.public_endpoint or _url(settings.api)
    try:
        if first_start(file, clouds, url, local.region):
            # Standard output itself may be that of the logs already.
            print(
                f"There is an administrator now.  To log in:\n"
                f"    export OS_CLIENT_CONFIG_FILE={clouds}\n"
                f"    openstack --os-cloud {CLOUD} image list",
                file=sys.__stdout__,
                flush=True,
            )
        file.read()
    except AccountsUnusable as error:
        raise ConfigurationError(f"users_file: {error}") from None


def _url(api: Endpoint) -> str:
    if api.path is not None:
        return "http://localhost"
    # All addresses of a machine are none to connect to.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(api.host, api.host)
    return f"http://[{host}]:{api.port}" if ":" in host else f"http://{host}:{api.port}"
