"""
The page that Prometheus reads.
"""

from __future__ import annotations

from klein import Klein
from twisted.web.http import Request

from glance.api.errors import answer_errors
from glance.metrics import CONTENT_TYPE, Metrics


class MetricsPage:
    """
    The page at C{/metrics}.
    """

    app = Klein()
    answer_errors(app)

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @app.route("/metrics", methods=["GET"])
    def page(self, request: Request) -> bytes:
        """
        Tell all that is measured.
        """
        body = self._metrics.text()
        request.setHeader("content-type", CONTENT_TYPE)
        request.setHeader("content-length", str(len(body)))
        request.setHeader("cache-control", "no-store")
        return body
