"""Exposes GitHub's deliveries as Prometheus metrics, read from the inbox at each scrape."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from math import isinf

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from deployments.github.inbox import BOUNDS, Inbox, State


class Deliveries(Collector):
    """Collects from an inbox that another process may be writing to."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def collect(self) -> Iterator[Metric]:
        """Yield the outcomes of deliveries, how many wait and since when, and the response times."""
        ended = CounterMetricFamily(
            "flowmart_deliveries", "Deliveries of GitHub by what became of them.", labels=["event", "outcome"]
        )
        for (event, state), count in self._inbox.tally().items():
            ended.add_metric([event, state.value], float(count))
        yield ended
        yield self._acknowledgements()
        waiting = self._inbox.counts().get(State.RECEIVED, 0)
        yield GaugeMetricFamily(
            "flowmart_deliveries_waiting", "Deliveries whose flow run is not started yet.", value=float(waiting)
        )
        since = self._inbox.waiting_since()
        if since is not None:
            description = "When the oldest of these came in."
            yield GaugeMetricFamily("flowmart_delivery_waiting_timestamp_seconds", description, value=since)

    def _acknowledgements(self) -> Metric:
        found = self._inbox.acknowledgements()
        counts = accumulate(found.get(bound, (0, 0.0))[0] for bound in BOUNDS)
        buckets = [
            ("+Inf" if isinf(bound) else str(bound), float(count))
            for bound, count in zip(BOUNDS, counts, strict=True)
        ]
        family = HistogramMetricFamily("flowmart_delivery_ack_seconds", "How long GitHub waited for answers.")
        family.add_metric([], buckets, sum(seconds for _, seconds in found.values()))
        return family
