"""
What is counted and measured, for Prometheus.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.process_collector import ProcessCollector
from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""
The media type of what L{Metrics.text} gives.
"""

LAG_INTERVAL = 0.5
"""
Seconds between two measurements of how late the reactor is.
"""

_SECONDS = (0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3600)
_LAGS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)
_IMAGES = (
    "/images",
    "/images/detail",
    "/images/*",
    "/images/*/members",
    "/images/*/members/*",
    "/shared-images/*",
)

_ROUTES = (
    "/",
    "/versions",
    "/healthcheck",
    "/metrics",
    "/openapi.json",
    "/v1",
    *(f"/v1{route}" for route in _IMAGES),
    *_IMAGES,
    "/v2",
    "/v2/images",
    "/v2/images/*",
    "/v2/images/*/file",
    "/v2/images/*/members",
    "/v2/images/*/members/*",
    "/v2/images/*/tags/*",
    "/v2/images/*/actions/deactivate",
    "/v2/images/*/actions/reactivate",
    "/v2/schemas/*",
    "/v2/info/import",
    "/v2/info/usage",
    "/v2/info/stores",
    "/v2/info/stores/detail",
    "/v2/stores/*/*",
    "/v3",
    "/v3/auth/tokens",
    "/v3/auth/catalog",
    "/v3/auth/projects",
    "/v3/projects",
    "/v3/projects/*",
    "/v3/users",
    "/v3/users/*",
    "/v3/users/*/projects",
    "/v3/domains",
    "/v3/domains/*",
    "/registry/1/images",
    "/registry/1/images/*",
    "/registry/1/images/*/booking",
    "/registry/1/usage",
    "/registry/1/find",
    "/registry/1/leases/*",
    "/registry/1/unsettled",
    "/registry/1/purge",
    "/registry/1/health",
)
"""
Kinds of paths, with a star for each piece that varies; the first that fits a
path is its kind.
"""

_VERSIONS = ("v1", "v2", "v3")

_SPELLINGS = {
    **dict.fromkeys(("v1.0", "v1.1"), "v1"),
    **{f"v2.{minor}": "v2" for minor in (*range(11), 15)},
}


def _templates() -> Mapping[tuple[str, int], Sequence[tuple[str, list[str]]]]:
    """
    Get the routes, each with its pieces, by the first of these and their number.
    """
    templates: dict[tuple[str, int], list[tuple[str, list[str]]]] = {}
    for route in _ROUTES:
        pieces = route[1:].split("/")
        templates.setdefault((pieces[0], len(pieces)), []).append((route, pieces))
    return templates


_TEMPLATES = _templates()


def route_class(path: str) -> str:
    """
    Get what a path has in common with all that are answered alike; "other" for
    those that aren't answered.

    There are few of them, whatever strangers ask for.
    """
    first, *rest = path[1:].split("/")
    first = _SPELLINGS.get(first, first)
    pieces = [first] if rest == [""] and first in _VERSIONS else [first, *rest]
    for route, template in _TEMPLATES.get((first, len(pieces)), ()):
        if all(
            t == p or (t == "*" and p) for t, p in zip(template, pieces, strict=True)
        ):
            return route
    return "other"


