"""
The options of the scratch store.
"""

from __future__ import annotations

from attrs import frozen

from glance.config.backends.kind import Kind, store_option
from glance.config.values import Values


@frozen(kw_only=True)
class ScratchBackend:
    """
    The settings of a scratch store.
    """

    directory: str
    """The absolute path of its directory."""


def _decide(options: Values) -> ScratchBackend:
    directory = options["scratch_store_dir"]
    if not directory.startswith("/"):
        raise options.wrong("scratch_store_dir", "write the whole path, from / on")
    return ScratchBackend(directory=directory)


SCRATCH = Kind(
    name="scratch",
    title="The scratch store",
    options=(
        store_option(
            "scratch_store_dir",
            "/dev/shm/glance",
            "The directory of the scratch store, which is made if it isn't there.",
        ),
    ),
    decide=_decide,
    meant=lambda options: options.is_written("scratch_store_dir"),
)
