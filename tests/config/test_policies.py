"""
Tests for L{glance.config.policies}.
"""

import pickle
import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.config.loading import load, reload
from glance.config.settings import ConfigurationError, Policy
from glance.context import Context, Deed, may
from glance.policy.defaults import DEFAULTS
from glance.policy.rules import DEFAULT_RULES
from tests.config.files import FilesMixin

DOCS = Path(__file__).parents[2] / "docs"

MEMBER = Context(user="u", tenant="t", owner="t", roles=frozenset({"member"}))


def makes(settings):
    """
    Tell whether members make images.
    """
    policy = settings.policy
    return may(MEMBER.under(policy.rules, policy.protections), Deed.MAKE)


class PolicyFileTests(FilesMixin, SynchronousTestCase):
    """
    Operators say who may do what.
    """

    def refuse(self, text):
        """
        Get why a policy file is refused.
        """
        path = self.write(text, "policy.yaml")
        error = self.assertRaises(ConfigurationError, self.load)
        self.assertIn(path, str(error))
        return str(error)

    def test_none(self):
        """
        Where they don't, what holds is as by default.
        """
        self.assertEqual(self.load().policy, Policy())
        self.assertIs(self.load().policy.rules, DEFAULT_RULES)

    def test_beside(self):
        """
        C{policy.yaml} lies beside the files that are read.  The registry needs none.
        """
        self.write('"add_image": "role:admin"\n', "policy.yaml")
        self.assertFalse(makes(self.load()))
        self.assertTrue(makes(self.load(service="registry")))

    def test_named(self):
        """
        It may be elsewhere; and may be JSON, with lists as OpenStack had them.
        """
        path = self.write('{"add_image": [["role:admin"]], "default": []}', "p/a.json")
        for section in ("DEFAULT", "oslo_policy"):
            for name in (path, "p/a.json"):
                settings = self.load(f"[{section}]\npolicy_file = {name}\n")
                self.assertFalse(makes(settings))

    def test_missing(self):
        """
        One that is named has to be there.
        """
        text = "policy_file = policy.json\n"
        error = self.assertRaises(ConfigurationError, self.load, f"[DEFAULT]\n{text}")
        self.assertIn("there is no file policy.json", str(error))

    def test_older(self):
        """
        Where there is none, C{policy.json} is what Glance had before it.
        """
        self.write('{"add_image": "role:admin"}', "policy.json")
        self.assertFalse(makes(self.load()))
        self.write("{}", "policy.yaml")
        self.assertTrue(makes(self.load()))

    def test_directories(self):
        """
        More may be in directories: what comes last by its name counts, and hidden
        files don't.
        """
        self.write("add_image: '!'\nhelper: '!'\n", "policy.yaml")
        self.write("add_image: 'rule:helper'\n", "policy.d/20-more.yaml")
        self.write('{"add_image": "!", "helper": "@"}', "policy.d/10-some.json")
        self.write("add_image: '!'\n", "policy.d/.30-hidden.yaml")
        self.write("add_image: '!'\n", "policy.d/below/40.yaml")
        settings = self.load()
        self.assertTrue(makes(settings))
        self.assertEqual(settings.warnings, ())
        self.write("helper: '!'\n", "policy.d/30-last.yaml")
        self.assertFalse(makes(reload(settings)[0]))
        self.write("helper: '@ or'\n", "policy.d/40-bad.yaml")
        error = self.assertRaises(ConfigurationError, reload, settings)
        self.assertIn("40-bad.yaml: rule helper makes no sense", str(error))

    def test_other_directories(self):
        """
        They may be others, in their order; a file of rules itself isn't needed.
        """
        one = self.write("add_image: '!'\n", "one/a.yaml")
        self.write("add_image: '@'\n", "two/a.yaml")
        self.write("helper: '!'\n", "unrelated/a.yaml")
        self.write("add_image: role:x\n", "policy.d/a.yaml")
        for dirs, made in (
            (f"{Path(one).parent}, two", True),
            ("two,one", False),
            ("one\npolicy_dirs = two", True),
            ("two\npolicy_dirs = one", False),
            ("one\npolicy_dirs = unrelated", False),
        ):
            text = f"[oslo_policy]\npolicy_dirs = {dirs}\n"
            self.assertEqual(makes(self.load(text)), made, dirs)
        text = "[oslo_policy]\npolicy_dirs = three\n"
        error = self.assertRaises(ConfigurationError, self.load, text)
        self.assertIn("there is no directory three", str(error))

    def test_always(self):
        """
        What Glance can be told to heed is heeded; who says no is told so.
        """
        for name in ("enforce_scope", "enforce_new_defaults"):
            for value, warned in (("True", False), ("false", True)):
                settings = self.load(f"[oslo_policy]\n{name} = {value}\n")
                told = " ".join(settings.warnings)
                self.assertEqual("that is always true" in told, warned)
                self.assertEqual(len(settings.warnings), warned)

    def test_idle_names(self):
        """
        The names that rules had before are known too, and none is taken for another.
        """
        old = ("get_task", "get_tasks", "add_task", "modify_task", "manage_image_cache")
        self.write("".join(f"{name}: '@'\n" for name in old), "policy.yaml")
        settings = self.load()
        self.assertEqual(len(settings.warnings), len(old))
        for line in settings.warnings:
            self.assertIn("there is no such thing here", line)

    def test_empty(self):
        """
        One with comments alone changes nothing.
        """
        self.write('# "add_image": "role:admin"\n', "policy.yaml")
        self.assertEqual(self.load().policy.rules.changed, frozenset())

    def test_refused(self):
        """
        What makes no sense is refused, with the file, the rule and the cure.
        """
        for text, why in (
            ("a: [", "is not YAML at line"),
            ("- a\n", "write the name of each rule"),
            ("5: role:a\n", "write the name of each rule"),
            ("add_image: 'role:admin and'\n", "rule add_image makes no sense: it ends"),
            ("add_image:\n", "rule add_image makes no sense: a rule must be text"),
            ("add_image: 'rule:x'\n", "refers to rule x, which isn't there"),
            ("!!python/object/apply:os.getcwd []\n", "is not YAML at line 1"),
            ("delete_image: ''\n", "rule delete_image is empty"),
            ("modify_image: []\n", "rule modify_image is empty"),
        ):
            with self.subTest(text):
                self.assertIn(why, self.refuse(text))
        Path(self.write("", "policy.yaml")).write_bytes(b"a: '\xff'")
        error = self.assertRaises(ConfigurationError, self.load)
        self.assertIn("is not in UTF-8", str(error))

    def test_idle(self):
        """
        Rules that have no effect are told of: those of what isn't here, and those
        that nothing is called by.
        """
        self.write(
            """
            "helper": "role:a"
            "add_image": "rule:helper"
            "tasks_api_access": "role:admin"
            "get_metadef_tag": "role:admin"
            "delete_imgae": "!"
            """,
            "policy.yaml",
        )
        idle, metadef, unknown = sorted(
            self.load().warnings, key=lambda line: line.split()[1], reverse=True
        )
        self.assertIn("Rule tasks_api_access", idle)
        self.assertIn("there is no such thing here", idle)
        self.assertIn("Rule get_metadef_tag", metadef)
        self.assertIn("Rule delete_imgae", unknown)
        self.assertIn("nothing is called so", unknown)

    def test_reload(self):
        """
        It is read again while the daemon runs; what cannot be changes nothing.
        """
        settings = self.load()
        self.assertTrue(makes(settings))
        self.write("add_image: '!'\n", "policy.yaml")
        settings, waiting = reload(settings)
        self.assertEqual((makes(settings), waiting), (False, ()))
        self.write("add_image: 'no'\n", "policy.yaml")
        self.assertRaises(ConfigurationError, reload, settings)
        Path(self.directory, "policy.yaml").unlink()
        self.assertTrue(makes(reload(settings)[0]))


