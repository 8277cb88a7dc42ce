"""
What a daemon counts and measures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.web.resource import IResource

from glance.api.metrics import MetricsPage
from glance.metrics import LagMeter, Metrics
from glance.tap.parts import UseCases
from glance.tap.pools import Pools


class Metering:
    """
    The metrics of a daemon.
    """

    def __init__(
        self, reactor: Any, pools: Pools, use: UseCases | None, shared: Path | None
    ) -> None:
        """
        @param use: what is served; L{None} where there are no transfers.
        @param shared: where other processes count, too; L{None} for nowhere.
        """
        self.metrics = Metrics(
            reactor,
            transfers={} if use is None else _transfers(use),
            queues={
                name: lambda threads=threads: threads.calls  # type: ignore[misc]
                for name, threads in pools.threads.items()
            },
            shared=shared,
        )
        self._lag = LagMeter(reactor, self.metrics.late)

    def page(self) -> IResource:
        """
        Get the page that shows them.
        """
        resource: IResource = MetricsPage(self.metrics).app.resource()
        return resource

    def start(self) -> None:
        """
        Begin to measure.
        """
        self._lag.startService()

    async def stop(self) -> None:
        """
        Measure no more.
        """
        self._lag.stopService()


def _transfers(use: UseCases) -> dict[str, Callable[[], float]]:
    return {
        "up": lambda: use.transfers.in_flight,
        "down": lambda: use.transfers.downloads,
    }
