"""
Which of the options that are written in files do nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from glance.config.elsewhere import is_known
from glance.config.files import Written, place_of
from glance.config.option import SECTIONS, Place
from glance.config.options import OPTIONS
from glance.config.settings import Service

SHARED = "glance.conf"
"""
The name of the file that several daemons may read.
"""


def warnings(service: Service, written: Sequence[Written]) -> tuple[str, ...]:
    """
    Warn of each option that is written and does nothing, once.
    """
    mine = _places(service)
    anybodys = _places("api") | _places("registry") | _places("all")
    shared = any(place_of(entry)[0] in SECTIONS.values() for entry in written)
    found: dict[Place, str] = {}
    for entry in written:
        place = place_of(entry)
        if place in mine or place in found:
            continue
        if place not in anybodys:
            found[place] = _useless(entry, mine)
        elif not shared and Path(entry.file).name != SHARED:
            found[place] = f"{entry} has no effect: this daemon does not need it"
    return tuple(found.values())


def _places(service: Service) -> set[Place]:
    return {
        place
        for option in OPTIONS.values()
        if service == "all" or service in option.daemons
        for place in option.places(service)
    }


def _useless(entry: Written, mine: set[Place]) -> str:
    section, name = place_of(entry)
    if is_known(section, name):
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
