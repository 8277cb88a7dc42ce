"""
The ports that the daemons listen at.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import socket
import stat
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.python.failure import Failure

from glance.config.settings import ConfigurationError, Endpoint

PATIENCE = 5
"""How many seconds others may take to begin to listen in the same directory."""

ATTACH_FILTER = 26
"""Linux' C{SO_ATTACH_FILTER}, which Python has no name for."""

NO_NEWCOMERS = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # the flags of the TCP packet
        (0x45, 0, 1, 0x02),  # is it a SYN?
        (0x06, 0, 0, 0),  # then drop it
        (0x06, 0, 0, 0xFFFFFFFF),  # else take it
    )
)
"""A filter by which a port takes no new connection, as if the packet was lost."""

ROUNDS = 1000
"""How often connections are taken that wait at a port that is left."""

UNIX_MODE = 0o660
"""Who may connect to a UNIX socket: the daemon's user and group."""


def probe(endpoint: Endpoint, option: str) -> None:
    """
    See whether a port can be listened at, and let go of it again.

    @param option: the name of the option that says which port.

    @raise ConfigurationError: it cannot.
    """
    if endpoint.path is not None:
        _probe_path(Path(endpoint.path), host_of(option))
        return
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((endpoint.host, endpoint.port))
            # Two can be bound to one port as long as neither listens.
            trial.listen(1)
        except OSError as error:
            raise unusable(endpoint, option, error) from None


def _probe_path(path: Path, option: str) -> None:
    if not os.access(path.parent, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"{option}: no socket can be made in {path.parent}: "
            "make the directory, and let the daemon's user read and write in it."
        )
    with alone_in(path.parent, option):
        vacate(path, option)


@contextmanager
def alone_in(directory: Path, option: str) -> Iterator[None]:
    """
    Keep other daemons from beginning to listen in a directory: neither may take
    the other's new socket for one that was left.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _locked(descriptor):
            if time.monotonic() > deadline:
                raise ConfigurationError(
                    f"{option}: another program keeps {directory} locked: "
                    "end it, or use a directory of the daemon's own."
                )
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def vacate(path: Path, option: str) -> None:
    """
    Remove the socket of a daemon that was killed.

    Nobody is behind one that refuses to be connected to, whatever number the
    daemon's process had: in a container each has the same.

    @raise ConfigurationError: somebody is, or it is no socket.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ConfigurationError(
            f"{option}: {path} is there, and is no socket: use another path."
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(PATIENCE)
        try:
            trial.connect(str(path))
        except ConnectionRefusedError:
            _remove(path, option)
            return
        except OSError as error:
            reason = f" ({error.strerror})" if error.errno == errno.EACCES else ""
        else:
            reason = ""
    raise ConfigurationError(
        f"{option}: another program listens at {path}{reason}: "
        "stop it, or use another path."
    )


def _remove(path: Path, option: str) -> None:
    try:
        path.unlink(missing_ok=True)
        lock = path.with_name(f"{path.name}.lock")
        # Of a release that left one.
        if lock.is_symlink():
            lock.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"{option}: {path} was left by another user's daemon, and cannot be "
            f"removed ({error.strerror}): remove it, or use another path."
        ) from None


def unusable(endpoint: Endpoint, option: str, error: object) -> ConfigurationError:
    """
    Get the error that says why a port can't be used, and what to do about it.
    """
    reason = getattr(error, "strerror", None) or error
    number = getattr(error, "errno", None)
    if endpoint.path is not None:
        option, cure = host_of(option), "let the daemon's user write there."
    elif number == errno.EADDRNOTAVAIL:
        option, cure = host_of(option), "choose an address of this machine."
    elif number == errno.EACCES:
        cure = "choose a port from 1024 up, or let the daemon's user have it."
    else:
        cure = "stop the program that does, or choose another address or port."
    return ConfigurationError(
        f"{option}: cannot listen at {endpoint}: {reason}: {cure}"
    )


def host_of(option: str) -> str:
    """
    Get the name of the option that says at which address a port is.
    """
    return f"{option.removesuffix('port')}host"


def listen(reactor: Any, endpoint: Endpoint, factory: Any, option: str) -> Any:
    """
    Listen at a port.

    @param factory: an L{IProtocolFactory
        <twisted.internet.interfaces.IProtocolFactory>}.

    @return: an L{IListeningPort <twisted.internet.interfaces.IListeningPort>}.

    @raise ConfigurationError: it cannot be done.
    """
    try:
        if endpoint.path is not None:
            path, name = Path(endpoint.path), host_of(option)
            with alone_in(path.parent, name):
                vacate(path, name)
                return reactor.listenUNIX(
                    endpoint.path, factory, endpoint.backlog, mode=UNIX_MODE
                )
        return reactor.listenTCP(
            endpoint.port, factory, endpoint.backlog, interface=endpoint.host
        )
    except CannotListenError as error:
        raise unusable(endpoint, option, error.socketError) from None


def leave(listening: Any, shared: bool) -> None:
    """
    Take the connections that wait at a port, and no more.

    Their clients take them for made, and have asked already: they would be reset if it
    was closed with them.

    @param shared: whether other processes have the same socket.
    """
    if not listening.connected:
        return
    if not shared:
        # Who comes between the last look and the end is refused a second later.
        with suppress(OSError):
            _take_no_newcomers(listening.socket)
    waiting = select.poll()
    waiting.register(listening.fileno(), select.POLLIN)
    for _ in range(ROUNDS):
        if not waiting.poll(0):
            break
        listening.doRead()
    # Twisted's stopListening does this later, when more may wait.
    listening.stopReading()
    listening.connectionLost(Failure(ConnectionDone()))


def _take_no_newcomers(sock: socket.socket) -> None:
    filtering = ctypes.create_string_buffer(NO_NEWCOMERS, len(NO_NEWCOMERS))
    program = struct.pack("HP", len(NO_NEWCOMERS) // 8, ctypes.addressof(filtering))
    sock.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, program)
