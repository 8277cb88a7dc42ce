"""
The description of the API is held against the running service, by a program
that makes requests of it.
"""

import os
import re
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import PATIENCE, Place
from tests.functional.test_several_stores import SeveralStoresCase
from tests.integration.provided import installed

SCHEMATHESIS = "schemathesis>=4.32,<5"

SEED = "2026"
"""The same requests each time: what fails here, fails for everybody."""

EXAMPLES = 2000
"""How many requests there are at least."""

HOOKS = """
import json

import schemathesis

for dialect in ("0", "1"):

    @schemathesis.serializer(f"application/openstack-images-v2.{dialect}-json-patch")
    def patch(context, value):
        return json.dumps(value).encode()
"""
"""What that program has to know of JSON patches."""

UNCHECKED = "positive_data_acceptance"
"""
Not each request that fits the description can succeed: that an argument does
not go with another one, the description cannot say.
"""


class Described:
    """
    Holds the description against a service.
    """

    timeout = 900

    def make_requests(self, place, *options):
        """
        Make requests of a service, which has to answer each as it is described.

        @return: what was said, and how many requests there were.
        """
        programs = installed("schemathesis", [SCHEMATHESIS])
        directory = Path(self.mktemp()).absolute()
        directory.mkdir()
        (directory / "patches.py").write_text(HOOKS)
        done = subprocess.run(
            [
                programs / "st",
                "run",
                f"{place.api}/openapi.json",
                "--phases=examples,coverage,fuzzing,stateful",
                "--max-examples=40",
                f"--seed={SEED}",
                "--checks=all",
                f"--exclude-checks={UNCHECKED}",
                "--suppress-health-check=all",
                f"--request-timeout={PATIENCE}",
                *options,
            ],
            cwd=directory,
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": "patches",
                "PYTHONPATH": str(directory),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        count = re.search(r"(\d+) generated, (\d+) passed", said)
        self.assertIsNotNone(count, said)
        return said, int(count[2])


class DescriptionTests(Described, SynchronousTestCase):
    """
    The service does what C{/openapi.json} says.
    """

    def test_true(self):
        """
        Whatever is asked, also one thing after the other, is answered as it is
        described, and never by a mistake of the service.
        """
        place = Place(self.mktemp())
        place.configure()
        self.addCleanup(place.start("glance").stop)
        said, count = self.make_requests(place)
        self.assertIn("Stateful (in", said)
        self.assertGreaterEqual(count, EXAMPLES, said)


class SeveralStoresTests(Described, SeveralStoresCase):
    """
    So does one that has several stores, in what has to do with these.
    """

    def test_true(self):
        """
        Whatever is asked about stores is answered as it is described.
        """
        self.copied(b"data")
        about = "--include-path-regex=stores|/v2/images$"
        said, count = self.make_requests(self.place, about)
        self.assertGreaterEqual(count, 500, said)
