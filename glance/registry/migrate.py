"""
Brings a database to the tables that this version of the program needs, and
tells whether it has them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from glance.registry.engine import (
    DatabaseUnusable,
    database_url,
    single_engine,
    taken_by_driver,
)
from glance.registry.schema import metadata, try_writing

VERSIONS = ("0001", "0002", "0003")
"""
The versions of the tables, oldest first.  They are named here, because to ask
Alembic takes longer than all else that a daemon does at its start.
"""

LOCK = 7_240_161_219_404_718_447
"""
What PostgreSQL's advisory lock is called that migrations run under.
"""

LOCK_PATIENCE = 60
"""
How many seconds to wait until another process has migrated the database.
"""


class State(Enum):
    """
    How the tables of a database compare with what the program needs.
    """

    EMPTY = "empty"
    """There are none."""
    BEHIND = "behind"
    """They are of an older version."""
    CURRENT = "current"
    """They are right."""
    NEWER = "newer"
    """They are of a version that this program does not know."""


def version(url: str) -> str | None:
    """
    Tell the version of a database's tables.

    @return: L{None} if it has none.

    @raise DatabaseUnusable: it cannot be asked.
    """
    with _connected(url) as connection:
        return _version(connection)


def check(url: str) -> State:
    """
    Tell whether a database has the tables that the program needs.

    @raise DatabaseUnusable: it cannot be asked, or its tables are not ours.
    """
    with _connected(url) as connection:
        return _state(connection)


def sync(url: str) -> str:
    """
    Bring a database's tables to the newest version.

    While one process does this, others wait.

    @return: that version.

    @raise DatabaseUnusable: it cannot be done.
    """
    _keep_private(url)
    with _connected(url) as connection:
        _lock(connection)
        if _state(connection) is State.NEWER:
            raise DatabaseUnusable(_too_new(connection))
        upgrade(connection)
    return VERSIONS[-1]


def prepare(url: str) -> None:
    """
    See to it that a daemon can use a database; an SQLite file that is empty
    gets its tables.

    @raise DatabaseUnusable: it cannot be used as it is.
    """
    _keep_private(url)
    with _connected(url) as connection:
        state = _state(connection)
        if state is State.NEWER:
            raise DatabaseUnusable(_too_new(connection))
        kind = connection.dialect.name
        if state is State.CURRENT:
            # That it was opened, and a transaction begun, doesn't tell.
            try_writing(connection)
    if state is State.CURRENT:
        return
    if state is State.EMPTY and kind == "sqlite":
        sync(url)
        return
    raise DatabaseUnusable(
        f"The database is {state.value}: "
        'run "glance-manage db sync" with the same configuration.'
    )


def _keep_private(text: str) -> None:
    """
    Make an SQLite file, where there is none, that is nobody's business but its
    owner's and group's.  SQLite itself would let all read it.
    """
    url = database_url(text)
    path = url.database
    if url.get_backend_name() == "sqlite" and path and not path.startswith(":"):
        # What is wrong with the path is said when it is opened.
        with suppress(OSError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640))


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """
    Have a transaction; what the database says against it is told in one line.
    """
    engine = single_engine(url)
    try:
        with taken_by_driver():
            opened = engine.connect()
        with opened as connection, connection.begin():
            yield connection
    except DBAPIError as error:
        args = getattr(error.orig, "args", None) or (error.orig,)
        said = str(args[-1]).strip().partition("\n")[0]
        raise DatabaseUnusable(
            f"The database cannot be used: {said}: see to the database URL, "
            "and that the database is there and may be written."
        ) from error
    finally:
        engine.dispose()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if found is None else str(found[0])


def _state(connection: Connection) -> State:
    found = _version(connection)
    if found is None:
        if _is_foreign(connection):
            raise DatabaseUnusable(
                "The database holds the tables of another program: "
                "give Glance a database of its own."
            )
        return State.EMPTY
    if found not in VERSIONS:
        return State.NEWER
    return State.CURRENT if found == VERSIONS[-1] else State.BEHIND


def _is_foreign(connection: Connection) -> bool:
    # Where the first migration was broken off, there may be our own.
    there = inspect(connection)
    # Servers have tables of their extensions beside ours, and are only ever
    # filled when an operator says so.
    others = set(there.get_table_names()) - {*metadata.tables, "alembic_version"}
    if others and connection.dialect.name == "sqlite":
        return True
    if not there.has_table("images"):
        return False
    return all(column["name"] != "details" for column in there.get_columns("images"))


def _too_new(connection: Connection) -> str:
    return (
        f"The database is at version {_version(connection)}, which this Glance "
        f"does not know (it knows up to {VERSIONS[-1]}): install the newer Glance "
        "that made it, or use another database."
    )


def _lock(connection: Connection) -> None:
    """
    Keep others from migrating until the connection is closed.  On SQLite the
    transaction does it.
    """
    kind = connection.dialect.name
    if kind == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    elif kind == "mysql":
        name = "CONCAT('glance.', LEFT(MD5(DATABASE()), 16))"
        got = connection.execute(text(f"SELECT GET_LOCK({name}, {LOCK_PATIENCE})"))
        if got.scalar() != 1:
            raise DatabaseUnusable(
                "Another process has been migrating the database for too long: "
                "see what it does, and try again."
            )


def upgrade(connection: Connection) -> None:
    """
    Bring the tables of a connection to the newest version, in its transaction.
    """
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "glance.registry:migrations")
    config.set_main_option("path_separator", "os")
    command.upgrade(config, VERSIONS[-1])
