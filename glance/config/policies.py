"""
What an operator says of who may do what: a policy file as that of Glance, and one of
protected properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from glance.config.files import first_of
from glance.config.settings import ConfigurationError, Policy
from glance.config.values import Values
from glance.policy.defaults import OWNERS, is_idle
from glance.policy.language import BadRule
from glance.policy.protections import Protections
from glance.policy.rules import DEFAULT_RULES, Rules

NAMES = ("policy.yaml", "policy.json")
"""What the file of rules is called where operators don't say."""

DIRECTORY = "policy.d"
"""What a directory of more such files is called then."""


def policy(options: Values, directories: Iterable[str]) -> Policy:
    """
    Read what operators say of who may do what.

    @param directories: where to look for files, the first first.

    @raise ConfigurationError: a file cannot be read, or makes no sense.
    """
    places = tuple(directories)
    path = _found(options, "policy_file", NAMES, places)
    files = [*([path] if path else ()), *_more(options, places)]
    rules = _rules(files) if files else DEFAULT_RULES
    protections = _protections(options, rules, places)
    idle = set(rules.unused()) - (protections.named if protections else set())
    return Policy(
        rules=rules,
        protections=protections,
        warnings=tuple(_idle(name, files) for name in sorted(idle)),
    )


def _rules(files: Sequence[Path]) -> Rules:
    """
    Read rules; of each name the last counts.
    """
    said: dict[str, Any] = {}
    for path in files:
        said |= _said(path)
    try:
        return Rules(said)
    except BadRule as error:
        where = ", ".join(map(str, files))
        raise ConfigurationError(f"{where}: {error}") from None


def _more(options: Values, places: tuple[str, ...]) -> Iterator[Path]:
    """
    List the files of rules that are in directories, in the order in which they count.
    """
    said = options["policy_dirs"]
    for name in said or (DIRECTORY,):
        found = _find(name, places, Path.is_dir)
        if found is not None:
            yield from _within(found)
        elif said:
            raise options.wrong(
                "policy_dirs",
                f"there is no directory {name}: make one, or leave that out",
            )


def _within(directory: Path) -> Sequence[Path]:
    try:
        files = [path for path in directory.iterdir() if path.is_file()]
    except OSError as error:
        raise ConfigurationError(
            f"{directory} cannot be read ({error.strerror}): mend its permissions"
        ) from None
    return sorted(path for path in files if not path.name.startswith("."))


def _said(path: Path) -> Mapping[str, Any]:
    try:
        said = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        at = getattr(error, "problem_mark", None)
        where = f" at line {at.line + 1}" if at is not None else ""
        raise ConfigurationError(f"{path} is not YAML{where}: mend it") from None
    if said is None:
        return {}
    if not isinstance(said, dict) or not all(isinstance(name, str) for name in said):
        raise ConfigurationError(
            f"{path} makes no sense: write the name of each rule, a colon, and the "
            'rule in quotes, as in delete_image: "role:admin"'
        )
    for name in sorted(OWNERS & said.keys()):
        if said[name] in ("", []):
            raise ConfigurationError(
                f"{path}: rule {name} is empty, by which older Glances meant whoever "
                'owns the image: leave it out for that, or write "@" for everybody'
            )
    return said


def _idle(name: str, files: Sequence[Path]) -> str:
    why = (
        "there is no such thing here"
        if is_idle(name)
        else "nothing is called so, and no rule refers to it"
    )
    where = ", ".join(map(str, files))
    return f"Rule {name} in {where} has no effect: {why}"


def _protections(
    options: Values, rules: Rules, places: tuple[str, ...]
) -> Protections | None:
    path = _found(options, "property_protection_file", (), places)
    if path is None:
        return None
    form = options["property_protection_rule_format"]
    try:
        return Protections(_text(path), form, rules)
    except BadRule as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}): mend its permissions"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not in UTF-8: write it so") from None


def _found(
    options: Values, option: str, usual: Sequence[str], places: tuple[str, ...]
) -> Path | None:
    """
    Find a file.

    @param usual: what it may be called where operators don't say; it may be missing
        then.

    @raise ConfigurationError: it isn't where they say.
    """
    said = options[option]
    for name in (said,) if said else usual:
        path = _find(name, places, Path.is_file)
        if path is not None:
            return path
    if said is None:
        return None
    raise options.wrong(
        option, f"there is no file {said}: write one, or leave that out"
    )


def _find(
    name: str, places: tuple[str, ...], is_it: Callable[[Path], bool]
) -> Path | None:
    directories = ("",) if Path(name).is_absolute() else places
    return first_of((Path(directory, name) for directory in directories), is_it)
