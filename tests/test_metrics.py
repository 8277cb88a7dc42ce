"""
Tests for L{glance.metrics} and L{glance.api.metrics}.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from klein import Klein
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

import glance
from glance.api.keystone.face import IdentityAPI
from glance.api.metrics import MetricsPage
from glance.api.openapi.document import document
from glance.api.v2.schemas import Schemas
from glance.api.versions import versions
from glance.errors import StoreUnavailable
from glance.limits import Limits
from glance.metrics import (
    LAG_INTERVAL,
    LagMeter,
    Metrics,
    forget,
    route_class,
    tell_processes,
)
from glance.registry.resource import OwnFace
from glance.streams.bodies import read_all
from tests.http import stub_client

ID = "71c675ab-d94f-49cd-a114-e12490b328d9"


class RouteTests(SynchronousTestCase):
    """
    L{route_class} says what paths have in common.
    """

    def test_images(self):
        """
        All images are alike, with a version before them and without.
        """
        for path, route in {
            "/images": "/images",
            "/images/detail": "/images/detail",
            f"/images/{ID}": "/images/*",
            f"/images/{ID}/members": "/images/*/members",
            f"/images/{ID}/members/eva": "/images/*/members/*",
            "/shared-images/eva": "/shared-images/*",
        }.items():
            for version in ("/v1", "/v1.0", "/v1.1"):
                self.assertEqual(route_class(version + path), "/v1" + route)
            self.assertEqual(route_class(path), route)

    def test_pages(self):
        """
        Other pages are themselves.
        """
        for path in ("/", "/versions", "/healthcheck", "/metrics", "/v1"):
            self.assertEqual(route_class(path), path)
        self.assertEqual(route_class("/v1/"), "/v1")

    def test_registry(self):
        """
        So are the paths of the registry.
        """
        for path, route in {
            "/registry/1/find": "/registry/1/find",
            f"/registry/1/images/{ID}": "/registry/1/images/*",
            "/registry/1/leases/a": "/registry/1/leases/*",
        }.items():
            self.assertEqual(route_class(path), route)

    def test_odd_names(self):
        """
        What varies may be called like what doesn't.
        """
        self.assertEqual(route_class("/images/1/members/detail"), "/images/*/members/*")

    def test_others(self):
        """
        All that is nowhere is one.
        """
        for path in ("//", "/v3/images", "/images/", f"/v1/{ID}", "/a", "/%"):
            self.assertEqual(route_class(path), "other", path)

    def test_described(self):
        """
        Whatever the description of the API has is of its own kind.
        """
        for path in document(Schemas(Limits), "http://a")["paths"]:
            route = re.sub("{[a-z_]+}", "*", path)
            self.assertEqual(route_class(path), route)

    def test_minor_versions(self):
        """
        A version is the same by each of its names.
        """
        for version in versions(several=True):
            for rest in ("", "/", "/images"):
                route = f"/{version.path}{rest}".rstrip("/")
                self.assertEqual(route_class(f"/{version.id}{rest}"), route)

    def test_apps(self):
        """
        So is whatever Keystone's API and the registry's answer.
        """
        for app in (IdentityAPI.app, OwnFace.app):
            for rule in app.url_map.iter_rules():
                route = re.sub("<[^>]+>", "*", rule.rule)
                self.assertEqual(route_class(rule.rule), route.rstrip("/"))


class MetricsCase(SynchronousTestCase):
    """
    Has metrics.
    """

    def setUp(self):
        self.clock = Clock()
        self.levels = {"upload": 0, "files": 0}
        self.metrics = Metrics(
            self.clock,
            transfers={"upload": lambda: self.levels["upload"]},
            queues={"files": lambda: self.levels["files"]},
        )

    def value(self, sample):
        """
        Get the value of a sample; L{None} if it isn't there.
        """
        found = re.search(
            "^" + re.escape(sample) + " (.*)$", self.metrics.text().decode(), re.M
        )
        return found and float(found[1])


class Uploads:
    """
    Takes data, and gives some.
    """

    app = Klein()

    @app.route("/v1/images/<image_id>", methods=["PUT"])
    async def put(self, request, image_id):
        """
        Take it, after a while.
        """
        await read_all(request.body, 100)
        request.setResponseCode(201)
        request.setHeader("content-length", "4")
        return b"done"


class RequestTests(MetricsCase):
    """
    L{Metrics} counts requests.
    """

    def setUp(self):
        super().setUp()
        self.finished = []

    def ask(self, method="PUT", path="/v1/images/" + ID, data=b"0123456789"):
        """
        Have a request answered, and counted.
        """
        client = stub_client(Uploads().app.resource(), self.finished.append)
        asking = client.request(method, "http://glance" + path, data=data)
        self.successResultOf(asking)
        client._agent.flush()
        (request,) = self.finished
        self.clock.advance(request.started + 3 - self.clock.seconds())
        self.metrics.observe(request)
        return request

    def test_request(self):
        """
        A request is counted by method, kind of path and status, with its
        duration and the bytes of both bodies.
        """
        self.ask()
        labels = 'method="PUT",route="/v1/images/*"'
        self.assertEqual(
            self.value(f'glance_requests_total{{{labels},status="201"}}'), 1
        )
        self.assertEqual(self.value(f"glance_request_seconds_sum{{{labels}}}"), 3)
        self.assertEqual(self.value("glance_received_bytes_total"), 10)
        self.assertEqual(self.value("glance_sent_bytes_total"), 4)
        self.assertIsNone(self.value(f"glance_requests_aborted_total{{{labels}}}"))

    def test_aborted(self):
        """
        A request that was broken off is counted as such.
        """
        request = self.ask()
        request.aborted = True
        self.metrics.observe(request)
        labels = 'method="PUT",route="/v1/images/*"'
        self.assertEqual(self.value(f"glance_requests_aborted_total{{{labels}}}"), 1)

    def test_strange(self):
        """
        Paths that nobody knows do not make new samples; methods that nobody knows
        are refused before.
        """
        self.ask("GET", "/pot/" + ID, None)
        labels = 'method="GET",route="other",status="404"'
        self.assertEqual(self.value(f"glance_requests_total{{{labels}}}"), 1)


class LevelTests(MetricsCase):
    """
    L{Metrics} tells what there is at present.
    """

    def test_transfers(self):
        """
        It tells how many transfers are under way.
        """
        self.levels["upload"] = 3
        sample = 'glance_transfers_in_flight{direction="upload"}'
        self.assertEqual(self.value(sample), 3)
        self.levels["upload"] = 0
        self.assertEqual(self.value(sample), 0)

    def test_queues(self):
        """
        It tells how much is asked of threads.
        """
        self.levels["files"] = 7
        self.assertEqual(self.value('glance_pool_calls{pool="files"}'), 7)

    def test_process(self):
        """
        It tells what the process uses.
        """
        self.assertGreater(self.value("process_resident_memory_bytes"), 0)
        self.assertGreater(self.value("process_open_fds"), 0)

    def test_store_errors(self):
        """
        It counts errors of each store, by kind.
        """
        for _ in range(2):
            self.metrics.store_failed("fast", StoreUnavailable("/secret"))
        sample = 'glance_store_errors_total{error="StoreUnavailable",store="fast"}'
        self.assertEqual(self.value(sample), 2)
        self.assertNotIn(b"secret", self.metrics.text())

    def test_own(self):
        """
        Nothing is shared: there may be two in a process.
        """
        other = Metrics(self.clock, transfers={}, queues={})
        other.late(1)
        self.assertEqual(self.value("glance_reactor_lag_seconds_count"), 0)


class SharedTests(SynchronousTestCase):
    """
    Several processes count together.
    """

    PROGRAM = (
        "import sys; from pathlib import Path; from twisted.internet.task import Clock;"
        "from glance import metrics; here = Path(sys.argv[1]);"
        "metrics.share(here, int(sys.argv[2]));"
        "m = metrics.Metrics(Clock(), transfers={'up': lambda: 3}, queues={},"
        " shared=here);"
        "m.late(0.2); m.store_failed('file', OSError()); print(m.text().decode())"
    )

    def setUp(self):
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        tell_processes(self.directory, [os.getpid()])

    def count(self, number):
        """
        Count in a process of its own; get what it shows, line by line.
        """
        ran = subprocess.run(
            [sys.executable, "-c", self.PROGRAM, str(self.directory), str(number)],
            env={**os.environ, "PYTHONPATH": str(Path(glance.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout.splitlines()

    def test_sum(self):
        """
        Counts are added, also of processes that are dead, and of one that has a
        number that another had; what is so now is that of those alive.
        """
        errors = 'glance_store_errors_total{error="OSError",store="file"}'
        lags = "glance_reactor_lag_seconds_count"
        now = 'glance_transfers_in_flight{direction="up"}'
        for turn, number in enumerate((0, 1, 0), 1):
            shown = self.count(number)
            self.assertIn(f"{errors} {turn}.0", shown)
            self.assertIn(f"{lags} {turn}.0", shown)
        self.assertIn(f"{now} 6.0", shown)
        forget(self.directory, 0)
        forget(self.directory, 1)
        shown = self.count(2)
        self.assertIn(f"{errors} 4.0", shown)
        self.assertIn(f"{now} 3.0", shown)

    def test_processes(self):
        """
        What they take is added, too.
        """

        def memory():
            name = "process_resident_memory_bytes"
            [line] = [line for line in self.count(0) if line.startswith(name)]
            return float(line.split()[1])

        alone = memory()
        tell_processes(self.directory, [os.getpid()] * 3)
        self.assertAlmostEqual(memory() / alone, 3, places=1)


class LagTests(MetricsCase):
    """
    L{LagMeter} measures how late the reactor is.
    """

    def setUp(self):
        super().setUp()
        self.lags = []
        self.meter = LagMeter(self.clock, self.lags.append)

    def test_punctual(self):
        """
        A reactor that isn't late has no lag.
        """
        self.meter.startService()
        self.clock.pump([LAG_INTERVAL] * 3)
        self.assertEqual(self.lags, [0, 0, 0])

    def test_late(self):
        """
        The lag is the time beyond when it should have called, however long;
        the next one is counted anew.
        """
        self.meter.startService()
        self.clock.advance(LAG_INTERVAL + 2)
        self.clock.advance(LAG_INTERVAL + 0.25)
        self.assertEqual(self.lags, [2, 0.25])

    def test_stop(self):
        """
        Once it is stopped, nothing is measured any more.
        """
        self.meter.startService()
        self.meter.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_metrics(self):
        """
        The metrics tell what it measures.
        """
        self.metrics.late(0.3)
        self.assertEqual(self.value("glance_reactor_lag_seconds_sum"), 0.3)
        self.assertEqual(self.value('glance_reactor_lag_seconds_bucket{le="0.1"}'), 0)
        self.assertEqual(self.value('glance_reactor_lag_seconds_bucket{le="0.5"}'), 1)


class PageTests(MetricsCase):
    """
    L{MetricsPage} is what Prometheus reads.
    """

    def test_page(self):
        """
        All metrics are there, as what they are.
        """
        client = stub_client(MetricsPage(self.metrics).app.resource())
        answer = self.successResultOf(client.get("http://glance/metrics"))
        self.assertEqual(answer.code, 200)
        (kind,) = answer.headers.getRawHeaders("content-type")
        self.assertTrue(kind.startswith("text/plain; version="))
        text = self.successResultOf(answer.text())
        self.assertIn("# TYPE glance_requests_total counter", text)

    def test_import(self):
        """
        The slow parts of the library, that serve metrics by themselves, are
        not imported.
        """
        code = (
            "import sys, glance.api.metrics; print('twisted.web.wsgi' in sys.modules)"
        )
        told = subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(glance.__file__).parent.parent,
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(told.stdout.strip(), "False")
