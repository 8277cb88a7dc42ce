"""
Tests for what C{docs/examples} shows.
"""

import os
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import TestCase

from tests.functional.serving import serve

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
DATA = os.urandom(1_000_000)


class ExampleTests(TestCase):
    """
    Tests for each example, as a process of its own.
    """

    async def setUp(self):
        _, port = await serve(self)
        self.url = f"http://127.0.0.1:{port}"
        self.path = Path(self.mktemp())
        self.path.write_bytes(DATA)

    async def run_example(self, name, *args):
        """
        Run an example.

        @return: what it prints.
        """
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(EXAMPLES.parents[1]), *sys.path]),
        }
        out, err, status = await getProcessOutputAndValue(
            sys.executable,
            [str(EXAMPLES / f"{name}.py"), *args],
            environment,
            reactor=reactor,
        )
        self.assertEqual((status, err), (0, b""))
        return out.decode().strip()

    async def test_examples(self):
        """
        An image is stored, listed, copied, and fetched as it was.
        """
        image_id = await self.run_example(
            "store_image", self.url, str(self.path), "Example"
        )
        self.assertEqual(
            await self.run_example("list_images", self.url),
            f"{image_id} {len(DATA)} Example",
        )
        copied = await self.run_example("copy_image", self.url, image_id, self.url)
        self.assertNotEqual(copied, image_id)
        target = Path(self.mktemp())
        out = await self.run_example("fetch_image", self.url, copied, str(target))
        self.assertEqual(out, str(len(DATA)))
        self.assertTrue(target.read_bytes() == DATA)

    def test_each(self):
        """
        No example is left out of these tests.
        """
        names = {path.stem for path in EXAMPLES.glob("*.py")}
        self.assertEqual(
            names, {"store_image", "list_images", "fetch_image", "copy_image"}
        )
