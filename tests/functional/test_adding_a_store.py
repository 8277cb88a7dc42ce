"""
The page on adding a store is true: what it says is done.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.functional.daemons import PATIENCE, ROOT, environment
from tests.functional.test_several_stores import SeveralStoresCase

EXAMPLES = ROOT / "docs" / "examples" / "adding-a-store"

PAGE = ROOT / "docs" / "adding-a-store.md"

WHERE = {
    "store": "glance/stores/scratch.py",
    "tests": "tests/stores/test_scratch.py",
    "options": "glance/config/backends/scratch.py",
    "making": "glance/tap/stores/scratch.py",
}
"""What each example is called where it belongs."""

KINDS = "glance/config/backends/kinds.py"

DATA = b"the data of an image" * 100_000

RUN = "import sys; from twisted.scripts.trial import run; run()"


class AddingTests(SeveralStoresCase):
    """
    A store that is added as the page says is one.
    """

    backends = "disk:file, ram:scratch"
    sections = """
[glance_store]
default_backend = disk

[disk]
filesystem_store_datadir = {0}/images

[ram]
scratch_store_dir = {0}/ram
weight = 10
"""

    def start(self, name, place=None):
        """
        Run a daemon of the project with the store.
        """
        self.tree = Path(self.mktemp()).absolute()
        for part in ("glance", "tests", "twisted"):
            shutil.copytree(
                ROOT / part,
                self.tree / part,
                ignore=shutil.ignore_patterns("__pycache__", "dropin.cache"),
            )
        for example, path in WHERE.items():
            shutil.copy(EXAMPLES / f"{example}.py", self.tree / path)
        kinds = self.tree / KINDS
        text = kinds.read_text().replace(
            "from glance.config.backends.s3",
            "from glance.config.backends.scratch import SCRATCH\n"
            "from glance.config.backends.s3",
        )
        text, count = re.subn(
            r"(for kind in \([^)]+)\)", r"\1, SCRATCH)", text, count=1
        )
        self.assertEqual(count, 1)
        kinds.write_text(text)
        command = ["env", f"PYTHONPATH={self.tree}", *self.place.twistd(name)]
        running = self.place.start(name, command=command)
        self.addCleanup(lambda: running.process.poll() is None and running.kill())
        return running

    def test_contract(self):
        """
        It passes the tests of the contract, and its parts are where they belong.
        """
        done = subprocess.run(
            [sys.executable, "-c", RUN, "tests.stores.test_scratch"],
            cwd=self.tree,
            env={**environment(), "PYTHONPATH": str(self.tree)},
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"Ran [3-9]\d tests")

    def test_daemon(self):
        """
        A daemon has it, and keeps data there.
        """
        listed = json.loads(self.ask("GET", "/v2/info/stores/detail", 200))["stores"]
        self.assertEqual(listed[1]["type"], "scratch")
        self.assertEqual(listed[1]["properties"], {"dir": f"{self.place.path}/ram"})
        image_id = self.upload(DATA, **{"X-Image-Meta-Store": "ram"})
        self.assertEqual(self.shown(image_id)["stores"], "ram")
        got = self.ask("GET", f"/v2/images/{image_id}/file", 200)
        self.assertTrue(got == DATA)
        self.assertTrue(self.file("ram", image_id).exists())
        self.ask("DELETE", f"/v2/images/{image_id}", 204)
        self.assertEqual(list((self.place.path / "ram").iterdir()), [])

    def test_page(self):
        """
        The page names each file, and shows it.
        """
        page = PAGE.read_text()
        for example, path in WHERE.items():
            self.assertIn(f"`{path}`", page)
            self.assertIn(f"examples/adding-a-store/{example}.py", page)
        self.assertIn(f"`{KINDS}`", page)
