"""What a simulated container answers at /metrics: requests that it would have served since it was started.

Every container is called twenty times a second. One in 12.5 requests fails (8 %) if its image's tag begins with
`broken-errors`, and none otherwise: as in life, a service that never failed has no series of failures.
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
"""The part of the requests that fail where the image says so."""

_WITHIN = (("0.025", 0.70), ("0.05", 0.90), ("0.1", 0.97), ("0.25", 0.995), ("0.5", 1.0), ("+Inf", 1.0))
"""(Seconds, the part of the requests that are answered within them)."""
_MEAN = 0.028


def metrics_of(pod: Object, now: float) -> bytes:
    """What the first container of a running pod exposes at `now`, in seconds since 1970."""
    registry = CollectorRegistry()
    registry.register(_Served(pod, now))
    return generate_latest(registry)


class _Served(Collector):
    def __init__(self, pod: Object, now: float) -> None:
        self._requests = int(max(0.0, now - _started(pod)) * REQUESTS_PER_SECOND)
        self._failing = FAILING if behaviour(pod["spec"]["containers"][0]) is Behaviour.ERRORS else 0.0

    def collect(self) -> Iterator[Metric]:
        """The families of metrics."""
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
