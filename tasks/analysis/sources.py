"""Provides the servers that an analysis queries: Prometheus for metrics, Elasticsearch or OpenSearch for logs."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.domain.errors import InvalidInput
from tasks.elasticsearch.client import Elasticsearch
from tasks.monitoring.client import Prometheus

SKEW = 60.0
"""Maximum difference in seconds between the server's clock and ours.

Windows are counted by our clock and looked up by the server's.
"""


@dataclass(frozen=True)
class Sources:
    """The servers of an analysis; None if no metric needs one."""

    metrics: Prometheus | None = None
    logs: Elasticsearch | None = None

    @property
    def prometheus(self) -> Prometheus:
        """Return the server for metrics.

        Raises:
            InvalidInput: there is none.
        """
        if self.metrics is None:
            raise InvalidInput("the analysis asks no Prometheus")
        return self.metrics

    @property
    def elasticsearch(self) -> Elasticsearch:
        """Return the server for logs.

        Raises:
            InvalidInput: there is none.
        """
        if self.logs is None:
            raise InvalidInput("the analysis asks no Elasticsearch")
        return self.logs

    def skew(self, now: float) -> str:
        """Return what is wrong with the clock of the server that evaluates queries at a time; "" if nothing is.

        Raises:
            Unanswered: the server does not respond.
        """
        seconds = self.metrics.clock() - now if self.metrics is not None else 0.0
        if abs(seconds) <= SKEW:
            return ""
        side = "ahead of" if seconds > 0 else "behind"
        return f"its clock is {abs(seconds):.0f} s {side} this machine's; correct one"
