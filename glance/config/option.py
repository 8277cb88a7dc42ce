"""
What an option is.

An option has one name of its own and others it was known by, from the first
release to the last.  All are as good, and none is warned of.
"""

from __future__ import annotations

import math
import os
import re
from typing import Any, Literal

from attrs import frozen
from oslo_config import types

from glance.config.settings import Service

Daemon = Literal["api", "registry"]

Place = tuple[str, str]
"""
The name of a section, and that of an option in it.
"""

SECTIONS: dict[Daemon, str] = {
    "api": "app:glance-api",
    "registry": "app:glance-registry",
}
"""
The section for each daemon of a file that is shared by both.
"""

LONGEST = 315_360_000
"""
The most seconds that something can be told to take: ten years.
"""

MOST = 2**31 - 1
"""
The most of anything that is counted.
"""


class Seconds(types.Float):
    """
    The type of a time.
    """

    def __init__(self, at_least: float) -> None:
        super().__init__(min=at_least, max=LONGEST)

    def __call__(self, value: Any) -> float:
        """
        Read it.

        @raise ValueError: it is no such number, or NaN, which is between any two.
        """
        seconds = super().__call__(value)
        if seconds is None or math.isnan(seconds):
            raise ValueError("it is no number")
        return seconds


class Workers(types.Integer):
    """
    The type of a number of processes: C{auto} for one for each processor.
    """

    def __init__(self) -> None:
        super().__init__(min=1, max=1024)

    def __call__(self, value: Any) -> int:
        """
        Read it.

        @raise ValueError: it is neither.
        """
        if str(value).strip().lower() == "auto":
            return len(os.sched_getaffinity(0))
        return int(super().__call__(value) or 1)


class Bytes(types.ConfigType):
    """
    The type of an amount of data, such as C{10GB}.
    """

    UNITS = ("B", "KB", "MB", "GB", "TB")

    def __init__(self) -> None:
        super().__init__(type_name="amount of data")

    def __call__(self, value: Any) -> int:
        """
        Read it.

        @raise ValueError: it is none.
        """
        found = _BYTES.fullmatch(str(value).strip())
        size = 0 if found is None else int(found[1]) << self._shift(found[2])
        if found is None or size >> 63:
            raise ValueError(f"it must be {describe(self)}")
        return size

    def _shift(self, unit: str) -> int:
        return 10 * self.UNITS.index(unit or "B")

    def __repr__(self) -> str:
        return "Bytes"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bytes)

    def _formatter(self, value: Any) -> str:
        return str(value)


_BYTES = re.compile(r"([0-9]{1,19})([KMGT]?B)?")

SECONDS = Seconds(0)
SOME_SECONDS = Seconds(0.01)
COUNT = types.Integer(min=1, max=MOST)
AMOUNT = Bytes()
QUOTA = types.Integer(min=-1, max=MOST)
RATE = types.Integer(min=0, max=MOST)
WEIGHT = types.Integer(min=-MOST, max=MOST)
PORT = types.Integer(min=0, max=65535)
TEXT = types.String()
FLAG = types.Boolean()
LIST = types.List()


@frozen(kw_only=True)
class Option:
    """
    Something that an operator can decide.
    """

    name: str
    type: Any
    """The type of the value, one of L{oslo_config.types}."""

    default: Any
    """What it is unless said; L{None} for nothing."""

    help: str
    daemons: tuple[Daemon, ...]
    """The daemons that read it."""

    section: str = "DEFAULT"
    also: tuple[Place, ...] = ()
    """The other places it may be written at."""

    alone: tuple[str, ...] = ()
    """
    Its names in a daemon's own section, and in C{[DEFAULT]} of a file that is
    read by no other daemon.
    """

    repeated: bool = False
    """Whether each line that is written counts, and not the last alone: of a list."""

    confined: bool = False
    """Whether it is looked for in its own section only, not in a daemon's."""

    secret: bool = False
    """Whether its value must not be shown."""

    reloadable: bool = False
    """Whether it can change while the daemon runs."""

    def places(self, service: Service) -> tuple[Place, ...]:
        """
        Say where a daemon looks for it.

        @return: at least one place; an earlier one has precedence in a file.
        """
        if self.confined:
            return ((self.section, self.name), *self.also)
        usual = ((self.section, self.name), *self.also)
        names = dict.fromkeys((*self.alone, *(name for _, name in usual)))
        sections = [SECTIONS[d] for d in self.daemons if service in (d, "all")]
        places = [(section, name) for section in sections for name in names]
        places.extend(usual)
        if service in self.daemons:
            places.extend(("DEFAULT", name) for name in self.alone)
        return tuple(dict.fromkeys(places))

    @property
    def key(self) -> str:
        """
        What it is known by among all options.
        """
        return key_in(self.section, self.name) if self.confined else self.name

    @property
    def must(self) -> str:
        """
        What its value must be, to go on after "must be".
        """
        each = describe(self.type)
        return f"{each}, or in lines of their own" if self.repeated else each


def key_in(section: str, name: str) -> str:
    """
    Get what an option is called that is in its own section only, where others may
    have such a name.
    """
    return f"{name} in [{section}]"


def describe(kind: Any) -> str:
    """
    Say what values a type has, to go on after "must be".
    """
    match kind:
        case types.Boolean():
            return "true or false"
        case types.Float():
            return f"a number of seconds from {kind.min:g} to {kind.max}"
        case Workers():
            return f"a whole number from {kind.min} to {kind.max}, or auto"
        case types.Integer():
            return f"a whole number from {kind.min} to {kind.max}"
        case Bytes():
            return "an amount of data such as 500MB, with B, KB, MB, GB or TB"
        case types.List():
            return "a list, with commas between"
        case types.String(choices=None):
            return "text"
        case _:
            return f"one of {', '.join(kind.choices)}"


def in_default(*names: str) -> tuple[Place, ...]:
    """
    Name options of the first section.
    """
    return tuple(("DEFAULT", name) for name in names)