class Metrics:
    """
    What is counted and measured in one process.
    """

    def __init__(
        self,
        clock: IReactorTime,
        *,
        transfers: Mapping[str, Callable[[], float]],
        queues: Mapping[str, Callable[[], float]],
        shared: Path | None = None,
    ) -> None:
        """
        @param transfers: for each direction, how many transfers are under way.
        @param queues: for each pool of threads, how many calls run or wait.
        @param shared: the directory that L{share} was told of, whose counts are
            shown together; L{None} where this process counts alone.
        """
        self._clock = clock
        self._shared = shared
        self._gauges: list[tuple[Gauge, Callable[[], float]]] = []
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "glance_requests",
            "Requests that were answered, or broken off.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._aborted = Counter(
            "glance_requests_aborted",
            "Requests whose connection was lost before the answer was done.",
            ["method", "route"],
            registry=registry,
        )
        self._seconds = Histogram(
            "glance_request_seconds",
            "Seconds from the headers of a request to the end of its answer.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._received = Counter(
            "glance_received_bytes",
            "Bytes of bodies that clients sent, in requests that are over.",
            registry=registry,
        )
        self._sent = Counter(
            "glance_sent_bytes",
            "Bytes of bodies that clients were sent, in requests that are over.",
            registry=registry,
        )
        self._store_errors = Counter(
            "glance_store_errors",
            "What went wrong in stores.",
            ["store", "error"],
            registry=registry,
        )
        self._lag = Histogram(
            "glance_reactor_lag_seconds",
            "Seconds by which the reactor was late.",
            buckets=_LAGS,
            registry=registry,
        )
        self._watch(
            "transfers_in_flight", "Transfers under way.", "direction", transfers
        )
        self._watch("pool_calls", "Calls that run or wait in threads.", "pool", queues)
        if shared is None:
            ProcessCollector(registry=registry)
            return
        self._registry = CollectorRegistry()
        MultiProcessCollector(self._registry, str(shared))
        self._registry.register(_Processes(shared))

    def _watch(
        self,
        name: str,
        help_text: str,
        label: str,
        sources: Mapping[str, Callable[[], float]],
    ) -> None:
        gauge = Gauge(
            f"glance_{name}",
            help_text,
            [label],
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        for value, source in sources.items():
            if self._shared is None:
                gauge.labels(value).set_function(source)
            else:
                self._gauges.append((gauge.labels(value), source))

    def observe(self, request: Any) -> None:
        """
        Count a request that is over.

        @type request: L{glance.streams.request.StreamingRequest}
        """
        method = request.method.decode(errors="replace")
        route = route_class(request.path.decode(errors="replace"))
        self._requests.labels(method, route, str(int(request.code))).inc()
        if request.aborted:
            self._aborted.labels(method, route).inc()
        self._seconds.labels(method, route).observe(
            self._clock.seconds() - request.started
        )
        self._sent.inc(request.sentLength)
        if request.body is not None:
            self._received.inc(request.body.received)

    def store_failed(self, store: str, error: BaseException) -> None:
        """
        Count something that went wrong in a store.

        @param store: the name of the store.
        """
        self._store_errors.labels(store, type(error).__name__).inc()

    def late(self, seconds: float) -> None:
        """
        Take note of how late the reactor was.
        """
        self._lag.observe(seconds)
        self._look()

    def _look(self) -> None:
        """
        Let other processes see what is so now.
        """
        for gauge, source in self._gauges:
            gauge.set(source())

    def text(self) -> bytes:
        """
        Get all of it, as Prometheus reads it.
        """
        self._look()
        text: bytes = generate_latest(self._registry)
        return text


# Several processes count together


def share(directory: Path, number: int) -> None:
    """
    Count where others can read it, from now on.

    Each process has files of its own in a directory; what has a number that one
    had before goes on counting where that stopped.

    @param number: no two processes that are alive have the same.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[misc]


def forget(directory: Path, number: int) -> None:
    """
    Forget what was so in a process that has died, but not what it counted.
    """
    mark_process_dead(number, str(directory))


def tell_processes(directory: Path, pids: Iterable[int]) -> None:
    """
    Say whose memory and processor time is shown.

    @param pids: the first is that of the process that started the others.
    """
    new = directory / "processes.new"
    new.write_text(json.dumps(list(pids)))
    new.rename(directory / "processes")


class _Processes:
    """
    Shows what several processes take together.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / "processes"

    def collect(self) -> Iterator[Metric]:
        families: dict[str, list[Metric]] = {}
        pids = json.loads(self._file.read_text())
        for pid in pids:
            of_one = ProcessCollector(pid=str(pid).__str__, registry=None)
            for family in of_one.collect():
                families.setdefault(family.name, []).append(family)
        for name, parts in families.items():
            figures = [sample.value for part in parts for sample in part.samples]
            add = min if name in _LEAST else sum
            about = (name, parts[0].documentation)
            if parts[0].type == "counter":
                yield CounterMetricFamily(*about, value=add(figures) + _dead(pids[0]))
            else:
                yield GaugeMetricFamily(*about, value=add(figures))


_LEAST = ("process_start_time_seconds", "process_max_fds")
"""What is not added: the least of all counts."""


def _dead(pid: int) -> float:
    """
    @return: the seconds of processor time that a process's dead children took.
    """
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


class LagMeter(Service):
    """
    Measures how late the reactor calls what it should, while it runs.
    """

    def __init__(self, clock: IReactorTime, late: Callable[[float], Any]) -> None:
        """
        @param late: is called with each measurement, in seconds.
        """
        self._clock = clock
        self._late = late
        self._call: IDelayedCall | None = None

    def startService(self) -> None:
        super().startService()
        self._wait()

    def stopService(self) -> None:
        super().stopService()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _wait(self) -> None:
        due = self._clock.seconds() + LAG_INTERVAL
        self._call = self._clock.callLater(LAG_INTERVAL, self._measure, due)

    def _measure(self, due: float) -> None:
        self._late(max(0.0, self._clock.seconds() - due))
        self._wait()
