"""
What the documents tell people to type works.
"""

from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.functional.daemons import ROOT
from tests.functional.documents import ports_free, private_network, read, type_all

FOREIGN = "With python-glanceclient"
"""The title of what needs a package from elsewhere."""


class Documents(SynchronousTestCase):
    """
    Types what documents say.
    """

    timeout = 600

    def follow(self, path, without=()):
        """
        Type what a document says.
        """
        network = private_network()
        if network is None and not ports_free():
            raise SkipTest("The ports are taken, and there is no network of our own.")
        steps = read(path, without)
        directory = Path(self.mktemp()).absolute() / "glance"
        said = type_all(steps, directory, network)
        for step in steps:
            if step != "halt":
                self.assertEqual(step.status, 0, f"{step.command}\n{said}")
                self.assertIsNone(step.missing(), f"{step.command}\n{said}")
        self.assertGreater(len(steps), 5)


class DocumentationTests(Documents):
    """
    The commands of the documents, with what is installed here.
    """

    def test_readme(self):
        """
        The commands of the README work as they are written.
        """
        self.follow(ROOT / "README.md")

    def test_getting_started(self):
        """
        The commands of the first steps work as they are written, and print what
        is shown.
        """
        self.follow(ROOT / "docs" / "getting-started.md", without=(FOREIGN,))
