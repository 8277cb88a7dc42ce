"""
The filesystem store.
"""

from __future__ import annotations

from pathlib import Path

from glance.config.settings import Backend, ConfigurationError
from glance.stores.directory import prepare
from glance.stores.filesystem import FilesystemStore
from glance.tap.stores.made import Made, Tools


def check(backend: Backend) -> None:
    """
    See whether the directory can be used; make it if it isn't there.
    """
    try:
        prepare(Path(backend.of.directory))
    except OSError as error:
        raise ConfigurationError(
            f"{backend.option('filesystem_store_datadir')}: {backend.of.directory}: "
            f"{error.strerror}: make the directory and let the daemon's user write in "
            "it, or choose another one."
        ) from None


def make(backend: Backend, tools: Tools) -> Made:
    """
    Make the store.
    """
    store = FilesystemStore(
        Path(backend.of.directory), tools.in_thread, tools.window, thin=backend.of.thin
    )
    return Made(
        store=store,
        properties={
            "data_dir": backend.of.directory,
            "thin_provisioning": backend.of.thin,
        },
    )
