"""
The scratch store.
"""

from __future__ import annotations

from pathlib import Path

from glance.config.settings import Backend, ConfigurationError
from glance.stores.scratch import ScratchStore
from glance.tap.stores.made import Made, Tools


def check(backend: Backend) -> None:
    """
    See whether the directory is there; make it if it isn't.
    """
    try:
        Path(backend.of.directory).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{backend.option('scratch_store_dir')}: {backend.of.directory}: "
            f"{error.strerror}: choose a directory that the daemon's user may make."
        ) from None


def make(backend: Backend, tools: Tools) -> Made:
    """
    Make the store.
    """
    directory = Path(backend.of.directory)
    return Made(
        store=ScratchStore(directory, tools.in_thread, tools.window),
        properties={"dir": backend.of.directory},
    )
