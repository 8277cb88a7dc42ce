"""
What the documents tell people to type works.
"""

from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.functional.daemons import ROOT
from tests.functional.documents import (
    Typed,
    missing_programs,
    ports_free,
    private_network,
    programs,
    read,
    take_ports,
    type_all,
)

FOREIGN = "With python-glanceclient"
"""The title of what needs a package from elsewhere."""

STARTED = ("make run", ". .venv/bin/activate")
"""What has been typed before examples are."""


class Documents(SynchronousTestCase):
    """
    Types what documents say.
    """

    timeout = 600

    def follow(self, path, without=(), first=(), outside=False):
        """
        Type what a document says.

        @param first: what is typed before.
        """
        self.type([*map(Typed, first), *read(path, without)], outside)

    def type(self, steps, outside=False):
        """
        Type what is said, and see that it works.

        @param outside: whether things may come from the network.
        """
        if missing_programs():
            raise SkipTest(f"These are needed: {', '.join(missing_programs())}.")
        network = None if outside else private_network()
        if network is None:
            self.addCleanup(take_ports().close)
            if not ports_free():
                raise SkipTest("The ports of the daemons are taken.")
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

    def test_api(self):
        """
        The examples of the API work as they are written, and print what is
        shown.
        """
        self.follow(ROOT / "docs" / "api-v1.md", first=STARTED)

    def test_second_api(self):
        """
        So do those of its second version.
        """
        self.follow(ROOT / "docs" / "api-v2.md", first=STARTED)

    def test_command_line(self):
        """
        The examples of the commands work as they are written, and print what
        is shown.
        """
        self.follow(ROOT / "docs" / "command-line.md", first=STARTED)

    def test_client(self):
        """
        The example of the client class works as it is written.
        """
        [program] = programs(ROOT / "docs" / "client.md")
        typed = [
            *STARTED,
            "export OS_CLIENT_CONFIG_FILE=$PWD/var/clouds.yaml",
            "head -c 1M /dev/urandom > disk.raw",
            f"cat > example.py <<'EOT'\n{program}\nEOT",
            "python example.py",
            "cmp disk.raw copy.raw",
        ]
        self.type([Typed(command) for command in typed])

    def test_welcome(self):
        """
        What C{make run} says to type works as it is written.
        """
        told = "sed -n '/^Glance is up/,/^or, where/s/^    //p' daemons.log"
        named = "sed 's/SOME_FILE/disk.raw/; s/A_COPY/copy.raw/'"
        count = "$(glance -o value list -c status | grep -c active)"
        typed = [
            "make run",
            "until grep -q 'Ctrl-C ends it' daemons.log; do sleep 0.1; done",
            "head -c 1M /dev/urandom > disk.raw",
            f"{told} | {named} > typed.sh",
            f"echo 'test {count} = 2' >> typed.sh",
            "bash -e typed.sh",
            "cmp disk.raw copy.raw",
        ]
        self.type([Typed(command) for command in typed])
