"""
The use cases over real parts that are in memory, with time standing still.
"""

from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock

from glance.context import Context
from glance.images import Images
from glance.leases import Lease
from glance.limits import Limits
from glance.revisions import Revisions
from glance.settling import Reaper, Settler
from glance.sharing import Sharing
from glance.storage import Storage
from glance.stores.memory import MemoryStore
from glance.streams.strands import Window
from glance.transfers import Transfers
from tests.registry.memory import memory_registry

NOON = 1_300_000_000
"""When the clocks of tests begin, in seconds of UNIX time."""

ADMIN = Context(is_admin=True)
"""Everybody, where nobody is asked who they are."""


def member_of(tenant, *roles):
    """
    Get the context of a user of a project.
    """
    return Context(
        user=f"user-of-{tenant}", tenant=tenant, owner=tenant, roles=frozenset(roles)
    )


class World:
    """
    A registry, a store, and all that can be done with them.
    """

    def __init__(
        self, *, registry=None, store=None, clock=None, instance="here", **how
    ):
        """
        @param instance: the id of the process that this stands for.
        @param how: C{limits}, C{delayed_delete}, C{scrub_seconds}; C{stores},
            by name, if there are several; C{infos} of them.
        """
        if clock is None:
            clock = Clock()
            clock.advance(NOON)
        self.clock = clock
        self.registry = registry or memory_registry(clock)
        self.store = store or MemoryStore()
        self.limits = how.get("limits", Limits())
        stores = how.get("stores", {"file": self.store})
        self.storage = Storage(
            stores, next(iter(stores)), how.get("infos"), several="stores" in how
        )
        self.revisions = Revisions(self.registry, clock)
        self.settler = Settler(
            self.revisions, self.storage, scrub_seconds=how.get("scrub_seconds", 0)
        )
        self.reaper = Reaper(
            self.settler,
            self.revisions,
            self.storage,
            clock,
            seconds=30,
            instance=instance,
        )
        self.lease = Lease(self.registry, clock, instance, 60)
        self.images = Images(
            self.revisions,
            self.settler,
            lambda: self.limits,
            delayed_delete=how.get("delayed_delete", False),
        )
        self.transfers = Transfers(
            self.images,
            self.storage,
            self.reaper,
            self.lease,
            clock,
            maybeDeferred,
            dict.fromkeys(stores, Window(1 << 20)),
            hash_algorithm="sha512",
            retry_seconds=10,
        )
        self.sharing = Sharing(self.images)
