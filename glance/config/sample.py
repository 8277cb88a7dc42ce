"""
The sample files, made from the options.

C{python -m glance.config.sample etc} writes them to C{etc}.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from glance.config.option import Option
from glance.config.options import GROUPS
from glance.config.settings import Service

FILES: dict[str, tuple[Service, str]] = {
    "glance-api.conf": ("api", "the API daemon, glance-api"),
    "glance-registry.conf": ("registry", "the registry daemon, glance-registry"),
    "glance.conf": ("all", "both daemons in one process, twistd glance"),
}
"""
The name of each sample file, and whom it is for.
"""

HOW = """
Each is shown with its default: to change it, take away the # before its name.
An option without a value has its default, and none of them is needed to begin
with.  Write $$ for a dollar sign."""

SHARED = """
glance-api and glance-registry read this file as well.  What only one of them is
to have goes into a section [app:glance-api] or [app:glance-registry]."""

WIDTH = 79


def sample(service: Service, title: str) -> str:
    """
    Make a sample file for a daemon.

    @param title: what the daemon is called.
    """
    paragraphs = [_comment(f"The options of {title}.  {HOW}")]
    if service == "all":
        paragraphs.append(_comment(SHARED))
    for section in _sections(service):
        paragraphs.append(f"[{section}]")
        for heading, group in GROUPS.items():
            options = [o for o in _read_by(service, group) if o.section == section]
            if options:
                paragraphs.append(f"##\n## {heading}\n##")
            paragraphs.extend(_describe(service, option) for option in options)
    return "\n\n".join(paragraphs) + "\n"


def _read_by(service: Service, options: tuple[Option, ...]) -> Iterator[Option]:
    for option in options:
        if service == "all" or service in option.daemons:
            yield option


def _sections(service: Service) -> list[str]:
    options = [o for group in GROUPS.values() for o in _read_by(service, group)]
    return list(dict.fromkeys(["DEFAULT", *(option.section for option in options)]))


def _describe(service: Service, option: Option) -> str:
    names = [option.name]
    if service in option.daemons:
        names = [*option.alone, option.name]
    others = [f"{name} in [{option.section}]" for name in names[1:]]
    others += [f"{name} in [{section}]" for section, name in option.also]
    facts = [] if option.must == "text" else [f"It must be {option.must}."]
    if option.reloadable:
        facts.append("It can change while the daemon runs.")
    lines = [_comment(option.help)]
    if facts:
        lines.append(_comment("  ".join(facts)))
    if others:
        lines.append(_comment(f"Also taken: {', '.join(others)}."))
    value = _value(option)
    lines.append(f"#{names[0]} = {value}".rstrip())
    return "\n".join(lines)


def _value(option: Option) -> str:
    if option.default is None:
        return ""
    if isinstance(option.default, bool):
        return str(option.default).lower()
    return str(option.default)


def _comment(text: str) -> str:
    words = " ".join(text.split()).replace(". ", ".  ")
    return fill(
        words,
        WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def write(directory: Path) -> None:
    """
    Write all sample files into a directory.
    """
    for name, (service, title) in FILES.items():
        (directory / name).write_text(sample(service, title))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
