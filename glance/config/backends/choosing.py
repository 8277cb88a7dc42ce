"""
Which stores there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from glance.config.backends.kind import Kind
from glance.config.backends.kinds import KINDS, kind_called, refusal
from glance.config.option import SECTIONS
from glance.config.settings import Backend, ConfigurationError, Stores
from glance.config.values import Values

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

_TAKEN = {"default", "database", "glance_store", "image_format", *SECTIONS.values()}
"""The sections that are something else."""

_INTERNAL = "os_glance_"
"""How the names of stores begin that other Glances have for themselves."""


def enabled(options: Values) -> dict[str, Kind]:
    """
    Get the kinds of the stores that have sections of their own, by the names of
    the stores; none where C{enabled_backends} isn't written.

    @raise ConfigurationError: one of them cannot be.
    """
    found: dict[str, Kind] = {}
    for pair in options["enabled_backends"]:
        name, colon, kind_name = map(str.strip, pair.partition(":"))
        if name.startswith(_INTERNAL):
            continue
        if not colon or not _NAME.fullmatch(name):
            raise options.wrong(
                "enabled_backends",
                f"write NAME:KIND, with a kind of {', '.join(KINDS)}",
            )
        if name.lower() in _TAKEN:
            raise options.wrong(
                "enabled_backends", f"call the store {name} otherwise, that is taken"
            )
        if name.lower() in map(str.lower, found):
            raise options.wrong("enabled_backends", f"there are two stores {name}")
        kind = kind_called(kind_name)
        if kind is None:
            raise options.wrong("enabled_backends", refusal(kind_name))
        found[name] = kind
    return found


def decide_stores(options: Values) -> Stores:
    """
    Get the settings of the stores.

    @raise ConfigurationError: they cannot be so.
    """
    kinds = enabled(options)
    return _several(options, kinds) if kinds else _plain(options)


def _several(options: Values, kinds: Mapping[str, Kind]) -> Stores:
    default = options["default_backend"]
    writable = [name for name, kind in kinds.items() if not kind.read_only]
    if not writable:
        raise options.wrong("enabled_backends", "none of them takes data; add one")
    if default is None:
        if len(writable) != 1:
            raise options.wrong(
                "enabled_backends",
                "say with default_backend in [glance_store] where new data goes to",
            )
        (default,) = writable
    if default not in writable:
        raise options.wrong(
            "default_backend",
            f"that is none of enabled_backends that takes data; use one of "
            f"{', '.join(writable)}",
        )
    backends = tuple(
        _backend(options.of(name.lower()), name, kind) for name, kind in kinds.items()
    )
    _see_apart(options, backends)
    return Stores(
        default=default,
        several=True,
        former=_former(kinds, default),
        backends=backends,
    )


def _see_apart(options: Values, backends: Iterable[Backend]) -> None:
    """
    See that no two stores keep their data in one place: what is deleted from one
    would be gone from the other.
    """
    found: dict[object, str] = {}
    for backend in backends:
        place = KINDS[backend.kind].place(backend.of)
        if place is None:
            continue
        other = found.setdefault((backend.kind, place), backend.name)
        if other != backend.name:
            raise options.wrong(
                "enabled_backends",
                f"{other} and {backend.name} keep their data in one place, and what "
                "is deleted from one would be gone from the other; give each a place "
                "of its own",
            )


def _former(kinds: Mapping[str, Kind], default: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in (default, *kinds):
        if kinds[name].name not in kinds:
            found.setdefault(kinds[name].name, name)
    return found


def _backend(options: Values, name: str, kind: Kind) -> Backend:
    return Backend(
        name=name,
        kind=kind.name,
        section=options.section,
        description=options["store_description"],
        weight=options["weight"],
        of=kind.decide(options),
    )


def _plain(options: Values) -> Stores:
    default = _default(options)
    named = [_named(options, name) for name in options["stores"]]
    kinds = [
        kind
        for kind in KINDS.values()
        if kind in named or kind is default or (not named and kind.meant(options))
    ]
    return Stores(
        default=default.name,
        several=False,
        backends=tuple(
            Backend(name=kind.name, kind=kind.name, of=kind.decide(options))
            for kind in kinds
        ),
    )


def _default(options: Values) -> Kind:
    name = options["default_store"]
    kind = kind_called(name)
    if kind is None:
        raise options.wrong("default_store", refusal(name))
    if kind.read_only:
        raise options.wrong("default_store", "no data can be put there; use file")
    return kind


def _named(options: Values, name: str) -> Kind:
    kind = kind_called(name)
    if kind is None:
        raise options.wrong("stores", refusal(name))
    return kind


def sections(options: Values) -> dict[str, Kind]:
    """
    Get the kinds of stores that have sections of their own, by the names of the
    sections; none where what is written makes no sense.
    """
    try:
        return {name.lower(): kind for name, kind in enabled(options).items()}
    except ConfigurationError:
        return {}
