"""
The ports that the daemons listen at.
"""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Any

from twisted.internet.error import CannotListenError

from glance.config.settings import ConfigurationError, Endpoint


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
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"{option}: no socket can be made in {path.parent}: "
            "make the directory, and let the daemon's user write in it."
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        try:
            trial.connect(str(path))
        except OSError:
            return
    raise ConfigurationError(
        f"{option}: another program listens at {path}: stop it, or use another path."
    )


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
            # A socket of a daemon that was killed is left; nobody is behind it.
            return reactor.listenUNIX(
                endpoint.path, factory, endpoint.backlog, mode=0o660, wantPID=True
            )
        return reactor.listenTCP(
            endpoint.port, factory, endpoint.backlog, interface=endpoint.host
        )
    except CannotListenError as error:
        raise unusable(endpoint, option, error.socketError) from None
