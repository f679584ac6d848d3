"""Who is asked by an analysis: a Prometheus for metrics, an Elasticsearch or an OpenSearch for logs."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.domain.errors import InvalidInput
from tasks.elasticsearch.client import Elasticsearch
from tasks.monitoring.client import Prometheus

SKEW = 60.0
"""Seconds that the server's clock may differ from ours: windows are counted by ours, and looked up by its own."""


@dataclass(frozen=True)
class Sources:
    """The servers of an analysis; None where no metric of it needs one."""

    metrics: Prometheus | None = None
    logs: Elasticsearch | None = None

    @property
    def prometheus(self) -> Prometheus:
        """Who is asked for metrics."""
        if self.metrics is None:
            raise InvalidInput("the analysis asks no Prometheus")
        return self.metrics

    @property
    def elasticsearch(self) -> Elasticsearch:
        """Who is asked for logs."""
        if self.logs is None:
            raise InvalidInput("the analysis asks no Elasticsearch")
        return self.logs

    def skew(self, now: float) -> str:
        """What is wrong with the clock of the server that evaluates queries at a time; "" if nothing is.

        Raises:
            Unanswered: it cannot be asked.
        """
        seconds = self.metrics.clock() - now if self.metrics is not None else 0.0
        if abs(seconds) <= SKEW:
            return ""
        side = "ahead of" if seconds > 0 else "behind"
        return f"its clock is {abs(seconds):.0f} s {side} this machine's; correct one"
