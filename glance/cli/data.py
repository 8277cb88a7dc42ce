"""
Image data that goes into a command, and comes out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

from twisted.web.iweb import IBodyProducer

from glance.cli import statuses
from glance.cli.progress import bar
from glance.cli.session import Session
from glance.client.saving import Writer, write_all
from glance.client.sending import Data, Progress
from glance.deferreds import daemonic
from glance.streams.bodies import StreamBody
from glance.streams.strands import Buffer, Window

CHUNK = 1 << 18
"""How many bytes are read at once to see whether there are any."""


def data_of(session: Session[Any], file: str | None, implied: bool) -> Data | None:
    """
    Find the data that a command is to send.

    @param file: what the user said: a path, C{-}, or L{None} for nothing.
    @param implied: whether nothing means what is redirected into the command.
    """
    if file is not None and file != "-":
        return Path(file)
    stdin = session.stdin
    if stdin is None or (file is None and not implied):
        return None
    fd = _descriptor(stdin)
    if fd is None:
        return stdin
    mode = os.fstat(fd).st_mode
    if file is None and stat.S_ISCHR(mode):
        # A terminal, or /dev/null.
        return None
    if stat.S_ISREG(mode):
        return stdin
    return StreamBody(lambda size: os.read(fd, size), daemonic(session.reactor))


async def some_data(
    session: Session[Any], file: str | None, empty: bool, otherwise: str = ""
) -> Data | None:
    """
    Find the data that a command is to send, and that there is some.

    @param file: what the user said: a path, C{-}, or L{None} for what is
        redirected into the command.
    @param empty: whether there may be none.
    @param otherwise: what else whoever has none may do.

    @return: L{None} if nothing is redirected: the input is a terminal.

    @raise Stop: there is none.
    """
    stdin = session.stdin
    data: Data | None
    if file is not None and file != "-":
        data = Path(file)
        if data.is_file() and not data.stat().st_size:
            data = None
    elif file is None and stdin is not None and _terminal(stdin):
        return b"" if empty else None
    else:
        data = None if stdin is None else await _redirected(session, stdin)
    if data is None and not empty:
        what = "The standard input" if file in (None, "-") else file
        raise session.fail(
            statuses.USAGE,
            f"{what} is empty, so nothing is done.",
            f"Name a file that has data, or say --empty if there is none.{otherwise}",
        )
    return b"" if data is None else data


def _terminal(stdin: BinaryIO) -> bool:
    fd = _descriptor(stdin)
    return fd is not None and os.isatty(fd)


async def _redirected(session: Session[Any], stdin: BinaryIO) -> Data | None:
    """
    Find the data in the standard input; L{None} if there is none.
    """
    fd = _descriptor(stdin)
    if fd is None or stat.S_ISREG(os.fstat(fd).st_mode):
        at = stdin.tell()
        end = stdin.seek(0, os.SEEK_END)
        stdin.seek(at)
        return stdin if end > at else None
    in_thread = daemonic(session.reactor)
    begun: list[bytes] = [await in_thread(os.read, fd, CHUNK)]

    def read(size: int) -> bytes:
        return begun.pop() if begun else os.read(fd, size)

    return StreamBody(read, in_thread) if begun[0] else None


def upload_bar(
    session: Session[Any], data: Data | None
) -> AbstractContextManager[Progress | None]:
    """
    Show how far data has been sent.
    """
    silent = session.settings.silent_upload or data is None
    return bar("Uploading", None if data is None else _size(data), silent)


def _size(data: Any) -> int | None:
    if isinstance(data, Path):
        return data.stat().st_size if data.is_file() else None
    fd = _descriptor(data)
    if fd is None or not stat.S_ISREG(os.fstat(fd).st_mode):
        return None
    return max(0, os.fstat(fd).st_size - int(data.tell()))


def _descriptor(stream: Any) -> int | None:
    """
    Get the descriptor of a stream; L{None} if it has none.
    """
    try:
        return int(stream.fileno())
    except (AttributeError, OSError):
        return None


def spare_terminal(session: Session[Any], file: str | None) -> None:
    """
    See to it that no data goes to a terminal that nobody meant.

    @param file: where the user wants it; L{None} if nothing was said.
    """
    if file is None and os.isatty(session.stdout):
        raise session.fail(
            statuses.USAGE,
            "Image data would do no good on a terminal.",
            "Say --file FILE, or --file - if you mean it.",
        )


async def fetch(
    session: Session[Any],
    image: Mapping[str, Any],
    file: str | None,
    body: Callable[[], Awaitable[IBodyProducer]],
) -> None:
    """
    Write an image's data to a file or the standard output.

    @param body: fetches it for the latter.
    """
    silent = session.settings.silent_upload
    with bar("Downloading", image.get("size"), silent) as progress:
        if file not in (None, "-"):
            await session.client.save(image["id"], file, progress=progress)
        else:
            await _print(session, await body(), progress)
    if file not in (None, "-"):
        session.output.say(f"Saved image {image['id']} in {file}")


async def _print(
    session: Session[Any], body: IBodyProducer, progress: Progress | None
) -> None:
    def write(pieces: Sequence[Buffer]) -> None:
        write_all(session.stdout, pieces)

    in_thread = daemonic(session.reactor)
    await Writer([write], in_thread, Window(1 << 23), progress).take(body)
