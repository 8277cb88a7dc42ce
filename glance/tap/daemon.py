"""
L{Daemon}: a daemon's life, from its start to its end.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from attrs import field, frozen
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.task import deferLater
from twisted.logger import Logger

from glance.config.loading import reload
from glance.config.settings import Endpoint, Settings
from glance.context import Context
from glance.deferreds import within
from glance.limits import Limits
from glance.log import Logs
from glance.streams.site import StreamingSite
from glance.tap.certificates import (
    Certificate,
    read_certificates,
    renewed,
    telling,
)
from glance.tap.descriptors import allow_many
from glance.tap.loaded import all_is_loaded
from glance.tap.pools import Pools
from glance.tap.ports import leave, listen, probe
from glance.tap.reloading import introduce, read_again
from glance.tap.sockets import Held, adopt
from glance.tap.systemd import Notifier, activated, at_start, handed_over, notifier

DAEMON = "daemon"
"""The name of a L{Daemon} among services."""

SETTLING = 10
"""How many seconds uploads that were broken off at the end have to settle."""

LEAVING_CLIENTS = 5
"""
How many seconds clients have to use their connections once more, when another
process goes on in place of this one.
"""

ENDING = 3
"""How many seconds each part may take to end; it may wait for what hangs."""

LEAVING = 4
"""How many seconds threads may take to do what they were given, at the end."""

Ending = Callable[[], Coroutine[Deferred[Any], Any, None]]


class EndsLate(Exception):
    """
    A part has not ended in time; the text is its name.
    """


@frozen(kw_only=True)
class Given:
    """
    What a daemon gets from who starts it, beside its settings.
    """

    notifier: Notifier
    """Tells how it is."""

    sockets: Mapping[str, Held] = field(factory=dict)
    """What to listen at, by the names of the options that it is in place of."""

    certificates: Mapping[str, Certificate] = field(factory=dict)
    """What ports show, by the names of the options that say which they are."""

    counters: Path | None = None
    """Where all processes of the daemon count; L{None} if it is the only one."""


class Live:
    """
    The settings, as they are at present.
    """

    def __init__(self, settings: Settings, given: Given) -> None:
        self.settings = settings
        self.given = given
        self.certificates = given.certificates
        """What ports show at present, by the options that say which they are."""
        self.draining = False
        """Whether the daemon is about to end."""
        self.replaced = False
        """Whether another process goes on in place of this one."""

    def limits(self) -> Limits:
        """
        Get the limits that hold at present.
        """
        return self.settings.limits

    def bind(self, context: Context) -> Context:
        """
        Get who asks, under the rules that hold at present.
        """
        policy = self.settings.policy
        return context.under(policy.rules, policy.protections)


def live_here(reactor: Any, settings: Settings) -> Live:
    """
    Get ready to live in a process that was started from outside.

    @raise ConfigurationError: it hands over what cannot be used.
    """
    settings, sockets = activated(settings, handed_over(at_start()))
    certificates = read_certificates(settings.places)
    given = Given(
        notifier=notifier(reactor, os.environ),
        sockets=sockets,
        certificates=certificates,
    )
    return Live(telling(settings, certificates), given)


@frozen(kw_only=True)
class Port:
    """
    A place to listen at, and what is served there.
    """

    endpoint: Endpoint
    site: StreamingSite
    option: str
    """The name of the option that says where."""


class Work(Protocol):
    """
    What is under way: the requests of a site, or what nobody waits for.
    """

    @property
    def in_flight(self) -> int:
        """
        How much there is of it.
        """

    def drain(self) -> None:
        """
        Begin no more.
        """

    def drained(self) -> Deferred[None]:
        """
        Wait until nothing is under way.
        """

    def abort(self) -> None:
        """
        Break all off.
        """


@frozen(kw_only=True)
class Parts:
    """
    What a daemon is made of.
    """

    pools: Pools
    ports: Sequence[Port]
    background: Sequence[Work] = field(factory=tuple)
    """What goes on without requests."""
    begin: Sequence[Callable[[], object]] = field(factory=tuple)
    """What is done once the threads are there, in this order."""
    busy: Callable[[], bool]
    """Tells whether something is under way that no connection shows."""
    end: Sequence[Ending] = field(factory=tuple)
    """What is done when nothing is under way any more, in this order."""
    close: Callable[[], None] = lambda: None
    """What is done when the threads are gone."""


class Daemon(Service):
    """
    Starts the parts of a daemon in order, and ends them so.
    """

    _log = Logger()

    def __init__(self, reactor: Any, live: Live, logs: Logs, parts: Parts) -> None:
        self._reactor = reactor
        self._live = live
        self._logs = logs
        self._parts = parts
        self._listening: list[Any] = []
        self._shown: dict[str, Any] = {}
        self.setName(DAEMON)

    def check(self) -> None:
        """
        See whether the ports can be had.

        @raise ConfigurationError: one of them cannot.
        """
        for port in self._parts.ports:
            if port.option not in self._live.given.sockets:
                probe(port.endpoint, port.option)

    def privilegedStartService(self) -> None:
        """
        Listen; from here on clients wait rather than be refused.
        """
        allow_many()
        for port in self._parts.ports:
            held, factory = (
                self._live.given.sockets.get(port.option),
                self._factory(port),
            )
            self._listening.append(
                listen(self._reactor, port.endpoint, factory, port.option)
                if held is None
                else adopt(self._reactor, held, factory)
            )

    def _factory(self, port: Port) -> Any:
        certificate = self._live.certificates.get(port.option)
        if certificate is None:
            return port.site
        # Who has no use for TLS need not wait for its modules.
        from glance.tap.tls import Shown, over_tls

        self._shown[port.option] = shown = Shown(certificate)
        return over_tls(shown, port.site)

    def withdraw(self, but: str) -> None:
        """
        Take no more connections, except at one port.

        @param but: its option.
        """
        for port, listening in zip(self._parts.ports, self._listening, strict=True):
            if port.option != but:
                with suppress(OSError):
                    listening.stopListening()

    def startService(self) -> None:
        """
        Begin to work.
        """
        super().startService()
        introduce(self._log, self._live.settings)
        self._logs.gather(self._reactor)
        self._parts.pools.start()
        for begin in self._parts.begin:
            begin()
        self._answer_hangup()
        for port, listening in zip(self._parts.ports, self._listening, strict=True):
            address = printed(listening.getHost(), port.endpoint.scheme)
            self._log.info("Listening at {address}.", address=address)
        all_is_loaded()
        self._live.given.notifier.ready()

    def stopService(self) -> Deferred[None]:
        """
        Take no more requests, let those under way finish, and end.
        """
        super().stopService()
        end_once()
        return Deferred.fromCoroutine(self._end())

    async def _end(self) -> None:
        self._live.given.notifier.stopping()
        timeout = self._live.settings.graceful_shutdown_timeout
        sites = [port.site for port in self._parts.ports]
        for port, listening in zip(self._parts.ports, self._listening, strict=True):
            # Somebody may have removed a socket.
            with suppress(OSError):
                leave(listening, port.option in self._live.given.sockets)
        if self._live.replaced:
            # While another goes on, all is well, and nothing is urgent.
            await self._left(sites)
        self._live.draining = True
        deadline = self._reactor.seconds() + timeout
        works: list[Work] = [*sites, *self._parts.background]
        for work in works:
            work.drain()
        for work in works:
            left = max(0.01, deadline - self._reactor.seconds())
            await self._within(left, work.drained())
        for work in works:
            if work.in_flight:
                self._log.warn(
                    "Breaking off {count} {name}: they took longer than "
                    "graceful_shutdown_timeout.",
                    count=work.in_flight,
                    name="requests" if work in sites else "fetches",
                )
            work.abort()
        await self._settled()
        for end in self._parts.end:
            await self._ended(end)
        hanging = self._parts.pools.leave(LEAVING)
        if hanging:
            self._log.warn(
                "Leaving calls that hang: {names}.", names=", ".join(hanging)
            )
        self._parts.close()
        self._logs.gather(None)
        self._log.info("Ended.")

    async def _left(self, sites: Sequence[StreamingSite]) -> None:
        """
        Wait until clients have gone to the process that goes on, or until that
        is about to end, too.
        """

        def hurry(number: int, frame: object) -> None:
            self._live.replaced = False

        signal.signal(signal.SIGTERM, hurry)
        for site in sites:
            site.leave(LEAVING_CLIENTS)
        while self._live.replaced and any(site.connected for site in sites):
            await deferLater(self._reactor, 0.05)
        end_once()

    async def _ended(self, end: Ending) -> None:
        try:
            late = EndsLate(end.__qualname__)
            ending = Deferred.fromCoroutine(end())
            await within(ENDING, ending, self._reactor, late)
        except EndsLate as error:
            ending.cancel()
            self._log.warn("{name} hangs, and is given up.", name=error)
        except Exception:
            self._log.failure("{name} failed", name=end.__qualname__)

    async def _within(self, seconds: float, waiting: Deferred[None]) -> None:
        with suppress(TimedOut):
            await waiting.addTimeout(seconds, self._reactor)

    async def _settled(self) -> None:
        deadline = self._reactor.seconds() + SETTLING
        while self._parts.busy() and self._reactor.seconds() < deadline:
            await deferLater(self._reactor, 0.05)

    def _answer_hangup(self) -> None:
        def hangup(number: int, frame: object) -> None:
            self._reactor.callFromThread(self.reload)

        signal.signal(signal.SIGHUP, hangup)

    def reload(self) -> None:
        """
        Read the configuration again, and open the log files anew.
        """
        self._live.given.notifier.reloading()
        fresh = read_again(self._log, self._logs, self._live.settings, reload)
        if fresh is not None:
            self._live.settings = fresh
            self._live.certificates = renewed(
                self._log, fresh.places, self._live.certificates
            )
            for option, shown in self._shown.items():
                shown.show(self._live.certificates[option])
            self._log.info("Reloaded.")
        self._live.given.notifier.ready()


def end_once() -> None:
    """
    Bear further signals to end: the reactor would take them for a mistake.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def printed(address: Any, scheme: str) -> str:
    """
    Get an address as it is written.

    @param address: an L{IAddress <twisted.internet.interfaces.IAddress>}.
    """
    name = getattr(address, "name", None)
    if name is not None:
        return f"unix:{name.decode()}" if isinstance(name, bytes) else f"unix:{name}"
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{scheme}://{host}:{address.port}"
