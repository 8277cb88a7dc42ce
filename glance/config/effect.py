"""
Which of the options that are written in files do nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from glance.config.backends.kinds import KINDS
from glance.config.elsewhere import ALWAYS, is_known
from glance.config.files import Written, place_of
from glance.config.option import FLAG, SECTIONS, Option, Place
from glance.config.options import OPTIONS
from glance.config.settings import Service

SERVICES: tuple[Service, ...] = ("api", "registry", "all")

SHARED = "glance.conf"
"""
The name of the file that several daemons may read.
"""

PLAIN = frozenset(option.name for kind in KINDS.values() for option in kind.options)
"""
The options of stores that have no section of their own.
"""


def warnings(
    service: Service, written: Sequence[Written], options: Mapping[str, Option]
) -> tuple[str, ...]:
    """
    Warn of each option that is written and does nothing, once.

    @param options: all that there are, by their names, also those of stores that
        have sections of their own.
    """
    apart = {option.section for key, option in options.items() if key not in OPTIONS}
    read = [o for key, o in options.items() if not (apart and key in PLAIN)]
    mine = _places(service, read)
    anybodys = {place for each in SERVICES for place in _places(each, read)}
    shared = any(place_of(entry)[0] in SECTIONS.values() for entry in written)
    found: dict[Place, str] = {}
    for entry in written:
        place = place_of(entry)
        if place in mine or place in found:
            continue
        if place in ALWAYS and entry.value.strip().lower() in FLAG.TRUE_VALUES:
            continue
        if place not in anybodys:
            found[place] = _useless(entry, mine, apart)
        elif not shared and Path(entry.file).name != SHARED:
            found[place] = f"{entry} has no effect: this daemon does not need it"
    return tuple(found.values())


def _places(service: Service, options: Iterable[Option]) -> set[Place]:
    return {
        place
        for option in options
        if service == "all" or service in option.daemons
        for place in option.places(service)
    }


def _useless(entry: Written, mine: set[Place], apart: set[str]) -> str:
    section, name = place_of(entry)
    if apart and name in PLAIN and section not in apart:
        return (
            f"{entry} has no effect: with enabled_backends each store has a section "
            "of its own"
        )
    if (section, name) in ALWAYS:
        return f"{entry} has no effect here: that is always true"
    if is_known("glance_store" if section in apart else section, name):
        return (
            f"{entry} has no effect here: Glance had such an option, this one has not"
        )
    return f"{entry} is not an option of Glance: {_advice(name, mine)}"


def _advice(name: str, mine: set[Place]) -> str:
    """
    Say what was meant by an option that isn't in its section.
    """
    names = sorted({name for _, name in mine})
    if name in names:
        sections = sorted(f"[{section}]" for section, other in mine if other == name)
        return f"it belongs in {' or '.join(sections)}"
    like = get_close_matches(name, names, 1, 0.8)
    return f"did you mean {like[0]}?" if like else "check its name and section"
