"""What the log folder of this machine lacks, as a metric for Prometheus, read from its files at each scrape."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tasks.logs.missing import Missing


class LogLines(Collector):
    """Collects from a log folder that others write to."""

    def __init__(self, folder: Path) -> None:
        self._missing = Missing(folder)

    def collect(self) -> Iterator[Metric]:
        """How many lines are missing: of a gauge, since what is too old to be kept is counted no more."""
        told = "Lines of the log that could not be written, by the numbers missing in the files that are kept."
        yield GaugeMetricFamily("flowmart_log_missing_lines", told, value=float(self._missing.count()))
