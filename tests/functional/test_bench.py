"""
Tests for L{bench}.
"""

import os
import sys
import uuid
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase, TestCase

from bench.cache import client
from bench.servers import creation, request
from bench.table import NGINX, OURS, Goal, Row
from tests.functional.daemons import Place
from tests.functional.test_daemons import DaemonCase


def forget_cache(case):
    """
    Have nothing of what C{bench} keeps, until the end of a test.
    """
    case.patch(os, "environ", {**os.environ, "XDG_CACHE_HOME": case.mktemp()})


class BenchTests(TestCase):
    """
    C{python -m bench} runs, without OpenStack's programs.
    """

    def setUp(self):
        self.place = Place(self.mktemp())
        forget_cache(self)

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
            self.assertEqual(row.count("|"), 13, row)

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

    def test_policies(self):
        """
        It tells what rules and protected properties cost.
        """
        ran = self.bench("policies")
        self.assertEqual(ran.stderr, "")
        self.assertEqual(ran.returncode, 0)
        rows = [line for line in ran.stdout.splitlines() if line.startswith("| ")]
        self.assertEqual(len(rows), 1 + 6)
        self.assertIn("To authorize a request takes ", ran.stdout)

    def test_soak(self):
        """
        It tells how much memory the daemons take, and leaves nothing.
        """
        ran = self.bench("--soak")
        self.assertEqual(ran.stderr, "")
        self.assertEqual(ran.returncode, 0)
        self.assertEqual(ran.stdout.count("PASS"), 15)
        self.assertEqual(
            list(Path(self.place.path).iterdir()), [self.place.path / "cwd"]
        )


class TableTests(SynchronousTestCase):
    """
    The table says which figures are reached.
    """

    def told(self, goal, values, costs=()):
        """
        Get what is said of a goal.
        """
        row = Row("some work", "MiB/s", (goal,))
        for name, figures in values.items():
            for figure in figures:
                row.add(name, figure)
        for cost in costs:
            row.add(OURS, 1, cost)
        return row.cells()[-1]

    def test_ratio(self):
        """
        A ratio to a peer is that of the medians, and is wanted at least.
        """
        goal, ours = Goal(2, NGINX), [1, 20, 900]
        for theirs, verdict in ((10, "reached"), (11, "**missed**")):
            told = self.told(goal, {OURS: ours, NGINX: [theirs]})
            self.assertEqual(told, f"2 x nginx {verdict}")
        self.assertEqual(self.told(goal, {OURS: ours}), "2 x nginx not measured")

    def test_value(self):
        """
        A figure of ours is what is allowed at most, whatever peers have.
        """
        for limit, verdict in ((5, "reached"), (4, "**missed**")):
            told = self.told(Goal(limit), {OURS: [5], NGINX: [100]})
            self.assertEqual(told, f"at most {limit} {verdict}")

    def test_cost(self):
        """
        So is processor time.
        """
        for limit, verdict in ((3, "reached"), (2, "**missed**")):
            told = self.told(Goal(limit, cost=True), {}, [1, 3, 9])
            self.assertEqual(told, f"CPU at most {limit} {verdict}")

    def test_failures(self):
        """
        A row says what a peer failed at.
        """
        row = Row("some work", "MiB/s", (), {OURS: [1]}, failures={NGINX: "2 runs"})
        self.assertEqual(row.cells()[-1], "nginx failed 2 runs")


class ClientTests(DaemonCase):
    """
    Both clients of C{bench} do the same, and tell of what goes wrong.
    """

    SIZE = 3 * 2**20 + 5

    def setUp(self):
        super().setUp()
        forget_cache(self)
        self.place.configure()
        self.start("glance")
        self.file = self.place.path / "requests"

    def run_client(self, command, *words):
        """
        Run a client, and get the words of each line it tells.
        """
        kind, *others = map(str, words)
        ran = self.place.run([*command, kind, str(self.place.api_port), *others])
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        return [line.split() for line in ran.stdout.splitlines()]

    def ask(self, command, *requests):
        """
        Ask each once, on two connections; get how many went well, and how many
        did not.
        """
        self.file.write_bytes(b"".join(each + b"\0" for each in requests))
        words = (2, 60, len(requests), self.file)
        [told] = self.run_client(command, "ask", *words)
        self.assertLessEqual(float(told[3]), float(told[5]))
        return [int(word) for word in told[:2]]

    def test_both(self):
        """
        They send with and without chunks, fetch, and ask.
        """
        for command in (client(), [sys.executable, "-m", "bench.load"]):
            images = [str(uuid.uuid4()) for _ in range(3)]
            paths = [f"/v2/images/{image}/file" for image in images]
            asked = self.ask(command, *map(creation, images))
            self.assertEqual(asked, [3, 0])
            for chunk, some in ((0, paths[:1]), (1000, paths[1:])):
                words = (self.SIZE, chunk, 0, *some)
                told = self.run_client(command, "put", *words)
                self.assertEqual([line[0] for line in told], ["204"] * len(some))
            self.assertEqual(
                [
                    (self.place.data / name).stat().st_size
                    for name in self.place.files()
                ],
                [self.SIZE] * 3,
            )
            told = self.run_client(command, "get", self.SIZE, *paths)
            self.assertEqual([line[0] for line in told], ["200"] * 3)
            gone = [request("DELETE", path.rpartition("/")[0]) for path in paths]
            self.assertEqual(self.ask(command, *gone), [3, 0])

    def test_wrong(self):
        """
        What isn't there, or is not all that is expected, is no success.
        """
        for command in (client(), [sys.executable, "-m", "bench.load"]):
            path = f"/v2/images/{uuid.uuid4()}/file"
            [told] = self.run_client(command, "put", self.SIZE, 0, 0, path)
            self.assertEqual(told[0], "404")
            [told] = self.run_client(command, "get", 1, "/healthcheck")
            self.assertEqual(told[0], "0")
            asked = self.ask(
                command, request("GET", path), request("GET", "/v2/images")
            )
            self.assertEqual(asked, [1, 1])
