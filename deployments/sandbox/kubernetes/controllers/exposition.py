"""Metrics of simulated containers at /metrics: the requests that they would have served since their start.

Every container receives twenty requests per second. If the image's tag begins with `broken-errors`, one of 12.5
requests fails (8 %). Otherwise none fails, and as in production there is then no series of failures.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from deployments.sandbox.kubernetes.controllers.images import Behaviour, behaviour
from deployments.sandbox.kubernetes.objects import at
from deployments.sandbox.kubernetes.resources import Object

REQUESTS_PER_SECOND = 20.0
FAILING = 0.08
"""The fraction of requests that fail, for images that say so."""

_WITHIN = (("0.025", 0.70), ("0.05", 0.90), ("0.1", 0.97), ("0.25", 0.995), ("0.5", 1.0), ("+Inf", 1.0))
"""(Seconds, the fraction of requests that take at most so long)."""
_MEAN = 0.028


def metrics_of(pod: Object, now: float) -> bytes:
    """Return the metrics of a running pod's first container, in Prometheus' text format.

    Args:
        pod: The pod.
        now: Seconds since 1970.
    """
    registry = CollectorRegistry()
    registry.register(_Served(pod, now))
    return generate_latest(registry)


class _Served(Collector):
    def __init__(self, pod: Object, now: float) -> None:
        self._requests = int(max(0.0, now - _started(pod)) * REQUESTS_PER_SECOND)
        self._failing = FAILING if behaviour(pod["spec"]["containers"][0]) is Behaviour.ERRORS else 0.0

    def collect(self) -> Iterator[Metric]:
        """Yield the families of metrics."""
        failed = int(self._requests * self._failing)
        counter = CounterMetricFamily("http_requests", "Requests by status code.", labels=["code"])
        counter.add_metric(["200"], self._requests - failed)
        if failed:
            counter.add_metric(["500"], failed)
        yield counter
        took = HistogramMetricFamily("http_request_duration_seconds", "How long requests took.")
        buckets = [(edge, int(self._requests * part)) for edge, part in _WITHIN]
        took.add_metric([], buckets, self._requests * _MEAN)
        yield took


def _started(pod: Object) -> float:
    for container in at(pod, "status.containerStatuses", []):
        started = at(container, "state.running.startedAt")
        if started:
            return datetime.fromisoformat(started).timestamp()
    return float("inf")
