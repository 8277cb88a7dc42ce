"""
The files that the filesystem store consists of.  All of this blocks.

Data that is whole is in the directory itself, under its key.  Data on its way
in is in C{.incoming}, under the same key, in a file that is locked as long as
the process lives that writes it.  Files are reached through descriptors of
these two, and symbolic links are never followed, so nothing that lies in them
leads out.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

from twisted.logger import Logger

from glance.errors import GlanceError, UploadSuperseded
from glance.stores.keys import is_key
from glance.stores.refusals import full, missing, taken, unavailable
from glance.stores.writing import FileWriter
from glance.streams.strands import Buffer

INCOMING = ".incoming"
"""Where data is until it is whole."""

FAILING = "The filesystem store does not work at present"

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CANNOT_ALLOCATE = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}
_OPEN = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_log = Logger()


def prepare(directory: Path) -> None:
    """
    Make a directory fit to hold the files of a store.

    @raise OSError: it isn't, and cannot be made so.
    """
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    (directory / INCOMING).mkdir(mode=0o750, exist_ok=True)
    for path in (directory, directory / INCOMING):
        if not _usable(path):
            raise PermissionError(
                errno.EACCES, "It cannot be listed and written", str(path)
            )


def _usable(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK | os.X_OK, effective_ids=True)


@contextmanager
def _trouble(directory: Path) -> Iterator[None]:
    """
    Turn what the system says into what a store says.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            _log.warn(
                "No room in {directory}: {error}",
                directory=str(directory),
                error=str(error),
            )
            raise full() from error
        _log.error(
            "The filesystem store in {directory} fails: {error}",
            directory=str(directory),
            error=str(error),
        )
        raise unavailable(FAILING) from error


@contextmanager
def _opened(path: Path | str, flags: int, at: int | None = None) -> Iterator[int]:
    fd = os.open(path, flags | os.O_CLOEXEC, dir_fd=at)
    try:
        yield fd
    finally:
        os.close(fd)


