"""
Users of this service's own, put together.
"""

from __future__ import annotations

import shlex
import sys
from typing import Any

from attrs import frozen
from twisted.web.resource import IResource

from glance.api.keystone.face import IdentityAPI
from glance.api.links import Links
from glance.config.settings import ConfigurationError, Settings
from glance.errors import AccountsUnusable
from glance.identity.local.attempts import Attempts
from glance.identity.local.file import AccountsFile
from glance.identity.local.first import CLOUD, first_start
from glance.identity.local.identity import LocalIdentity
from glance.identity.local.known import Known
from glance.identity.local.logins import Logins
from glance.identity.local.verifying import Verifier
from glance.identity.turns import Turns
from glance.tap.certificates import url_of
from glance.tap.parts import contexts
from glance.tap.pools import Pools, cores

CHALLENGE = b'Basic realm="glance", charset="UTF-8", Keystone realm="glance"'
"""
How clients are told to log in; those that know the first need nothing else.
"""

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
            logins, contexts(settings), anonymous=identity.local.anonymous
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
    file = AccountsFile(local.file)
    url = settings.http.public_endpoint or url_of(settings.api)
    try:
        if first_start(file, local.clouds, url, local.region):
            # Standard output itself may be that of the logs already.
            print(beginning(settings), file=sys.__stdout__, flush=True)
        file.read()
    except AccountsUnusable as error:
        raise ConfigurationError(
            f"users_file: {error}  Or say auth_strategy = noauth to have nobody log in."
            if settings.values["auth_strategy"] is None
            else f"users_file: {error}"
        ) from None


def beginning(settings: Settings) -> str:
    """
    Tell the operator who may log in now, and how.
    """
    assert settings.api is not None
    api, elsewhere = settings.api, settings.http.public_endpoint
    clouds = shlex.quote(str(settings.identity.local.clouds))
    glance = "glance list"
    if api.path is not None and elsewhere is None:
        glance = f"glance -H {shlex.quote(f'unix:{api.path}')} list"
    lines = [
        "There is an administrator now.  To log in:",
        f"    export OS_CLIENT_CONFIG_FILE={clouds} OS_CLOUD={CLOUD}",
        f"    {glance}",
    ]
    if api.path is None or elsewhere is not None:
        lines += ["or", f"    openstack --os-cloud {CLOUD} image list"]
    if api.path is None and api.port == 0 and elsewhere is None:
        lines += [
            "Write the port of the log into the URL there, or set public_endpoint."
        ]
    lines += [
        "It sees all images, also those made when nobody had to log in.  Others are",
        "added with glance-manage user.  Or say auth_strategy = noauth to let",
        "everybody in as before.",
    ]
    return "\n".join(lines)
