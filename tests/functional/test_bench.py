"""
Tests for L{bench}.
"""

import sys
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.functional.daemons import Place


class BenchTests(TestCase):
    """
    C{python -m bench} runs.
    """

    def setUp(self):
        self.place = Place(self.mktemp())

    def bench(self, *arguments):
        """
        Run it with tiny sizes.
        """
        command = [sys.executable, "-m", "bench", "--quick", *arguments]
        return self.place.run(
            [*command, "--directory", str(self.place.path)], timeout=300
        )

    def test_speed(self):
        """
        It tells how fast the daemons are, and whether that is enough.
        """
        ran = self.bench("--speed")
        self.assertEqual(ran.stderr, "")
        self.assertEqual(ran.returncode, 0)
        for told in ("glance --help takes ", "glance download of 8 MiB takes "):
            self.assertIn(told, ran.stdout)
        rows = [line for line in ran.stdout.splitlines() if line.startswith("| ")]
        self.assertEqual(len(rows), 1 + 12 + 8 + 2)
        for row in rows:
            self.assertEqual(row.count("|"), 12, row)

    def test_lists(self):
        """
        It tells how long lists take, of few and of many images.
        """
        ran = self.bench("--lists")
        self.assertEqual(ran.stderr, "")
        self.assertEqual(ran.returncode, 0)
        self.assertIn("Lists among 100 and 300 images", ran.stdout)
        rows = [line for line in ran.stdout.splitlines() if line.startswith("| ")]
        self.assertGreater(len(rows), 100)
        for row in rows[1:]:
            self.assertEqual(row.count("|"), 6, row)

    def test_soak(self):
        """
        It tells how much memory the daemons take, and leaves nothing.
        """
        ran = self.bench("--soak")
        self.assertEqual(ran.stderr, "")
        self.assertEqual(ran.returncode, 0)
        self.assertEqual(ran.stdout.count("PASS"), 14)
        self.assertEqual(
            list(Path(self.place.path).iterdir()), [self.place.path / "cwd"]
        )
