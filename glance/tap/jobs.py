"""
What a process that serves is told by the one that has started it.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from attrs import frozen

from glance.config.settings import Settings
from glance.tap.certificates import Certificate

ORDERS, REPORTS, LIFE, LOCK, FIRST_SOCKET = 0, 3, 4, 5, 6
"""
The descriptors of a process that is started: it reads its job and then orders,
and writes what it has to say; those that ask the registry hold one end of a pipe,
so that the registry at the other outlives them; all keep the lock of the directory
where they meet as long as they are there; and sockets are from the last on.
"""

PRIVATE = "registry socket"
"""What the place is called where the API of the same machine asks the registry."""

REPLACED = b"replaced\n"
"""The order to end, since another process goes on."""

READY = b"ready\n"
"""What is reported once clients are served; anything else is why they can't be."""

ALIVE = b"."
"""What is reported each L{BEAT}, as long as the reactor runs."""

LEAVING = b"!"
"""What is reported when a process begins to end, whoever has told it to."""

BEAT = 1
"""After how many seconds a process reports again that it lives."""

_LENGTH = 8


@frozen
class Handle:
    """
    A listening socket in a process that is started.
    """

    descriptor: int
    shared: bool
    """Whether other processes accept connections from the same one."""


@frozen(kw_only=True)
class Job:
    """
    What a process is to serve.
    """

    settings: Settings
    certificates: Mapping[str, Certificate]
    """What its ports show, by the names of the options that say which they are."""
    role: Literal["api", "registry", "all"]
    number: int
    """No two processes that are alive have the same."""
    sockets: Mapping[str, Handle]
    """By the names of the options that they are in place of."""
    counters: Path
    """The directory in which all processes of the daemon count."""
    private: tuple[str, str] | None
    """
    The path of the socket where the registry is asked, and its key; L{None}
    where there is none but the registry that settings tell of.
    """


def pack(job: Job) -> bytes:
    """
    Get a job as it is sent.
    """
    packed = pickle.dumps(job)
    return len(packed).to_bytes(_LENGTH, "big") + packed


def receive() -> Job:
    """
    Wait for the job of this process.

    @raise EOFError: whoever had one is gone.
    """
    length = int.from_bytes(_read(_LENGTH), "big")
    job = pickle.loads(_read(length))
    assert isinstance(job, Job)
    return job


def _read(length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = os.read(ORDERS, length - len(data))
        if not more:
            raise EOFError
        data += more
    return data
