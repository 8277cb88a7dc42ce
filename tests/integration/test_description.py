"""
The description of the API is held against the running service, by a program
that makes requests of it.
"""

import os
import re
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.functional.daemons import Place
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


class DescriptionTests(SynchronousTestCase):
    """
    The service does what C{/openapi.json} says.
    """

    timeout = 900

    def setUp(self):
        self.programs = installed("schemathesis", [SCHEMATHESIS])
        self.place = Place(self.mktemp())
        self.place.configure()
        self.daemon = self.place.start("glance")
        self.addCleanup(self.daemon.stop)

    def test_true(self):
        """
        Whatever is asked, also one thing after the other, is answered as it is
        described, and never by a mistake of the service.
        """
        directory = Path(self.mktemp()).absolute()
        directory.mkdir()
        (directory / "patches.py").write_text(HOOKS)
        done = subprocess.run(
            [
                self.programs / "st",
                "run",
                f"{self.place.api}/openapi.json",
                "--phases=examples,coverage,fuzzing,stateful",
                "--max-examples=40",
                f"--seed={SEED}",
                "--checks=all",
                f"--exclude-checks={UNCHECKED}",
                "--suppress-health-check=all",
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
        self.assertIn("Stateful (in", said)
        count = re.search(r"(\d+) generated, (\d+) passed", said)
        self.assertIsNotNone(count, said)
        self.assertGreaterEqual(int(count[2]), EXAMPLES, said)
