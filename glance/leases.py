"""
Leases: how others know that a process lives.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from glance.errors import GlanceError
from glance.interfaces import IRegistry


class Lease:
    """
    One process's lease.  As long as it lasts, nobody settles what this process
    has under way.

    Where the registry cannot be asked for a while, the leases of the living run out,
    too, and are renewed soon after.  So who has not had its own all the time takes
    nobody for dead.
    """

    _log = Logger()

    def __init__(
        self, registry: IRegistry, clock: IReactorTime, instance: str, seconds: float
    ) -> None:
        """
        @param instance: the id of this process; unique to this run of it.
        @param seconds: how long others believe in it without a new sign of
            life.
        """
        self.instance = instance
        self._registry = registry
        self._clock = clock
        self._seconds = seconds
        self._renewed: float | None = None
        self._held_since: float | None = None
        self._renewing = LoopingCall(self._renew_or_say)
        self._renewing.clock = clock

    async def hold(self) -> None:
        """
        Have a lease that lasts a while yet.

        @raise RegistryUnavailable: the registry cannot be asked for it.
        """
        age = self._seconds
        if self._renewed is not None:
            age = self._clock.seconds() - self._renewed
        if age > self._seconds / 2:
            await self._renew()

    def start(self) -> None:
        """
        Begin to renew the lease in time.
        """
        self._renewing.start(self._seconds / 3)

    async def stop(self) -> None:
        """
        Renew it no more, and give it back.
        """
        if self._renewing.running:
            self._renewing.stop()
        self._renewed = None
        try:
            await self._registry.renew(self.instance, 0)
        except GlanceError as error:
            self._log.info("The lease was not given back: {error}", error=error)

    def proves_dead(self, instance: str) -> bool:
        """
        Tell whether a lease that has run out shows that its process is dead.

        @param instance: whose it is.
        """
        if instance == self.instance or self._held_since is None or not self._fresh():
            return False
        return self._clock.seconds() - self._held_since >= self._seconds

    def _fresh(self) -> bool:
        """
        Tell whether it was renewed so lately that the registry was not away for long
        enough to have others' run out.
        """
        if self._renewed is None:
            return False
        return self._clock.seconds() - self._renewed <= self._seconds * 2 / 3

    async def _renew(self) -> None:
        asked = self._clock.seconds()
        try:
            await self._registry.renew(self.instance, self._seconds)
        except GlanceError:
            self._held_since = None
            raise
        if self._held_since is None or not self._fresh():
            self._held_since = self._clock.seconds()
        self._renewed = asked

    async def _renew_or_say(self) -> None:
        try:
            await self._renew()
        except GlanceError as error:
            self._log.warn("The lease was not renewed: {error}", error=error)
