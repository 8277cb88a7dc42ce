"""
The table of options in the documentation, made from the options.

C{python -m glance.config.reference docs/options.md} writes it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from glance.config.option import Option
from glance.config.options import GROUPS

READERS = {
    ("api", "registry"): "both",
    ("api",): "API",
    ("registry",): "registry",
}
"""What the daemons that read an option are called."""


def reference() -> str:
    """
    Make the tables of all options, in Markdown.
    """
    parts = []
    for heading, group in GROUPS.items():
        parts.append(f"### {heading}\n")
        parts.extend(_entry(option) for option in group)
    return "\n".join(parts)


def _entry(option: Option) -> str:
    others = [f"`{name}`" for name in option.alone if name != option.name]
    others += [f"`{name}` in `[{section}]`" for section, name in option.also]
    facts = {
        "section": f"`[{option.section}]`",
        "read by": READERS[tuple(sorted(option.daemons))],  # type: ignore[index]
        "value": option.must,
        "default": f"`{_shown(option.default)}`" if _shown(option.default) else "none",
        "also called": ", ".join(others),
        "reload": "takes effect on SIGHUP" if option.reloadable else "",
    }
    listed = "; ".join(f"{name}: {value}" for name, value in facts.items() if value)
    words = " ".join(option.help.split()).replace(". ", ".  ")
    return f"`{option.name}`\n: {words}\n\n  {listed}.\n"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference())
