"""
The options of the filesystem store.
"""

from __future__ import annotations

import os
from pathlib import Path

from attrs import frozen

from glance.config.backends.kind import Kind, store_option
from glance.config.option import FLAG
from glance.config.values import Values


@frozen(kw_only=True)
class FileBackend:
    """
    The settings of a filesystem store.
    """

    directory: str
    """The absolute path of its directory."""

    thin: bool
    """Whether its files have holes for zeros."""


def _decide(options: Values) -> FileBackend:
    return FileBackend(
        directory=str(Path(options["filesystem_store_datadir"]).absolute()),
        thin=options["filesystem_thin_provisioning"],
    )


FILE = Kind(
    name="file",
    also=("filesystem",),
    title="The filesystem store",
    options=(
        store_option(
            "filesystem_store_datadir",
            "/var/lib/glance/images/",
            "The directory of the filesystem store.  It is made if it isn't there.",
        ),
        store_option(
            "filesystem_thin_provisioning",
            False,
            """
Whether the filesystem store leaves holes in its files for zeros, which take no
room then.  No room is set aside for an upload beforehand either.""",
            FLAG,
        ),
    ),
    decide=_decide,
    place=lambda settings: os.path.realpath(settings.directory),
    meant=lambda options: options.is_written("filesystem_store_datadir"),
)
