"""
The language of policies, which is that of C{oslo.policy}: a rule is text such as
C{role:admin or (role:member and project_id:%(owner)s)}.

Rules are parsed into trees, and these compiled into functions.  What cannot be
understood is refused: a rule is never taken for another than the one that was meant.
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from typing import Any

from attrs import frozen

Facts = Mapping[str, Any]
"""
What is known of a caller, or of what it wants to do something to.
"""

Check = Callable[[Facts, Facts], bool]
"""
Tells whether a rule holds, from what is known of the caller and of the target.
"""

Getter = Callable[[Any], Any]
"""
Finds an attribute in a target: L{ABSENT} where it has none.
"""

Asked = Callable[[Any], bool]
"""
Tells whether a rule holds for a target, where the caller is known.
"""

Bound = bool | Asked
"""
Whether a rule holds, where that is known of the caller alone.
"""

ABSENT = object()
"""
What isn't there, not even without a value.
"""

REMOTE = ("http", "https")
"""The checks that ask another server."""

_PLACEHOLDER = re.compile(r"%\(([^()]+)\)s|%%")


class BadRule(ValueError):
    """
    A rule makes no sense.
    """


@frozen
class Always:
    """
    Holds, or never does.
    """

    holds: bool


@frozen
class Negation:
    """
    Holds where another doesn't.
    """

    of: Node


@frozen
class All:
    """
    Holds where each does.
    """

    of: tuple[Node, ...]


@frozen
class Some:
    """
    Holds where one does.
    """

    of: tuple[Node, ...]


@frozen
class Named:
    """
    Holds where the rule of that name does.
    """

    name: str


@frozen
class Match:
    """
    Holds where something of the caller is the same as something of the target.
    """

    kind: str
    """C{role}, an attribute of the caller, or a literal of Python."""
    pattern: str
    """What it has to be: text, with placeholders for attributes of the target."""

    @property
    def names(self) -> Sequence[str]:
        """
        The attributes of the target that are filled in.
        """
        return [name for name in _PLACEHOLDER.findall(self.pattern) if name]

    def literal(self) -> str | None:
        """
        Get what the kind is, if it is a literal, as text; L{None} otherwise.
        """
        try:
            return str(literal_eval(self.kind))
        except ValueError:
            return None


Node = Always | Negation | All | Some | Named | Match
"""
A rule that is parsed.
"""


def parse(rule: object) -> Node:
    """
    Parse a rule.

    @param rule: text, or lists of text as OpenStack had them at first: one of the
        lists has to hold, with all that is in it.

    @raise BadRule: it makes no sense.
    """
    if isinstance(rule, str):
        # To say nothing is to allow all.
        return _Parser(rule).parse() if rule else Always(True)
    if isinstance(rule, list):
        return _of_lists(rule)
    raise BadRule("a rule must be text")


def _of_lists(rule: Sequence[object]) -> Node:
    if not rule:
        return Always(True)
    some: list[Node] = []
    for inner in rule:
        checks = [inner] if isinstance(inner, str) else inner
        if not isinstance(checks, list) or not all(isinstance(c, str) for c in checks):
            raise BadRule("a rule must be text, or lists of text")
        if checks:
            some.append(_joined(All, [_check(check) for check in checks]))
    return _joined(Some, some) if some else Always(False)


def _joined(how: type[All] | type[Some], nodes: Sequence[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else how(tuple(nodes))


def _tokens(rule: str) -> Iterator[str]:
    """
    Split a rule.  Within a check parentheses are a part of it.
    """
    for word in rule.split():
        inner = word.lstrip("(")
        yield from "(" * (len(word) - len(inner))
        clean = inner.rstrip(")")
        if clean:
            yield clean
        yield from ")" * (len(inner) - len(clean))


class _Parser:
    """
    Parses one rule.  C{not} binds more than C{and}, and that more than C{or}.
    """

    def __init__(self, rule: str) -> None:
        self._rest = list(_tokens(rule))[::-1]

    def parse(self) -> Node:
        node = self._some()
        if self._rest:
            raise BadRule(f"'{self._rest[-1]}' follows where the rule should end")
        return node

    def _next_is(self, word: str) -> bool:
        found = bool(self._rest) and self._rest[-1].lower() == word
        if found:
            self._rest.pop()
        return found

    def _some(self) -> Node:
        nodes = [self._all()]
        while self._next_is("or"):
            nodes.append(self._all())
        return _joined(Some, nodes)

    def _all(self) -> Node:
        nodes = [self._one()]
        while self._next_is("and"):
            nodes.append(self._one())
        return _joined(All, nodes)

    def _one(self) -> Node:
        if self._next_is("not"):
            return Negation(self._one())
        if self._next_is("("):
            node = self._some()
            if not self._next_is(")"):
                raise BadRule("a parenthesis is not closed")
            return node
        if not self._rest:
            raise BadRule("it ends too soon")
        return _check(self._rest.pop())


def _check(text: str) -> Node:
    if text in ("@", "!"):
        return Always(text == "@")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        raise BadRule(f"{text} is no check: only what is before a colon is quoted")
    kind, colon, pattern = text.partition(":")
    if not colon:
        raise BadRule(f"'{text}' is no check: a check has a colon, as role:admin has")
    if kind == "rule":
        return Named(pattern)
    if kind in REMOTE:
        raise BadRule(f"'{text}' would ask another server, which isn't done here")
    match = Match(kind, pattern)
    try:
        match.literal()
    except (SyntaxError, TypeError, MemoryError, RecursionError):
        raise BadRule(f"'{kind}' is no attribute of callers and no literal") from None
    if "%" in _PLACEHOLDER.sub("", pattern):
        raise BadRule(f"'{pattern}' has a % that begins no placeholder as %(owner)s")
    return match


def walk(node: Node) -> Iterator[Node]:
    """
    List a rule and all that it is made of.
    """
    yield node
    if isinstance(node, Negation):
        yield from walk(node.of)
    elif isinstance(node, All | Some):
        for inner in node.of:
            yield from walk(inner)


def compiled(node: Node, named: Mapping[str, Check]) -> Check:
    """
    Get a function that tells whether a rule holds.

    @param named: the rules that it may refer to.

    @raise KeyError: it refers to another.
    """
    match node:
        case Always(holds=holds):
            return lambda caller, target: holds
        case Negation(of=inner):
            negated = compiled(inner, named)
            return lambda caller, target: not negated(caller, target)
        case All(of=nodes):
            return reduce(_both, [compiled(inner, named) for inner in nodes])
        case Some(of=nodes):
            return reduce(_either, [compiled(inner, named) for inner in nodes])
        case Named(name=name):
            return named[name]
        case Match():
            return _matching(node)


def _both(one: Check, other: Check) -> Check:
    return lambda caller, target: one(caller, target) and other(caller, target)


def _either(one: Check, other: Check) -> Check:
    return lambda caller, target: one(caller, target) or other(caller, target)


def _matching(match: Match) -> Check:
    accepted, filled = _accepted(match), _filled(match, _fact)
    return lambda caller, target: filled(target) in accepted(caller)


def bound(
    node: Node,
    caller: Facts,
    named: Callable[[str], Bound],
    attribute: Callable[[str], Getter],
) -> Bound:
    """
    Get whether a rule holds for a caller; or, where that depends on the target, a
    function that tells it.

    It takes as long as a dozen targets to find that out, and is for many of them.

    @param named: gets the same of a rule that this one may refer to.
    @param attribute: gets what finds an attribute in a target.
    """
    match node:
        case Always(holds=holds):
            return holds
        case Negation(of=inner):
            negated = bound(inner, caller, named, attribute)
            if isinstance(negated, bool):
                return not negated
            return lambda target: not negated(target)
        case All(of=nodes) | Some(of=nodes):
            every = isinstance(node, All)
            of = (bound(inner, caller, named, attribute) for inner in nodes)
            return _folded(of, every)
        case Named(name=name):
            return named(name)
        case Match():
            return _bound_match(node, caller, attribute)


def _folded(of: Iterable[Bound], every: bool) -> Bound:
    """
    Join what has to hold, each or one of it, without what is decided.
    """
    open_: list[Asked] = []
    for one in of:
        if not isinstance(one, bool):
            open_.append(one)
        elif one is not every:
            return one
    if not open_:
        return every
    # From the last to the first, so that what is asked first is found first.
    joined: Asked = reduce(_and if every else _or, reversed(open_))
    return joined


def _and(rest: Asked, one: Asked) -> Asked:
    return lambda target: one(target) and rest(target)


def _or(rest: Asked, one: Asked) -> Asked:
    return lambda target: one(target) or rest(target)


def _bound_match(
    match: Match, caller: Facts, attribute: Callable[[str], Getter]
) -> Bound:
    accepted = _accepted(match)(caller)
    if not accepted:
        return False
    filled = _filled(match, attribute)
    if not match.names:
        return filled({}) in accepted
    return lambda target: filled(target) in accepted


@lru_cache(maxsize=1024)
def _accepted(match: Match) -> Callable[[Facts], Collection[str]]:
    """
    Get what finds out what the pattern may be once it is filled in, for a caller.
    """
    literal, kind = match.literal(), match.kind
    if literal is not None:
        alone = frozenset({literal})
        return lambda caller: alone

    def of(caller: Facts) -> Collection[str]:
        found = caller["roles"] if kind == "role" else caller.get(kind)
        # Who has no project doesn't own what has no owner.
        if found is None:
            return ()
        if isinstance(found, Collection) and not isinstance(found, str):
            return found
        return (str(found),)

    return of


def _fact(name: str) -> Getter:
    """
    Get what finds an attribute in what is known of a target.
    """

    def found(target: Facts) -> Any:
        try:
            return target[name]
        except KeyError:
            return ABSENT

    return found


def _filled(
    match: Match, attribute: Callable[[str], Getter]
) -> Callable[[Any], str | None]:
    """
    Get a function that fills in the placeholders of a pattern.

    It gets L{None} where the target doesn't have such an attribute, or one without a
    value: what is nothing is the same as no literal but C{None}.
    """
    pattern, names = match.pattern, match.names
    nothing = None if match.literal() is None else "None"
    role = match.kind == "role"
    if not names:
        constant = pattern.replace("%%", "%")
        constant = constant.lower() if role else constant
        return lambda target: constant
    getters = {name: attribute(name) for name in names}

    def text(found: Any) -> str | None:
        if found is ABSENT:
            return None
        return nothing if found is None else str(found)

    if pattern == f"%({names[0]})s" and not role:
        only = getters[names[0]]

        def plain(target: Any) -> str | None:
            found = only(target)
            return found if type(found) is str else text(found)

        return plain

    def filled(target: Any) -> str | None:
        values = {name: text(get(target)) for name, get in getters.items()}
        if None in values.values():
            return None
        full = pattern % values
        return full.lower() if role else full

    return filled