class ProtectionTests(FilesMixin, SynchronousTestCase):
    """
    Operators say who may do what with properties.
    """

    TEXT = "[^x_]\ncreate = @\nread = {0}\nupdate = @\ndelete = @\n"

    def reads(self, settings):
        """
        Tell whether members read a property.
        """
        protections = settings.policy.protections
        return protections.permit("read", "x_a", MEMBER.facts)

    def test_roles(self):
        """
        It names roles.
        """
        self.write(self.TEXT.format("admin,Member"), "protections.conf")
        option = "property_protection_file = protections.conf\n"
        self.assertTrue(self.reads(self.load(f"[DEFAULT]\n{option}")))

    def test_policies(self):
        """
        It names rules of the policy file.
        """
        self.write("seers: 'role:seer'\n", "policy.yaml")
        self.write(self.TEXT.format("seers"), "protections.conf")
        settings = self.load(
            """
            [DEFAULT]
            property_protection_file = protections.conf
            property_protection_rule_format = policies
            """
        )
        self.assertFalse(self.reads(settings))
        # That nothing but a property asks for it makes it no mistake.
        self.assertEqual(settings.warnings, ())

    def test_refused(self):
        """
        What makes no sense is refused, with the name of the file.
        """
        text = "[DEFAULT]\nproperty_protection_file = protections.conf\n"
        error = self.assertRaises(ConfigurationError, self.load, text)
        self.assertIn("there is no file protections.conf", str(error))
        path = self.write("[a]\nread = @\n", "protections.conf")
        error = self.assertRaises(ConfigurationError, self.load, text)
        self.assertIn(f"{path}: [a] must say", str(error))

    def test_sent(self):
        """
        What is said goes to other processes, as all settings do.
        """
        self.write("add_image: '!'\nseers: '!'\n", "policy.yaml")
        self.write(self.TEXT.format("seers"), "protections.conf")
        settings = self.load(
            """
            [DEFAULT]
            property_protection_file = protections.conf
            property_protection_rule_format = policies
            """
        )
        sent = pickle.loads(pickle.dumps(settings))
        self.assertFalse(makes(sent))
        self.assertFalse(self.reads(sent))
        self.assertTrue(sent.policy.protections.permit("create", "x_a", MEMBER.facts))

    def test_anywhere(self):
        """
        A registry daemon doesn't read it.
        """
        text = "[DEFAULT]\nproperty_protection_file = none\n"
        path = self.write(text)
        settings = load("registry", config_files=[path])
        self.assertIsNone(settings.policy.protections)


