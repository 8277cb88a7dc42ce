"""
L{Protections}: who may do what with some of the properties of images.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from configparser import Error, RawConfigParser
from functools import lru_cache
from typing import Any, Literal

from glance.policy.language import BadRule, Check, Facts
from glance.policy.rules import Rules

Operation = Literal["create", "read", "update", "delete"]

OPERATIONS: tuple[Operation, ...] = ("create", "read", "update", "delete")
"""
What can be done with a property.
"""

Format = Literal["roles", "policies"]

FORMATS: tuple[Format, ...] = ("roles", "policies")
"""
What the values in a file of protections are: roles, of which a caller has to have one,
or the name of a rule.
"""

Protection = Mapping[Operation, Check]


class Protections:
    """
    What a file says as Glance has them: a section for each pattern of names, the first
    of which that is found in a name counts.

    Nobody may do anything with a property that no section is for.
    """

    def __init__(self, text: str, form: Format, rules: Rules) -> None:
        """
        @param text: what is in the file.
        @param rules: those that it may name.

        @raise BadRule: it makes no sense; the text says what.
        """
        self._made_of = (text, form, rules)
        parser = RawConfigParser(default_section="")
        try:
            parser.read_string(text)
        except Error as error:
            said = str(error).splitlines()[0]
            raise BadRule(f"it cannot be read: {said}") from None

        self.named: set[str] = set()
        """The rules that are asked for."""

        def rule(where: str, said: str) -> Check:
            return _rule(where, said, rules, self.named)

        read = rule if form == "policies" else _role
        self._sections = [
            (_pattern(name), _protection(name, parser[name], read))
            for name in parser.sections()
        ]
        self._of = lru_cache(maxsize=1024)(self._find)

    def __reduce__(self) -> tuple[Any, ...]:
        return Protections, self._made_of

    def _find(self, name: str) -> Protection | None:
        # Version 1 shows names in lower case: none may pass for a protected one.
        spellings = (name, name.lower())
        found = (
            of for pattern, of in self._sections if any(map(pattern.search, spellings))
        )
        return next(found, None)

    def permit(self, operation: Operation, name: str, caller: Facts) -> bool:
        """
        Tell whether a caller may do that with a property.

        @param caller: what is known of it, as rules have it.
        """
        protection = self._of(name)
        return protection is not None and protection[operation](caller, {})


def _pattern(name: str) -> re.Pattern[str]:
    try:
        return re.compile(name)
    except re.error as error:
        raise BadRule(f"[{name}] is no regular expression: {error}") from None


def _protection(
    name: str, section: Mapping[str, str], read: Callable[[str, str], Check]
) -> Protection:
    unknown = sorted(section.keys() - set(OPERATIONS))
    missing = [operation for operation in OPERATIONS if operation not in section]
    if unknown or missing:
        raise BadRule(
            f"[{name}] must say create, read, update and delete, and nothing else: "
            + ", ".join([f"{one} is unknown" for one in unknown])
            + ", ".join([f"{one} is missing" for one in missing])
        )
    return {
        operation: read(f"{operation} of [{name}]", section[operation])
        for operation in OPERATIONS
    }


def _items(where: str, said: str) -> Sequence[str]:
    items = [item.strip() for item in said.split(",") if item.strip()]
    if len(items) > 1 and {"@", "!"} & set(items):
        raise BadRule(f"{where} must be @ for everybody or ! for nobody, or neither")
    return items


def _everybody(caller: Facts, target: Facts) -> bool:
    return True


def _nobody(caller: Facts, target: Facts) -> bool:
    return False


def _constant(items: Sequence[str]) -> Check | None:
    if list(items) == ["@"]:
        return _everybody
    return _nobody if list(items) in ([], ["!"]) else None


def _role(where: str, said: str) -> Check:
    items = _items(where, said)
    roles = frozenset(item.lower() for item in items)

    def has_one(caller: Facts, target: Facts) -> bool:
        return not roles.isdisjoint(caller["roles"])

    return _constant(items) or has_one


def _rule(where: str, said: str, rules: Rules, named: set[str]) -> Check:
    items = _items(where, said)
    constant = _constant(items)
    if constant is not None:
        return constant
    if len(items) > 1:
        raise BadRule(f"{where} must be the name of one rule, not of several")
    [name] = items
    if name not in rules:
        raise BadRule(
            f"{where} names rule {name}, which isn't there: write it into the policy "
            "file"
        )
    named.add(name)
    return lambda caller, target: rules.allow(name, caller, target)