class Directory:
    """
    A directory that has the files of a store.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def adopt(self, uri: str) -> str | None:
        """
        Get the key of the file that a URI names; L{None} if it isn't in here.
        """
        scheme, _, path = uri.partition("://")
        if scheme not in ("file", "filesystem"):
            return None
        directory, _, key = unquote(path).rpartition("/")
        return key if directory == str(self.path) and is_key(key) else None

    def check(self) -> None:
        """
        See whether files can be read and written.

        @raise StoreUnavailable: they cannot.
        """
        for path in (self.path, self.path / INCOMING):
            if not _usable(path):
                _log.error(
                    "The filesystem store cannot list and write {path}. Make it "
                    "a directory that belongs to the user that Glance runs as.",
                    path=str(path),
                )
                raise unavailable(FAILING)

    def open(self, key: str) -> int:
        """
        Open data to be read.

        @return: the descriptor.

        @raise DataNotFound: there is none of that key.
        @raise StoreUnavailable: the system says so.
        """
        if not is_key(key):
            raise missing()
        with _trouble(self.path), self.whole() as directory:
            try:
                fd = os.open(key, os.O_RDONLY | _OPEN, dir_fd=directory)
            except FileNotFoundError:
                raise missing() from None
            except OSError as error:
                if error.errno == errno.ELOOP:
                    raise missing() from None
                raise
            if stat.S_ISREG(os.fstat(fd).st_mode):
                return fd
            os.close(fd)
            raise missing()

    def size(self, key: str) -> int:
        """
        Tell how many bytes there are.

        @raise DataNotFound: there is none of that key.
        @raise StoreUnavailable: the system says so.
        """
        fd = self.open(key)
        try:
            return os.fstat(fd).st_size
        finally:
            os.close(fd)

    def delete(self, key: str) -> None:
        """
        Remove data, whole or not.

        What is still being written will never be whole: its name goes first,
        and a name that is gone cannot be linked.

        @raise DataNotFound: there is none of that key.
        @raise StoreUnavailable: the system says so.
        """
        if not is_key(key):
            raise missing()
        removed = 0
        with _trouble(self.path), self.whole() as whole:
            with self.incoming(whole) as incoming:
                removed += _remove(key, incoming)
            removed += _remove(key, whole)
            os.fsync(whole)
        if not removed:
            raise missing()

    def keys(self) -> list[str]:
        """
        List the data that is whole.
        """
        with (
            _trouble(self.path),
            self.whole() as whole,
            os.scandir(whole) as entries,
        ):
            return [
                entry.name
                for entry in entries
                if is_key(entry.name) and entry.is_file(follow_symlinks=False)
            ]

    def sweep(self) -> int:
        """
        Remove what is half written, and by nobody.

        @return: how many files that were.
        """
        with (
            _trouble(self.path),
            self.whole() as whole,
            self.incoming(whole) as incoming,
        ):
            with os.scandir(incoming) as entries:
                names = [entry.name for entry in entries]
            return sum(_remove_unlocked(name, incoming) for name in names)

    @contextmanager
    def whole(self) -> Iterator[int]:
        """
        Open the directory of data that is whole.
        """
        with _opened(self.path, os.O_RDONLY | os.O_DIRECTORY) as fd:
            yield fd

    @contextmanager
    def incoming(self, whole: int) -> Iterator[int]:
        """
        Open the directory of data on its way in.
        """
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        with _opened(INCOMING, flags, at=whole) as fd:
            yield fd


def _remove(name: str, at: int) -> bool:
    try:
        os.unlink(name, dir_fd=at)
    except (FileNotFoundError, IsADirectoryError):
        return False
    return True


def _remove_unlocked(name: str, at: int) -> bool:
    """
    Remove a file unless somebody holds its lock.
    """
    try:
        with _opened(name, os.O_RDWR | _OPEN, at=at) as fd:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Until the lock was ours it may have become somebody else's name.
            return _is_named(fd, name, at) and _remove(name, at)
    except (FileNotFoundError, BlockingIOError):
        return False
    except OSError as error:
        _log.warn("Cannot sweep {name}: {error}", name=name, error=str(error))
        return False


def _is_named(fd: int, name: str, at: int) -> bool:
    try:
        found = os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(fd))


class Arrival:
    """
    Data on its way into a directory.

    First L{begin}, then L{write} any number of times, then L{keep}; after a
    failure of any of these, or instead of one, L{discard}.
    """

    def __init__(self, directory: Directory, key: str, *, thin: bool = False) -> None:
        """
        @param thin: whether zeros take no room on the disk.
        """
        self._directory = directory
        self._key = key
        self._thin = thin
        self._fd = -1
        self._writer = FileWriter(-1, thin=thin)
        self._kept = False

    @property
    def size(self) -> int:
        """
        How many bytes have been written.
        """
        return self._writer.size

    def begin(self, length: int) -> None:
        """
        Make the file.

        @param length: how many bytes to make room for, unless it is thin.

        @raise DataExists: there is data of that key, or it is being written.
        @raise StoreFull: there is no room.
        @raise StoreUnavailable: the system says so.
        """
        with _trouble(self._directory.path), self._places() as (whole, incoming):
            if _exists(self._key, whole):
                raise taken()
            while not self._lock(incoming):
                pass
            self._writer = FileWriter(self._fd, thin=self._thin)
            if not self._thin:
                self._allocate(length)

    @contextmanager
    def _places(self) -> Iterator[tuple[int, int]]:
        with (
            self._directory.whole() as whole,
            self._directory.incoming(whole) as incoming,
        ):
            yield whole, incoming

    def _lock(self, incoming: int) -> bool:
        """
        Try to have a file that is locked before anybody takes it for dead.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN
        try:
            self._fd = os.open(self._key, flags, 0o640, dir_fd=incoming)
        except FileExistsError:
            if not _remove_unlocked(self._key, incoming):
                raise taken() from None
            return False
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        if _is_named(self._fd, self._key, incoming):
            return True
        self.close()
        return False

    def _allocate(self, length: int) -> None:
        if length:
            try:
                os.posix_fallocate(self._fd, 0, length)
            except OSError as error:
                if error.errno not in _CANNOT_ALLOCATE:
                    raise

    def write(self, pieces: Sequence[Buffer]) -> None:
        """
        Write more of the data.

        @raise StoreFull: there is no room.
        @raise StoreUnavailable: the system says so.
        """
        with _trouble(self._directory.path):
            self._writer.write(pieces)

    def keep(self) -> None:
        """
        Have the data survive a crash, and be found by its key.

        @raise DataExists: there is data of that key by now.
        @raise UploadSuperseded: it was deleted meanwhile.
        @raise StoreUnavailable: the system says so.
        """
        with _trouble(self._directory.path), self._places() as (whole, incoming):
            os.ftruncate(self._fd, self.size)
            os.fdatasync(self._fd)
            try:
                os.link(self._key, self._key, src_dir_fd=incoming, dst_dir_fd=whole)
            except FileExistsError:
                raise taken() from None
            except FileNotFoundError:
                raise UploadSuperseded(
                    "The data was deleted while it was on its way. Upload it again."
                ) from None
            self._kept = True
            _remove(self._key, incoming)
            os.fsync(whole)
            os.fsync(incoming)
            if self._thin:
                self._tell_room()
            self.close()

    def _tell_room(self) -> None:
        _log.info(
            "{key} has {size} bytes, which take {disk} bytes of the disk",
            key=self._key,
            size=self.size,
            disk=os.fstat(self._fd).st_blocks * 512,
        )

    def close(self) -> None:
        """
        Close the file, and so give up its lock.
        """
        fd, self._fd = self._fd, -1
        if fd != -1:
            os.close(fd)

    def discard(self) -> None:
        """
        Leave nothing.

        Fails silently: what it cannot remove is for the sweeper, or for the
        reaper.
        """
        with (
            suppress(GlanceError),
            _trouble(self._directory.path),
            self._places() as (whole, incoming),
        ):
            if self._fd != -1 and _is_named(self._fd, self._key, incoming):
                _remove(self._key, incoming)
            if self._kept:
                _remove(self._key, whole)
                os.fsync(whole)
        with suppress(OSError):
            self.close()


def _exists(name: str, at: int) -> bool:
    try:
        os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
