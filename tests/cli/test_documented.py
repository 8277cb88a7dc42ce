"""
The page on the command line has all commands, options and exit statuses.
"""

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.cli import statuses
from glance.cli.main import GLANCE
from glance.cli.options import VARIABLES
from glance.cli.showing import FIRST, FULL
from glance.cli.upload import upload

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"


def spelled(command):
    """
    Get all spellings of a command's options.
    """
    return {
        name
        for one in command.params
        if one.param_type_name == "option"
        for name in (*one.opts, *one.secondary_opts)
    }


class CommandLineTests(SynchronousTestCase):
    """
    What can be typed is in the page, and the other way round.
    """

    def setUp(self):
        self.page = PAGE.read_text()
        self.options = spelled(GLANCE).union(
            spelled(upload), *map(spelled, GLANCE.commands.values())
        )

    def test_commands(self):
        """
        Each command is in the table of commands.
        """
        for name in GLANCE.commands:
            self.assertIn(f"| `{name}", self.page)

    def test_options(self):
        """
        Each option is there.
        """
        for name in self.options:
            self.assertIn(f"`{name}`", self.page)

    def test_no_others(self):
        """
        There is no option on the page that there isn't.
        """
        there = set(re.findall(r"`(--?[A-Za-z][\w-]*)", self.page))
        self.assertEqual(there - self.options, {"-h", "--help"} - self.options)

    def test_variables(self):
        """
        Each variable of the environment is there.
        """
        for names in VARIABLES.values():
            for name in names:
                self.assertIn(f"`{name}`", self.page)

    def test_values(self):
        """
        The columns of values are there, in their order.
        """
        for begin, columns in (("### Values", FIRST), ("As values, ", FULL)):
            said = self.page.partition(begin)[2].partition("\n\n#")[0]
            named = [one for one in re.findall("`([a-z_]+)`", said) if one in columns]
            self.assertEqual(tuple(named), columns)

    def test_statuses(self):
        """
        Each exit status is there.
        """
        known = {v for k, v in vars(statuses).items() if k.isupper()}
        table = self.page.partition("### Exit statuses")[2].partition("###")[0]
        self.assertEqual(set(map(int, re.findall(r"(?m)^\| (\d+)", table))), known)
