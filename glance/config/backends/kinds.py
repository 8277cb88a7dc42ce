"""
All kinds of stores.
"""

from __future__ import annotations

from glance.config.backends.file import FILE
from glance.config.backends.http import HTTP
from glance.config.backends.kind import Kind
from glance.config.backends.s3 import S3
from glance.config.backends.swift import SWIFT

KINDS: dict[str, Kind] = {kind.name: kind for kind in (FILE, HTTP, S3, SWIFT)}
"""
By name.
"""

_NAMES = {name: kind for kind in KINDS.values() for name in (kind.name, *kind.also)}

LATER = ("cinder", "gridfs", "rbd", "sheepdog", "vmware", "vsphere")
"""Those that Glance had, and this one has not."""


def kind_called(name: str) -> Kind | None:
    """
    Find the kind of that name; L{None} if there is none.

    @param name: also a class, as the first files with a list of stores had it,
        such as C{glance.store.filesystem.Store}.
    """
    pieces = name.split(".")
    if name.startswith("glance.store.") and len(pieces) > 2:
        name = pieces[2]
    return _NAMES.get(name)


def refusal(name: str) -> str:
    """
    Say that there is no kind of that name, to go on after an option.
    """
    problem = "is not there yet" if name in LATER else "is unknown"
    return f"the store {name} {problem}; use {', '.join(KINDS)}"
