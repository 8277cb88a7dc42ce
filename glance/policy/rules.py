"""
L{Rules}: all rules of a policy, compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from glance.policy.defaults import ADMIN, DEFAULTS
from glance.policy.language import (
    BadRule,
    Bound,
    Check,
    Facts,
    Getter,
    Match,
    Named,
    Node,
    bound,
    compiled,
    parse,
    walk,
)

CALLER = frozenset(
    {
        "domain_id",
        "is_admin",
        "owner",
        "project_domain_id",
        "project_id",
        "role",
        "roles",
        "service_roles",
        "system_scope",
        "tenant",
        "user",
        "user_domain_id",
        "user_id",
    }
)
"""
What rules may ask of callers.  What isn't known of one matches nothing.
"""


class Rules:
    """
    What callers may do: those of the defaults that operators leave alone, and what
    they say in place of the others.

    These never change: what operators say anew makes new ones.
    """

    def __init__(self, said: Mapping[str, object] | None = None) -> None:
        """
        @param said: what operators say, by the names of rules.

        @raise BadRule: a rule makes no sense; the text says which.
        """
        self._said = said = said or {}
        self._nodes = {
            name: _parsed(name, rule) for name, rule in {**DEFAULTS, **said}.items()
        }
        self._checks: dict[str, Check] = {}
        for name in self._nodes:
            self._compile(name, ())
        self._decides_admin = self._checks[ADMIN]
        self._checks[ADMIN] = _is_admin
        self.changed = self._differing(said)
        """The names of the rules that aren't as they are by default."""

    def _compile(self, name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise BadRule(f"rule {name} refers to itself, by {', '.join(above)}")
        if name in self._checks:
            return
        node = self._nodes[name]
        for referred in _references(node):
            if referred not in self._nodes:
                raise BadRule(
                    f"rule {name} refers to rule {referred}, which isn't there"
                )
            self._compile(referred, (*above, name))
        self._checks[name] = compiled(node, {**self._checks, ADMIN: _is_admin})

    def _differing(self, said: Mapping[str, object]) -> frozenset[str]:
        differing = {
            name
            for name in said
            if name not in DEFAULTS or self._nodes[name] != _DEFAULT_NODES[name]
        }
        while True:
            more = {
                name
                for name, node in self._nodes.items()
                if name not in differing and not differing.isdisjoint(_differs_by(node))
            }
            if not more:
                return frozenset(differing)
            differing |= more

    def __reduce__(self) -> tuple[Any, ...]:
        # Functions are not sent to other processes; those compile their own.
        return Rules, (self._said,)

    def __contains__(self, name: str) -> bool:
        return name in self._checks

    def unused(self) -> list[str]:
        """
        Name the rules that nothing asks for, and no other refers to.
        """
        referred = set().union(*(_references(node) for node in self._nodes.values()))
        return sorted(self._nodes.keys() - DEFAULTS.keys() - referred)

    def allow(self, name: str, caller: Facts, target: Facts) -> bool:
        """
        Tell whether a rule holds.

        @param caller: what is known of the caller: some of L{CALLER}, and always
            C{roles}, in lower case, and C{is_admin}.
        @param target: what is known of what it wants to do something to.
        """
        return self._checks[name](caller, target)

    def bound(
        self, name: str, caller: Facts, attribute: Callable[[str], Getter]
    ) -> Bound:
        """
        Get whether a rule holds for a caller, as L{allow} tells; or, where that
        depends on the target, a function that does, and takes one.

        @param attribute: gets what finds an attribute in a target.
        """
        known: dict[str, Bound] = {ADMIN: caller["is_admin"]}

        def of(name: str) -> Bound:
            if name not in known:
                known[name] = bound(self._nodes[name], caller, of, attribute)
            return known[name]

        return of(name)

    def makes_admin(self, caller: Facts) -> bool:
        """
        Tell whether a caller is an administrator, where operators say who is.
        """
        return self._decides_admin(caller, {})


def _is_admin(caller: Facts, target: Facts) -> bool:
    # It was decided once, when the caller came.
    admin: bool = caller["is_admin"]
    return admin


def _references(node: Node) -> set[str]:
    return {inner.name for inner in walk(node) if isinstance(inner, Named)}


def _differs_by(node: Node) -> set[str]:
    """
    Name the rules that another is changed with.
    """
    return _references(node) - {ADMIN}


def _parsed(name: str, rule: object) -> Node:
    try:
        node = parse(rule)
        for inner in walk(node):
            if isinstance(inner, Match):
                _demand_known(inner)
    except BadRule as error:
        raise BadRule(f"rule {name} makes no sense: {error}") from None
    except RecursionError:
        raise BadRule(f"rule {name} has too many parentheses") from None
    return node


def _demand_known(match: Match) -> None:
    if match.literal() is None and match.kind not in CALLER:
        raise BadRule(
            f"{match.kind} is nothing that is known of callers; there is "
            f"{', '.join(sorted(CALLER))}"
        )


_DEFAULT_NODES = {name: parse(rule) for name, rule in DEFAULTS.items()}

DEFAULT_RULES = Rules()
"""
The rules where operators say nothing.
"""