class DocumentedTests(FilesMixin, SynchronousTestCase):
    """
    The page about policies is right.
    """

    def setUp(self):
        self.page = (DOCS / "policies.md").read_text()

    def example(self, language):
        """
        Get the example in a language.
        """
        [found] = re.findall(rf"```{language}\n(.*?)```", self.page, re.DOTALL)
        return found

    def test_rules(self):
        """
        The example of rules is taken, and says what is said of it.
        """
        self.write(self.example("yaml"), "policy.yaml")
        settings = self.load()
        self.assertEqual(settings.warnings, ())
        rules = settings.policy.rules
        self.assertEqual(rules.changed, {"delete_image", "download_image"})
        mine = {"owner": "t", "project_id": "t"}
        remover = Context(tenant="t", owner="t", roles=frozenset({"image_remover"}))
        self.assertTrue(rules.allow("delete_image", remover.facts, mine))
        self.assertFalse(rules.allow("delete_image", MEMBER.facts, mine))
        for marked, allowed in (({}, True), ({"no_download": "yes"}, False)):
            found = rules.allow("download_image", MEMBER.facts, {**mine, **marked})
            self.assertEqual(found, allowed)

    def test_protections(self):
        """
        So is that of protected properties.
        """
        self.write(self.example("ini"), "protections.conf")
        text = "[DEFAULT]\nproperty_protection_file = protections.conf\n"
        permit = self.load(text).policy.protections.permit
        self.assertTrue(permit("read", "x_billing_a", MEMBER.facts))
        self.assertFalse(permit("update", "x_billing_a", MEMBER.facts))
        self.assertTrue(permit("update", "a", MEMBER.facts))

    def test_names(self):
        """
        All rules are named that there are by default.
        """
        rows = re.findall(r"^\| (`.*?) \|", self.page, re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
        self.assertEqual(named, set(DEFAULTS))
