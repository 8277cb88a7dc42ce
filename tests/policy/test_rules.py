"""
Tests of L{glance.policy.rules}.
"""

import logging
from timeit import repeat

from hypothesis import example, given, settings
from hypothesis import strategies as st
from oslo_config import cfg
from oslo_policy import policy
from twisted.trial.unittest import SynchronousTestCase

from glance.context import Context, Deed
from glance.policy.defaults import DEFAULTS, is_idle
from glance.policy.language import BadRule
from glance.policy.rules import CALLER, DEFAULT_RULES, Rules

NAMES = ("a", "b", "c", "d")

CHECKS = (*(f"rule:{name}" for name in (*NAMES, "e")), "@", "!", "role:Boss")

WORDS = st.tuples(
    st.sampled_from(("", "not ")),
    st.sampled_from(CHECKS),
    st.sampled_from(("", " and @", " or !", " and role:boss", " or project_id:%(o)s")),
).map("".join)


class OracleTests(SynchronousTestCase):
    """
    Rules refer to each other as those of oslo.policy do.
    """

    def setUp(self):
        log, quiet = logging.getLogger("oslo_policy"), logging.NullHandler()
        log.addHandler(quiet)
        self.addCleanup(log.removeHandler, quiet)
        self.patch(log, "propagate", False)

    @settings(deadline=None, max_examples=200)
    @given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, WORDS)))
    @example({"a": "rule:b", "b": "rule:c", "c": "not rule:a"})
    @example({"a": "rule:b or @"})
    @example({"a": "rule:b and rule:b", "b": "role:boss"})
    def test_same(self, said):
        """
        Those are refused that it finds fault with: that refer to one that isn't there,
        or to themselves.  The others say the same.
        """
        theirs = policy.Enforcer(
            cfg.ConfigOpts(), rules=policy.Rules.from_dict(said), use_conf=False
        )
        try:
            ours = Rules(said)
        except BadRule:
            # It doesn't look behind a "not".
            blind = any("not rule" in rule for rule in said.values())
            self.assertTrue(blind or not theirs.check_rules(), said)
            return
        self.assertTrue(theirs.check_rules(), said)
        for roles in ([], ["boss"]):
            caller = {"roles": roles, "is_admin": False, "project_id": "p"}
            for target in ({}, {"o": "p"}, {"o": "q"}):
                for name in said:
                    expected = bool(theirs.enforce(name, target, dict(caller)))
                    self.assertIs(ours.allow(name, caller, target), expected, said)


class RulesTests(SynchronousTestCase):
    """
    L{Rules} are those of operators over those by default.
    """

    def test_changed(self):
        """
        A rule is changed that operators say otherwise, or that refers to such; one
        that they repeat is not.
        """
        self.assertEqual(DEFAULT_RULES.changed, frozenset())
        said = {"get_image": DEFAULTS["get_image"], "add_image": "rule:local"}
        rules = Rules({**said, "local": "role:local"})
        self.assertEqual(rules.changed, {"add_image", "local"})
        spaced = DEFAULTS["delete_image"].replace(" or ", "  OR ")
        self.assertEqual(Rules({"delete_image": spaced}).changed, frozenset())

    def test_administrators(self):
        """
        Who is an administrator was decided before: it changes no other rule.
        """
        rules = Rules({"context_is_admin": "role:boss"})
        self.assertEqual(rules.changed, {"context_is_admin"})
        caller = {"roles": {"admin"}, "is_admin": False}
        self.assertFalse(rules.makes_admin(caller))
        self.assertFalse(rules.allow("publicize_image", caller, {}))
        boss = {"roles": {"boss"}, "is_admin": False}
        self.assertTrue(rules.makes_admin(boss))
        for name in ("publicize_image", "context_is_admin"):
            self.assertFalse(rules.allow(name, boss, {}))
            self.assertTrue(rules.allow(name, {**caller, "is_admin": True}, {}))

    def test_refused(self):
        """
        What cannot be is refused, and the rule named.
        """
        for said, why in (
            ({"a": "rule:b", "b": "not rule:a"}, "rule a refers to itself, by a, b"),
            ({"get_image": "rule:none"}, "get_image refers to rule none, which"),
            ({"get_image": "role:admin and"}, "rule get_image makes no sense"),
            ({"get_image": "tenantid:%(owner)s"}, "tenantid is nothing that is known"),
            ({"get_image": "(" * 50_000}, "too many parentheses"),
            ({"get_image": "not " * 50_000 + "@"}, "too many parentheses"),
        ):
            with self.subTest(why):
                error = self.assertRaises(BadRule, Rules, said)
                self.assertIn(why, str(error))

    def test_unused(self):
        """
        Rules that nothing asks for are known.
        """
        rules = Rules(
            {
                "helper": "@",
                "get_image": "rule:helper",
                "get_imgae": "@",
                "default": "!",
            }
        )
        self.assertEqual(rules.unused(), ["default", "get_imgae"])
        self.assertTrue(is_idle("default"))
        self.assertTrue(is_idle("add_metadef_tag"))
        self.assertFalse(is_idle("get_imgae"))

    def test_asked(self):
        """
        There is a rule for each deed that one is asked for.
        """
        asked = {deed.value for deed in Deed if " " not in deed.value}
        self.assertEqual(asked, DEFAULTS.keys() - {"context_is_admin"})

    def test_callers(self):
        """
        What is known of callers can be asked for.
        """
        self.assertLess(Context().facts.keys(), CALLER)

    def test_cost(self):
        """
        To ask a rule takes a small part of the time that a request may.
        """
        caller = Context(user="u", tenant="t", owner="t").facts
        target = {"owner": "o", "member_id": None, "visibility": "community"}

        def ask():
            for _ in range(100):
                DEFAULT_RULES.allow("download_image", caller, target)

        self.assertLess(min(repeat(ask, number=1, repeat=20)) / 100, 0.000_05)
