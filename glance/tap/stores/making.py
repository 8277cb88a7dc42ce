"""
The stores of a daemon.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from twisted.logger import Logger
from twisted.python.failure import Failure

from glance.config.backends.kinds import KINDS
from glance.config.settings import Backend, Settings
from glance.errors import GlanceError
from glance.storage import Storage, StoreInfo
from glance.stores.watched import StoreFailed, WatchedStore
from glance.tap.stores.made import Made, Maker, Tools


def maker(kind: str) -> Maker:
    """
    Get what makes stores of a kind: the module of that name beside this one.

    Only what is used is imported.
    """
    return cast(Maker, import_module(f"glance.tap.stores.{kind}"))


def check_stores(settings: Settings) -> None:
    """
    See whether the stores can be used, as far as that is known now.

    @raise ConfigurationError: one of them cannot.
    """
    assert settings.stores is not None
    for backend in settings.stores.backends:
        maker(backend.kind).check(backend)


def _info(backend: Backend, made: Made) -> StoreInfo:
    return StoreInfo(
        description=backend.description or "",
        weight=backend.weight,
        read_only=KINDS[backend.kind].read_only,
        properties=made.properties,
    )


class Stores:
    """
    The stores of a daemon, and how they are let go of.
    """

    _log = Logger()

    def __init__(
        self,
        settings: Settings,
        tools: Callable[[Backend], Tools],
        failed: StoreFailed,
    ) -> None:
        """
        @param tools: gets what a store is made with.
        @param failed: is told what goes wrong in them.

        @raise ConfigurationError: one of them cannot be made.
        """
        assert settings.stores is not None
        self._made: dict[str, Made] = {
            backend.name: maker(backend.kind).make(backend, tools(backend))
            for backend in settings.stores.backends
        }
        self.storage = Storage(
            {
                name: WatchedStore(made.store, name, failed)
                for name, made in self._made.items()
            },
            settings.stores.default,
            {
                backend.name: _info(backend, self._made[backend.name])
                for backend in settings.stores.backends
            },
            several=settings.stores.several,
            former=settings.stores.former,
        )

    def begin(self) -> None:
        """
        Look whether the stores work, and say in the log which doesn't.  That may
        pass, so the daemon goes on.
        """
        for name, store in self.storage.stores.items():
            store.check().addErrback(self._ailing, name)

    def _ailing(self, failure: Failure, name: str) -> None:
        if failure.check(GlanceError):
            self._log.warn(
                "Store {store} does not work at present: {error}",
                store=name,
                error=failure.value,
            )
        else:
            self._log.failure("Store {store} cannot be checked", failure, store=name)

    async def close(self) -> None:
        """
        Let go of all.
        """
        for made in self._made.values():
            await made.close()
