"""
Tests for L{glance.config.reference}.
"""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from glance.config.options import OPTIONS
from glance.config.reference import reference

DOCS = Path(__file__).parents[2] / "docs"


class ReferenceTests(SynchronousTestCase):
    """
    The documentation of the options is theirs.
    """

    def test_current(self):
        """
        The page is what C{python -m glance.config.reference docs/options.md}
        makes.
        """
        self.assertEqual((DOCS / "options.md").read_text(), reference())

    def test_complete(self):
        """
        Each option is in it.
        """
        for option in OPTIONS.values():
            self.assertIn(f"`{option.name}`\n", reference())
