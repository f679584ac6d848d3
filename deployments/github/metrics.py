"""GitHub's deliveries as metrics for Prometheus, read from the inbox at each scrape."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from deployments.github.inbox import Inbox, State


class Deliveries(Collector):
    """Collects from an inbox that another process may be writing to."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def collect(self) -> Iterator[Metric]:
        """How many deliveries ended in which state, how many wait, and since when the oldest of these has waited."""
        ended = CounterMetricFamily(
            "flowmart_deliveries", "Deliveries of GitHub by what became of them.", labels=["event", "outcome"]
        )
        for (event, state), count in self._inbox.tally().items():
            ended.add_metric([event, state.value], float(count))
        yield ended
        waiting = self._inbox.counts().get(State.RECEIVED, 0)
        yield GaugeMetricFamily(
            "flowmart_deliveries_waiting", "Deliveries whose flow run is not started yet.", value=float(waiting)
        )
        since = self._inbox.waiting_since()
        if since is not None:
            told = "When the oldest of these came in."
            yield GaugeMetricFamily("flowmart_delivery_waiting_timestamp_seconds", told, value=since)
