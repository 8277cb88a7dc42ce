"""
What the documents tell people to type works, with packages from elsewhere.
"""

from tests.functional.daemons import ROOT
from tests.functional.test_documentation import Documents


class ForeignClientTests(Documents):
    """
    The first steps with OpenStack's client.
    """

    def test_getting_started(self):
        """
        All commands of the first steps work as they are written.
        """
        self.follow(ROOT / "docs" / "getting-started.md", outside=True)
