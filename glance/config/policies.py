"""
What an operator says of who may do what: a policy file as that of Glance, and one of
protected properties.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from glance.config.settings import ConfigurationError, Policy
from glance.config.values import Values
from glance.policy.defaults import OWNERS, is_idle
from glance.policy.language import BadRule
from glance.policy.protections import Protections
from glance.policy.rules import DEFAULT_RULES, Rules

NAME = "policy.yaml"


def policy(options: Values, directories: Iterable[str]) -> Policy:
    """
    Read what operators say of who may do what.

    @param directories: where to look for files, the first first.

    @raise ConfigurationError: a file cannot be read, or makes no sense.
    """
    places = tuple(directories)
    path = _found(options, "policy_file", NAME, places)
    rules = DEFAULT_RULES if path is None else _rules(path)
    protections = _protections(options, rules, places)
    idle = set(rules.unused()) - (protections.named if protections else set())
    return Policy(
        rules=rules,
        protections=protections,
        warnings=tuple(_idle(name, path) for name in sorted(idle)),
    )


def _rules(path: Path) -> Rules:
    try:
        return Rules(_said(path))
    except BadRule as error:
        raise ConfigurationError(f"{path}: {error}") from None


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


def _idle(name: str, path: Path | None) -> str:
    why = (
        "there is no such thing here"
        if is_idle(name)
        else "nothing is called so, and no rule refers to it"
    )
    return f"Rule {name} in {path} has no effect: {why}"


def _protections(
    options: Values, rules: Rules, places: tuple[str, ...]
) -> Protections | None:
    path = _found(options, "property_protection_file", None, places)
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
    options: Values, option: str, usual: str | None, places: tuple[str, ...]
) -> Path | None:
    """
    Find a file.

    @param usual: what it is called where operators don't say; it may be missing then.

    @raise ConfigurationError: it isn't where they say.
    """
    said = options[option]
    name = said or usual
    if name is None:
        return None
    for directory in ("",) if Path(name).is_absolute() else places:
        path = Path(directory, name)
        try:
            if path.is_file():
                return path
        except OSError:
            # What cannot be looked into is nothing to find anything in.
            continue
    if said is None:
        return None
    raise options.wrong(
        option, f"there is no file {name}: write one, or leave that out"
    )
