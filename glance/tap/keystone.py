"""
Users of a Keystone, put together.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen
from twisted.internet.defer import Deferred

from glance.client.agents import TLS, Agents, Endpoints
from glance.config.settings import Keystone as Wanted
from glance.config.settings import Settings
from glance.identity.keystone.holders import Holders
from glance.identity.keystone.identity import KeystoneIdentity
from glance.identity.turns import Turns
from glance.keystone.client import Keystone
from glance.keystone.shared import Shared
from glance.keystone.words import Issued
from glance.tap.daemon import Ending
from glance.tap.parts import contexts
from glance.tap.trust import policy_for

AT_ONCE = 8
"""How many tokens are looked up at a time."""

WAITING = 4096
"""How many may wait for that."""

EACH = 1024
"""How many of these may be of one client."""


@frozen(kw_only=True)
class Asked:
    """
    What finds out who asks.
    """

    identity: KeystoneIdentity
    holders: Holders
    challenge: bytes
    close: Ending


def keystone_identity(reactor: Any, settings: Settings) -> Asked:
    """
    Put together what knows users by a Keystone.
    """
    identity, wanted = settings.identity, settings.identity.keystone
    assert wanted is not None
    agents = Agents(reactor, Endpoints(reactor, _tls(wanted)))
    keystone = Keystone(
        agents.kept(),
        reactor,
        url=wanted.url,
        patience=wanted.patience,
        retries=wanted.retries,
    )

    def login() -> Deferred[Issued]:
        return Deferred.fromCoroutine(keystone.login(wanted.user, catalogue=False))

    holders = Holders(
        keystone,
        Shared(login, reactor),
        Turns(at_once=AT_ONCE, waiting=WAITING, each=EACH),
        reactor,
        patience=wanted.patience,
        kept=wanted.kept,
    )

    async def close() -> None:
        await agents.close()

    return Asked(
        identity=KeystoneIdentity(
            holders,
            contexts(settings),
            anonymous=identity.local.anonymous,
            service_roles=frozenset(role.lower() for role in wanted.service_roles),
            service_roles_required=wanted.service_roles_required,
        ),
        holders=holders,
        challenge=f'Keystone uri="{wanted.public_url}"'.encode(),
        close=close,
    )


def check_keystone(settings: Settings) -> None:
    """
    See whether the certificates can be used.

    @raise ConfigurationError: they cannot.
    """
    wanted = settings.identity.keystone
    assert wanted is not None
    tls = _tls(wanted)
    for option, part in (
        ("cafile", evolve(tls, cert_file=None, key_file=None)),
        ("certfile", evolve(tls, ca_file=None)),
    ):
        policy_for(f"{option} in [keystone_authtoken]", part)


def _tls(wanted: Wanted) -> TLS:
    return TLS(
        ca_file=wanted.ca_file,
        cert_file=wanted.cert_file,
        key_file=wanted.key_file,
        insecure=wanted.insecure,
    )
