"""
The directory where the processes of a daemon meet.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from attrs import frozen

PREFIX = "glance-workers-"
"""What the names of such directories begin with."""

COUNTERS = "counters"
"""Where in it the processes count."""

REGISTRY = "registry"
"""Where in it the registry is asked."""

_LONGEST = 60
"""The path of a socket is short."""


@frozen
class MeetingPlace:
    """
    A directory that only this user can look into.

    It is locked as long as a process is there that has the lock, and is swept away
    by the next daemon if none is, as after a C{kill -9}.
    """

    path: Path

    lock: int
    """A descriptor; who has it keeps the directory."""

    @classmethod
    def make(cls, environment: Mapping[str, str]) -> MeetingPlace:
        """
        Make one, and remove those that were left.
        """
        parent = _parent(environment)
        for path in parent.glob(f"{PREFIX}*"):
            _sweep(path)
        while True:
            path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another daemon may have swept it before it was locked.
            with suppress(FileNotFoundError):
                (path / COUNTERS).mkdir()
                (path / REGISTRY).mkdir()
                return cls(path, lock)
            os.close(lock)

    @property
    def counters(self) -> Path:
        """
        Where the processes count.
        """
        return self.path / COUNTERS

    @property
    def socket(self) -> Path:
        """
        Where the registry is asked.
        """
        return self.path / REGISTRY / "socket"

    def remove(self) -> None:
        """
        Remove it.
        """
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.lock)


def _parent(environment: Mapping[str, str]) -> Path:
    runtime = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    wanted = (runtime, environment.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir())
    for directory in wanted:
        if directory and len(directory) < _LONGEST and os.access(directory, os.W_OK):
            return Path(directory)
    return Path("/tmp")


def _sweep(path: Path) -> None:
    """
    Remove a directory if it is ours, and no process meets there any more.
    """
    # It may be another user's, or be gone in the meantime.
    with suppress(OSError):
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            about = os.fstat(lock)
            private = stat.S_IMODE(about.st_mode) == 0o700
            if about.st_uid != os.geteuid() or not private:
                return
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if {each.name for each in path.iterdir()} <= {COUNTERS, REGISTRY}:
                shutil.rmtree(path)
        finally:
            os.close(lock)
