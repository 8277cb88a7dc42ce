"""
What systemd and a daemon say to each other.

It hands listening sockets over (C{LISTEN_FDS}), and is told when the daemon is
ready, reads its configuration again, ends, and that it lives (C{NOTIFY_SOCKET}).
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import evolve
from twisted.internet.task import LoopingCall

from glance.config.settings import ConfigurationError, Endpoint, Settings
from glance.tap.sockets import Held

FIRST = 3
"""The descriptor of the first socket that is handed over."""


class Notifier:
    """
    Tells systemd, or whoever else listens, how the daemon is.
    """

    def __init__(
        self, clock: Any, path: str | None, watchdog: float | None = None
    ) -> None:
        """
        @param path: the socket to send to, perhaps an abstract one with an C{@}
            before it; L{None} to tell nobody.
        @param watchdog: after how many seconds of silence the daemon is taken
            for dead; L{None} for never.
        """
        self._path = path
        self._watchdog = watchdog
        self._living = LoopingCall(self._send, "WATCHDOG=1")
        self._living.clock = clock

    def ready(self) -> None:
        """
        Tell that clients are served.
        """
        self._send("READY=1")
        if self._watchdog is not None and not self._living.running:
            self._living.start(self._watchdog / 2)

    def reloading(self) -> None:
        """
        Tell that the configuration is read again; L{ready} is next.
        """
        moment = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={moment}")

    def stopping(self) -> None:
        """
        Tell that the daemon is about to end.  It goes on telling that it lives.
        """
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if self._path is None:
            return
        path = f"\0{self._path[1:]}" if self._path.startswith("@") else self._path
        # Nobody may listen any more, and nobody has to.
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
        ):
            sender.setblocking(False)
            sender.sendto(text.encode(), path)


def notifier(clock: Any, environment: MutableMapping[str, str]) -> Notifier:
    """
    Get what tells the one that the environment names, and let no other process
    of ours be told of them.
    """
    path = environment.pop("NOTIFY_SOCKET", None)
    microseconds = environment.pop("WATCHDOG_USEC", "")
    pid = environment.pop("WATCHDOG_PID", None)
    watched = microseconds.isdecimal() and pid in (None, str(os.getpid()))
    return Notifier(clock, path, int(microseconds) / 1e6 if watched else None)


def at_start() -> Mapping[str, str]:
    """
    Get the environment that this process was started with.

    Twisted takes out of it what is said of sockets, wherever it is imported.
    """
    data = Path("/proc/self/environ").read_bytes()
    words = (word.partition(b"=") for word in data.split(b"\0") if word)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in words}


def handed_over(environment: Mapping[str, str]) -> tuple[int, ...]:
    """
    List the descriptors that were handed over to this process.
    """
    pid = environment.get("LISTEN_PID")
    count = environment.get("LISTEN_FDS", "")
    if pid != str(os.getpid()) or not count.isdecimal():
        return ()
    return tuple(range(FIRST, FIRST + int(count)))


def activated(
    settings: Settings, descriptors: tuple[int, ...]
) -> tuple[Settings, Mapping[str, Held]]:
    """
    Listen at sockets that were handed over instead of at those that are
    configured: the first for the API, the next for the registry.

    @return: the settings with the places that the sockets have, and the sockets
        by the names of the options that they stand for.

    @raise ConfigurationError: they aren't what can be listened at.
    """
    wanted = {"api": settings.api, "registry_listen": settings.registry_listen}
    roles = [role for role, endpoint in wanted.items() if endpoint is not None]
    if len(descriptors) > len(roles):
        raise ConfigurationError(
            f"LISTEN_FDS: {len(descriptors)} sockets were handed over, and "
            f"{len(roles)} can be used: see to the ListenStream lines of the socket "
            "unit, or set registry_bind_host."
        )
    held = {}
    for descriptor, role in zip(descriptors, roles, strict=False):
        sock = _taken(descriptor)
        place = _place(sock, wanted[role])
        check_reach(settings, role, place)
        settings = (
            evolve(settings, api=place)
            if role == "api"
            else evolve(settings, registry_listen=place)
        )
        second = role == "registry_listen" and settings.service == "all"
        option = "registry_bind_port" if second else "bind_port"
        held[option] = Held(sock=sock, shared=False)
    return settings, held


def _taken(descriptor: int) -> socket.socket:
    try:
        sock = socket.socket(fileno=descriptor)
        listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise ConfigurationError(
            f"LISTEN_FDS: descriptor {descriptor} is no socket: {error.strerror}."
        ) from None
    if not listens or sock.type != socket.SOCK_STREAM:
        raise ConfigurationError(
            f"LISTEN_FDS: nobody can connect to the socket {descriptor}: use "
            "ListenStream, and Accept=no."
        )
    sock.set_inheritable(False)
    sock.setblocking(False)
    return sock


def _place(sock: socket.socket, instead: Endpoint | None) -> Endpoint:
    assert instead is not None
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return evolve(instead, host="", port=0, path=os.fsdecode(name))
    return evolve(instead, host=name[0], port=name[1], path=None)


def check_reach(settings: Settings, role: str, place: Endpoint) -> None:
    """
    See whether those who reach a place may.

    @param role: the name of the setting that it is in place of.

    @raise ConfigurationError: there is nothing to tell who they are.
    """
    if place.is_local:
        return
    if role == "registry_listen":
        guarded, cure = bool(settings.registry_secret), "set registry_secret"
    else:
        guarded = (
            settings.identity.auth_strategy != "noauth"
            or settings.values["noauth_anywhere"]
        )
        cure = "accept that with noauth_anywhere = true"
    if not guarded:
        raise ConfigurationError(
            f"Whoever reaches the socket at {place} may do everything: have it at "
            f"127.0.0.1, or {cure}."
        )
