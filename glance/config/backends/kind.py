"""
What a kind of store is to the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from attrs import evolve, frozen

from glance.config.option import TEXT, WEIGHT, Option, in_default, key_in
from glance.config.values import Values


@frozen(kw_only=True)
class Kind:
    """
    A kind of store.
    """

    name: str
    """What C{default_store} calls it, and C{enabled_backends} after the colon."""

    title: str
    """The heading of its options in the sample files."""

    options: tuple[Option, ...]

    decide: Callable[[Values], Any]
    """
    Makes the settings of such a store of its options.  May raise
    L{ConfigurationError <glance.config.settings.ConfigurationError>}.
    """

    meant: Callable[[Values], bool]
    """
    Tells whether an operator who names no stores means to have this one, going
    by its options.
    """

    place: Callable[[Any], Hashable] = lambda settings: None
    """
    Tells of the settings of such a store where it keeps its data, equal for any two
    in one place; L{None} where that cannot be told.
    """

    also: tuple[str, ...] = ()
    """Other names of it."""

    read_only: bool = False
    """Whether no data can be put there."""


def store_option(
    name: str, default: Any, text: str, kind: Any = TEXT, *, secret: bool = False
) -> Option:
    """
    Make an option of a store.
    """
    return Option(
        name=name,
        section="glance_store",
        also=in_default(name),
        type=kind,
        default=default,
        daemons=("api",),
        secret=secret,
        help=text,
    )


ABOUT = (
    store_option("store_description", None, "What users are told of the store."),
    store_option(
        "weight",
        0,
        """
Of several stores that have an image's data, the one with the highest weight is
read first.""",
        WEIGHT,
    ),
)
"""
The options that a store with a section of its own has, whatever its kind.
"""


def scoped(section: str, kind: Kind) -> dict[str, Option]:
    """
    Get the options of a store that has a section of its own, by their names.
    """
    return {
        key_in(section, option.name): evolve(
            option, section=section, also=(), confined=True
        )
        for option in (*kind.options, *ABOUT)
    }
