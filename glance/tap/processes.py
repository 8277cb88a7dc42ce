"""
Processes of daemons, by their pid files, and those that are to be.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import glance
from glance.errors import GlanceError


class PidFileUnusable(GlanceError):
    """
    A file cannot be, or isn't, one that says which process a daemon is.
    """


class Process:
    """
    A daemon's process.

    It is held by a descriptor: should it end, no other process is taken for
    it, whatever its number.
    """

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self._descriptor = descriptor
        self.arguments = _arguments(pid)
        """What it was started with; nothing if it is over."""
        if self.wait(0):
            # These may be another's, of the same number.
            self.arguments = ()

    def is_daemon(self, name: str, pid_file: Path) -> bool:
        """
        Tell whether this is the daemon of a name and a pid file.
        """
        words = [Path(argument).name for argument in self.arguments]
        if name not in words:
            return False
        own = self._option("--pidfile")
        if own and Path(own[-1]).is_absolute() and not _same(Path(own[-1]), pid_file):
            return False
        by_twistd = any("twistd" in argument for argument in self.arguments)
        return by_twistd or name in words[:2]

    def config_files(self) -> tuple[str, ...]:
        """
        List the configuration files that it was told to read.

        @return: their absolute paths.
        """
        here = _directory(self.pid)
        return tuple(str(here / path) for path in self._option("--config-file"))

    def _option(self, name: str) -> tuple[str, ...]:
        joined = [
            argument.partition("=")[2]
            for argument in self.arguments
            if argument.startswith(f"{name}=")
        ]
        apart = [value for option, value in pairwise(self.arguments) if option == name]
        return (*joined, *apart)

    def send(self, number: int) -> None:
        """
        Send it a signal; if it is over, do nothing.

        @raise PermissionError: it is another user's.
        """
        try:
            signal.pidfd_send_signal(self._descriptor, number)
        except ProcessLookupError:
            return

    def wait(self, seconds: float) -> bool:
        """
        Wait until it is over.

        @return: whether it is.
        """
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))


class PidFile:
    """
    The file that says which process a daemon is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @contextmanager
    def process(self, name: str) -> Iterator[Process | None]:
        """
        Have the daemon's process; L{None} if it isn't running.

        @param name: what the daemon is called.

        @raise PidFileUnusable: the file is of another kind.
        """
        pid = self._read()
        if pid is None:
            yield None
            return
        try:
            descriptor = os.pidfd_open(pid)
        except (ProcessLookupError, OverflowError):
            yield None
            return
        try:
            process = Process(pid, descriptor)
            yield process if process.is_daemon(name, self.path) else None
        finally:
            os.close(descriptor)

    def _read(self) -> int | None:
        try:
            text = self.path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        except PermissionError:
            raise PidFileUnusable(
                f"{self.path} cannot be read: do this as the user it belongs to."
            ) from None
        except OSError as error:
            raise PidFileUnusable(
                f"{self.path}: {error.strerror}: name another pid file."
            ) from None
        except UnicodeDecodeError:
            text = "something else"
        if not text:
            return None
        if not text.isdecimal() or int(text) == 0:
            raise PidFileUnusable(
                f"{self.path} does not hold the number of a process: "
                "remove it, or name another pid file."
            )
        return int(text)

    def exists(self) -> bool:
        """
        Tell whether there is such a file.
        """
        return self.path.exists()

    def prepare(self) -> None:
        """
        See that the file can be made.

        @raise PidFileUnusable: it can't.
        """
        directory = self.path.parent
        try:
            directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            raise PidFileUnusable(
                f"{directory}: {error.strerror}: name another directory with --pid-dir."
            ) from None
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PidFileUnusable(
                f"{directory} cannot be written: name another directory with --pid-dir."
            )

    def remove(self) -> None:
        """
        See that there is no such file.

        @raise PidFileUnusable: it can't be removed.
        """
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise PidFileUnusable(
                f"{self.path}: {error.strerror}: do this as the user it belongs to."
            ) from None


def environment() -> dict[str, str]:
    """
    Get an environment in which a process that we start finds us, and twistd our
    plugins.
    """
    package = Path(glance.__file__ or "").parent.parent
    if not (package / "twisted" / "plugins" / "glance_plugins.py").exists():
        return dict(os.environ)
    path = os.pathsep.join(
        filter(None, (str(package), os.environ.get("PYTHONPATH", "")))
    )
    return {**os.environ, "PYTHONPATH": path}


def _arguments(pid: int) -> tuple[str, ...]:
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(os.fsdecode(word) for word in line.split(b"\0") if word)


def _directory(pid: int) -> Path:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return Path("/")


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
