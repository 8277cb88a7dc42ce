"""
The process that looks after those that serve.

It listens, so that no client is refused while processes come and go, and accepts
no connection itself.
"""

from __future__ import annotations

import atexit
import os
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import evolve
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from glance.config.loading import renew
from glance.config.settings import Endpoint, Settings
from glance.log import LoggedService, Logs
from glance.metrics import forget, tell_processes
from glance.tap.certificates import renewed
from glance.tap.children import Child
from glance.tap.daemon import SETTLING, Live, end_once
from glance.tap.jobs import BEAT, FIRST_SOCKET, LIFE, LOCK, PRIVATE, Handle, Job
from glance.tap.loaded import all_is_loaded
from glance.tap.meeting import MeetingPlace
from glance.tap.parts import logged
from glance.tap.ports import probe
from glance.tap.reloading import introduce, read_again
from glance.tap.sockets import Held, hold
from glance.tap.systemd import check_reach

STARTING = 60
"""How many seconds a process may take until it serves."""

ENDING = 12
"""How many seconds more than it is given a process may take to end."""

REGISTRY_ENDING = 8
"""How many seconds the registry may take, when nobody asks it any more."""

WAITING = 1024
"""How many connections to the registry may wait to be accepted."""

HEALTHY = 10
"""For how many seconds a process that starts well serves at least."""

HANGING = 30
"""
How many times in a row, a second apart, a process may not be heard of until it is
killed.  They are counted, so that one that could not listen blames nobody.
"""

SLOWEST = 10
"""The most seconds before a process is started in place of one that has died."""


class Place:
    """
    A place for a process: its sockets, and who is there.
    """

    def __init__(self, role: Any, sockets: Mapping[str, Held]) -> None:
        self.role = role
        self.sockets = sockets
        self.child: Child | None = None
        """The one that serves, or is about to; L{None} between two."""
        self.failures = 0
        """How many have died in a row."""
        self.call: Any = None
        """The call that starts the next one; L{None} if none waits."""


