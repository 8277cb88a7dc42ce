"""
How it is known who asks, put together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from twisted.internet.defer import Deferred
from twisted.web.resource import IResource

from glance.api.links import Links
from glance.config.settings import Settings
from glance.interfaces import IIdentity
from glance.tap.daemon import Ending
from glance.tap.parts import identity
from glance.tap.pools import Pools

Check = Callable[[], Deferred[None]]


@frozen(kw_only=True)
class Callers:
    """
    What finds out who asks, and what belongs to it.
    """

    identity: IIdentity
    challenge: bytes | None = None
    """What is sent along with 401; L{None} for the usual."""
    faces: Callable[[Links], Mapping[str, IResource]] = lambda _: {}
    """Gets what is served beside the API, by the first piece of its path."""
    needed: Mapping[str, Check] = field(factory=dict)
    """What sees whether it works, by name."""
    wanted: Mapping[str, Check] = field(factory=dict)
    """The same of what there is some use without."""
    begin: Sequence[Callable[[], object]] = ()
    end: Sequence[Ending] = ()


def callers(reactor: Any, settings: Settings, pools: Pools) -> Callers:
    """
    Put together what finds out who asks.
    """
    # Others need neither users nor Keystone.
    if settings.identity.auth_strategy == "local":
        from glance.tap.local import CHALLENGE, local_identity

        local = local_identity(reactor, settings, pools)
        return Callers(
            identity=local.identity,
            challenge=CHALLENGE,
            faces=lambda links: {"v3": local.face(links)},
            needed={"users": local.logins.check},
        )
    if settings.identity.auth_strategy == "keystone":
        from glance.tap.keystone import keystone_identity

        asked = keystone_identity(reactor, settings)
        return Callers(
            identity=asked.identity,
            challenge=asked.challenge,
            # Whose tokens are known may go on without it.
            wanted={"keystone": asked.holders.check},
            begin=[asked.holders.look],
            end=[asked.close],
        )
    return Callers(identity=identity(settings))


def check_identity(settings: Settings) -> None:
    """
    See whether it can be told who asks.

    @raise ConfigurationError: it cannot.
    """
    if settings.identity.auth_strategy == "local":
        from glance.tap.local import check_users

        check_users(settings)
    if settings.identity.auth_strategy == "keystone":
        from glance.tap.keystone import check_keystone

        check_keystone(settings)
