"""
What is written to the logs, and the id that ties its lines together.

A line of text or one JSON object stands for each event.  Nothing that others
sent can end a line or begin one, and no token is written.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
from attrs import frozen
from twisted.application.service import IServiceCollection, MultiService
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
)
from twisted.python.components import Componentized
from twisted.python.failure import Failure
from zope.interface import implementer

from glance.redaction import escape, redact

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""
The id of the request that is being answered; L{None} outside of any.

It is set where a request begins, logged with each line, and sent along to the
registry.
"""

# Where it is written to


MOMENT = 0.1
"""How many seconds lines wait for others that are written soon."""


class LogFile:
    """
    A file that lines are added to, or standard output.

    What is added is written whole, so that several processes may share a file.
    """

    def __init__(self, path: str | None) -> None:
        """
        @param path: the path of the file; L{None} for standard output.

        @raise OSError: the file cannot be opened.
        """
        self._path = path
        self._descriptor = 1 if path is None else _open(path)
        self._clock: IReactorTime | None = None
        self._lock = Lock()
        self._gathered: list[str] = []
        self._call: IDelayedCall | None = None

    def write(self, text: str) -> None:
        """
        Add a text.  When there is no room for it, it is lost.
        """
        with self._lock:
            data = "".join([*self._gathered, text]).encode("utf-8", "backslashreplace")
            self._gathered.clear()
            with suppress(OSError):
                while data:
                    data = data[os.write(self._descriptor, data) :]

    def write_soon(self, text: str) -> None:
        """
        Add a text with those that come in the next moment, or with the next that
        is added at once.  Not to be called in threads.
        """
        if self._clock is None:
            self.write(text)
            return
        with self._lock:
            self._gathered.append(text)
        if self._call is None:
            self._call = self._clock.callLater(MOMENT, self.flush)

    def gather(self, clock: IReactorTime | None) -> None:
        """
        Gather what is written soon, while a clock tells when to write it.

        @param clock: L{None} to gather no more.
        """
        self.flush()
        self._clock = clock

    def flush(self) -> None:
        """
        Write what was gathered.
        """
        call, self._call = self._call, None
        if call is not None and call.active():
            call.cancel()
        if self._gathered:
            self.write("")

    def reopen(self) -> None:
        """
        Go on in a new file of the same path, once that was moved away.

        @raise OSError: the file cannot be opened; the old one is kept.
        """
        if self._path is not None:
            fresh = _open(self._path)
            self.flush()
            with self._lock:
                old, self._descriptor = self._descriptor, fresh
            os.close(old)

    def close(self) -> None:
        """
        Write no more.
        """
        self.gather(None)
        if self._path is not None:
            os.close(self._descriptor)
            self._path, self._descriptor = None, 1


def _open(path: str) -> int:
    return os.open(
        Path(path), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640
    )


# How it is written


@frozen
class Line:
    """
    What is to be said of an event.
    """

    time: datetime
    level: str
    namespace: str
    message: str
    """A single line."""

    request_id: str | None
    traceback: str | None
    """Several lines; L{None} unless the event is a failure."""

    fields: Mapping[str, object]
    """What is said in JSON beside the message."""


WORDED = "{text}"
"""
The format of events that bring their text, which costs less than to format it.
"""


def line_of(event: LogEvent) -> Line:
    """
    Take from an event what is to be said of it.
    """
    failure = event.get("log_failure")
    level = event.get("log_level")
    return Line(
        time=datetime.fromtimestamp(event.get("log_time", 0), UTC),
        level=getattr(level, "name", "info"),
        namespace=escape(str(event.get("log_namespace") or "-")),
        message=escape(redact(_message(event))),
        request_id=_optional(event.get("request_id") or request_id.get()),
        traceback=_traceback(failure) if isinstance(failure, Failure) else None,
        fields=event.get("fields") or {},
    )


def _message(event: LogEvent) -> str:
    if event.get("log_format") == WORDED:
        return str(event["text"])
    return formatEvent(event)


def _optional(text: str | None) -> str | None:
    return None if text is None else escape(redact(text))


def _traceback(failure: Failure) -> str:
    lines = redact(failure.getTraceback()).rstrip().split("\n")
    return "\n".join(escape(line) for line in lines)


def as_text(event: LogEvent) -> str:
    """
    Describe an event for people; what follows its first line is indented.
    """
    said = line_of(event)
    time = said.time.astimezone().isoformat(" ", "milliseconds")
    mark = f" [{said.request_id}]" if said.request_id else ""
    level = said.level.upper()
    text = f"{time} {level:>8} [{said.namespace}]{mark} {said.message}\n"
    if said.traceback:
        text += "".join(f"    {rest}\n" for rest in said.traceback.split("\n"))
    return text


def as_json(event: LogEvent) -> str:
    """
    Describe an event as one JSON object on a line.
    """
    said = line_of(event)
    members: dict[str, object] = {
        key: escape(redact(value)) if isinstance(value, str) else value
        for key, value in said.fields.items()
    }
    members |= {
        "time": said.time.isoformat(timespec="microseconds"),
        "level": said.level,
        "namespace": said.namespace,
        "message": said.message,
        "request_id": said.request_id,
    }
    if said.traceback:
        members["traceback"] = said.traceback
    return orjson.dumps(members, default=repr).decode() + "\n"


