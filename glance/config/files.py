"""
Where the files of a daemon are, and what is written in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import frozen
from oslo_config import cfg, iniparser

from glance.config.option import Place
from glance.config.settings import ConfigurationError, Service

STEMS: dict[Service, tuple[tuple[str, ...], ...]] = {
    "api": (("glance",), ("glance-api",)),
    "registry": (("glance",), ("glance-registry",)),
    "all": (("glance", "glance-api"),),
}
"""
The names of the files of each daemon, without C{.conf}.

Of each inner tuple the first name that is found is read; a later file has
precedence over an earlier one.
"""


def usual_directories() -> tuple[str, ...]:
    """
    Say which directories files are looked for in, the first first: the working
    directory, those of the user, and the system's.
    """
    mine: list[Path] = []
    with suppress(OSError):
        mine.append(Path.cwd())
    # An account of a daemon may have no home.
    with suppress(RuntimeError):
        mine += [Path.home() / ".glance", Path.home()]
    return tuple(map(str, [*mine, Path("/etc/glance"), Path("/etc")]))


def find(service: Service, directories: Iterable[str]) -> tuple[str, ...]:
    """
    Find the files of a daemon, and those in directories of the same name that
    ends in C{.conf.d}.
    """
    places = [Path(directory) for directory in directories]
    stems = STEMS[service]
    files = [_first(places, names, ".conf", Path.is_file) for names in stems]
    beside = [_first(places, names, ".conf.d", Path.is_dir) for names in stems]
    return (
        *(str(path) for path in files if path),
        *within(str(path) for path in beside if path),
    )


def _first(
    directories: Sequence[Path],
    names: Iterable[str],
    suffix: str,
    suits: Callable[[Path], bool],
) -> Path | None:
    return first_of(
        (directory / f"{name}{suffix}" for name in names for directory in directories),
        suits,
    )


def first_of(paths: Iterable[Path], suits: Callable[[Path], bool]) -> Path | None:
    """
    Find the first path that suits; L{None} if none does.
    """
    for path in paths:
        # What cannot be looked into is nothing to find anything in.
        with suppress(OSError):
            if suits(path):
                return path
    return None


def within(directories: Iterable[str]) -> tuple[str, ...]:
    """
    Name the files of directories, in the order in which they are read.

    @raise ConfigurationError: one of them isn't there.
    """
    files: list[str] = []
    for directory in directories:
        if not Path(directory).is_dir():
            raise ConfigurationError(
                f"--config-dir {directory}: there is no such directory; make it "
                "or leave the option out"
            )
        files.extend(str(path) for path in sorted(Path(directory).glob("*.conf")))
    return tuple(files)


@frozen
class Written:
    """
    That an option is written in a file.
    """

    file: str
    section: str
    name: str
    value: str
    """The value as it is written, the last if there are several."""

    def __str__(self) -> str:
        return f"{self.name} in [{self.section}] of {self.file}"


def parse(file: str) -> list[Written]:
    """
    Read all that is written in a file.

    @raise ConfigurationError: it cannot be read, or makes no sense.
    """
    sections: dict[str, dict[str, list[str]]] = {}
    try:
        cfg.ConfigParser(file, sections).parse()
    except OSError as error:
        raise ConfigurationError(
            f"--config-file {file} cannot be read ({error.strerror}): mend its "
            "name or its permissions"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file} is not UTF-8: save it as that") from None
    except iniparser.ParseError as error:
        raise ConfigurationError(
            f"{file}, line {error.lineno}, makes no sense: write each option as "
            "name = value, below the [section] it belongs to"
        ) from None
    return [
        Written(file, section, name, values[-1])
        for section, options in sections.items()
        for name, values in options.items()
    ]


def last_written(written: Sequence[Written], places: Sequence[Place]) -> Written | None:
    """
    Find what has the last word on an option.

    @param written: what is written in all files, the last file last.
    @param places: where the option may be written, by precedence.
    """
    files = dict.fromkeys(entry.file for entry in reversed(written))
    there = {(e.file, place_of(e)): e for e in written}
    for file in files:
        for section, name in places:
            found = there.get((file, (normal(section), name)))
            if found is not None:
                return found
    return None


def place_of(entry: Written) -> Place:
    """
    Say where an option is written, whatever the case of the section's name.
    """
    return (normal(entry.section), entry.name)


def normal(section: str) -> str:
    """
    Spell the name of a section as options have it.
    """
    return section if section == "DEFAULT" else section.lower()
