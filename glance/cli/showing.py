"""
Images as the commands show them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Columns = Sequence[tuple[str, str, int]]
"""The heading, the field and the width of each column of a list."""

COLUMNS: Columns = (
    ("ID", "id", 36),
    ("Name", "name", 30),
    ("Disk Format", "disk_format", 20),
    ("Container Format", "container_format", 20),
    ("Size", "size", 14),
)
"""The columns of an index."""

LINKS = ("self", "file", "schema")
"""What of an image of version 2 says only where it is."""

FIRST = (
    "id",
    "name",
    "status",
    "visibility",
    "owner",
    "disk_format",
    "container_format",
    "size",
    "virtual_size",
    "min_disk",
    "min_ram",
    "protected",
    "os_hidden",
    "tags",
    "checksum",
    "os_hash_algo",
    "os_hash_value",
    "created_at",
    "updated_at",
)
"""In which order people see what an image of version 2 has; the rest follows."""

BRIEF = ("id", "name", "disk_format", "container_format", "size", "checksum")
"""The fields of an image of version 1 in an index, in the order of their values."""

FULL = (
    *BRIEF,
    "status",
    "is_public",
    "created_at",
    "updated_at",
    "deleted_at",
    "deleted",
    "properties",
    "owner",
    "min_disk",
    "min_ram",
    "protected",
    "virtual_size",
)
"""All fields of such an image, in the order of their values."""


def plain(value: object) -> str:
    """
    Make text that does nothing to a terminal.
    """
    text = "" if value is None else str(value)
    return _CONTROLS.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def yes_no(value: object) -> str:
    """
    Show a truth value.
    """
    return "Yes" if value else "No"


def block(image: Mapping[str, Any], root: str) -> list[str]:
    """
    Show all of an image, in lines.

    @param root: the URL of the API.
    """
    rows = [
        ("URI", f"{root}/images/{image.get('id')}"),
        ("Id", image.get("id")),
        ("Public", yes_no(image.get("is_public"))),
        ("Protected", yes_no(image.get("protected"))),
        ("Name", image.get("name")),
        ("Status", image.get("status")),
        ("Size", image.get("size")),
        ("Disk format", image.get("disk_format")),
        ("Container format", image.get("container_format")),
        ("Minimum Ram Required (MB)", image.get("min_ram")),
        ("Minimum Disk Required (GB)", image.get("min_disk")),
        ("Owner", image.get("owner")),
    ]
    lines = [f"{name}: {plain(value)}" for name, value in rows]
    for name, value in sorted((image.get("properties") or {}).items()):
        lines.append(f"Property '{plain(name)}': {plain(value)}")
    return lines


def record(image: Mapping[str, Any]) -> list[str]:
    """
    Show all of an image of version 2, in lines.
    """
    rest = sorted(set(image) - set(FIRST) - set(LINKS))
    names = [name for name in FIRST if name in image] + rest
    width = max(map(len, names), default=0)
    return [f"{plain(name):<{width}}  {cell(image[name])}" for name in names]


def cell(value: object) -> str:
    """
    Show a value.
    """
    if isinstance(value, bool):
        return yes_no(value)
    if isinstance(value, list):
        return ", ".join(map(cell, value))
    if isinstance(value, dict):
        return plain(json.dumps(value, sort_keys=True))
    return plain(value)


def heading(columns: Columns = COLUMNS) -> list[str]:
    """
    Show what stands above a list.
    """
    names = " ".join(f"{name:<{width}}" for name, _, width in columns)
    return [names.rstrip(), " ".join("-" * width for _, _, width in columns)]


def row(image: Mapping[str, Any], columns: Columns = COLUMNS) -> str:
    """
    Show an image in one line.
    """
    cells = []
    for name, field, width in columns:
        text = cell(image.get(field))
        cells.append(f"{text:>{width}}" if name == "Size" else f"{text:<{width}}")
    return " ".join(cells).rstrip()


def metadata(meta: Mapping[str, Any]) -> list[str]:
    """
    Show metadata, a line each.
    """
    rows = {key: value for key, value in meta.items() if key != "properties"}
    rows.update(meta.get("properties") or {})
    return [f"{plain(key):>31} => {plain(rows[key])}" for key in sorted(rows)]


class Output:
    """
    What a command prints.
    """

    def __init__(self, stream: TextIO, form: str) -> None:
        """
        @param form: C{table} for people, C{json} or C{value} for programs.
        """
        self._stream = stream
        self.form = form

    def lines(self, lines: Iterable[str]) -> None:
        """
        Print lines.
        """
        for line in lines:
            self._stream.write(line + "\n")
        self._stream.flush()

    def say(self, line: str) -> None:
        """
        Print something for people only.
        """
        if self.form == "table":
            self.lines([line])

    def data(self, value: Any, fields: Sequence[str] = ()) -> None:
        """
        Print something for programs only: a mapping, or several.

        As values, each mapping is a line, with tabs between.

        @param fields: what each has, whether it is there or not.  In JSON it
            may have more.
        """
        single = isinstance(value, Mapping)
        several = [value] if single else value
        if self.form == "json":
            full = [{**dict.fromkeys(fields), **one} for one in several]
            shown = full[0] if single else full
            self.lines([json.dumps(shown, indent=2, sort_keys=True)])
        elif self.form == "value":
            self.lines("\t".join(_values(one, fields or [*one])) for one in several)


def _values(one: Mapping[str, Any], fields: Sequence[str]) -> Sequence[str]:
    values = [one.get(name) for name in fields]
    return [
        json.dumps(value, sort_keys=True)
        if isinstance(value, dict | list)
        else plain(value)
        for value in values
    ]