@implementer(ILogObserver)
class LineObserver:
    """
    Writes events to a file, each as soon as it comes, unless it may wait.
    """

    def __init__(self, file: LogFile, describe: Callable[[LogEvent], str]) -> None:
        self._file = file
        self._describe = describe

    def __call__(self, event: LogEvent) -> None:
        write = self._file.write_soon if event.get("soon") else self._file.write
        write(self._describe(event))


# What is worth it


@implementer(ILogObserver)
class Logs:
    """
    The logs of a daemon: an observer of what is important enough.
    """

    def __init__(
        self, file: LogFile, *, format: str, level: str, levels: Mapping[str, str]
    ) -> None:
        """
        @param format: C{text} or C{json}.
        @param level: the name of the least level that is written.
        @param levels: that of each namespace that has its own.
        """
        self._file = file
        self._enough = LogLevelFilterPredicate()
        describe = as_json if format == "json" else as_text
        self._observer = FilteringLogObserver(
            LineObserver(file, describe), [self._enough]
        )
        self.set_level(level, levels)

    def __call__(self, event: LogEvent) -> None:
        self._observer(event)

    def set_level(self, level: str, levels: Mapping[str, str]) -> None:
        """
        Change what is important enough.
        """
        self._enough.clearLogLevels()
        for name, least in {**levels, "": level}.items():
            self._enough.setLogLevelForNamespace(name, LogLevel.levelWithName(least))

    def gather(self, clock: IReactorTime | None) -> None:
        """
        Write lines of requests together, those of a moment each.

        @param clock: tells the time; L{None} to do so no more.
        """
        self._file.gather(clock)

    def reopen(self) -> None:
        """
        Go on in a new file, once the old one was moved away.

        @raise OSError: the file cannot be opened; the old one is kept.
        """
        self._file.reopen()


class LoggedService(MultiService):
    """
    The services of a daemon, whose application logs to where it is told.

    twistd asks the application for its observer after it has made the service
    and before it goes into the background; without one it would write a file
    into the working directory.
    """

    def __init__(self, logs: Logs) -> None:
        super().__init__()
        self._logs = logs

    def setServiceParent(self, parent: IServiceCollection) -> None:  # noqa: N802
        """
        Become part of an application.
        """
        if isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._logs)
        super().setServiceParent(parent)


# What comes from the standard library


LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}
"""
The levels of L{logging}, by the names of those of L{twisted.logger}.
"""


class ToTwisted(logging.Handler):
    """
    Hands on what libraries log by L{logging}.
    """

    def __init__(self) -> None:
        super().__init__()
        self.named: set[str] = set()
        """The loggers that have levels of their own from us."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except Exception:
            text = f"{record.msg!r} {record.args!r}"
        event: dict[str, object] = {"text": text}
        if record.exc_info and record.exc_info[1]:
            event["log_failure"] = Failure(record.exc_info[1])
        Logger(namespace=record.name).emit(_level(record.levelno), WORDED, **event)


def _level(number: int) -> Any:
    names = [name for name, least in LEVELS.items() if least <= number]
    return LogLevel.levelWithName(names[-1] if names else "debug")


def redirect_stdlib(level: str, levels: Mapping[str, str]) -> None:
    """
    Have what libraries log by L{logging} come to L{twisted.logger}.

    @param level: the name of the least level that is wanted.
    @param levels: that of each logger that has its own; one that had, and has
        none any more, has that of all.
    """
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if isinstance(handler, ToTwisted)]
    if not ours:
        ours = [ToTwisted()]
        root.addHandler(ours[0])
    for name in ours[0].named - set(levels):
        logging.getLogger(name).setLevel(logging.NOTSET)
    ours[0].named = set(levels)
    for name, least in {**levels, "": level}.items():
        logging.getLogger(name).setLevel(LEVELS[least])


# What is said of each request


def access(
    log: Logger,
    *,
    method: bytes,
    uri: bytes,
    status: int,
    received: int,
    sent: int,
    seconds: float,
    client: str,
    request_id: str | None,
) -> None:
    """
    Say of a request that it was answered.

    @param uri: its path and query, as they were sent.
    @param received: how many bytes its body had.
    @param sent: how many bytes the body of the answer had.
    @param client: the address it came from.
    """
    shown = method.decode("ascii", "backslashreplace")
    path = uri.decode("utf-8", "backslashreplace")
    fields = {
        "client": client,
        "method": shown,
        "path": path,
        "status": status,
        "received": received,
        "sent": sent,
        "seconds": round(seconds, 6),
    }
    log.info(
        WORDED,
        text=f"{client} {shown} {path} {status} in={received} out={sent} "
        f"{seconds:.3f}s",
        fields=fields,
        request_id=request_id,
        soon=True,
    )
