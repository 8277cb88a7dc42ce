"""
Tests of L{glance.policy.language}.
"""

import logging

from hypothesis import example, given, settings
from hypothesis import strategies as st
from oslo_config import cfg
from oslo_policy import policy
from twisted.trial.unittest import SynchronousTestCase

from glance.policy.language import ABSENT, BadRule, bound, compiled, parse

ROLES = ("admin", "Member", "reader")
VALUES = ("alpha", "beta", "public", "True", "5", "a-b")

CHECKS = (
    "@",
    "!",
    "role:admin",
    "role:MEMBER",
    "role:%(wanted)s",
    "rule:yes",
    "rule:no",
    "rule:mine",
    "project_id:%(owner)s",
    "project_id:alpha",
    "project_id:al%(rest)s",
    "user_id:%(absent)s",
    "absent:%(owner)s",
    "service_roles:%(wanted)s",
    "is_admin:True",
    "True:%(protected)s",
    "'public':%(visibility)s",
    '"public":%(visibility)s',
    "5:%(size)s",
    "project_id:%(target.owner)s",
    "RULE:yes",
    "project_id:%(owner)s:x",
    "project_id:100%%",
)

NAMED = {"yes": "@", "no": "!", "mine": "project_id:%(owner)s"}


def spaced(parts):
    """
    Join words by spaces, with those within parentheses often close to them.
    """
    return " ".join(parts).replace("( ", "(").replace(" )", ")")


def nested(inner):
    """
    Get strategies for what is made of rules.
    """
    words = st.sampled_from(["and", "or", "AND", "Or"])
    return st.one_of(
        st.tuples(inner, words, inner).map(spaced),
        st.tuples(inner, words, inner, words, inner).map(spaced),
        inner.map(lambda rule: f"({rule})"),
        # Of what follows, "not" takes the first.
        inner.map(lambda rule: f"not {rule}"),
    )


RULES = st.recursive(st.sampled_from(CHECKS), nested, max_leaves=12)

SOUP = st.lists(
    st.sampled_from(
        [
            *CHECKS,
            "and",
            "or",
            "not",
            "(",
            ")",
            "((",
            "'a'",
            "word",
            "'a':b'",
            ":",
            "x:",
        ]
    ),
    max_size=7,
)

CALLERS = st.fixed_dictionaries(
    {
        "roles": st.lists(st.sampled_from(ROLES), unique=True),
        "is_admin": st.booleans(),
    },
    optional={
        "project_id": st.sampled_from(VALUES),
        "user_id": st.sampled_from(VALUES),
        "service_roles": st.lists(st.sampled_from(ROLES)),
    },
)

TARGETS = st.fixed_dictionaries(
    {"visibility": st.sampled_from(["public", "private"])},
    optional={
        "owner": st.sampled_from(VALUES),
        "wanted": st.sampled_from(ROLES),
        "rest": st.sampled_from(["pha", "l"]),
        "protected": st.booleans(),
        "size": st.integers(4, 6),
        "target.owner": st.sampled_from(VALUES),
    },
)


def ours(rule, caller, target):
    """
    Tell what a rule says here; L{None} if it is refused.
    """
    lowered = {**caller, "roles": [role.lower() for role in caller["roles"]]}
    named = {name: compiled(parse(text), {}) for name, text in NAMED.items()}
    try:
        parsed = parse(rule)
    except BadRule:
        return None
    found = compiled(parsed, named)(lowered, target)
    # It has to be the same where it is found out ahead for many targets.
    assert found is ahead(parsed, lowered, target), rule
    return found


def ahead(parsed, caller, target):
    """
    Tell what a rule says, of whose caller all is known first.
    """

    def of(name):
        return bound(parse(NAMED[name]), caller, of, attribute)

    def attribute(name):
        return lambda target: target.get(name, ABSENT)

    found = bound(parsed, caller, of, attribute)
    return found if isinstance(found, bool) else found(target)


def theirs(rule, caller, target):
    """
    Tell what oslo.policy says; L{None} if it cannot understand the rule.
    """
    failures = []

    class Hearing(logging.Handler):
        def emit(self, record):
            failures.append(record)

    log = logging.getLogger("oslo_policy")
    hearing = Hearing()
    log.addHandler(hearing)
    propagate, log.propagate = log.propagate, False
    try:
        rules = policy.Rules.from_dict({**NAMED, "asked": rule})
    finally:
        log.removeHandler(hearing)
        log.propagate = propagate
    if failures:
        return None
    enforcer = policy.Enforcer(cfg.ConfigOpts(), rules=rules, use_conf=False)
    return bool(enforcer.enforce("asked", target, dict(caller)))


