"""
Opens databases, each in the way that suits its kind, and runs transactions.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import random
from typing import Any, TypeVar

from attrs import frozen
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    cast,
    create_engine,
    event,
    extract,
    func,
    literal,
    literal_column,
    make_url,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    NotSupportedError,
    ProgrammingError,
    SAWarning,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool, QueuePool, StaticPool
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from glance.errors import RegistryUnavailable

R = TypeVar("R")

TRIES = 6
"""
How often a transaction is begun that collides with others.
"""

PATIENCE = 10
"""
How many seconds a database may take to let us in.
"""

SILENCE = 90
"""
How many seconds a database may take to say anything, and a call of the registry
to be answered.
"""

CONNECTING: dict[str, dict[str, Any]] = {
    "sqlite": {"check_same_thread": False},
    "mysql": {
        "connect_timeout": PATIENCE,
        "read_timeout": SILENCE,
        "write_timeout": SILENCE,
    },
    "postgresql": {
        "connect_timeout": PATIENCE,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": SILENCE * 1000,
    },
}
"""
What the driver of each kind of database is told, so that a server that has
vanished does not keep a thread for ever.
"""

DRIVERS = {
    "sqlite": ("sqlite", "sqlite"),
    "mysql": ("mysql+pymysql", "mysql"),
    "mariadb": ("mysql+pymysql", "mysql"),
    "postgresql": ("postgresql+psycopg", "postgresql"),
    "postgres": ("postgresql+psycopg", "postgresql"),
    "postgresql+psycopg2": ("postgresql+psycopg", "postgresql"),
}
"""
For what a URL may begin with: the driver, and the extra that brings it.
"""

COLLISIONS = {"40001", "40P01", 1213, 1205}
"""
What PostgreSQL and MySQL call a transaction that stood in another's way.
"""

BUGS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
"""
What is not the database's fault.
"""

SENSELESS = (
    "The database URL makes no sense: write sqlite:///FILE, "
    "postgresql://USER:PASSWORD@HOST/NAME or mysql://USER:PASSWORD@HOST/NAME."
)

_log = Logger()


class DatabaseUnusable(Exception):
    """
    The database that is configured cannot be used.

    The text is one line for the operator, and tells what to do.
    """


@frozen
class Engines:
    """
    A database that is open.
    """

    reader: Engine
    """For transactions that change nothing."""
    writer: Engine
    """For those that may."""
    readers: int
    """How many threads may use the reader at once."""
    writers: int
    """
    How many threads may use the writer at once: one for SQLite, where more
    would only wait for each other.
    """

    def now(self, clock: IReactorTime) -> ColumnElement[int]:
        """
        Get the expression of the time by the clock that all who use this
        database share: its own, or ours where it has none.

        @return: microseconds of UNIX time.
        """
        kind = self.reader.dialect.name
        if kind == "postgresql":
            seconds = extract("epoch", func.clock_timestamp())
            return cast(seconds * 1_000_000, BigInteger)
        if kind == "mysql":
            return literal_column(
                "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
                BigInteger,
            )
        return literal(int(clock.seconds() * 1_000_000), BigInteger)

    def dispose(self) -> None:
        """
        Close all connections.
        """
        self.reader.dispose()
        self.writer.dispose()


def database_url(text: str) -> URL:
    """
    Read what an operator calls a database.

    @param text: such as C{sqlite:///glance.sqlite}, C{mysql://...} or
        C{postgresql://...}.

    @raise DatabaseUnusable: it is no such URL.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise DatabaseUnusable(SENSELESS) from None
    if "@" in (url.host or ""):
        # What stands before it is the end of the password.
        raise DatabaseUnusable(
            "The host of the database URL holds an @: write %40 for one in the "
            "password or the user's name."
        )
    driver, _ = DRIVERS.get(url.drivername, (url.drivername, ""))
    url = url.set(drivername=driver)
    if url.get_backend_name() == "mysql":
        url = url.update_query_dict({"charset": "utf8mb4"})
    return url


def open_engines(text: str, connections: int, recycle: float = -1) -> Engines:
    """
    Open a database, as L{database_url} reads it.

    No connection is made yet.

    @param connections: how many may be used at once for reading; as many again
        for writing, except on SQLite.
    @param recycle: after how many seconds a connection to a server is replaced;
        -1 for never.

    @raise DatabaseUnusable: the URL is wrong, or there is no driver for it.
    """
    url = database_url(text)
    if url.get_backend_name() != "sqlite":
        both = _engine(
            url,
            poolclass=QueuePool,
            pool_size=2 * connections,
            max_overflow=0,
            pool_timeout=PATIENCE,
            pool_pre_ping=True,
            pool_recycle=recycle,
        )
        if url.get_backend_name() == "postgresql":
            event.listen(both, "connect", _limit_postgresql)
        return Engines(both, both, connections, connections)
    if url.database in (None, "", ":memory:"):
        both = _engine(url, poolclass=StaticPool)
        return Engines(both, both, 1, 1)
    reader, writer = (
        _engine(url, poolclass=QueuePool, pool_size=size, max_overflow=0, reads=reads)
        for size, reads in ((connections, True), (1, False))
    )
    return Engines(reader, writer, connections, 1)


def open_for_reading(text: str, connections: int) -> Engines:
    """
    Open a database of SQLite that another process changes.

    Neither of the engines can write.

    @param text: its URL, as L{database_url} reads it.
    @param connections: how many may be used at once.

    @raise DatabaseUnusable: the URL is wrong.
    """
    reader = _engine(
        database_url(text),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        reads=True,
    )
    return Engines(reader, reader, connections, 1)


def single_engine(text: str) -> Engine:
    """
    Get an engine that keeps no connection, for what is done at the start.

    @raise DatabaseUnusable: the URL is wrong, or there is no driver for it.
    """
    engine = _engine(database_url(text), poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _be_patient)
    return engine


def _engine(url: URL, reads: bool = False, **pool: Any) -> Engine:
    kind = url.get_backend_name()
    options: dict[str, Any] = {"hide_parameters": True, **pool}
    if kind not in CONNECTING:
        raise DatabaseUnusable(
            f"There is no support for {kind} databases: "
            "use sqlite, postgresql or mysql in the database URL."
        )
    options["connect_args"] = CONNECTING[kind]
    if kind == "mysql":
        options["isolation_level"] = "READ COMMITTED"
    try:
        with taken_by_driver(), warnings.catch_warnings():
            warnings.simplefilter("error", SAWarning)
            engine = create_engine(url, **options)
    except (ImportError, NoSuchModuleError):
        extra = DRIVERS.get(kind, ("", kind))[1]
        raise DatabaseUnusable(
            f"The driver of {url.drivername} databases is missing: "
            f"install txglance[{extra}]."
        ) from None
    except ArgumentError:
        raise DatabaseUnusable(SENSELESS) from None
    if kind == "sqlite":
        event.listen(engine, "connect", _settle_sqlite)
        event.listen(engine, "begin", _begin_read if reads else _begin_write)
        if reads:
            event.listen(engine, "connect", _never_write)
    return engine


@contextmanager
def taken_by_driver() -> Iterator[None]:
    """
    Have what a driver says against the end of a URL told in one line.

    @raise DatabaseUnusable: the driver cannot take it.
    """
    try:
        yield
    except (TypeError, ValueError, OSError, SAWarning) as error:
        said = getattr(error, "strerror", None) or str(error).partition(";")[0]
        raise DatabaseUnusable(
            f"The driver of the database cannot take its URL: {said}: "
            "see to what stands after the question mark."
        ) from None


def _limit_postgresql(connection: Any, _: object) -> None:
    # Not as an option of the connection, which poolers refuse.
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {SILENCE * 1000}")
    connection.commit()


def _settle_sqlite(connection: Any, _: object) -> None:
    # The driver would begin transactions only at their first change, when what
    # they have read may be out of date.
    connection.isolation_level = None
    for pragma in (
        "busy_timeout=5000",
        "journal_mode=WAL",
        # An upload that was answered outlives a crash of the machine.
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _be_patient(connection: Any, _: object) -> None:
    # Another process may be making tables.
    connection.execute("PRAGMA busy_timeout=60000")


def _never_write(connection: Any, _: object) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin_read(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_write(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def transact(engine: Engine, work: Callable[[Connection], R]) -> R:
    """
    Call C{work} in a transaction, again where that collided with others.

    @raise RegistryUnavailable: the database does not work at present.
    """
    for remaining in reversed(range(TRIES)):
        try:
            with engine.begin() as connection:
                return work(connection)
        except (DBAPIError, PoolTimeout) as error:
            if isinstance(error, BUGS):
                raise
            if not (remaining and _collided(error)):
                raise _unavailable(error) from error
        time.sleep(random() * 0.1 / (remaining + 1))
    raise AssertionError("the last try returns or raises")


def _collided(error: DBAPIError | PoolTimeout) -> bool:
    cause = getattr(error, "orig", None)
    code = getattr(cause, "sqlstate", None)
    return (code or next(iter(getattr(cause, "args", ())), None)) in COLLISIONS


def _unavailable(error: DBAPIError | PoolTimeout) -> RegistryUnavailable:
    _log.warn(
        "The database fails: {problem}", problem=getattr(error, "orig", None) or error
    )
    return RegistryUnavailable(
        "The registry's database cannot be used at present; try again later."
    )