class Supervisor(Service):
    """
    Looks after the processes that serve: starts them, starts others in place of
    those that die, and ends them.
    """

    _log = Logger()

    def __init__(
        self, reactor: Any, live: Live, logs: Logs, begin: Sequence[Callable[[], Any]]
    ) -> None:
        """
        @param begin: what is done once all serve, the first time.
        """
        self._reactor = reactor
        self._live = live
        self._logs = logs
        self._begin = begin
        self._places: list[Place] = []
        self._registry: Place | None = None
        self._children: set[Child] = set()
        self._held: list[Held] = []
        self._serving = False
        self._reloading = False
        self._again = False
        self._key = secrets.token_hex(32)

    @property
    def _settings(self) -> Settings:
        return self._live.settings

    @property
    def _has_registry(self) -> bool:
        """
        Whether one process has the registry for all: SQLite is for one.
        """
        settings = self._settings
        return settings.service == "all" and settings.database.url.startswith("sqlite")

    def check(self) -> None:
        """
        See whether the ports can be had.

        @raise ConfigurationError: one of them cannot.
        """
        for option, endpoint in self._settings.places.items():
            if option not in self._live.given.sockets:
                probe(endpoint, option)

    # It begins

    def privilegedStartService(self) -> None:
        """
        Listen; from here on clients wait rather than be refused.
        """
        count = self._settings.workers
        kept = self._settings.places
        held = {option: self._hold(option, kept[option], count) for option in kept}
        own = {}
        if self._has_registry and "registry_bind_port" in held:
            own = {"registry_bind_port": held.pop("registry_bind_port")[0]}
        role = "api" if self._has_registry else self._settings.service
        self._places = [
            Place(role, {option: held[option][n] for option in held})
            for n in range(count)
        ]
        if self._has_registry:
            self._registry = Place("registry", own)

    def _hold(self, option: str, endpoint: Endpoint, count: int) -> list[Held]:
        if option == "registry_bind_port" and self._has_registry:
            count = 1
        given = self._live.given.sockets.get(option)
        if given is not None:
            return [Held(sock=given.sock, shared=count > 1)] * count
        held = hold(endpoint, option, count)
        self._held.extend(held)
        address = str(endpoint)
        if endpoint.path is None:
            host, port, *_ = held[0].sock.getsockname()
            at = evolve(endpoint, host=host, port=port)
            address = f"{endpoint.scheme}://{at}"
        self._log.info("Listening at {address}.", address=address)
        return held

    def startService(self) -> None:
        """
        Start the processes.
        """
        super().startService()
        introduce(self._log, self._settings)
        self._meeting = MeetingPlace.make(os.environ)
        self._life = os.pipe()
        places = list(self._places)
        if self._registry is not None:
            self._private = Endpoint("", 0, WAITING, str(self._meeting.socket))
            [asked] = hold(self._private, PRIVATE, 1)
            own = {**self._registry.sockets, PRIVATE: asked}
            self._registry = Place("registry", own)
            self._held.append(asked)
            places.append(self._registry)
        signal.signal(signal.SIGHUP, self._hung_up)
        self._watching = LoopingCall(self._watch)
        self._watching.clock = self._reactor
        self._watching.start(BEAT)
        Deferred.fromCoroutine(self._start(places)).addErrback(self._fail)

    async def _start(self, places: Sequence[Place]) -> None:
        for place in places:
            place.child = self._spawn(place)
        for place in places:
            assert place.child is not None
            if not await self._serves(place.child):
                if self.running:
                    self._give_up(place.child.reason)
                return
        self._serving = True
        for begin in self._begin:
            begin()
        all_is_loaded()
        self._log.info("{count} processes serve.", count=len(self._places))
        self._live.given.notifier.ready()
        if self._again:
            self._again = False
            self.reload()

    def _fail(self, failure: Any) -> None:
        self._log.failure("It does not start", failure=failure)
        self._give_up(str(failure.value))

    def _give_up(self, reason: str) -> None:
        """
        End with exit status 1, since no process serves.
        """
        name = "glance" if self._settings.service == "all" else "glance-api"
        self._log.error("{name}: {reason}", name=name, reason=reason)
        if self._settings.log.file is not None:
            os.write(2, f"{name}: {reason}\n".encode())
        # The last thing that is done: twistd would end with 0.
        atexit.register(os._exit, 1)
        self._reactor.stop()

    # Processes come and go

    def _spawn(self, place: Place) -> Child:
        numbers = {child.number for child in self._children}
        number = min(set(range(len(numbers) + 1)) - numbers)
        registry = place.role == "registry"
        descriptors = {
            LIFE: self._life[0 if registry else 1],
            LOCK: self._meeting.lock,
        }
        handles = {}
        for n, (option, held) in enumerate(place.sockets.items(), FIRST_SOCKET):
            handles[option] = Handle(n, held.shared)
            descriptors[n] = held.sock.fileno()
        private = None
        if self._registry is not None:
            private = (str(self._private.path), self._key)
        job = Job(
            settings=shared_out(self._settings),
            certificates={
                option: certificate
                for option, certificate in self._live.certificates.items()
                if option in place.sockets
            },
            role=place.role,
            number=number,
            sockets=handles,
            counters=self._meeting.counters,
            private=private,
        )
        child = Child(
            self._reactor,
            job,
            lambda child: self._left(place, child),
            lambda child: self._ended(place, child),
        )
        self._children.add(child)
        child.spawn(self._reactor, descriptors)
        self._told()
        return child

    def _told(self) -> None:
        pids = [child.pid for child in self._children if child.pid is not None]
        # Where there is no room for it, the figures are old.
        with suppress(OSError):
            tell_processes(self._meeting.counters, [os.getpid(), *pids])

    async def _serves(self, child: Child) -> bool:
        late = self._reactor.callLater(STARTING, child.signal, signal.SIGKILL)
        serves = await child.serving()
        if late.active():
            late.cancel()
        return serves

    def _watch(self) -> None:
        """
        End those that hang; others come in their place.
        """
        for child in self._children:
            if child.ready:
                child.silent += 1
            if child.silent == HANGING:
                self._log.error(
                    "Process {pid} hangs: nothing was heard of it for {seconds} "
                    "seconds.  It is killed.",
                    pid=child.pid,
                    seconds=HANGING * BEAT,
                )
                child.signal(signal.SIGKILL)

    def _ended(self, place: Place, child: Child) -> None:
        self._children.discard(child)
        forget(self._meeting.counters, child.number)
        self._told()
        if place.child is child:
            place.child = None
            if self._serving and self.running:
                self._respawn(place, child)

    def _left(self, place: Place, child: Child) -> None:
        """
        Start another in place of one that somebody else has told to end: it
        accepts no connection any more.
        """
        if place.child is child and self._serving and self.running:
            self._log.warn("Process {pid} ends; another is started.", pid=child.pid)
            self._fill(place)

    def _respawn(self, place: Place, child: Child) -> None:
        lived = self._reactor.seconds() - child.began
        place.failures = 0 if lived > HEALTHY else place.failures + 1
        delay = min(SLOWEST, 2**place.failures / 4) if place.failures > 1 else 0
        self._log.error(
            "A process has died ({status}){reason}; another is started in {delay} "
            "seconds.",
            status=child.status,
            reason="" if child.reason == child.status else f": {child.reason}",
            delay=delay,
        )

        place.call = self._reactor.callLater(delay, self._fill, place)

    def _fill(self, place: Place) -> None:
        place.call = None
        place.child = self._spawn(place)
        Deferred.fromCoroutine(self._serves(place.child))

    # They are replaced

    def _hung_up(self, number: int, frame: object) -> None:
        self._reactor.callFromThread(self.reload)

    def reload(self) -> None:
        """
        Read the configuration again, and replace the processes one by one.
        """
        if self._reloading or not self._serving:
            self._again = True
            return
        self._reloading = True
        self._live.given.notifier.reloading()
        done = Deferred.fromCoroutine(self._reload())
        done.addErrback(lambda failure: self._log.failure("Reloading", failure))
        done.addCallback(lambda _: self._reloaded())

    def _reloaded(self) -> None:
        self._reloading = False
        again, self._again = self._again, False
        if not self.running:
            return
        self._live.given.notifier.ready()
        if again:
            self.reload()

    async def _reload(self) -> None:
        old = self._settings
        fresh = read_again(self._log, self._logs, old, _renewed)
        if fresh is None:
            return
        certificates = self._live.certificates
        self._live.settings = fresh
        self._live.certificates = renewed(self._log, fresh.places, certificates)
        if self._registry is not None and self._registry.child is not None:
            self._registry.child.signal(signal.SIGHUP)
        for place in self._places:
            if not self.running:
                return
            reason = await self._replace(place)
            if reason is not None:
                self._live.settings = old
                self._live.certificates = certificates
                self._log.error(
                    "Not all was reloaded: a new process does not serve: {reason}",
                    reason=reason,
                )
                return
        self._log.info("Reloaded.")

    async def _replace(self, place: Place) -> str | None:
        """
        @return: why it cannot be done; L{None} if it is.
        """
        if place.call is not None:
            place.call.cancel()
            place.call = None
        fresh = self._spawn(place)
        if not await self._serves(fresh):
            if place.child is None and place.call is None and self.running:
                self._respawn(place, fresh)
            return fresh.reason
        if place.call is not None:
            place.call.cancel()
            place.call = None
        old, place.child = place.child, fresh
        if old is not None:
            old.replace()
        if not self.running:
            fresh.signal(signal.SIGTERM)
        return None

    # They end

    def stopService(self) -> Deferred[None]:
        """
        Have all end what they do, and end.
        """
        super().stopService()
        end_once()
        self._live.given.notifier.stopping()
        return Deferred.fromCoroutine(self._end())

    async def _end(self) -> None:
        for held in self._held:
            # The registry is asked until the end.
            if self._registry is None or held is not self._registry.sockets[PRIVATE]:
                held.sock.close()
        for place in self._places:
            if place.call is not None:
                place.call.cancel()
        serving = [c for c in self._children if not self._is_registry(c)]
        timeout = self._settings.graceful_shutdown_timeout + SETTLING + ENDING
        for child in self._children:
            if child in serving:
                child.signal(signal.SIGTERM)
            else:
                child.forsake()
        await self._gone(serving, timeout)
        # The end of what the registry reads: nobody asks any more.
        os.close(self._life[1])
        await self._gone(list(self._children), REGISTRY_ENDING)
        for endpoint in self._settings.places.values():
            if endpoint.path is not None:
                with suppress(OSError):
                    Path(endpoint.path).unlink()
        self._watching.stop()
        self._meeting.remove()
        self._log.info("Ended.")

    def _is_registry(self, child: Child) -> bool:
        return self._registry is not None and child is self._registry.child

    async def _gone(self, children: Sequence[Child], seconds: float) -> None:
        """
        Wait until processes are gone, but only so long.
        """
        deadline = self._reactor.seconds() + seconds
        while any(child.alive for child in children):
            if self._reactor.seconds() > deadline:
                for child in children:
                    child.signal(signal.SIGKILL)
                deadline += seconds
            await deferLater(self._reactor, 0.05)


def _renewed(settings: Settings) -> tuple[Settings, Sequence[str]]:
    """
    Read settings again for processes that are to take the place of others.

    @raise ConfigurationError: they could not serve with them.
    """
    fresh, waiting = renew(settings)
    for role, endpoint in (
        ("api", fresh.api),
        ("registry_listen", fresh.registry_listen),
    ):
        if endpoint is not None:
            check_reach(fresh, role, endpoint)
    return fresh, waiting


def shared_out(settings: Settings) -> Settings:
    """
    Get the settings of one of several processes.
    """
    memory = settings.upload.memory // settings.workers
    # What there is to be said is said once.
    return evolve(
        settings, upload=evolve(settings.upload, memory=memory), warnings=(), notes=()
    )


def supervised(
    reactor: Any, live: Live, begin: Sequence[Callable[[], Any]]
) -> LoggedService:
    """
    Get the service of a daemon that has several processes.

    @param begin: what is done once all serve.

    @raise ConfigurationError: a port or the log file cannot be had.
    """
    return logged(live, lambda logs: Supervisor(reactor, live, logs, begin))
