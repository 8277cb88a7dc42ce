"""
The registry in a database.

It is a module of its own because SQLAlchemy takes long to import, and a daemon
that asks another for its registry needs none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from glance.config.settings import ConfigurationError, Settings
from glance.interfaces import IRegistry
from glance.registry.bounded import Bounded
from glance.registry.database import DatabaseRegistry
from glance.registry.engine import (
    SILENCE,
    DatabaseUnusable,
    open_engines,
    open_for_reading,
)
from glance.registry.migrate import prepare as prepare_database
from glance.registry.split import SplitRegistry
from glance.tap.apart import apart
from glance.tap.pools import Pools

DATABASE_QUEUE = 1000
"""How many calls may wait for the database; more are told to come again."""


@frozen
class Database:
    """
    A registry in a database, and how to close it.
    """

    registry: IRegistry
    close: Callable[[], None]


def check_database(settings: Settings) -> None:
    """
    See whether the database can be used; an empty SQLite file is filled.

    @raise ConfigurationError: it cannot.
    """

    def prepare() -> None:
        try:
            prepare_database(settings.database.url)
        except DatabaseUnusable as error:
            raise ConfigurationError(f"sql_connection: {error}") from None

    # What makes tables is large.
    apart(prepare)


def database(reactor: Any, settings: Settings, pools: Pools) -> Database:
    """
    Get the registry in the database.
    """
    at = settings.database
    engines = open_engines(at.url, at.pool_size, at.idle_timeout)
    registry = DatabaseRegistry(
        engines,
        _bounded(reactor, pools, "database-read", engines.readers),
        _bounded(reactor, pools, "database-write", engines.writers),
        reactor,
    )
    return Database(registry, engines.dispose)


def database_beside(
    reactor: Any, settings: Settings, pools: Pools, changing: IRegistry
) -> Database:
    """
    Get the registry in a database of SQLite that another process changes.

    @param changing: asks that process.
    """
    at = settings.database
    engines = open_for_reading(at.url, at.pool_size)
    threads = _bounded(reactor, pools, "database-read", engines.readers)
    reading = DatabaseRegistry(engines, threads, threads, reactor)
    return Database(SplitRegistry(reading, changing), engines.dispose)


def _bounded(reactor: Any, pools: Pools, name: str, threads: int) -> Bounded:
    return Bounded(pools.add(name, threads), DATABASE_QUEUE, SILENCE, reactor)
