"""
What a command runs in: its options, a client, and its surroundings.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO, Generic, TextIO, TypeVar

from attrs import evolve, frozen
from twisted.internet.defer import CancelledError

from glance.cli import statuses
from glance.cli.showing import Output, plain
from glance.client import (
    Ambiguous,
    ChecksumMismatch,
    Client,
    ClientConnectionError,
    Cloud,
    Duplicate,
    Error,
    Forbidden,
    ImageClient,
    NotFound,
)
from glance.client.errors import AlreadyRunning
from glance.client.reaching import login_of


@frozen(kw_only=True)
class Settings:
    """
    What the options say.
    """

    host: str | None = None
    port: int | None = None
    url: str | None = None
    """Stands over host and port; L{None} if it isn't given."""
    api_version: int = 2
    doc_root: str | None = None
    """Where the API is on that host; L{None} for where that version is."""
    ssl: bool = False
    token: str | None = None
    cloud: str | None = None
    """The name of the cloud to log in at; L{None} for what the environment says."""
    insecure: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    timeout: float = 60.0
    verbose: bool = False
    dry_run: bool = False
    force: bool = False
    limit: int | None = None
    """How many images a page has; L{None} if it isn't given."""
    marker: str | None = None
    sort_key: str | None = None
    sort_dir: str | None = None
    can_share: bool = False
    silent_upload: bool = False
    output: str = "table"


class BadField(Exception):
    """
    An argument is no C{field=value}.
    """


class Stop(Exception):
    """
    A command has failed, and has said why.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


C = TypeVar("C", Client, ImageClient)


@frozen(kw_only=True)
class Session(Generic[C]):
    """
    What a command runs in.
    """

    settings: Settings
    client: C
    output: Output
    errors: TextIO
    stdin: BinaryIO | None
    """L{None} if it is closed."""
    stdout: int
    """The descriptor of the standard output."""
    reactor: Any
    ask: Callable[[str], bool]
    """Asks whoever sits there; false if nobody does."""
    attended: bool
    """Whether somebody sits there."""

    def complain(self, *lines: str) -> None:
        """
        Say what is wrong.
        """
        for line in lines:
            self.errors.write(plain(line) + "\n")
        self.errors.flush()

    def fail(self, status: int, *lines: str) -> Stop:
        """
        Say what is wrong, and get what to raise.
        """
        self.complain(*lines)
        return Stop(status)

    def sure(self, question: str) -> bool:
        """
        Ask whether to do what cannot be undone.
        """
        return self.settings.force or self.ask(question)

    def dry(self, deed: str, *lines: str) -> bool:
        """
        Say what would be done, if that is all that is wanted.

        @return: whether it is.
        """
        if self.settings.dry_run:
            title = "Dry run. We would have done the following:"
            self.output.lines([title, deed, *lines])
        return self.settings.dry_run

    def aside(self, *lines: str) -> None:
        """
        Say more, to who wants to hear it.
        """
        if self.settings.verbose:
            if self.output.form == "table":
                self.output.lines(lines)
            else:
                self.complain(*lines)


Command = Callable[[Session[Any]], Awaitable[None]]


async def client_of(settings: Settings, reactor: Any) -> Client | ImageClient:
    """
    Make the client that options ask for, and log in where they say how.

    @raise Error: there can be no such server, or it lets nobody in.
    """
    kind = Client if settings.api_version == 1 else ImageClient
    common: dict[str, Any] = {"reactor": reactor, "timeout": settings.timeout or None}
    cloud = None if settings.token is not None else Cloud.find(settings.cloud)
    login = None
    if cloud is None:
        cloud = Cloud(token=settings.token)
    cloud = evolve(
        cloud,
        ca_file=settings.ca_file or cloud.ca_file,
        cert_file=settings.cert_file or cloud.cert_file,
        key_file=settings.key_file or cloud.key_file,
        insecure=settings.insecure or cloud.insecure,
    )
    named = settings.host is not None or settings.port is not None
    known = cloud.auth_url is not None or cloud.endpoint is not None
    if settings.url is not None or (known and not named):
        return await kind.log_in(cloud, settings.url, **common)
    host = settings.host or "127.0.0.1"
    if cloud.auth_url is not None:
        socket = host if host.startswith("unix:") else None
        login = login_of(cloud, socket=socket, **common)
    return kind(
        host,
        settings.port or 9292,
        settings.ssl,
        doc_root=settings.doc_root,
        auth_tok=cloud.token if login is None else None,
        login=login,
        **cloud.tls,
        **common,
    )


STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, statuses.NOT_FOUND),
    (ClientConnectionError, statuses.UNREACHABLE),
    (Forbidden, statuses.DENIED),
    (Duplicate, statuses.CONFLICT),
    (AlreadyRunning, statuses.CONFLICT),
    (ChecksumMismatch, statuses.DAMAGED),
    (Ambiguous, statuses.AMBIGUOUS),
    (BadField, statuses.USAGE),
    (Exception, statuses.FAILURE),
)
"""The first that an error is decides what a command exits with."""


def status_of(error: Exception) -> int:
    """
    Get what a command exits with after an error.
    """
    return next(status for kind, status in STATUSES if isinstance(error, kind))


async def perform(session: Session[Any], doing: str, command: Command) -> int:
    """
    Run a command.

    @param doing: what it does, for C{Failed to ...}.

    @return: what to exit with.
    """
    began = time.monotonic()
    try:
        await command(session)
        session.aside(f"Completed in {time.monotonic() - began:.4f} sec.")
    except Stop as stop:
        return stop.status
    except BrokenPipeError:
        return statuses.CLOSED
    except ClientConnectionError as error:
        if str(error).startswith("Unable to connect"):
            where = session.client.url.split("/")[2]
            session.complain(
                f"Failed to connect to the Glance API server {where}. "
                "Is the server running?"
            )
        session.complain(f"Failed to {doing}. Got error:", str(error))
        return status_of(error)
    except BadField as error:
        session.complain(str(error))
        return status_of(error)
    except (Error, OSError) as error:
        session.complain(f"Failed to {doing}. Got error:", str(error))
        return status_of(error)
    except CancelledError:
        raise
    except Exception as error:
        if session.settings.verbose:
            session.complain(*traceback.format_exc().splitlines())
        session.complain(f"Failed to {doing}: {type(error).__name__}: {error}")
        return status_of(error)
    return statuses.OK


def ask_terminal(question: str) -> bool:
    """
    Ask whoever sits at the terminal; nobody is a no.

    @raise Stop: whoever sits there interrupts.
    """
    if not sys.stdin or not sys.stdin.isatty():
        return False
    # Twisted would note an interrupt, and have us wait on.
    noting = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stderr.write(f"{plain(question)} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise Stop(statuses.INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGINT, noting)


def standard_input() -> BinaryIO | None:
    """
    Get the standard input, without a buffer; L{None} if it is closed.
    """
    try:
        return os.fdopen(0, "rb", buffering=0, closefd=False)
    except OSError:
        return None
