"""
The page about security has all that went wrong in Glance, and what it names is there.
"""

import ast
import re
from importlib import import_module
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import glance

PAGE = Path(__file__).parent.parent / "docs" / "security.md"

PUBLISHED = """
OSSA-2012-017 OSSA-2013-002 OSSA-2013-007 OSSA-2013-018 OSSA-2013-027 OSSA-2014-004
OSSA-2014-012 OSSA-2014-028 OSSA-2014-041 OSSA-2015-002 OSSA-2015-003 OSSA-2015-004
OSSA-2015-013 OSSA-2015-014 OSSA-2015-019 OSSA-2015-020 OSSA-2016-006 OSSA-2016-012
OSSA-2023-002 OSSA-2023-003 OSSA-2024-001 OSSA-2026-004
CVE-2012-4573 CVE-2012-5482 CVE-2013-0212 CVE-2013-1840 CVE-2013-4111 CVE-2013-4428
CVE-2014-0162 CVE-2014-1948 CVE-2014-5356 CVE-2014-9493 CVE-2014-9623 CVE-2014-9684
CVE-2015-1195 CVE-2015-1881 CVE-2015-3289 CVE-2015-5162 CVE-2015-5163 CVE-2015-5251
CVE-2015-5286 CVE-2015-8234 CVE-2016-0757 CVE-2016-8611 CVE-2017-7200 CVE-2022-4134
CVE-2022-47951 CVE-2023-2088 CVE-2024-32498 CVE-2026-34881
OSSN-0033 OSSN-0060 OSSN-0065 OSSN-0075 OSSN-0076 OSSN-0078 OSSN-0090
"""

IDS = {
    *PUBLISHED.split(),
    *(f"Launchpad {n}" for n in (1449062, 1525915, 1916926, 2059809, 2152110)),
}
"""What is published of Glance, glance_store and python-glanceclient."""

OTHERS = {f"seen {n}" for n in range(1, 5)} | {
    f"general: {what}"
    for what in (
        "paths",
        "links",
        "headers and pages",
        "compression",
        "hashes",
        "framing",
        "slowness",
        "JSON",
        "memory",
        "secrets",
    )
}
"""What else is in the table."""

STARTING = frozenset({"spawnProcess", "Popen", "system", "popen", "check_output"})
"""Names of what starts processes, here or in the standard library."""


def rows():
    """
    List the rows of the table: the ids of each, what it says, and its tests.
    """
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and "`tests." in cells[3]:
            ids = {name.strip() for name in cells[0].split(",")}
            yield ids, cells[1:3], re.findall(r"`([^`]+)`", cells[3])


class TableTests(SynchronousTestCase):
    """
    The table of vulnerabilities.
    """

    def test_ids(self):
        """
        Nothing that is known is missing, and each has one row.
        """
        named = [one for ids, _, _ in rows() for one in ids]
        self.assertEqual(sorted(named), sorted(IDS | OTHERS))

    def test_said(self):
        """
        Each row says what went wrong and why it doesn't here, in a line of the page
        that is a row: none is lost for a bar too many.
        """
        text = PAGE.read_text()
        found = re.findall(r"(?m)^\| (?:OSS|CVE|Launchpad|seen|general)", text)
        self.assertEqual(len(found), len(list(rows())))
        for ids, (wrong, here), _ in rows():
            self.assertTrue(here, ids)
            self.assertTrue(wrong or min(ids).startswith("general"), ids)

    def test_tests(self):
        """
        Each test that is named is there.
        """
        for ids, _, tests in rows():
            self.assertTrue(tests, ids)
            for name in tests:
                module, case, method = name.rsplit(".", 2)
                found = getattr(import_module(module), case, None)
                self.assertTrue(
                    callable(getattr(found, method, None)), f"{ids}: {name}"
                )
                self.assertTrue(method.startswith("test_"), name)


class ProcessTests(SynchronousTestCase):
    """
    What a client says never becomes a command.
    """

    def test_none(self):
        """
        Nothing starts a process but what starts the daemon's own, and the operator's
        C{glance-control}; neither by a shell.
        """
        starting, shells = set(), set()
        package = Path(glance.__file__).parent
        for path in package.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = ()
                if isinstance(node, ast.Attribute):
                    names = (node.attr,)
                elif isinstance(node, ast.Import | ast.ImportFrom):
                    names = tuple(alias.name for alias in node.names)
                    names += (getattr(node, "module", None) or "",)
                if {"subprocess", "pty", *STARTING}.intersection(names):
                    starting.add(str(path.relative_to(package)))
                if isinstance(node, ast.keyword) and node.arg == "shell":
                    shells.add(path)
        self.assertEqual(starting, {"tap/children.py", "tap/control.py"})
        self.assertEqual(shells, set())