class OracleTests(SynchronousTestCase):
    """
    Rules mean what they mean to oslo.policy.
    """

    @settings(deadline=None, max_examples=300)
    @given(RULES, CALLERS, TARGETS)
    @example("role:admin or role:reader and not role:admin", {"roles": ["admin"]}, {})
    def test_same(self, rule, caller, target):
        """
        What makes sense says the same.
        """
        said = theirs(rule, caller, target)
        self.assertIsNotNone(said)
        self.assertEqual(ours(rule, caller, target), said, rule)

    @settings(deadline=None, max_examples=300)
    @given(SOUP, CALLERS, TARGETS)
    def test_refused(self, words, caller, target):
        """
        What makes none is refused here, and never holds there.
        """
        rule = " ".join(words)
        try:
            said = theirs(rule, caller, target)
        except (SyntaxError, ValueError):
            # It understands when it is asked.
            said = None
        found = ours(rule, caller, target)
        if found is None:
            self.assertFalse(said, rule)
        else:
            self.assertEqual(found, said, rule)

    @settings(deadline=None)
    @given(
        st.lists(
            st.one_of(
                st.sampled_from(CHECKS), st.lists(st.sampled_from(CHECKS), max_size=3)
            ),
            max_size=3,
        ),
        CALLERS,
        TARGETS,
    )
    def test_lists(self, rule, caller, target):
        """
        So do rules as lists.
        """
        self.assertEqual(ours(rule, caller, target), theirs(rule, caller, target))


class BoundTests(SynchronousTestCase):
    """
    What is known of the caller is found out once.
    """

    def test_decided(self):
        """
        A rule about the caller alone is decided; another is where that is enough.
        """
        caller = {"roles": ["member"], "is_admin": False, "project_id": "p"}
        asked = []

        def attribute(name):
            asked.append(name)
            return lambda target: target.get(name, ABSENT)

        for rule, decided in (
            ("role:Member", True),
            ("role:admin", False),
            ("@ and not !", True),
            ("role:admin and project_id:%(owner)s", False),
            ("role:member or project_id:%(owner)s", True),
            ("not role:admin or user_id:%(owner)s", True),
            # Nothing that it doesn't have is anybody's.
            ("user_id:%(owner)s", False),
            ("not user_id:%(owner)s", True),
        ):
            self.assertIs(bound(parse(rule), caller, None, attribute), decided, rule)
        left = "role:member and (project_id:%(owner)s or role:admin)"
        found = bound(parse(left), caller, None, attribute)
        self.assertTrue(found({"owner": "p"}))
        self.assertFalse(found({"owner": "q"}))
        self.assertFalse(found({}))


class LanguageTests(SynchronousTestCase):
    """
    What is particular here.
    """

    def test_refused(self):
        """
        What cannot be understood is refused, and said why.
        """
        for rule, why in (
            ("role:admin or", "ends too soon"),
            ("(role:admin", "not closed"),
            ("role:admin)", r"'\)' follows"),
            ("role:admin role:member", "'role:member' follows"),
            ("admin", "has a colon"),
            ("'a:b'", "before a colon"),
            ("http://policy.example/%(id)s", "ask another server"),
            ("project_id:%(owner)d", "begins no placeholder"),
            ("project_id:%s", "begins no placeholder"),
            ("1 2:x", "has a colon"),
            ("a b", "has a colon"),
            ("(:x", "no attribute"),
            (" ", "ends too soon"),
            (7, "must be text"),
            (None, "must be text"),
            ([["role:admin", 7]], "must be text"),
            ([{}], "must be text"),
        ):
            with self.subTest(rule):
                error = self.assertRaises(BadRule, parse, rule)
                self.assertRegex(str(error), why)

    def test_nothing(self):
        """
        What has no value is the same as nothing that a caller has; it can be asked
        for as a literal.
        """
        for rule, holds in (
            ("project_id:%(owner)s", False),
            ("project_id:x%(owner)s", False),
            ("role:%(owner)s", False),
            ("None:%(owner)s", True),
            ("'xNone':x%(owner)s", True),
        ):
            caller = {"roles": ["none"], "project_id": "None"}
            check = compiled(parse(rule), {})
            self.assertEqual(check(caller, {"owner": None}), holds, rule)
        self.assertFalse(
            compiled(parse("project_id:None"), {})({"project_id": None}, {})
        )
